package stats

import (
	"math"
	"slices"
)

// Adjusted p-values, in the order they came in, so that each may be compared with
// alpha itself. A NaN, a test that could not be made, stays NaN and counts for nothing.

// Bonferroni multiplies by the number of tests: controls the chance of any false alarm.
func Bonferroni(p []float64) []float64 {
	m := float64(len(ranked(p)))
	return adjusted(p, func(i, rank int) float64 { return p[i] * m }, nil)
}

// Holm controls the same and rejects no less: the i-th smallest p times m - i + 1, made
// to rise (Holm 1979).
func Holm(p []float64) []float64 {
	m := len(ranked(p))
	return adjusted(p, func(i, rank int) float64 { return p[i] * float64(m-rank) }, math.Max)
}

// BenjaminiHochberg controls the expected share of false alarms among the alarms: for
// exploring. The i-th smallest p times m/i, made to rise, from the largest down
// (Benjamini and Hochberg 1995).
func BenjaminiHochberg(p []float64) []float64 {
	order := ranked(p)
	out := adjusted(p, func(i, rank int) float64 { return p[i] * float64(len(order)) / float64(rank+1) }, nil)
	least := 1.0
	for _, i := range slices.Backward(order) {
		least = min(least, out[i])
		out[i] = least
	}
	return out
}

// ranked are the places of the tests that could be made, smallest p first.
func ranked(p []float64) []int {
	var order []int
	for i := range p {
		if !math.IsNaN(p[i]) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		}
		return 0
	})
	return order
}

// adjusted makes each p at most 1 and, with keep, no smaller than those before it.
func adjusted(p []float64, to func(i, rank int) float64, keep func(before, now float64) float64) []float64 {
	out := make([]float64, len(p))
	for i := range out {
		out[i] = math.NaN()
	}
	before := 0.0
	for rank, i := range ranked(p) {
		now := min(1, to(i, rank))
		if keep != nil {
			now = keep(before, now)
		}
		out[i], before = now, now
	}
	return out
}
