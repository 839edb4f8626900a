package stats

import (
	"bufio"
	"encoding/json"
	"math"
	"os"
	"testing"
)

// TestDistributionsAgainstMpmath reads values with 25 digits (testdata/distribution.py).
func TestDistributionsAgainstMpmath(t *testing.T) {
	f, err := os.Open("testdata/distribution.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	functions := map[string]func(a []float64) float64{
		"normal_upper_ln":        func(a []float64) float64 { return NormalUpperLn(a[0]) },
		"normal_quantile":        func(a []float64) float64 { return NormalQuantile(a[0]) },
		"student_upper_ln":       func(a []float64) float64 { return StudentUpperLn(a[0], a[1]) },
		"student_upper_quantile": func(a []float64) float64 { return StudentUpperQuantile(a[0], a[1]) },
		"chi_square_upper_ln":    func(a []float64) float64 { return ChiSquareUpperLn(a[0], a[1]) },
		"beta_lower":             func(a []float64) float64 { return BetaLower(a[0], a[1], a[2]) },
	}
	worst := map[string]float64{}
	lines := 0
	for s := bufio.NewScanner(f); s.Scan(); lines++ {
		var c struct {
			Function string
			Args     []float64
			Want     float64
		}
		if err := json.Unmarshal(s.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		got := functions[c.Function](c.Args)
		// Logarithms: the smaller of both errors, since a probability's relative error
		// is its logarithm's absolute one.
		off := math.Abs(got-c.Want) / max(math.Abs(c.Want), 1e-300)
		if n := len(c.Function); c.Function[n-3:] == "_ln" {
			off = min(off, math.Abs(got-c.Want))
		}
		if !(off <= 1e-11) {
			t.Errorf("%s%v: %v, want %v, off by %.1e", c.Function, c.Args, got, c.Want, off)
		}
		worst[c.Function] = max(worst[c.Function], off)
	}
	if lines < 250 {
		t.Errorf("%d values read", lines)
	}
	t.Logf("greatest relative errors: %v", worst)
}

func TestTailsBeyondFloats(t *testing.T) {
	for _, c := range []struct { // mpmath
		name string
		tail Tail
		want float64
	}{
		{"normal", NormalTail(100, TwoSided), -2173.57051287337039},
		{"chi-square", ChiSquareTail(1e5, 1), -21717.3221594439427},
		{"Student", StudentTail(1e3, 1e4, TwoSided), -10023.7027794564052},
	} {
		if c.tail.P != 0 || math.Abs(c.tail.Log10P-c.want) > 1e-9*math.Abs(c.want) {
			t.Errorf("%s: %+v", c.name, c.tail)
		}
	}
	for _, alt := range []Alternative{TwoSided, Less, Greater} {
		want := map[Alternative]float64{TwoSided: 1, Less: 0.5, Greater: 0.5}[alt]
		if p := NormalTail(0, alt).P; p != want {
			t.Errorf("z = 0, %s: %v", alt, p)
		}
		if p := StudentTail(0, 5, alt).P; math.Abs(p-want) > 1e-15 {
			t.Errorf("t = 0, %s: %v", alt, p)
		}
	}
}
