package stats

import "math"

// SRMResult is a chi-square test of a sample ratio mismatch: whether units came to
// the variants in the shares they were meant to.
type SRMResult struct {
	Chi2 float64
	DF   int
	Tail
	Least float64 // expected count of the smallest variant: below 8 the test says little
}

// Mismatch reports p below 0.001, the level at which an alarm is given.
func (r SRMResult) Mismatch() bool { return r.P < 0.001 }

// SRM tests counts against weights, which need not come to 1; variants of weight 0
// are left out. Without two variants, or without a count, all is NaN.
//
//	χ² = Σ (observed - expected)²/expected, variants - 1 degrees of freedom
func SRM(observed []int64, weights []float64) SRMResult {
	n, p := weighted(observed, weights)
	total := 0.0
	for _, x := range n {
		total += float64(x)
	}
	r := SRMResult{DF: len(n) - 1, Least: math.Inf(1)}
	if len(n) < 2 || total == 0 {
		return SRMResult{Chi2: math.NaN(), Tail: Tail{math.NaN(), math.NaN()}, Least: math.NaN()}
	}
	for i, x := range n {
		expected := p[i] * total
		r.Chi2 += (float64(x) - expected) * (float64(x) - expected) / expected
		r.Least = min(r.Least, expected)
	}
	r.Tail = ChiSquareTail(r.Chi2, float64(r.DF))
	return r
}

// weighted leaves out what has no weight, and makes shares of the weights.
func weighted(observed []int64, weights []float64) (n []int64, p []float64) {
	sum := 0.0
	for i, w := range weights {
		if w > 0 && i < len(observed) {
			n, p = append(n, observed[i]), append(p, w)
			sum += w
		}
	}
	for i := range p {
		p[i] /= sum
	}
	return n, p
}

// Stage is a time during which the weights stayed.
type Stage struct {
	Observed []int64
	Weights  []float64
}

// SRMStagedResult is the test of a ramp.
type SRMStagedResult struct {
	Stages   []SRMResult // in order; NaN where a stage says nothing
	Combined SRMResult   // statistics and degrees of freedom of those that say something, added
	// Naive tests all counts against the last stage's weights. It is the wrong
	// answer, and shows how wrong: a ramp always alarms it.
	Naive SRMResult
}

// SRMStaged tests each stage against its own weights and adds up: the sum of
// independent chi-square statistics has the sum of their degrees of freedom.
func SRMStaged(stages []Stage) SRMStagedResult {
	r := SRMStagedResult{Combined: SRMResult{Least: math.Inf(1)}}
	var totals []int64
	for _, s := range stages {
		one := SRM(s.Observed, s.Weights)
		r.Stages = append(r.Stages, one)
		if !math.IsNaN(one.Chi2) {
			r.Combined.Chi2 += one.Chi2
			r.Combined.DF += one.DF
			r.Combined.Least = min(r.Combined.Least, one.Least)
		}
		for len(totals) < len(s.Observed) {
			totals = append(totals, 0)
		}
		for i, n := range s.Observed {
			totals[i] += n
		}
	}
	if r.Combined.DF == 0 {
		r.Combined = SRM(nil, nil)
	}
	r.Combined.Tail = ChiSquareTail(r.Combined.Chi2, float64(r.Combined.DF))
	r.Naive = SRM(nil, nil)
	if len(stages) > 0 {
		r.Naive = SRM(totals, stages[len(stages)-1].Weights)
	}
	return r
}

// SRMSequential is the test that may be looked at all the time: the Bayes factor of
// shares from a Dirichlet around the weights over the weights themselves (Lindon and
// Malek 2022). The greater the concentration, the smaller the mismatch it is tuned to.
type SRMSequential struct {
	shares        []float64
	concentration float64
	counts        []int64
	most          float64 // greatest log Bayes factor so far
}

// NewSRMSequential starts a test; weights need not come to 1, and a variant of weight
// 0 is left out. A concentration of 10,000 is usual.
func NewSRMSequential(weights []float64, concentration float64) *SRMSequential {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	shares := make([]float64, len(weights))
	for i, w := range weights {
		shares[i] = w / sum
	}
	return &SRMSequential{shares: shares, concentration: concentration, counts: make([]int64, len(weights))}
}

// Add adds counts of each variant, a unit at a time or in batches: a batch is one look.
func (s *SRMSequential) Add(counts []int64) {
	for i, n := range counts {
		s.counts[i] += n
	}
	s.most = max(s.most, s.LogBayesFactor())
}

// LogBayesFactor is the evidence against the weights as it stands.
func (s *SRMSequential) LogBayesFactor() float64 {
	n, p := weighted(s.counts, s.shares)
	return logDirichletFactor(n, p, s.concentration)
}

// P is the least 1/BF of all looks so far, at most 1.
func (s *SRMSequential) P() float64 { return math.Exp(-s.most) }
