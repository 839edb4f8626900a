//go:build !race

package simulate

const scarce = 1
