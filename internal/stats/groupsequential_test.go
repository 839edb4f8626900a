package stats

import (
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Nominal p-values by rpact 3.3.4 (testdata/groupsequential.R), whose own grid is good to
// about 1e-6; TestTwoLooksComeToAlpha goes to 1e-9.
func TestNominalPAsRpact(t *testing.T) {
	text, err := os.ReadFile("testdata/groupsequential.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, row := range rows {
		cells := strings.Split(row, ",")
		alpha, sides, fractions, want := figures(t, cells[1])[0], int(figures(t, cells[2])[0]), figures(t, cells[3]), figures(t, cells[4])
		got := map[string]func() []float64{
			"of":    func() []float64 { return OBrienFleming(fractions, alpha, sides) },
			"power": func() []float64 { return SpendAlpha(fractions, alpha, sides, PowerSpending) },
			"asof":  func() []float64 { return SpendAlpha(fractions, alpha, sides, OBrienFlemingSpending) },
		}[cells[0]]()
		for i := range want {
			if math.Abs(got[i]-want[i]) > 2e-6*want[i]+1e-12 {
				t.Errorf("%s: %v", row, got)
				break
			}
		}
	}
	if len(rows) < 20 {
		t.Errorf("only %d rows", len(rows))
	}
}

func figures(t *testing.T, text string) (out []float64) {
	t.Helper()
	for _, word := range strings.Fields(text) {
		x, err := strconv.ParseFloat(word, 64)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}

// What does not rise has no boundaries; two equal looks have those everybody knows.
func TestOBrienFleming(t *testing.T) {
	if p := OBrienFleming([]float64{0.5, 1}, 0.05, 2); math.Round(p[0]*1e4) != 52 || math.Round(p[1]*1e4) != 480 {
		t.Errorf("two looks: %v", p)
	}
	if p := OBrienFleming([]float64{1}, 0.05, 2); math.Abs(p[0]-0.05) > 1e-12 {
		t.Errorf("one look: %v", p)
	}
	for _, fractions := range [][]float64{{0.5, 0.5}, {0, 1}, {1, 0.5}, {math.NaN(), 1}} {
		if got := OBrienFleming(fractions, 0.05, 2); !math.IsNaN(got[0]) {
			t.Errorf("%v: %v", fractions, got)
		}
	}
}

// Two looks by another way: the chance to pass z1 or z2 is a bivariate normal integral with
// correlation √(t1/t2), here over the first z.
func TestTwoLooksComeToAlpha(t *testing.T) {
	for _, c := range []struct{ t1, alpha float64 }{{0.5, 0.05}, {0.1, 0.05}, {0.9, 0.01}, {0.999, 0.05}, {0.3, 0.001}} {
		p := OBrienFleming([]float64{c.t1, 1}, c.alpha, 2)
		z1, z2, rho := -NormalQuantile(p[0]/2), -NormalQuantile(p[1]/2), math.Sqrt(c.t1)
		rest := math.Sqrt(1 - c.t1)
		later := integrate(func(z float64) float64 {
			return math.Exp(-z*z/2-lnSqrt2Pi) * (NormalUpper((z2-rho*z)/rest) + NormalUpper((z2+rho*z)/rest))
		}, -z1, z1, 1e-15)
		if got := p[0] + later; math.Abs(got/c.alpha-1) > 1e-9 {
			t.Errorf("first look at %v: %v spends %v of %v", c.t1, p, got, c.alpha)
		}
	}
}

// A look without new information has the value of the one before it, at the end too.
func TestALookThatBringsNothing(t *testing.T) {
	got, want := SpendAlpha([]float64{0.5, 0.5, 1, 1}, 0.05, 2, PowerSpending), SpendAlpha([]float64{0.5, 1}, 0.05, 2, PowerSpending)
	if got[0] != want[0] || got[1] != want[0] || math.Abs(got[2]-want[1]) > 1e-12 || got[3] != got[2] {
		t.Errorf("%v, want each of %v twice", got, want)
	}
}
