package stats

import "math"

// NormalMixture is the boundary of Howard, Ramdas, McAuliffe and Sekhon (Annals of
// Statistics 2021, propositions 4 and 5): a sum S with intrinsic time V stays below
// Bound(V, alpha) at all times with probability 1 - alpha.
type NormalMixture struct {
	Rho   float64
	Sides int // 1 or 2
}

// NewNormalMixture tunes the boundary to be tightest at intrinsic time v and level
// alpha: rho = v/(2 ln(1/α) + ln(1 + 2 ln(1/α))), with 2α when it has one side.
func NewNormalMixture(v, alpha float64, sides int) NormalMixture {
	if sides == 1 {
		alpha *= 2
	}
	l := -2 * math.Log(alpha)
	return NormalMixture{v / (l + math.Log1p(l)), sides}
}

// Log is the logarithm of the mixture supermartingale at a sum s and time v.
func (m NormalMixture) Log(s, v float64) float64 {
	w := v + m.Rho
	log := -math.Log1p(v/m.Rho)/2 + s*s/(2*w)
	if m.Sides == 1 {
		log += math.Ln2 + NormalUpperLn(-s/math.Sqrt(w))
	}
	return log
}

// Bound is the s at which the mixture reaches 1/alpha.
func (m NormalMixture) Bound(v, alpha float64) float64 {
	two := math.Sqrt((v + m.Rho) * (math.Log1p(v/m.Rho) - 2*math.Log(alpha)))
	if m.Sides == 2 {
		return two
	}
	// One side needs less than two; its mixture rises with s, and at s = 0 has not reached it.
	return root(func(s float64) float64 { return m.Log(s, v) + math.Log(alpha) }, -two, two)
}

// MSPRT is the logarithm of the mixture likelihood ratio of a difference d of two
// means after n in each group, v being the sum of the two variances, and its running p:
//
//	L = √(V/(V+nτ²)) exp(n²τ²d²/(2V(V+nτ²)))
//
// (Johari, Koomen, Pekelis and Walsh, Operations Research 2022.)
func MSPRT(d, n, v, tau2 float64) (log, p float64) {
	log = -math.Log1p(n*tau2/v)/2 + n*d/v*n*d*tau2/(2*(v+n*tau2))
	return log, math.Exp(min(0, -log))
}

// BernoulliSequence is the confidence sequence of a rate after some trials: the rates p
// whose beta-binomial mixture of expectation p has not reached 1/alpha, tuned to be
// tightest after best trials (Howard and others 2021, section 3.2, with their α_opt of 0.05).
func BernoulliSequence(successes, trials int64, alpha, best float64) Interval {
	l := -2 * math.Log(0.05)
	concentration := max(best/(l+math.Log1p(l))-1, 1e-3)
	// The mixture's logarithm is 0 or less at the observed rate and rises towards 0 and 1.
	beyond := func(p float64) float64 {
		shares := []float64{p, 1 - p}
		return logDirichletFactor([]int64{successes, trials - successes}, shares, concentration) + math.Log(alpha)
	}
	rate := float64(successes) / float64(trials)
	out := Interval{0, 1}
	if successes > 0 {
		out.Low = rootOfRate(beyond, 0, rate)
	}
	if successes < trials {
		out.High = rootOfRate(beyond, 1, rate)
	}
	return out
}

// rootOfRate finds where the mixture is passed between an end, 0 or 1, and the observed
// rate; it is the end itself where no rate is far enough.
func rootOfRate(beyond func(float64) float64, end, rate float64) float64 {
	inside := func(p float64) float64 { return min(max(p, 1e-300), 1-1e-16) }
	f := func(p float64) float64 { return beyond(inside(p)) }
	if !(f(end) > 0) {
		return end
	}
	return root(f, min(end, rate), max(end, rate))
}
