package stats

import "math"

// Summary is a sample as Welch's test sees it. Variance has the divisor N-1; it is
// NaN with fewer than two values.
type Summary struct {
	N        int64
	Mean     float64
	Variance float64
}

// Summarise reads a sample in two passes over values less the first one, with
// compensated sums: equal values have the variance 0 exactly, an offset of 1e9
// costs no digits of the variance, and 10^8 values add up to 15 digits.
func Summarise(x []float64) Summary {
	s := Summary{N: int64(len(x)), Mean: math.NaN(), Variance: math.NaN()}
	if len(x) == 0 {
		return s
	}
	n, first := float64(len(x)), x[0]
	var whole, shifted neumaier
	for _, v := range x {
		whole.add(v)
		shifted.add(v - first)
	}
	mean := shifted.total() / n
	s.Mean = whole.total() / n // first + mean would round once more
	if len(x) < 2 {
		return s
	}
	var squares, rest neumaier
	for _, v := range x {
		d := (v - first) - mean
		squares.add(d * d)
		rest.add(d)
	}
	r := rest.total()
	s.Variance = max(0, squares.total()-r*r/n) / (n - 1)
	if s.Variance == 0 {
		s.Mean = first + mean
	}
	return s
}

// neumaier adds floats and keeps what rounding took off (Neumaier 1974).
type neumaier struct{ sum, lost float64 }

func (a *neumaier) add(v float64) {
	t := a.sum + v
	if math.Abs(a.sum) >= math.Abs(v) {
		a.lost += (a.sum - t) + v
	} else {
		a.lost += (v - t) + a.sum
	}
	a.sum = t
}

func (a *neumaier) total() float64 { return a.sum + a.lost }

// Welch tests the difference of two means, b minus a, without assuming equal
// variances: t = (m_b-m_a)/sqrt(s_a²/n_a+s_b²/n_b), degrees of freedom by
// Satterthwaite (Welch 1947; the p-value is an upper tail, not 1 - cdf).
func Welch(a, b Summary, alpha float64, alt Alternative) Effect {
	if reason := a.lacks("a"); reason != "" {
		return undefinedEffect(b.Mean-a.Mean, math.NaN(), "%s", reason)
	}
	if reason := b.lacks("b"); reason != "" {
		return undefinedEffect(b.Mean-a.Mean, math.NaN(), "%s", reason)
	}
	va, vb := a.ofMean(), b.ofMean()
	return StudentEffect(b.Mean-a.Mean, math.Sqrt(va+vb), welchDF(va, float64(a.N), vb, float64(b.N)), alpha, alt)
}

// WelchRelative tests (m_b-m_a)/|m_a| with the variance of the delta method
// (RelativeVariance) and Welch's degrees of freedom.
func WelchRelative(a, b Summary, alpha float64, alt Alternative) Effect {
	if e := Welch(a, b, alpha, alt); e.Status != OK {
		e.Estimate, e.SE = RelativeDifference(a.Mean, b.Mean), math.NaN()
		return e
	}
	va, vb := a.ofMean(), b.ofMean()
	return relativeEffect(a.Mean, va, b.Mean, vb, welchDF(va, float64(a.N), vb, float64(b.N)), alpha, alt)
}

// lacks says why there is no variance, "" when there is one.
func (s Summary) lacks(side string) string {
	switch s.N {
	case 0:
		return side + " is empty"
	case 1:
		return side + " has one value, and how values vary needs two"
	}
	return ""
}

// ofMean is the variance of the mean.
func (s Summary) ofMean() float64 { return s.Variance / float64(s.N) }

// welchDF is Satterthwaite's for a sum of two estimators with the variances va and
// vb from na and nb values: (va+vb)²/(va²/(na-1)+vb²/(nb-1)), by shares, so that no
// square leaves the floats.
func welchDF(va, na, vb, nb float64) float64 {
	most := max(va, vb)
	if !(most > 0) {
		return math.NaN()
	}
	wa, wb := va/most, vb/most
	sum := wa + wb
	return sum * sum / (wa*wa/(na-1) + wb*wb/(nb-1))
}

// RelativeDifference is (b-a)/|a|: a rise is positive for a negative a too. NaN for
// an a of 0.
func RelativeDifference(a, b float64) float64 {
	if a == 0 {
		return math.NaN()
	}
	return (b - a) / math.Abs(a)
}

// RelativeVariance is that of (b-a)/|a| by the delta method, from the estimates and
// their variances: v_b/a² + v_a b²/a⁴ (Deng, Knoblich, Lu 2018, section 3.1).
func RelativeVariance(a, va, b, vb float64) float64 {
	r := b / a
	return vb/a/a + va/a/a*r*r
}

// relativeEffect tests (b-a)/|a| by the delta method.
func relativeEffect(a, va, b, vb, df, alpha float64, alt Alternative) Effect {
	if a == 0 {
		return undefinedEffect(math.NaN(), math.NaN(), "a is 0, and nothing is relative to 0")
	}
	return StudentEffect(RelativeDifference(a, b), math.Sqrt(RelativeVariance(a, va, b, vb)), df, alpha, alt)
}
