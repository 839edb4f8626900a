package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Howard and Ramdas's and Waudby-Smith's own formulas are checked in calculator/testdata;
// here is what must hold of them.

// The interval covers at every look at once: 500 pairs of groups of skewed values without
// a difference, looked at after each unit from the 50th on, must leave it in far fewer
// than 5 % of them (a fixed interval is left by a quarter and more).
func TestConfidenceSequenceHoldsUnderPeeking(t *testing.T) {
	const alpha, runs, units = 0.05, 500, 1000
	r := rand.New(rand.NewPCG(11, 12))
	left, leftFixed, leftBound := 0, 0, 0
	for range runs {
		var a, b running1
		outside, outsideFixed, above := false, false, false
		for n := 1; n <= units; n++ {
			a.add(math.Exp(0.5 * r.NormFloat64()))
			b.add(math.Exp(0.5 * r.NormFloat64()))
			if n < 50 {
				continue
			}
			estimate, se := b.mean-a.mean, math.Sqrt(a.variance()/a.n+b.variance()/b.n)
			ci := ConfidenceSequence(estimate, se, int64(2*n), alpha, 2*units)
			outside = outside || ci.Low > 0 || ci.High < 0
			outsideFixed = outsideFixed || math.Abs(estimate) > 1.96*se
			above = above || SequentialOneSided(estimate, se, int64(2*n), alpha, 2*units, Greater).Low > 0
		}
		left, leftFixed, leftBound = left+one(outside), leftFixed+one(outsideFixed), leftBound+one(above)
	}
	if float64(left) > alpha*runs || float64(leftBound) > alpha*runs || leftFixed < runs/8 {
		t.Errorf("of %d: the sequence was left %d times, the bound %d, the fixed interval %d", runs, left, leftBound, leftFixed)
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// running1 is Welford's mean and variance.
type running1 struct{ n, mean, squares float64 }

func (r *running1) add(x float64) {
	r.n++
	gap := x - r.mean
	r.mean += gap / r.n
	r.squares += gap * (x - r.mean)
}

func (r *running1) variance() float64 { return r.squares / (r.n - 1) }

// The interval and its p agree about zero, whatever the side.
func TestSequentialPAgreesWithTheInterval(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		estimate, se, n := r.NormFloat64()*4, math.Exp(r.NormFloat64()), int64(math.Exp(12*r.Float64()))+1
		alpha, star := 0.3*r.Float64()+1e-6, math.Exp(10*r.Float64())
		two := Sequential(estimate, se, n, alpha, star)
		if (two.Low > 0 || two.High < 0) != (two.P < alpha) {
			t.Fatalf("%+v at alpha %v", two, alpha)
		}
		up, down := SequentialOneSided(estimate, se, n, alpha, star, Greater), SequentialOneSided(estimate, se, n, alpha, star, Less)
		if (up.Low > 0) != (up.P < alpha) || (down.High < 0) != (down.P < alpha) {
			t.Fatalf("%+v, %+v at alpha %v", up, down, alpha)
		}
	}
}

// STATISTICS of the method: against a fixed interval 1.55 times as wide at N*, 3.4 times at
// N*/50, 1.9 times at 200 N*.
func TestConfidenceSequenceIsNarrowestNearItsPlan(t *testing.T) {
	for n, want := range map[int64]float64{5000: 1.55, 100: 3.4, 1_000_000: 1.9} {
		if got := SequentialMultiplier(n, 0.05, 5000) / NormalCritical(0.05, TwoSided); math.Abs(got-want) > 0.06 {
			t.Errorf("at %d: %v times a fixed interval, want %v", n, got, want)
		}
	}
}

// The one-sided bound by its formula: ρ from 2α, ln(1 + √(Nρ²+1)/(2α)).
func TestOneSidedFormula(t *testing.T) {
	const alpha, star, n, se = 0.01, 400.0, 300, 2.0
	rho2 := (-2*math.Log(2*alpha) + math.Log(1-2*math.Log(2*alpha))) / star
	half := se * math.Sqrt(2*(n*rho2+1)/(n*rho2)*math.Log(1+math.Sqrt(n*rho2+1)/(2*alpha)))
	up, down := SequentialOneSided(5, se, n, alpha, star, Greater), SequentialOneSided(5, se, n, alpha, star, Less)
	if math.Abs(up.Low-(5-half)) > 1e-12 || !math.IsInf(up.High, 1) || math.Abs(down.High-(5+half)) > 1e-12 || !math.IsInf(down.Low, -1) {
		t.Errorf("%v, %v, half width %v", up, down, half)
	}
}

// Nothing to measure with is no certainty: NaN, and no comparison with NaN shows harm.
func TestSequenceWithoutVariance(t *testing.T) {
	for _, s := range []Sequence{Sequential(1, 0, 10, 0.05, 100), Sequential(1, math.NaN(), 10, 0.05, 100), Sequential(1, 1, 0, 0.05, 100), Sequential(math.NaN(), 1, 5, 0.05, 100), SequentialOneSided(1, 0, 10, 0.01, 100, Greater), SequentialOneSided(1, 1, 10, 0.6, 100, Greater)} {
		if !math.IsNaN(s.Low) && !math.IsNaN(s.High) || !math.IsNaN(s.P) || !math.IsNaN(s.LogE) {
			t.Errorf("%+v", s)
		}
	}
}
