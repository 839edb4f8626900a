package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// normals draws n values of N(mean, 1).
func normals(r *rand.Rand, n int, mean float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = mean + r.NormFloat64()
	}
	return x
}

// sound checks what holds of every Effect.
func sound(t *testing.T, e Effect) {
	t.Helper()
	if e.Status != OK {
		if e.Reason == "" || e.Significant(0.999) || !math.IsNaN(e.P) {
			t.Errorf("%s without a reason, or with a p-value: %+v", e.Status, e)
		}
		return
	}
	for _, v := range []float64{e.Estimate, e.SE, e.P, e.Log10P, e.DF, e.Interval.Low, e.Interval.High} {
		if math.IsNaN(v) {
			t.Errorf("status OK with a NaN: %+v", e)
		}
	}
	if e.P < 0 || e.P > 1 || e.Log10P > 0 || e.Interval.Low > e.Estimate || e.Interval.High < e.Estimate || e.Reason != "" {
		t.Errorf("%+v", e)
	}
}

func TestWhatWelchCannotTell(t *testing.T) {
	for name, c := range map[string]struct{ a, b []float64 }{
		"nothing":                     {nil, nil},
		"an empty side":               {nil, []float64{1, 2}},
		"one value":                   {[]float64{1}, []float64{1, 2}},
		"constant and equal":          {[]float64{0.1, 0.1, 0.1}, []float64{0.1, 0.1}},
		"constant and different":      {[]float64{0.1, 0.1, 0.1}, []float64{0.3, 0.3}},
		"greater than can be squared": {[]float64{1e300, -1e300}, []float64{1, 2}},
		"not a number":                {[]float64{math.NaN(), 1}, []float64{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			e := Welch(Summarise(c.a), Summarise(c.b), 0.05, TwoSided)
			sound(t, e)
			if e.Status != Undefined {
				t.Errorf("%+v", e)
			}
			sound(t, WelchRelative(Summarise(c.a), Summarise(c.b), 0.05, TwoSided))
		})
	}
	if e := WelchRelative(Summary{10, 0, 1}, Summary{10, 1, 1}, 0.05, TwoSided); e.Status != Undefined || e.Reason == "" {
		t.Errorf("relative to 0: %+v", e)
	}
}

// The sum of squares of values near 1e9 loses all digits of a variance of 1.
func TestAnOffsetCostsNoDigits(t *testing.T) {
	x := []float64{0.25, 1.5, -2.75, 3, 0.5}
	plain := Summarise(x)
	for i := range x {
		x[i] += 1e9
	}
	if s := Summarise(x); s.Mean != plain.Mean+1e9 || s.Variance != plain.Variance {
		t.Errorf("%+v, without the offset %+v", s, plain)
	}
}

// Derivation: n = 10^8 a side, difference 0.001, SE sqrt(2e-8 × 1) = 1.414e-4: t = 7.07.
func TestManyObservations(t *testing.T) {
	e := Welch(Summary{1e8, 5, 1}, Summary{1e8, 5.001, 1}, 0.05, TwoSided)
	sound(t, e)
	if math.Abs(e.T()-0.001/math.Sqrt(2e-8)) > 1e-7 || math.Abs(e.P-NormalTwoSided(e.T())) > 1e-5*e.P { // df of 2e8: t⁴/4df from normal
		t.Errorf("%+v", e)
	}
	e = Welch(Summary{1e8, 5, 1}, Summary{1e8, 5.1, 1}, 0.05, TwoSided)
	sound(t, e)
	if e.P != 0 || e.Log10P > -100_000 || e.Log10P < -120_000 { // t = 707: p = 10^-108,574 of the normal one
		t.Errorf("p underflows, its logarithm does not: %+v", e)
	}
}

func TestSwappingSidesFlipsSigns(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for range 300 {
		a, b := Summarise(normals(r, 2+r.IntN(40), r.NormFloat64())), Summarise(normals(r, 2+r.IntN(40), 0))
		ab, ba := Welch(a, b, 0.05, TwoSided), Welch(b, a, 0.05, TwoSided)
		sound(t, ab)
		if ab.Estimate != -ba.Estimate || ab.P != ba.P || ab.Interval.Low != -ba.Interval.High || ab.DF < float64(min(a.N, b.N)-1)-1e-9 || ab.DF > float64(a.N+b.N-2)+1e-9 {
			t.Errorf("%+v\n%+v", ab, ba)
		}
		up, down := Welch(a, b, 0.05, Greater), Welch(b, a, 0.05, Less)
		sound(t, up)
		if up.P != down.P || math.Abs(up.P+Welch(a, b, 0.05, Less).P-1) > 1e-12 || !math.IsInf(up.Interval.High, 1) || up.Interval.Low != -down.Interval.High {
			t.Errorf("%+v\n%+v", up, down)
		}
		// The interval leaves out 0 exactly when p is below alpha.
		if (ab.P < 0.05) != (ab.Interval.Low > 0 || ab.Interval.High < 0) {
			t.Errorf("interval and p disagree: %+v", ab)
		}
	}
}

func TestANegativeBaselineKeepsTheSign(t *testing.T) {
	e := WelchRelative(Summary{100, -10, 1}, Summary{100, -9, 1}, 0.05, TwoSided)
	sound(t, e)
	if math.Abs(e.Estimate-0.1) > 1e-15 || e.T() < 0 {
		t.Errorf("-9 is 10 %% above -10: %+v", e)
	}
}

func TestRanks(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 3))
	for range 50 {
		a, b := normals(r, 3+r.IntN(9), 0), normals(r, 3+r.IntN(9), 0.5)
		if r.IntN(2) == 0 {
			for _, x := range [][]float64{a, b} {
				for i := range x {
					x[i] = math.Round(x[i])
				}
			}
		}
		for _, alt := range []Alternative{TwoSided, Less, Greater} {
			ab := MannWhitney(a, b, alt)
			swapped := map[Alternative]Alternative{TwoSided: TwoSided, Less: Greater, Greater: Less}[alt]
			ba := MannWhitney(b, a, swapped)
			if ab.U+ba.U != float64(len(a)*len(b)) || math.Abs(ab.P-ba.P) > 1e-12 || math.Abs(ab.ExactP-ba.ExactP) > 1e-12 || ab.P > 1 || ab.ExactP > 1 {
				t.Errorf("%v %v\n%+v\n%+v", a, b, ab, ba)
			}
		}
	}
	tied := MannWhitney([]float64{1, 1}, []float64{1, 1, 1}, TwoSided)
	if tied.Status != Undefined || tied.Reason == "" || tied.ExactP != 1 || tied.CommonLanguage != 0.5 {
		t.Errorf("all tied: %+v", tied)
	}
	if e := MannWhitney(nil, []float64{1}, TwoSided); e.Status != Undefined {
		t.Errorf("%+v", e)
	}
	// A change of spread alone is none of ranks (a judge of canaries once passed one).
	wide := MannWhitney([]float64{-1, 1, -2, 2}, []float64{-100, 100, -200, 200}, TwoSided)
	if wide.CommonLanguage != 0.5 || wide.P != 1 {
		t.Errorf("%+v", wide)
	}
}

func TestDescriptionLeavesTheSampleAlone(t *testing.T) {
	x := []float64{3, 1, 2}
	Describe(x)
	WinsorisedMean(x, 0.5)
	if !slices.Equal(x, []float64{3, 1, 2}) {
		t.Errorf("%v", x)
	}
	if d := Describe(nil); d.N != 0 || !math.IsNaN(d.Mean) || !math.IsNaN(d.P99) {
		t.Errorf("%+v", d)
	}
}

func FuzzWelch(f *testing.F) {
	f.Add(int64(2), 1.0, 2.0, int64(3), -1e9, 0.0)
	f.Add(int64(1e15), 1e-300, 1e-300, int64(2), 1e300, 1e300)
	f.Fuzz(func(t *testing.T, na int64, ma, va float64, nb int64, mb, vb float64) {
		a, b := Summary{max(na, 0), ma, math.Abs(va)}, Summary{max(nb, 0), mb, math.Abs(vb)}
		for _, alt := range []Alternative{TwoSided, Less, Greater} {
			sound(t, Welch(a, b, 0.05, alt))
			sound(t, WelchRelative(a, b, 0.05, alt))
		}
	})
}
