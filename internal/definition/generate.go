package definition

//go:generate go test -run TestGenerated -update .
