package stats

import "math"

// BetaLower is P(B < x) of the beta distribution, the regularised incomplete
// beta function I_x(a, b). Below the mean, with t = logistic(s0 - u),
//
//	I_x = x^a (1-x)^b / B(a,b) ∫ from 0 of exp(-a u - (a+b) ln(1 + x(e^-u - 1))) du
//
// falls from the start; above it, 1 - I_(1-x)(b, a). The factor before it is a
// binomial probability, by deviances. (Gonum's is off by 28 % at a = b = 5e7.)
func BetaLower(x, a, b float64) float64 {
	switch {
	case math.IsNaN(x) || !(a > 0 && b > 0):
		return math.NaN()
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > a/(a+b):
		return 1 - betaTail(1-x, x, b, a)
	}
	return betaTail(x, 1-x, a, b)
}

// betaTail is I_x(a, b) for an x of at most a/(a+b), and y = 1-x.
func betaTail(x, y, a, b float64) float64 {
	n := a + b
	slope := max(a-n*x, 0)
	scale := 2 / (slope + math.Sqrt(slope*slope+2*n*x*y))
	integral := falling(scale, func(u float64) float64 { return -a*u - n*math.Log1p(x*math.Expm1(-u)) })
	return min(1, math.Exp(binomialLn(a, n, x, y)+math.Log(a/n*b)+math.Log(integral)))
}

// BetaQuantile gives the x with P(B < x) = p.
func BetaQuantile(p, a, b float64) float64 {
	switch {
	case !(p >= 0 && p <= 1) || !(a > 0 && b > 0):
		return math.NaN()
	case p == 0:
		return 0
	case p == 1:
		return 1
	}
	return root(func(x float64) float64 { return BetaLower(x, a, b) - p }, 0, 1)
}

// BinomialLower is P(X <= k) of n trials with probability p.
func BinomialLower(k, n int64, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	return BetaLower(1-p, float64(n-k), float64(k+1))
}

// BinomialQuantile is the least k with P(X <= k) >= q; a rounding error short of
// q counts as reaching it.
func BinomialQuantile(q float64, n int64, p float64) int64 {
	low, high := int64(-1), n // P(low) < q <= P(high)
	for high-low > 1 {
		mid := low + (high-low)/2
		if BinomialLower(mid, n, p) >= q*(1-1e-13) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}
