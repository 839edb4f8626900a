package stats

import (
	"math"
	"math/big"
)

// Ratio is Σx/Σy over units that have a pair (x, y) each, such as cost per request
// with users as units.
type Ratio struct {
	Units       int64
	Effective   float64 // units of equal weight that would tell as much: (Σy)²/Σy²
	Numerator   float64 // Σx
	Denominator float64 // Σy
	Value       float64 // R = Σx/Σy; NaN when undefined
	Variance    float64 // of Value; NaN with fewer than two units
	Status      Status
	Reason      string
}

// RatioOf estimates the ratio of the sums and its variance by the delta method,
//
//	Var(R) = [s_x² - 2 R s_xy + R² s_y²] / (K ȳ²)
//
// (Deng, Knoblich, Lu 2018, equation 3). The bracket is the variance of x - R y,
// whose mean is 0, so it is computed as K/(K-1) (Y² XX - 2 X Y XY + X² YY) / Y⁴ in
// whole numbers: nothing cancels, and the rounding comes last. With y = 1
// everywhere it is the variance of a mean.
//
// In place of K/(K-1), which counts heads, stands n/(n-1) with the effective number
// n = Y²/YY of units (Kish 1965, section 8.2): where few units have most of the
// requests, as they do, the variance is known as well as from n units and not from
// K. Both are one where units weigh alike. Without it, 300 units with Pareto counts
// of shape 2 are told apart by chance in 5.7 % of runs at a nominal 5 %, and with it
// in 5.3 % (docs/decisions/0014).
func RatioOf(m Moments) Ratio {
	r, residuals := ratioOf(m)
	if r.Status == OK {
		yy, squares := product(m.Y.Big(), m.Y.Big()), m.YY.Big()
		r.Effective = quotient(yy, squares)
		r.Variance = quotient(residuals, product(yy, new(big.Int).Sub(yy, squares)))
	}
	return r
}

// ratioByHeads is RatioOf with K/(K-1), as the literature and the calculator's
// methods have it.
func ratioByHeads(m Moments) Ratio {
	r, residuals := ratioOf(m)
	if r.Status == OK {
		k, yy := big.NewInt(m.Units), product(m.Y.Big(), m.Y.Big())
		r.Effective = float64(m.Units)
		r.Variance = quotient(product(residuals, k), product(yy, yy, new(big.Int).Sub(k, big.NewInt(1))))
	}
	return r
}

// ratioOf is the ratio without its variance, and Y² XX - 2 X Y XY + X² YY.
func ratioOf(m Moments) (Ratio, *big.Int) {
	r := Ratio{Units: m.Units, Numerator: m.X.Float(), Denominator: m.Y.Float(),
		Value: math.NaN(), Variance: math.NaN(), Status: Undefined}
	x, y := m.X.Big(), m.Y.Big()
	if m.Units == 0 || y.Sign() == 0 {
		r.Reason = "there is no unit with a denominator"
		return r, nil
	}
	r.Value = quotient(x, y)
	if m.Units < 2 {
		r.Reason = "there is one unit, and how units vary needs two"
		return r, nil
	}
	yy := product(y, y)
	sum := product(yy, m.XX.Big())
	sum.Sub(sum, new(big.Int).Lsh(product(x, y, m.XY.Big()), 1))
	sum.Add(sum, product(x, x, m.YY.Big()))
	if sum.Sign() < 0 {
		r.Reason = "the sums contradict one another: no units can have them"
		return r, nil
	}
	r.Status = OK
	return r, sum
}

// MeanPerUnitOf is the mean of x over units, and its variance with divisor K-1, in
// whole numbers as RatioOf.
func MeanPerUnitOf(m Moments) Summary {
	s := Summary{N: m.Units, Mean: math.NaN(), Variance: math.NaN()}
	k, x := big.NewInt(m.Units), m.X.Big()
	if m.Units < 1 {
		return s
	}
	s.Mean = quotient(x, k)
	if m.Units < 2 {
		return s
	}
	sum := product(k, m.XX.Big())
	sum.Sub(sum, product(x, x))
	s.Variance = max(0, quotient(sum, product(k, new(big.Int).Sub(k, big.NewInt(1)))))
	return s
}

func product(factors ...*big.Int) *big.Int {
	p := big.NewInt(1)
	for _, f := range factors {
		p.Mul(p, f)
	}
	return p
}

// quotient is a/b, rounded once or nearly so.
func quotient(a, b *big.Int) float64 {
	const digits = 128
	q := new(big.Float).SetPrec(digits).SetInt(a)
	f, _ := q.Quo(q, new(big.Float).SetPrec(digits).SetInt(b)).Float64()
	return f
}

// RatioDifference tests R_b - R_a with the variances of RatioOf and Welch's degrees
// of freedom from the effective numbers of units.
func RatioDifference(a, b Moments, alpha float64, alt Alternative) Effect {
	return ratioDifference(RatioOf(a), RatioOf(b), alpha, alt)
}

func ratioDifference(a, b Ratio, alpha float64, alt Alternative) Effect {
	if e, bad := undefinedRatios(a, b, b.Value-a.Value); bad {
		return e
	}
	return StudentEffect(b.Value-a.Value, math.Sqrt(a.Variance+b.Variance), ratioDF(a, b), alpha, alt)
}

// RatioRelative tests (R_b - R_a)/|R_a| by the delta method; its p-value is of this
// relative estimate, and differs a little from that of RatioDifference.
func RatioRelative(a, b Moments, alpha float64, alt Alternative) Effect {
	return ratioRelative(RatioOf(a), RatioOf(b), alpha, alt)
}

func ratioRelative(a, b Ratio, alpha float64, alt Alternative) Effect {
	if e, bad := undefinedRatios(a, b, RelativeDifference(a.Value, b.Value)); bad {
		return e
	}
	return relativeEffect(a.Value, a.Variance, b.Value, b.Variance, ratioDF(a, b), alpha, alt)
}

func ratioDF(a, b Ratio) float64 { return welchDF(a.Variance, a.Effective, b.Variance, b.Effective) }

func undefinedRatios(a, b Ratio, estimate float64) (Effect, bool) {
	switch {
	case a.Status != OK:
		return undefinedEffect(estimate, math.NaN(), "a: %s", a.Reason), true
	case b.Status != OK:
		return undefinedEffect(estimate, math.NaN(), "b: %s", b.Reason), true
	}
	return Effect{}, false
}

// LogRatio compares geometric means: x is the sum of a unit's ln(value) × scale, y
// how many values that were. The difference of the mean logarithms is tested as
// RatioDifference does (clustered by unit), and then exponentiated: Estimate is
// the ratio of the geometric means less 1, Interval likewise, SE by the delta
// method. AsRatio gives them as ratios.
func LogRatio(a, b Moments, scale, alpha float64, alt Alternative) Effect {
	ra, rb := RatioOf(a).scaled(1/scale), RatioOf(b).scaled(1/scale)
	return ratioDifference(ra, rb, alpha, alt).exponentiated()
}

func (r Ratio) scaled(by float64) Ratio {
	r.Numerator, r.Value, r.Variance = r.Numerator*by, r.Value*by, r.Variance*by*by
	return r
}

// exponentiated turns a difference of logarithms into a relative change.
func (e Effect) exponentiated() Effect {
	if e.Status == OK && math.IsInf(math.Exp(e.Estimate), 0) {
		return undefinedEffect(math.NaN(), math.NaN(), "the values are too great to compute with")
	}
	e.SE *= math.Exp(e.Estimate)
	e.Estimate = math.Expm1(e.Estimate)
	e.Interval = Interval{math.Expm1(e.Interval.Low), math.Expm1(e.Interval.High)}
	return e
}
