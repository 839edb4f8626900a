package stats

import "math"

// logDirichletFactor is the logarithm of the Bayes factor of counts n that came from
// unknown shares, drawn from Dirichlet(p c), over counts that came from the shares p:
//
//	Σ [ln Γ(p_i c + n_i) - ln Γ(p_i c) - n_i ln p_i] - [ln Γ(c + N) - ln Γ(c)]
//
// Written so, 1e8 counts would leave seven digits of it. With Stirling's formula for
// each ln Γ the great terms cancel on paper, and
//
//	Σ (p_i c + n_i - 1/2) ln(q_i/p_i) - (k-1)/2 ln((c+N)/c) + Σ [δ(p_i c + n_i) - δ(p_i c)] - [δ(c+N) - δ(c)]
//
// is left, where q_i = (p_i c + n_i)/(c+N), k is the number of shares and δ is what
// Stirling's formula leaves over. The shares are above 0 and come to 1.
func logDirichletFactor(n []int64, p []float64, c float64) float64 {
	total := 0.0
	for _, x := range n {
		total += float64(x)
	}
	if total == 0 {
		return 0
	}
	log := -float64(len(n)-1)/2*math.Log1p(total/c) - (lnGammaRest(c+total) - lnGammaRest(c))
	for i, x := range n {
		prior := p[i] * c
		ratio := (float64(x) - p[i]*total) / (p[i] * (c + total)) // q_i/p_i - 1
		log += (prior+float64(x)-0.5)*math.Log1p(ratio) + lnGammaRest(prior+float64(x)) - lnGammaRest(prior)
	}
	return log
}

// lnGammaRest is ln Γ(x) less Stirling's (x - 1/2) ln x - x + ln √(2π).
func lnGammaRest(x float64) float64 {
	if x < 15 {
		g, _ := math.Lgamma(x)
		return g - (x-0.5)*math.Log(x) + x - lnSqrt2Pi
	}
	i := 1 / (x * x)
	return (1.0/12 - i*(1.0/360-i*(1.0/1260-i*(1.0/1680-i/1188)))) / x
}
