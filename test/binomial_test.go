package test

import (
	"math"
	"testing"
)

// binomialP is the exact two-sided p value of k of n at 1/2: the sum of the
// probabilities of all counts that are no likelier than k.
func binomialP(k, n int) float64 {
	log := func(i int) float64 {
		all, _ := math.Lgamma(float64(n + 1))
		in, _ := math.Lgamma(float64(i + 1))
		out, _ := math.Lgamma(float64(n - i + 1))
		return all - in - out - float64(n)*math.Ln2
	}
	sum := 0.0
	for i := range n + 1 {
		if log(i) <= log(k)+1e-9 {
			sum += math.Exp(log(i))
		}
	}
	return min(sum, 1)
}

// TestBinomialP: golden values of R's binom.test(k, n)$p.value and, for 0 of 10, 2/1024.
func TestBinomialP(t *testing.T) {
	for _, c := range []struct {
		k, n int
		want float64
	}{
		{0, 10, 0.001953125}, {5, 10, 1}, {2, 10, 0.109375}, {8, 10, 0.109375},
	} {
		if got := binomialP(c.k, c.n); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("binomialP(%d, %d) = %v, want %v", c.k, c.n, got, c.want)
		}
	}
}
