package stats

import "math"

// rule is points on [-1, 1] and their weights.
type rule struct{ at, weight []float64 }

// gauss16 is exact for polynomials of degree 31, and for the smooth densities it is
// used on, over panels of about two standard deviations, to 1e-14.
var gauss16 = legendre(16)

// legendre makes the Gauss-Legendre rule of n points by Newton's method on the
// polynomial's recurrence (Abramowitz and Stegun 25.4.29).
func legendre(n int) rule {
	r := rule{make([]float64, n), make([]float64, n)}
	for i := range n {
		x := -math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		slope := 1.0
		for range 50 {
			value, before := 1.0, 0.0
			for k := 1; k <= n; k++ {
				value, before = (float64(2*k-1)*x*value-float64(k-1)*before)/float64(k), value
			}
			slope = float64(n) * (x*value - before) / (x*x - 1)
			step := value / slope
			x -= step
			if math.Abs(step) < 1e-16 {
				break
			}
		}
		r.at[i], r.weight[i] = x, 2/((1-x*x)*slope*slope)
	}
	return r
}

// over integrates f from lo to hi as one panel.
func (r rule) over(lo, hi float64, f func(float64) float64) float64 {
	half, mid, sum := (hi-lo)/2, (hi+lo)/2, 0.0
	for i, at := range r.at {
		sum += r.weight[i] * f(mid+half*at)
	}
	return sum * half
}

// integrate integrates f from lo to hi, and halves panels until halving changes
// nothing that counts: a 1e-13th of the panel, or less than small.
func integrate(f func(float64) float64, lo, hi, small float64) float64 {
	return refine(f, lo, hi, small, gauss16.over(lo, hi, f), 30)
}

func refine(f func(float64) float64, lo, hi, small, whole float64, depth int) float64 {
	mid := (lo + hi) / 2
	left, right := gauss16.over(lo, mid, f), gauss16.over(mid, hi, f)
	if depth == 0 || !(math.Abs(left+right-whole) > 1e-13*math.Abs(whole)+small) { // a NaN stops too
		return left + right
	}
	return refine(f, lo, mid, small, left, depth-1) + refine(f, mid, hi, small, right, depth-1)
}

// root finds where a function that rises, or falls, from lo to hi passes zero. It
// halves: each of its callers is monotone, and none is in a hurry.
func root(f func(float64) float64, lo, hi float64) float64 {
	rising := f(lo) < 0
	for range 200 {
		mid := lo + (hi-lo)/2
		if mid == lo || mid == hi || hi-lo <= 1e-15*math.Abs(mid) {
			return mid
		}
		if (f(mid) < 0) == rising {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo + (hi-lo)/2
}
