package stats

import "math"

// noncentralUpper is P(T > t) of the noncentral t distribution: a normal variable with
// mean shift over s = √(χ²/df). Given s it is a normal tail, P(Z > ts - shift), which
// is integrated over the density of y = ln s,
//
//	2 a^a e^-a / Γ(a) exp(-a (e^2y - 1 - 2y)), a = df/2
//
// of which no factor is large. Series for it (Lenth 1989) fail for shifts beyond 38;
// this does not.
func noncentralUpper(t, df, shift float64) float64 {
	if !(df > 0) || math.IsNaN(t) || math.IsNaN(shift) {
		return math.NaN()
	}
	if math.IsInf(t, 1) {
		return 0
	}
	a := df / 2
	front := math.Exp(math.Ln2 + lnGammaPrefix(a, a))
	tail := func(y float64) float64 {
		return NormalUpper(t*math.Exp(y)-shift) * front * math.Exp(-a*expRest(2*y))
	}
	// Beyond these the density has fallen by e^-45.
	const depth = 45
	fallen := func(y float64) float64 { return expRest(2*y) - depth/a }
	low := root(fallen, -(depth/a+1)/2, 0)
	high := root(fallen, 0, math.Log(4+4*depth/a)/2)
	cuts := []float64{low, high}
	if turn := math.Log(math.Abs(shift / t)); turn > low && turn < high { // where the tail turns from 0 to 1
		cuts = []float64{low, turn, high}
	}
	sum := 0.0
	for i := 1; i < len(cuts); i++ {
		const panels = 12
		step := (cuts[i] - cuts[i-1]) / panels
		for k := range panels {
			from := cuts[i-1] + float64(k)*step
			sum += integrate(tail, from, from+step, 1e-17)
		}
	}
	return min(sum, 1)
}

// expRest is e^x - 1 - x, without the cancellation near 0.
func expRest(x float64) float64 {
	if math.Abs(x) > 0.03 {
		return math.Expm1(x) - x
	}
	return x * x / 2 * (1 + x/3*(1+x/4*(1+x/5*(1+x/6*(1+x/7*(1+x/8))))))
}
