package stats

import (
	"math"
	"testing"
)

func TestRatesAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		name           string
		sa, na, sb, nb int64
		status         Status // of the pooled z
		fisher         float64
	}{
		{"0/n against 0/n", 0, 40, 0, 60, Undefined, 1},
		{"n/n against n/n", 40, 40, 60, 60, Undefined, 1},
		{"0/n against n/n", 0, 5, 5, 5, OK, 2.0 / 252}, // 1 of the C(10,5) tables, and its mirror
		{"one each", 0, 1, 1, 1, OK, 1},
		{"5 to 95", 0, 5, 2, 95, OK, 1},
		{"tiny", 3, 3, 0, 3, OK, 0.1}, // 2/C(6,3)
	} {
		p := TwoProportions(c.sa, c.na, c.sb, c.nb, 0.05)
		if p.Status != c.status || math.Abs(p.Fisher.P-c.fisher) > 1e-12 || (c.status != OK) != (p.Reason != "") {
			t.Errorf("%s: %+v", c.name, p)
		}
		e := p.Effect()
		sound(t, e)
		if e.Status != OK || e.P != p.Fisher.P {
			t.Errorf("%s: few are expected, and the exact test decides: %+v", c.name, e)
		}
		for _, i := range []Interval{p.Newcombe, p.A.Wilson, p.B.ClopperPearson} {
			if !(i.Low >= -1 && i.High <= 1 && i.Low < i.High) {
				t.Errorf("%s: %+v", c.name, i)
			}
		}
	}
	if e := TwoProportions(0, 0, 1, 5, 0.05).Effect(); e.Status != Undefined || e.Reason == "" {
		t.Errorf("%+v", e)
	}
}

func TestSwappedRatesFlip(t *testing.T) {
	for sa := range int64(13) {
		for sb := range int64(31) {
			ab, ba := TwoProportions(sa, 12, sb, 30, 0.05), TwoProportions(sb, 30, sa, 12, 0.05)
			if ab.Difference != -ba.Difference || math.Abs(ab.Newcombe.Low+ba.Newcombe.High) > 1e-15 || math.Abs(ab.Fisher.P-ba.Fisher.P) > 1e-12 || ab.Fisher.P > 1 {
				t.Fatalf("%d/12 and %d/30:\n%+v\n%+v", sa, sb, ab, ba)
			}
			sound(t, ab.Effect())
			// Failures in place of successes.
			if f := Fisher(12-sa, 12, 30-sb, 30); math.Abs(f.P-ab.Fisher.P) > 1e-12 {
				t.Fatalf("%d/12 and %d/30: %v, of failures %v", sa, sb, ab.Fisher.P, f.P)
			}
		}
	}
}

// The sum over all tables is 1, by brute force over the definition.
func TestFisherByEnumeration(t *testing.T) {
	choose := func(n, k int64) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return math.Exp(a - b - c)
	}
	const na, nb, marked = 17, 23, 11
	for k := range int64(marked + 1) {
		here, sum := choose(na, k)*choose(nb, marked-k), 0.0
		for j := range int64(marked + 1) {
			if w := choose(na, j) * choose(nb, marked-j); w <= here*(1+1e-7) {
				sum += w / choose(na+nb, marked)
			}
		}
		if got := Fisher(k, na, marked-k, nb).P; math.Abs(got-sum) > 1e-10 {
			t.Errorf("k = %d: %v, want %v", k, got, sum)
		}
	}
}

// Far tails and great counts: no digits lost, no long wait.
func TestFisherAtScale(t *testing.T) {
	for _, c := range []struct {
		sa, na, sb, nb int64
		log10          float64
	}{
		{10, 1000, 500, 1000, -168.30475146232578},        // SciPy 1.17.1: 4.957338077621e-169
		{50_000, 1_000_000, 51_000, 1_000_000, -2.901195}, // SciPy: 0.00125546
	} {
		if got := Fisher(c.sa, c.na, c.sb, c.nb); math.Abs(got.Log10P-c.log10) > 1e-6 {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	if p := Fisher(1e9, 4e9, 1e9+2e5, 4e9); !(p.P < 1e-4 && p.P > 1e-40) {
		t.Errorf("%+v", p)
	}
}

func FuzzProportions(f *testing.F) {
	f.Add(int64(0), int64(1), int64(1), int64(1))
	f.Add(int64(7), int64(1e15), int64(1e15), int64(1e15))
	f.Fuzz(func(t *testing.T, sa, na, sb, nb int64) {
		const most = 1 << 50
		na, nb = 1+(na&(most-1)), 1+(nb&(most-1))
		sa, sb = (sa&(most-1))%(na+1), (sb&(most-1))%(nb+1)
		sound(t, TwoProportions(sa, na, sb, nb, 0.05).Effect())
	})
}
