package stats

import "math"

// StandardisedEffect is the difference of two means in standard deviations. It
// describes; clustering by user makes it no test.
type StandardisedEffect struct {
	Difference float64
	PooledSD   float64 // sqrt((σ_a²+σ_b²)/2), divisor n
	D          float64 // Difference/PooledSD, the form that is reported
	WeightedSD float64 // sqrt(((n_a-1)s_a²+(n_b-1)s_b²)/(n_a+n_b-2)), divisor n-1
	WeightedD  float64 // the textbook's (Cohen 1988, section 2.5)
	HedgesG    float64 // WeightedD without its bias
	Status     Status
	Reason     string
}

// CohensD computes Cohen's d in both forms, and Hedges' g with the exact factor
// Γ(m/2)/(sqrt(m/2) Γ((m-1)/2)) for m = n_a+n_b-2 (Hedges 1981, equation 6e).
func CohensD(a, b Summary) StandardisedEffect {
	nan := math.NaN()
	e := StandardisedEffect{Difference: b.Mean - a.Mean, PooledSD: nan, D: nan, WeightedSD: nan, WeightedD: nan, HedgesG: nan, Status: Undefined}
	if a.N == 0 || b.N == 0 {
		e.Reason = "one of the samples is empty"
		return e
	}
	squaresA, squaresB := a.squares(), b.squares()
	e.PooledSD = math.Sqrt((squaresA/float64(a.N) + squaresB/float64(b.N)) / 2)
	m := float64(a.N + b.N - 2)
	if m > 0 {
		e.WeightedSD = math.Sqrt((squaresA + squaresB) / m)
	}
	if e.PooledSD == 0 {
		e.Reason = "no value differs from the others of its side"
		return e
	}
	e.Status = OK
	e.D, e.WeightedD = e.Difference/e.PooledSD, e.Difference/e.WeightedSD
	if m > 1 {
		e.HedgesG = e.WeightedD * math.Exp(lnGammaHalfRatio((m-1)/2)-math.Log(m/2)/2)
	}
	return e
}

// squares is Σ(x - mean)², 0 for one value.
func (s Summary) squares() float64 {
	if s.N < 2 {
		return 0
	}
	return s.Variance * float64(s.N-1)
}

// EffectSize is Cohen's word for a d (1988, section 2.2.3): 0.2 is small, 0.5
// medium, 0.8 large; below 0.2 it is negligible.
func EffectSize(d float64) string {
	switch d = math.Abs(d); {
	case math.IsNaN(d):
		return ""
	case d < 0.2:
		return "negligible"
	case d < 0.5:
		return "small"
	case d < 0.8:
		return "medium"
	}
	return "large"
}
