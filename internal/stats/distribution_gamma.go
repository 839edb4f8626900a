package stats

import "math"

// ChiSquareUpperLn is ln P(X > x) of the chi-square distribution with df degrees of
// freedom, which need not be whole: the regularised incomplete gamma function
// Q(a, x') of a = df/2 and x' = x/2.
func ChiSquareUpperLn(x, df float64) float64 { return gammaUpperLn(df/2, x/2) }

// ChiSquareTail is the p-value of a chi-square statistic.
func ChiSquareTail(x, df float64) Tail { return tailOf(ChiSquareUpperLn(x, df)) }

// gammaUpperLn is ln Q(a, x). Beyond the middle, with t = x(1+v),
//
//	Q = x^a e^-x / Γ(a) ∫ from 0 of exp(-x v + (a-1) ln(1+v)) dv
//
// falls from the start. Before it Q is no small number, and 1 - P will do, with
// t = x e^-u and exp(-a u - x(e^-u - 1)).
func gammaUpperLn(a, x float64) float64 {
	switch {
	case math.IsNaN(x) || !(a > 0):
		return math.NaN()
	case x <= 0:
		return 0
	case math.IsInf(x, 1):
		return math.Inf(-1)
	case x < a:
		scale := 2 / (a - x + math.Sqrt((a-x)*(a-x)+2*x))
		integral := falling(scale, func(u float64) float64 { return -a*u - x*math.Expm1(-u) })
		return math.Log1p(-math.Exp(lnGammaPrefix(a, x)) * integral)
	}
	half := (x - a + 1) / 2
	scale := 1 / (half + math.Sqrt(half*half+a/2))
	integral := falling(scale, func(v float64) float64 { return -x*v + (a-1)*math.Log1p(v) })
	return lnGammaPrefix(a, x) + math.Log(integral)
}

// lnGammaPrefix is ln(x^a e^-x / Γ(a)); for great a without the difference of
// great numbers, by Stirling's series.
func lnGammaPrefix(a, x float64) float64 {
	if a < 15 {
		g, _ := math.Lgamma(a)
		return a*math.Log(x) - x - g
	}
	i := 1 / (a * a)
	stirling := (1.0/12 - i*(1.0/360-i*(1.0/1260-i*(1.0/1680-i/1188)))) / a
	mu := (x - a) / a
	return -a*(mu-math.Log1p(mu)) + math.Log(a)/2 - lnSqrt2Pi - stirling
}
