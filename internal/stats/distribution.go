package stats

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Upper tails are computed as such and never as 1 - cdf, which is 0 below 1e-16.
// Each has a form in natural logarithms that goes on where a float64 ends
// (1e-308). Measured against mpmath with 25 digits (testdata/distribution.py):
// relative errors below 1e-13 of tails, 1e-14 of logarithms. Gonum's own Survival loses
// everything below 1e-16 for the normal distribution, so it is not used.

// Alternative says against what a hypothesis of no effect is tested.
type Alternative string

// The alternatives. Greater: the effect, b minus a, is above 0.
const (
	TwoSided Alternative = "two-sided"
	Less     Alternative = "less"
	Greater  Alternative = "greater"
)

const lnSqrt2Pi = 0.91893853320467274178 // ln sqrt(2π)

// Tail is a probability, and its decimal logarithm for what is too small to be one.
type Tail struct{ P, Log10P float64 }

func tailOf(ln float64) Tail {
	ln = min(ln, 0)
	return Tail{P: math.Exp(ln), Log10P: ln / math.Ln10}
}

// sided makes a Tail of a symmetric distribution's statistic; upper is ln P(T > t).
func (alt Alternative) sided(t float64, upper func(float64) float64) Tail {
	switch alt {
	case Less:
		return tailOf(upper(-t))
	case Greater:
		return tailOf(upper(t))
	}
	if t == 0 {
		return Tail{P: 1}
	}
	return tailOf(math.Ln2 + upper(math.Abs(t)))
}

// NormalUpper is P(Z > z) of the standard normal distribution.
func NormalUpper(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

// NormalLower is P(Z < z).
func NormalLower(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// NormalUpperLn is ln P(Z > z). Beyond 10 it is Laplace's continued fraction
// (Abramowitz and Stegun 26.2.14).
func NormalUpperLn(z float64) float64 {
	switch {
	case z < -5:
		return math.Log1p(-NormalUpper(-z))
	case z < 10:
		return math.Log(NormalUpper(z))
	case math.IsInf(z, 1):
		return math.Inf(-1)
	}
	f := z
	for k := 60.0; k >= 1; k-- {
		f = z + k/f
	}
	return -z*z/2 - lnSqrt2Pi - math.Log(f)
}

// NormalTail is the p-value of a standard normal z.
func NormalTail(z float64, alt Alternative) Tail { return alt.sided(z, NormalUpperLn) }

// NormalTwoSided is 2 P(Z > |z|).
func NormalTwoSided(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// NormalQuantile gives the z with P(Z < z) = p; ±Inf for p of 0 and 1, NaN beyond.
// For upper tails use -NormalQuantile(tail), which keeps the digits of the tail.
func NormalQuantile(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	return mathext.NormalQuantile(p)
}

// NormalCritical is the z that a statistic must pass: the quantile 1 - alpha/2
// for a two-sided test, 1 - alpha otherwise.
func NormalCritical(alpha float64, alt Alternative) float64 {
	return -NormalQuantile(alt.share(alpha))
}

// share is the part of alpha that one tail gets.
func (alt Alternative) share(alpha float64) float64 {
	if alt == TwoSided {
		return alpha / 2
	}
	return alpha
}

// StudentUpperLn is ln P(T > t) of Student's distribution; df need not be whole, and
// +Inf is the normal distribution. With T = √ν sinh s the tail is
//
//	Γ((ν+1)/2) / (√π Γ(ν/2)) ∫ from asinh(t/√ν) of cosh(s)^-ν ds
//
// whose integrand, relative to its first value, is smooth, positive and falls
// at least exponentially, for whatever ν.
func StudentUpperLn(t, df float64) float64 {
	switch {
	case math.IsNaN(t) || !(df > 0):
		return math.NaN()
	case t < 0:
		return math.Log1p(-math.Exp(StudentUpperLn(-t, df)))
	case df > 1e17:
		return NormalUpperLn(t)
	case math.IsInf(t, 1):
		return math.Inf(-1)
	}
	r := t / math.Sqrt(df)
	tau := r / math.Hypot(1, r)
	integral := falling(studentScale(df, tau), func(u float64) float64 {
		if u > 300 { // cosh u + τ sinh u, without overflow
			return -df * (u + math.Log((1+tau)/2))
		}
		half := math.Sinh(u / 2)
		return -df * math.Log1p(2*half*half+tau*math.Sinh(u))
	})
	lnCosh := math.Log1p(r*r) / 2
	if r > 1e100 {
		lnCosh = math.Log(r)
	}
	return lnGammaHalfRatio(df/2) - math.Log(math.Pi)/2 - df*lnCosh + math.Log(integral)
}

// studentScale is the u at which the integrand has fallen to 1/e.
func studentScale(df, tau float64) float64 {
	if df < 0.01 {
		return 1/df + math.Log(2/(1+tau))
	}
	e := math.Expm1(2 / df)
	return math.Log1p((math.Expm1(1/df) + e/(math.Sqrt(e+tau*tau)+tau)) / (1 + tau))
}

// falling integrates exp(ln f(u)) from 0 to infinity, where f falls from f(0) = 1
// at least exponentially and scale is about where it is 1/e: the trapezoidal rule
// after u = scale exp(x - exp(-x)) (double exponential formula for functions that
// decay exponentially: Takahasi and Mori 1974; Mori and Sugihara 2001).
func falling(scale float64, ln func(u float64) float64) float64 {
	const step, from, to = 1.0 / 24, -5 * 24, 7 * 24
	sum := 0.0
	for i := from; i <= to; i++ {
		x := float64(i) * step
		e := math.Exp(-x)
		u := math.Exp(x - e)
		sum += math.Exp(ln(scale*u)) * u * (1 + e)
	}
	return sum * step * scale
}

// lnGammaHalfRatio is ln Γ(a+1/2)/Γ(a); for great a by its series in 1/a, since
// the difference of two logarithms would lose the digits.
func lnGammaHalfRatio(a float64) float64 {
	if a < 150 {
		return math.Log(math.Gamma(a+0.5) / math.Gamma(a))
	}
	i := 1 / a
	return math.Log(a)/2 + math.Log1p(i*(-1.0/8+i*(1.0/128+i*(5.0/1024+i*(-21.0/32768-i*399.0/262144)))))
}

// StudentTail is the p-value of a Student t.
func StudentTail(t, df float64, alt Alternative) Tail {
	return alt.sided(t, func(t float64) float64 { return StudentUpperLn(t, df) })
}

// StudentCritical is the t that a statistic must pass, as NormalCritical.
func StudentCritical(alpha, df float64, alt Alternative) float64 {
	return StudentUpperQuantile(alt.share(alpha), df)
}

// StudentQuantile gives the t with P(T < t) = p.
func StudentQuantile(p, df float64) float64 {
	if p <= 0.5 {
		return -StudentUpperQuantile(p, df)
	}
	return StudentUpperQuantile(1-p, df)
}

// StudentUpperQuantile gives the t with P(T > t) = q, by Newton's method: on the
// tail itself in the middle, on its logarithm over ln t (which is concave) beyond.
func StudentUpperQuantile(q, df float64) float64 {
	switch {
	case !(q >= 0 && q <= 1) || !(df > 0):
		return math.NaN()
	case q > 0.5:
		return -StudentUpperQuantile(1-q, df)
	case q == 0.5:
		return 0
	case q == 0:
		return math.Inf(1)
	case df > 1e17:
		return -NormalQuantile(q)
	}
	lnQ := math.Log(q)
	t := -NormalQuantile(q)
	if q > 0.25 {
		t = 0
	}
	for range 100 {
		ln := StudentUpperLn(t, df)
		density := math.Exp(studentLnDensity(t, df) - ln) // hazard
		var next float64
		if q > 0.25 {
			next = t - math.Expm1(lnQ-ln)/density
		} else {
			next = t * math.Exp((ln-lnQ)/(t*density))
		}
		if math.IsInf(next, 0) || math.Abs(next-t) <= 4e-16*math.Abs(next) {
			return next
		}
		t = next
	}
	return t
}

// studentLnDensity is the logarithm of Student's density.
func studentLnDensity(t, df float64) float64 {
	return lnGammaHalfRatio(df/2) - math.Log(math.Pi*df)/2 - (df+1)/2*math.Log1p(t/df*t)
}
