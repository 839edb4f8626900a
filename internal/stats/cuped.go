package stats

import "math"

// Adjusted is a comparison adjusted by what the units did before.
type Adjusted struct {
	Theta         float64
	MeanA, MeanB  float64 // adjusted
	Effect        Effect  // of the adjusted values
	Unadjusted    Effect
	VarianceRatio float64 // of the adjusted difference over the unadjusted one, about 1 - ρ²
}

// CUPED compares post, b minus a, with the part taken out that pre explains:
// y - θ(x - x̄), θ and x̄ over both arms together (Deng, Xu, Kohavi, Walker 2013,
// equations 4 and 5), then Welch. pre and post have one value a unit, in one order.
func CUPED(preA, postA, preB, postB []float64, alpha float64, alt Alternative) Adjusted {
	pre, post := append(append([]float64{}, preA...), preB...), append(append([]float64{}, postA...), postB...)
	c := Adjusted{Theta: CUPEDTheta(pre, post), VarianceRatio: math.NaN()}
	center := Summarise(pre).Mean
	a, b := Summarise(lessExplained(preA, postA, c.Theta, center)), Summarise(lessExplained(preB, postB, c.Theta, center))
	c.MeanA, c.MeanB = a.Mean, b.Mean
	c.Effect = Welch(a, b, alpha, alt)
	c.Unadjusted = Welch(Summarise(postA), Summarise(postB), alpha, alt)
	if c.Unadjusted.SE > 0 {
		c.VarianceRatio = c.Effect.SE * c.Effect.SE / c.Unadjusted.SE / c.Unadjusted.SE
	}
	return c
}

// lessExplained is the values of one arm after adjustment.
func lessExplained(pre, post []float64, theta, center float64) []float64 {
	out := make([]float64, min(len(pre), len(post)))
	for i := range out {
		out[i] = post[i] - theta*(pre[i]-center)
	}
	return out
}

// CUPEDTheta is cov(post, pre)/var(pre), the θ that leaves the least variance; 0
// when pre does not vary, which adjusts nothing.
func CUPEDTheta(pre, post []float64) float64 {
	n := min(len(pre), len(post))
	x, y := Summarise(pre[:n]), Summarise(post[:n])
	if !(x.Variance > 0) {
		return 0
	}
	var sum neumaier
	for i := range n {
		sum.add((pre[i] - x.Mean) * (post[i] - y.Mean))
	}
	return sum.total() / float64(n-1) / x.Variance
}

// LogarithmsOf are natural logarithms; ok is false when a value has none.
func LogarithmsOf(x []float64) (logs []float64, ok bool) {
	logs = make([]float64, len(x))
	for i, v := range x {
		if !(v > 0) {
			return nil, false
		}
		logs[i] = math.Log(v)
	}
	return logs, true
}

// GeometricMeans compares the geometric means of two samples of positive values:
// Welch on natural logarithms, exponentiated as in LogRatio.
func GeometricMeans(a, b []float64, alpha float64, alt Alternative) (meanA, meanB float64, e Effect) {
	la, okA := LogarithmsOf(a)
	lb, okB := LogarithmsOf(b)
	if !okA || !okB {
		nan := math.NaN()
		return nan, nan, undefinedEffect(nan, nan, "a value is not above 0, and has no logarithm")
	}
	sa, sb := Summarise(la), Summarise(lb)
	return math.Exp(sa.Mean), math.Exp(sb.Mean), Welch(sa, sb, alpha, alt).exponentiated()
}

// WinsorisedMean is the mean with values above the quantile upper (type 7) replaced
// by it. To compare arms, take the cap of both together. x is left as it is.
func WinsorisedMean(x []float64, upper float64) (mean, cap float64) {
	cap = QuantileType7(sortedCopy(x), upper)
	capped := make([]float64, len(x))
	for i, v := range x {
		capped[i] = min(v, cap)
	}
	return Summarise(capped).Mean, cap
}
