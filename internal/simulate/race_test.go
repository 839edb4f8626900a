//go:build race

package simulate

// scarce is by how much there are fewer replicates: the race detector makes each
// ten times slower, and looks for something else than rates.
const scarce = 10
