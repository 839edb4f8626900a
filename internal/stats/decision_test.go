package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Adding the variances of a ramp whose base rate drifts looks like an effect to pooled sums
// and not to strata: 1,000 A/A ramps 5-10-25-50-75 % with a base rate that rises by half.
func TestStrataSurviveADriftingRamp(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	const runs = 1000
	pooledAlarms, alarms, covered := 0, 0, 0
	for range runs {
		var strata []Stratum
		var xa, na, xb, nb int64
		for i, share := range []float64{0.05, 0.1, 0.25, 0.5, 0.75} {
			rate, n := 0.2*(1+0.125*float64(i)), int64(2000)
			b := int64(share * float64(n))
			successesA, successesB := binomial(r, n-b, rate), binomial(r, b, rate)
			strata = append(strata, ProportionStratum(successesA, n-b, successesB, b))
			xa, na, xb, nb = xa+successesA, na+n-b, xb+successesB, nb+b
		}
		c := Stratified(strata, 0.05).Harmonic
		alarms += one(c.P < 0.05)
		covered += one(c.Low <= 0 && c.High >= 0)
		pooledAlarms += one(Stratified([]Stratum{ProportionStratum(xa, na, xb, nb)}, 0.05).Harmonic.P < 0.05)
	}
	if alarms < 30 || alarms > 70 || covered < 930 || covered > 970 || pooledAlarms < 500 {
		t.Errorf("of %d: strata alarmed %d times and covered %d, pooled sums alarmed %d", runs, alarms, covered, pooledAlarms)
	}
}

// binomial draws one by one.
func binomial(r *rand.Rand, n int64, p float64) int64 {
	successes := int64(0)
	for range n {
		successes += int64(one(r.Float64() < p))
	}
	return successes
}

// A constant pair shows neither safety nor equivalence, however small the difference.
func TestNoVarianceProvesNothing(t *testing.T) {
	for _, se := range []float64{0, math.NaN(), math.Inf(1)} {
		if ok, p := NonInferior(0, se, 10, 1, false, 0.05); ok || !math.IsNaN(p) {
			t.Errorf("se %v: non-inferior %v, %v", se, ok, p)
		}
		if ok, _ := Equivalent(0, se, 10, 1, 0.05); ok {
			t.Errorf("se %v: equivalent", se)
		}
	}
}

// Equivalent exactly when the interval at 1 - 2α is within both margins.
func TestEquivalenceIsTheInterval(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 9))
	for range 2000 {
		estimate, se, df, margin := r.NormFloat64(), 0.1+r.Float64(), 1+50*r.Float64(), 0.1+3*r.Float64()
		m := WithinMargin(estimate, se, df, margin, true, 0.05)
		if inside := m.TwoOneSidedCI.Low > -margin && m.TwoOneSidedCI.High < margin; inside != m.Equivalent {
			t.Fatalf("%+v, margin %v", m, margin)
		}
		if m.NonInferior != (m.TwoOneSidedCI.Low > -margin) {
			t.Fatalf("%+v, margin %v", m, margin)
		}
	}
}

func TestAdjustedLeavesOutWhatCouldNotBeTested(t *testing.T) {
	for name, f := range map[string]func([]float64) []float64{"Holm": Holm, "Benjamini-Hochberg": BenjaminiHochberg, "Bonferroni": Bonferroni} {
		with, without := f([]float64{0.01, math.NaN(), 0.04}), f([]float64{0.01, 0.04})
		if with[0] != without[0] || with[2] != without[1] || !math.IsNaN(with[1]) {
			t.Errorf("%s: %v, %v", name, with, without)
		}
	}
}

// Worked out by hand: 2 (1.95996 + 0.84162)² / 0.05² = 6,279, and √(2/1000) (1.95996 + 0.84162) = 0.125.
func TestPowerOfThePlan(t *testing.T) {
	if got := MDE(math.Sqrt(2.0/1000), 0.05, 0.8); math.Abs(got-0.125) > 0.001 {
		t.Errorf("1,000 units at CV 1 detect %v", got)
	}
	if n := SampleSizeMeans(0.05, 0.05, 0.8, 1, TwoSided); math.Abs(n-6280) > 1 {
		t.Errorf("5 %% at CV 1 needs %v", n)
	}
	if n := SampleSizeMeansT(1e-6, 0.05, 0.8, 1, TwoSided); math.Abs(n/SampleSizeMeans(1e-6, 0.05, 0.8, 1, TwoSided)-1) > 1e-5 { // both tails count: 2.4e-6
		t.Errorf("a millionth needs %v", n)
	}
	if p := PowerMeansT(3, 500, 500, 0.05, TwoSided); p != 1 {
		t.Errorf("what cannot be missed is missed by %v", 1-p)
	}
	if d := DesignEffect(4, 1); d != 4 {
		t.Errorf("%v", d)
	}
	if d := DesignEffect(1, 0); !math.IsNaN(d) {
		t.Errorf("%v", d)
	}
}
