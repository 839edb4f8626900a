package stats

import (
	"math"
	"slices"
)

// Description is what a sample looks like; values are NaN where there are too few.
type Description struct {
	N              int64
	Mean           float64
	SD0, SD1       float64 // divisors n and n-1
	Min, Max       float64
	P50, P90       float64 // type 7
	P95, P99       float64
	P95NearestRank float64
}

// Describe summarises a sample, which is left as it is.
func Describe(x []float64) Description {
	s, sorted := Summarise(x), sortedCopy(x)
	d := Description{N: s.N, Mean: s.Mean, SD0: math.NaN(), SD1: math.Sqrt(s.Variance), Min: math.NaN(), Max: math.NaN(),
		P50: QuantileType7(sorted, 0.5), P90: QuantileType7(sorted, 0.9), P95: QuantileType7(sorted, 0.95), P99: QuantileType7(sorted, 0.99),
		P95NearestRank: QuantileType1(sorted, 0.95)}
	if s.N > 0 {
		d.Min, d.Max = sorted[0], sorted[s.N-1]
		d.SD0 = math.Sqrt(s.squares() / float64(s.N))
	}
	return d
}

func sortedCopy(x []float64) []float64 {
	s := slices.Clone(x)
	slices.Sort(s)
	return s
}
