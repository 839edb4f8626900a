//go:build race

package record

// Under the race detector, which is ten times as slow, there are fewer of what is
// only repeated.
const (
	deals        = 10
	wholeSets    = 2
	mostByChance = 4 // of the deals told apart where nothing differs
)
