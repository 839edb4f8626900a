package stats

import "math"

// Rate is a share of n with intervals at 1 - alpha.
type Rate struct {
	Successes, N   int64
	Value          float64 // NaN when N is 0
	Wilson         Interval
	ClopperPearson Interval
}

// Proportion estimates a rate. Wilson's interval (1927) is close to its level at
// every n; Clopper and Pearson's (1934) never falls short of it. Both hold for 0/n
// and n/n. Of nothing nothing is known: [0, 1].
func Proportion(successes, n int64, alpha float64) Rate {
	r := Rate{Successes: successes, N: n, Value: math.NaN(), Wilson: Interval{0, 1}, ClopperPearson: Interval{0, 1}}
	if n <= 0 || successes < 0 || successes > n {
		return r
	}
	s, f := float64(successes), float64(n-successes)
	r.Value = s / float64(n)
	z := NormalCritical(alpha, TwoSided)
	r.Wilson = Interval{wilsonLow(s, f, z), 1 - wilsonLow(f, s, z)}
	r.ClopperPearson = Interval{clopperLow(s, f, alpha/2), 1 - clopperLow(f, s, alpha/2)}
	return r
}

// wilsonLow is the lower root of (p - p̂)² = z² p(1-p)/n, from the product of the
// roots, so that few successes among many keep their digits.
func wilsonLow(s, f, z float64) float64 {
	if s == 0 {
		return 0
	}
	n, zz := s+f, z*z
	high := s + zz/2 + z*math.Sqrt(s*f/n+zz/4) // times n + z²
	return s * s / n / high
}

func clopperLow(s, f, tail float64) float64 {
	if s == 0 {
		return 0
	}
	return BetaQuantile(tail, s, f+1)
}

// Proportions compares two rates, b minus a.
type Proportions struct {
	A, B                           Rate
	Difference                     float64
	ZPooled, PPooled, Log10PPooled float64 // score test: the variance under no difference
	SEUnpooled, ZUnpooled          float64
	Newcombe, Wald, AgrestiCaffo   Interval
	Fisher                         Tail    // exact, two-sided
	LeastExpected                  float64 // of the four expected counts under no difference
	Status                         Status  // of the pooled z; intervals and Fisher's test hold whenever both n are above 0
	Reason                         string
}

// TwoProportions compares successes sa of na with sb of nb. The p-value to use is
// that of Effect: pooled z (Wald's z is off by an order of magnitude at 5 to 95
// splits), or Fisher's exact test when an expected count is below 5; the interval is Newcombe's
// (1998, method 10), whose ends stay within -1 and 1. Wald's, and Agresti and
// Caffo's (2000), are there to compare.
func TwoProportions(sa, na, sb, nb int64, alpha float64) Proportions {
	nan := math.NaN()
	none := Interval{nan, nan}
	p := Proportions{A: Proportion(sa, na, alpha), B: Proportion(sb, nb, alpha), Difference: nan, ZPooled: nan, PPooled: nan, Log10PPooled: nan,
		SEUnpooled: nan, ZUnpooled: nan, Newcombe: none, Wald: none, AgrestiCaffo: none, Fisher: Tail{nan, nan}, LeastExpected: nan, Status: Undefined}
	if math.IsNaN(p.A.Value) || math.IsNaN(p.B.Value) {
		p.Reason = "a rate needs at least one trial, and no more successes than trials"
		return p
	}
	p.Difference = rateDifference(sa, na, sb, nb)
	p.intervals(NormalCritical(alpha, TwoSided))
	p.Fisher = Fisher(sa, na, sb, nb)
	a, b, s := float64(na), float64(nb), float64(sa+sb)
	f := a + b - s
	p.LeastExpected = min(s, f) * min(a, b) / (a + b)
	if s == 0 || f == 0 {
		p.Reason = "both rates are the same extreme, and the pooled variance is 0"
		return p
	}
	p.Status = OK
	p.ZPooled = p.Difference / math.Sqrt(s/(a+b)*(f/(a+b))*(1/a+1/b))
	t := NormalTail(p.ZPooled, TwoSided)
	p.PPooled, p.Log10PPooled = t.P, t.Log10P
	return p
}

// rateDifference is sb/nb - sa/na without the rounding of both when they are equal.
func rateDifference(sa, na, sb, nb int64) float64 {
	return Mul(sb, na).Sub(Mul(sa, nb)).Float() / (float64(na) * float64(nb))
}

func (p *Proportions) intervals(z float64) {
	a, b, na, nb := p.A.Value, p.B.Value, float64(p.A.N), float64(p.B.N)
	d := p.Difference
	p.SEUnpooled = math.Sqrt(a*(1-a)/na + b*(1-b)/nb)
	if p.SEUnpooled > 0 {
		p.ZUnpooled = d / p.SEUnpooled
	}
	p.Wald = Interval{d - z*p.SEUnpooled, d + z*p.SEUnpooled}
	p.Newcombe = Interval{
		d - math.Hypot(b-p.B.Wilson.Low, p.A.Wilson.High-a),
		d + math.Hypot(p.B.Wilson.High-b, a-p.A.Wilson.Low),
	}
	// One success and one failure more on each side.
	a, b, na, nb = (float64(p.A.Successes)+1)/(na+2), (float64(p.B.Successes)+1)/(nb+2), na+2, nb+2
	half := z * math.Sqrt(a*(1-a)/na+b*(1-b)/nb)
	p.AgrestiCaffo = Interval{b - a - half, b - a + half}
}

// FewExpected is the expected count below which the pooled z is not used.
const FewExpected = 5

// Effect is the difference with the p-value and the interval that decisions use.
func (p Proportions) Effect() Effect {
	if math.IsNaN(p.Difference) {
		return undefinedEffect(p.Difference, math.NaN(), "%s", p.Reason)
	}
	e := Effect{Estimate: p.Difference, SE: p.SEUnpooled, Interval: p.Newcombe, P: p.PPooled, Log10P: p.Log10PPooled, DF: math.Inf(1), Status: OK}
	if p.LeastExpected < FewExpected {
		e.P, e.Log10P = p.Fisher.P, p.Fisher.Log10P
	}
	return e
}
