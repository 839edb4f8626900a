package stats

import "math"

// fisherMost bounds the variance of the tables of Fisher's test, whose sums take some
// standard deviations in steps. The pooled z has no fault left at that size.
const fisherMost = 1e10

// Fisher is the two-sided exact test of equal rates: the probability, given the
// totals, of all tables that are no more likely than this one (Fisher 1935; as in
// R, a table within 1e-7 of this one's probability counts as likely as it). NaN
// where tables have a variance above 10^10.
func Fisher(sa, na, sb, nb int64) Tail {
	if na <= 0 || nb <= 0 || sa < 0 || sb < 0 || sa > na || sb > nb {
		return Tail{math.NaN(), math.NaN()}
	}
	h := hypergeometric{marked: float64(sa + sb), a: float64(na), b: float64(nb)}
	if h.variance() > fisherMost {
		return Tail{math.NaN(), math.NaN()}
	}
	low, high := max(0, h.marked-h.b), min(h.marked, h.a)
	mode := min(max(math.Floor((h.marked+1)*(h.a+1)/(h.a+h.b+2)), low), high)
	here := h.ln(float64(sa))
	const alike = 1e-7
	if here >= h.ln(mode)-alike {
		return Tail{P: 1}
	}
	sum := 0.0 // of the tables no likelier, relative to this one
	if first := h.lastBelow(low, mode, here+alike); first >= low {
		sum += math.Exp(h.ln(first)-here) * h.outwards(first, -1)
	}
	if first := -h.mirrored().lastBelow(-high, -mode, here+alike); first <= high {
		sum += math.Exp(h.ln(first)-here) * h.outwards(first, 1)
	}
	return tailOf(here + math.Log(sum))
}

// hypergeometric is how many of the marked are among a, when all are dealt to a and
// b; sign -1 counts them negatively.
type hypergeometric struct {
	marked, a, b float64
	mirror       bool
}

// variance is that of how many, or a little less.
func (h hypergeometric) variance() float64 {
	n := h.a + h.b
	return h.marked * (h.a / n) * (h.b / n) * ((n - h.marked) / n)
}

func (h hypergeometric) mirrored() hypergeometric { h.mirror = !h.mirror; return h }

// lastBelow is the last k from low to mode, where probabilities rise, with
// ln P(k) <= limit; low-1 when there is none.
func (h hypergeometric) lastBelow(low, mode, limit float64) float64 {
	low--
	for mode-low > 1 {
		mid := math.Floor((low + mode) / 2)
		if h.ln(mid) <= limit {
			low = mid
		} else {
			mode = mid
		}
	}
	return low
}

// outwards sums the probabilities from k on, in steps of 1 or -1 away from the mode,
// relative to P(k). They follow from one another by ratios of whole numbers.
func (h hypergeometric) outwards(k, step float64) float64 {
	sum, term := 1.0, 1.0
	for ; term > 1e-17*sum; k += step {
		if step > 0 {
			term *= (h.marked - k) * (h.a - k) / ((k + 1) * (h.b - h.marked + k + 1))
		} else {
			term *= k * (h.b - h.marked + k) / ((h.marked - k + 1) * (h.a - k + 1))
		}
		sum += term
	}
	return sum
}

// ln is ln P(k), of binomial probabilities as in Loader (2000): with p = marked/(a+b),
// P(k) = B(k; a, p) B(marked-k; b, p) / B(marked; a+b, p).
func (h hypergeometric) ln(k float64) float64 {
	if h.mirror {
		k = -k
	}
	n := h.a + h.b
	p, q := h.marked/n, (n-h.marked)/n
	return binomialLn(k, h.a, p, q) + binomialLn(h.marked-k, h.b, p, q) - binomialLn(h.marked, n, p, q)
}

// binomialLn is ln of the binomial probability of k in n, q = 1-p, by deviances
// instead of factorials (Loader 2000, Fast and Accurate Computation of Binomial
// Probabilities): no digits are lost for great n.
func binomialLn(k, n, p, q float64) float64 {
	switch {
	case k < 0 || k > n:
		return math.Inf(-1)
	case k == 0 && n == 0:
		return 0
	case k == 0:
		return n * lnOneLess(p, q)
	case k == n:
		return n * lnOneLess(q, p)
	}
	return stirlingError(n) - stirlingError(k) - stirlingError(n-k) - deviance(k, n*p) - deviance(n-k, n*q) +
		math.Log(n/k/(n-k))/2 - lnSqrt2Pi
}

// lnOneLess is ln q = ln(1-p) from whichever of the two is the smaller.
func lnOneLess(p, q float64) float64 {
	if p < q {
		return math.Log1p(-p)
	}
	return math.Log(q)
}

// stirlingError is ln n! less Stirling's approximation of it.
func stirlingError(n float64) float64 {
	if n <= 15 {
		g, _ := math.Lgamma(n + 1)
		return g - (n+0.5)*math.Log(n) + n - lnSqrt2Pi
	}
	i := 1 / (n * n)
	return (1.0/12 - i*(1.0/360-i*(1.0/1260-i*(1.0/1680-i/1188)))) / n
}

// deviance is x ln(x/m) + m - x, by a series where that would cancel.
func deviance(x, m float64) float64 {
	if math.Abs(x-m) >= 0.1*(x+m) {
		return x*math.Log(x/m) + m - x
	}
	v := (x - m) / (x + m)
	sum, term := (x-m)*v, 2*x*v
	for j := 3.0; ; j += 2 {
		term *= v * v
		next := sum + term/j
		if next == sum {
			return sum
		}
		sum = next
	}
}
