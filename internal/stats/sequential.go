package stats

import "math"

// Sequence is one moment of an asymptotic confidence sequence: an interval that may
// be looked at after every observation and still covers, at all times together,
// with 1 - alpha (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Annals of
// Statistics 2024, arXiv 2103.06476, equation 9). It is asymptotic: the first looks
// need a burn-in, 50 units in each variant for a difference of means.
type Sequence struct {
	Estimate, SE float64
	Interval
	P    float64 // min(1, 1/e): valid at whatever time one stops
	LogE float64 // ln of the e-value
	Rho  float64 // the tuning, from alpha and nStar
}

// Sequential is the two-sided sequence of an estimate with standard error se after n
// observations, of all variants together; nStar is the n at which the interval is to be
// narrowest, about the n that is planned.
//
//	rho² = (-2 ln α + ln(1 - 2 ln α)) / N*
//	half width = SE √(2 (Nρ²+1)/(Nρ²) ln(√(Nρ²+1)/α))
//	e = exp(Nρ² z² / (2 (Nρ²+1))) / √(Nρ²+1), z = estimate/SE
//
// Without an SE above 0 all is NaN: a variance that is not seen yet is no certainty.
func Sequential(estimate, se float64, n int64, alpha, nStar float64) Sequence {
	s, nr := sequence(estimate, se, n, alpha, nStar)
	if math.IsNaN(s.SE) {
		return s
	}
	half := se * sequentialWidth(nr, math.Log(math.Sqrt(nr+1)/alpha))
	s.Interval = Interval{estimate - half, estimate + half}
	z := estimate / se
	s.LogE = nr*z*z/(2*(nr+1)) - math.Log1p(nr)/2
	s.P = math.Exp(min(0, -s.LogE))
	return s
}

// SequentialOneSided is the sequence with one bound, for Greater the lower one:
// ln(1 + √(Nρ²+1)/(2α)) in place of ln(√(Nρ²+1)/α), and 2α in rho (the same paper,
// equations 134, 155 and 161). alpha is below 1/2. P is the least α whose bound, at
// this rho, excludes zero.
func SequentialOneSided(estimate, se float64, n int64, alpha, nStar float64, alt Alternative) Sequence {
	s, nr := sequence(estimate, se, n, 2*alpha, nStar)
	if math.IsNaN(s.SE) {
		return s
	}
	half := se * sequentialWidth(nr, math.Log1p(math.Sqrt(nr+1)/(2*alpha)))
	z := estimate / se
	if s.Interval = (Interval{estimate - half, math.Inf(1)}); alt == Less {
		s.Interval, z = Interval{math.Inf(-1), estimate + half}, -z
	}
	s.LogE, s.P = math.Inf(-1), 1
	if z > 0 {
		x := nr * z * z / (2 * (nr + 1))
		s.LogE = x + math.Log(-math.Expm1(-x)) + math.Log(2) - math.Log1p(nr)/2
		s.P = math.Exp(min(0, -s.LogE))
	}
	return s
}

// sequence begins a Sequence, all NaN where nothing can be said, and gives Nρ².
func sequence(estimate, se float64, n int64, alpha, nStar float64) (Sequence, float64) {
	rho := SequentialRho(alpha, nStar)
	nan := math.NaN()
	s := Sequence{Estimate: estimate, SE: se, Interval: Interval{nan, nan}, P: nan, LogE: nan, Rho: rho}
	if !(se > 0) || math.IsInf(se, 1) || math.IsNaN(estimate) || n <= 0 || !(rho > 0) {
		s.SE = nan
	}
	return s, float64(n) * rho * rho
}

// SequentialRho is the tuning that makes the interval narrowest at nStar observations.
func SequentialRho(alpha, nStar float64) float64 {
	l := -2 * math.Log(alpha)
	return math.Sqrt((l + math.Log1p(l)) / nStar)
}

// sequentialWidth is half the interval's width in standard errors, from Nρ² and the
// logarithm that differs between one side and two.
func sequentialWidth(nr, log float64) float64 { return math.Sqrt(2 * (nr + 1) / nr * log) }

// SequentialMultiplier is half the width of the two-sided interval in standard errors.
func SequentialMultiplier(n int64, alpha, nStar float64) float64 {
	rho := SequentialRho(alpha, nStar)
	nr := float64(n) * rho * rho
	return sequentialWidth(nr, math.Log(math.Sqrt(nr+1)/alpha))
}

// ConfidenceSequence is the interval of Sequential.
func ConfidenceSequence(estimate, se float64, n int64, alpha, nStar float64) Interval {
	return Sequential(estimate, se, n, alpha, nStar).Interval
}
