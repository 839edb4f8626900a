package stats

import (
	"math"
	"slices"
)

// Beta is a posterior of a rate: a prior's alpha and beta with successes and failures added.
type Beta struct{ Alpha, Beta float64 }

// Mean is the expected rate.
func (b Beta) Mean() float64 { return b.Alpha / (b.Alpha + b.Beta) }

// logit is where the density of u = ln(x/(1-x)) is greatest.
func (b Beta) logit() float64 { return math.Log(b.Alpha / b.Beta) }

// fall is ln of the density of u over that at its mode, which is concave, for u the mode
// plus v: the beta's own density has poles at 0 and 1 for small alpha, this has none.
func (b Beta) fall(v float64) float64 {
	p, q := b.Mean(), b.Beta/(b.Alpha+b.Beta)
	return -b.Alpha*lnMix(-v, q) - b.Beta*lnMix(v, p)
}

// lnMix is ln(1 + (e^v - 1) p), for whatever v.
func lnMix(v, p float64) float64 {
	if v > 30 {
		return v + math.Log(p+(1-p)*math.Exp(-v))
	}
	return math.Log1p(math.Expm1(v) * p)
}

// cuts are the u at which the density has fallen as that of a normal variable at
// each half of a standard deviation: panels between them suit its shape. Beyond 38
// a float64 ends.
func (b Beta) cuts() []float64 {
	mode, out := b.logit(), []float64{b.logit()}
	for _, side := range []float64{-1, 1} {
		last := 0.0
		for k := 0.5; k < 38; k += 0.5 {
			depth := -k * k / 2
			further := last + 1e-9
			for b.fall(side*further) > depth {
				further = last + 2*(further-last)
			}
			last = root(func(v float64) float64 { return b.fall(side*v) - depth }, last, further)
			out = append(out, mode+side*last)
		}
	}
	return out
}

// BetterResult compares two rates.
type BetterResult struct {
	Probability float64 // that b's rate is above a's
	LossA       float64 // expected loss of choosing a: E max(b-a, 0)
	LossB       float64 // of choosing b: E max(a-b, 0)
}

// Better compares two posteriors by integrating over u = ln(x/(1-x)), every term
// positive, so that probabilities and losses far in the tails keep their digits:
//
//	P = ∫ f_b F_a du,  loss of b = ∫ F_b (1-F_a) x(1-x) du
func Better(a, b Beta) BetterResult {
	cuts := append(a.cuts(), b.cuts()...)
	slices.Sort(cuts)
	cuts = divided(slices.Compact(cuts))
	fa, fb := newCurve(a, cuts), newCurve(b, cuts)
	var r BetterResult
	for i, u := range fa.at {
		x := 1 / (1 + math.Exp(-u))
		dx := fa.weight[i] * x * (1 / (1 + math.Exp(u)))
		r.Probability += fb.mass[i] * fa.below[i]
		r.LossA += fa.below[i] * fb.above[i] * dx
		r.LossB += fb.below[i] * fa.above[i] * dx
	}
	r.Probability = min(r.Probability, 1)
	return r
}

// divided splits wide panels between two far posteriors where x still changes.
func divided(cuts []float64) []float64 {
	out := cuts[:1:1]
	for i := 1; i < len(cuts); i++ {
		from, to := cuts[i-1], cuts[i]
		if parts := math.Ceil(to - from); parts > 1 && to > -50 && from < 50 {
			parts = min(parts, 200)
			for k := 1.0; k < parts; k++ {
				out = append(out, from+(to-from)*k/parts)
			}
		}
		out = append(out, to)
	}
	return out
}

// curve is a posterior at the points of a grid.
type curve struct {
	at, weight   []float64
	mass         []float64 // density times weight: they come to 1
	below, above []float64 // probabilities on either side of the point
}

func newCurve(b Beta, cuts []float64) *curve {
	c, mode := &curve{}, b.logit()
	density := func(u float64) float64 { return math.Exp(b.fall(u - mode)) }
	var steps []float64 // probability between a point and the one before it
	last := cuts[0]
	for i := 1; i < len(cuts); i++ {
		half, mid := (cuts[i]-cuts[i-1])/2, (cuts[i]+cuts[i-1])/2
		for k, x := range gauss16.at {
			u := mid + half*x
			c.at, c.weight = append(c.at, u), append(c.weight, half*gauss16.weight[k])
			c.mass = append(c.mass, half*gauss16.weight[k]*density(u))
			steps = append(steps, gauss16.over(last, u, density))
			last = u
		}
	}
	rest := gauss16.over(last, cuts[len(cuts)-1], density)
	c.below, c.above = running(steps, rest)
	total := c.below[len(c.below)-1] + rest
	for i := range c.mass {
		c.mass[i] /= total
		c.below[i] /= total
		c.above[i] /= total
	}
	return c
}

// running adds up from both ends, so that the small ends keep their digits.
func running(steps []float64, rest float64) (below, above []float64) {
	below, above = make([]float64, len(steps)), make([]float64, len(steps))
	sum := 0.0
	for i, s := range steps {
		sum += s
		below[i] = sum
	}
	sum = rest
	for i := len(steps) - 1; i >= 0; i-- {
		above[i] = sum
		sum += steps[i]
	}
	return below, above
}

// NormalLoss is the expected loss of choosing each variant when the effect, candidate
// minus baseline, is normal with mean mu and standard deviation sigma: E max(effect, 0)
// for the baseline, E max(-effect, 0) for the candidate.
func NormalLoss(mu, sigma float64) (baseline, candidate float64) {
	if sigma == 0 {
		return max(mu, 0), max(-mu, 0)
	}
	z := math.Abs(mu) / sigma
	small := sigma * normalExcess(z)
	great := math.Abs(mu) + small
	if mu >= 0 {
		return great, small
	}
	return small, great
}

// normalExcess is E max(Z - z, 0) = φ(z) - z P(Z > z) for z ≥ 0. Far out the two terms
// are nearly equal, and Laplace's continued fraction of the tail, z + 1/(z + 2/(z + …)),
// gives what is left: with f = 1/(z + 2/(z + …)) it is φ(z) f/(z + f).
func normalExcess(z float64) float64 {
	density := math.Exp(-z*z/2 - lnSqrt2Pi)
	if z < 3 {
		return density - z*NormalUpper(z)
	}
	f := z
	for k := 150.0; k >= 2; k-- {
		f = z + k/f
	}
	f = 1 / f
	return density * f / (z + f)
}
