package stats

import "math"

// Stratum is one stage of an experiment during which the weights stayed: both variants,
// by their counts, means and sample variances of one observation.
type Stratum struct {
	NA, NB               float64
	MeanA, MeanB         float64
	VarianceA, VarianceB float64 // for a proportion p(1-p)
	pooled               float64 // variance of both variants together, under no effect
}

// ProportionStratum makes a stratum of counts of successes.
func ProportionStratum(successesA, nA, successesB, nB int64) Stratum {
	a, b, na, nb := float64(successesA), float64(successesB), float64(nA), float64(nB)
	s := Stratum{NA: na, NB: nb, MeanA: a / na, MeanB: b / nb}
	s.VarianceA, s.VarianceB = a*(na-a)/(na*na), b*(nb-b)/(nb*nb)
	s.pooled = (a + b) * (na + nb - a - b) / ((na + nb) * (na + nb))
	return s
}

func (s *Stratum) effect() float64 { return s.MeanB - s.MeanA }

// harmonic is the weight of Cochran, Mantel and Haenszel.
func (s *Stratum) harmonic() float64 { return s.NA * s.NB / (s.NA + s.NB) }

func (s *Stratum) variance() float64 { return s.VarianceA/s.NA + s.VarianceB/s.NB }

// nullVariance is that of the effect if there is none.
func (s *Stratum) nullVariance() float64 {
	if s.pooled > 0 {
		return s.pooled * (1/s.NA + 1/s.NB)
	}
	return s.variance()
}

// Combined is an effect put together from strata.
type Combined struct {
	Estimate, SE float64
	Z, P         float64
	Interval
}

// StratifiedResult is one effect three ways.
type StratifiedResult struct {
	// Harmonic weighs with n_a n_b/(n_a+n_b) (Cochran 1954; Mantel and Haenszel 1959),
	// which keeps most power: the one to use. Its Z has for proportions the variance
	// pooled within strata, its interval the unpooled one.
	Harmonic Combined
	Exposure Combined // weighs with the stratum's share of all units
	Inverse  Combined // weighs with 1/variance; undefined if a stratum has none
	Used     int      // strata with units in both variants: the others say nothing
}

// Stratified puts together the effects within strata, so that a base rate that drifts while
// weights change does not look like an effect.
func Stratified(strata []Stratum, alpha float64) StratifiedResult {
	var used []Stratum
	for _, s := range strata {
		if s.NA > 0 && s.NB > 0 {
			used = append(used, s)
		}
	}
	r := StratifiedResult{Used: len(used)}
	r.Harmonic = combine(used, alpha, (*Stratum).harmonic, (*Stratum).nullVariance)
	r.Exposure = combine(used, alpha, func(s *Stratum) float64 { return s.NA + s.NB }, (*Stratum).variance)
	r.Inverse = combine(used, alpha, func(s *Stratum) float64 { return 1 / s.variance() }, (*Stratum).variance)
	return r
}

// combine is the weighted mean of effects; null is the variance that z is made with.
func combine(strata []Stratum, alpha float64, weight, null func(*Stratum) float64) Combined {
	var sum, estimate, variance, underNull float64
	for i := range strata {
		s, w := &strata[i], weight(&strata[i])
		sum += w
		estimate += w * s.effect()
		variance += w * w * s.variance()
		underNull += w * w * null(s)
	}
	c := Combined{Estimate: estimate / sum, SE: math.Sqrt(variance) / sum}
	c.Z = c.Estimate / (math.Sqrt(underNull) / sum)
	if c.SE == 0 { // constant variants: no certainty, only nothing seen
		c.SE = math.NaN()
	}
	if math.IsInf(c.Z, 0) {
		c.Z = math.NaN()
	}
	c.P = NormalTwoSided(c.Z)
	half := c.SE * NormalCritical(alpha, TwoSided)
	c.Interval = Interval{c.Estimate - half, c.Estimate + half}
	return c
}

// CMHResult is the Cochran-Mantel-Haenszel test of strata of proportions.
type CMHResult struct {
	Chi2 float64 // 1 degree of freedom, no continuity correction
	Tail
	OddsRatio float64 // common, candidate over baseline (Mantel and Haenszel); +Inf and NaN are possible
}

// CMH tests whether the odds differ in a common direction. Its variance is the
// hypergeometric one, with N - 1, so strata may be as small as pairs; Harmonic of
// Stratified has N there.
func CMH(strata []Stratum) CMHResult {
	var gap, variance, up, down float64
	for i := range strata {
		s := &strata[i]
		n := s.NA + s.NB
		if !(s.NA > 0 && s.NB > 0) || n < 2 {
			continue
		}
		a, b := s.MeanA*s.NA, s.MeanB*s.NB
		good := a + b
		gap += b - s.NB*good/n
		variance += s.NA * s.NB * good * (n - good) / (n * n * (n - 1))
		up += b * (s.NA - a) / n
		down += a * (s.NB - b) / n
	}
	r := CMHResult{Chi2: gap * gap / variance, OddsRatio: up / down}
	if variance == 0 {
		r.Chi2 = math.NaN()
	}
	r.Tail = ChiSquareTail(r.Chi2, 1)
	return r
}
