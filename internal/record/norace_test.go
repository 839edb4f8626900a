//go:build !race

package record

const (
	deals        = 100 // ways to deal questions to variants
	wholeSets    = 10  // made-up data sets that go the whole way
	mostByChance = 9   // of the deals told apart where nothing differs
)
