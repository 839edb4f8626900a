package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

var (
	errorRate = metric.Metric{Name: "error_rate", Kind: metric.Rate, Direction: metric.Down, Unit: "share", Measure: "error", Scale: 1}
	success   = metric.Metric{Name: "m", Kind: metric.Rate, Direction: metric.Up, Unit: "share", Scale: 1}
)

// With the database behind, the last day is not waited for less than the first:
// what has not come in may hold the harm.
func TestTimeThatIsUpWaitsForTheRecord(t *testing.T) {
	in := pitfall(success, spread(2000, 1, half), spread(2000, 2, most))
	in.Complete, in.Plan.MaxDays, in.Coverage = false, 5, []string{"the store is 40 s behind"}
	r := Analyse(in)
	if r.Clock.Rung || r.Verdict != NotYet || !strings.Contains(r.Sentence, "40 s behind") || !strings.Contains(r.Change, "complete") {
		t.Errorf("%s, rung %v: %s %s", r.Verdict, r.Clock.Rung, r.Sentence, r.Change)
	}
	in.Coverage = nil
	if r := Analyse(in); !r.Clock.Rung || r.Verdict == NotYet {
		t.Errorf("then %s, rung %v", r.Verdict, r.Clock.Rung)
	}
}

// Five candidates that answer alike; those that look worse are stopped just before
// the look. Alpha is shared by all that were declared, or stopping would be a way
// to find something.
func TestStoppedCandidatesKeepTheirShareOfAlpha(t *testing.T) {
	const runs, candidates = 400, 5
	found := 0
	for run := range runs {
		in := pitfall(success, spread(400, uint64(run*10), half), stats.Moments{})
		in.Plan.Variants, in.Sums = []Variant{{Name: "A", Weight: 1.0 / 6, Baseline: true}}, map[string]map[string]stats.Moments{"A": in.Sums["A"]}
		best, most := "", -1.0
		for c := range candidates {
			name := fmt.Sprint("b", c)
			m := spread(400, uint64(run*10+c+1), half)
			in.Plan.Variants = append(in.Plan.Variants, Variant{Name: name, Weight: 1.0 / 6, Stopped: true})
			in.Sums[name] = map[string]stats.Moments{"m": m}
			if x := m.X.Float(); x > most {
				best, most = name, x
			}
		}
		for i := range in.Plan.Variants {
			if in.Plan.Variants[i].Name == best {
				in.Plan.Variants[i].Stopped = false
			}
		}
		if Analyse(in).Verdict == Deploy {
			found++
		}
	}
	// One side of .05, and room for chance: 400 runs at .025 give 10, and 20 once in 400.
	if found > 20 {
		t.Errorf("%d of %d experiments without a difference deploy the best of %d", found, runs, candidates)
	}
}

// All of one and nothing of the other has no variance, with a rate that should be
// high as with one that should be low.
func TestTotalLossOfQualityIsHarm(t *testing.T) {
	solved := metric.Metric{Name: "solved", Kind: metric.Rate, Direction: metric.Up, Unit: "share", Measure: "solved", Scale: 1e-6}
	for _, c := range []struct {
		units int
		want  Verdict
	}{{60, RollBack}, {49, NotYet}} {
		in := pitfall(success, spread(c.units, 1, half), spread(c.units, 2, half))
		in.Complete, in.Plan.MinUnits = false, 1000
		in.Plan.Bounds = []Bound{{Metric: solved, Margin: Amount{Value: 0.05, Absolute: true}}}
		in.Sums["A"]["solved"], in.Sums["B"]["solved"] = alike(c.units, 2e6, 2), alike(c.units, 0, 2)
		r := Analyse(in)
		if r.Verdict != c.want {
			t.Errorf("%d units: %s: %s", c.units, r.Verdict, r.Sentence)
		}
		readable(t, r)
		in.Sums["A"]["solved"], in.Sums["B"]["solved"] = in.Sums["B"]["solved"], in.Sums["A"]["solved"]
		if r := Analyse(in); r.Verdict != NotYet {
			t.Errorf("all solved with the candidate: %s", r.Sentence)
		}
	}
}

// An outage of a vendor that both use is past the limit with both: going back to
// the baseline would mend nothing.
func TestCommonCauseRollsNothingBack(t *testing.T) {
	limit := 0.05
	often := func(r *rand.Rand) (int64, int64) { return int64(r.IntN(2)), 2 }
	in := pitfall(success, spread(300, 1, half), spread(300, 2, half))
	in.Complete, in.Plan.MinUnits = false, 1000
	in.Plan.Bounds = []Bound{{Metric: errorRate, Max: &limit, Margin: Amount{Value: 0.02, Absolute: true}}}
	in.Sums["A"]["error"], in.Sums["B"]["error"] = spread(300, 3, often), spread(300, 4, often)
	r := Analyse(in)
	if r.Verdict != NotYet || !strings.Contains(r.Bounds[0].Said, "both are past the limit") {
		t.Errorf("both: %s: %s (%s)", r.Verdict, r.Sentence, r.Bounds[0].Said)
	}
	in.Sums["A"]["error"] = alike(300, 0, 2)
	if r := Analyse(in); r.Verdict != RollBack {
		t.Errorf("the candidate alone: %s: %s", r.Verdict, r.Sentence)
	}
	in.Sums["A"]["error"], in.Sums["B"]["error"] = spread(300, 3, func(r *rand.Rand) (int64, int64) { return int64(r.IntN(10)) / 9, 1 }), alike(300, 2, 2)
	if r := Analyse(in); r.Verdict != RollBack {
		t.Errorf("both, the candidate much more: %s: %s", r.Verdict, r.Sentence)
	}
}

// Users who come again and never fail: a rate of nothing has an interval too.
func TestNothingFailsIsProvenOfUnitsThatComeAgain(t *testing.T) {
	limit := 0.01
	in := pitfall(success, spread(3000, 1, half), spread(3000, 2, most))
	in.Plan.Bounds = []Bound{{Metric: errorRate, Max: &limit, Margin: Amount{Value: 0.02, Absolute: true}, Prove: true}}
	in.Sums["A"]["error"], in.Sums["B"]["error"] = alike(3000, 0, 11), alike(3000, 0, 11)
	r := Analyse(in)
	if r.Verdict != Deploy || r.Bounds[0].State != BoundProven {
		t.Errorf("%s: %s (%s)", r.Verdict, r.Sentence, r.Bounds[0].Said)
	}
	in.Sums["A"]["error"], in.Sums["B"]["error"] = alike(60, 0, 11), alike(60, 0, 11)
	if r := Analyse(in); r.Verdict == Deploy {
		t.Errorf("60 units prove 2 pp: %s", r.Bounds[0].Said)
	}
}

// What a second look may spend holds the whole at alpha, wherever the looks fell.
func TestTwoLooksSpendAlpha(t *testing.T) {
	for _, units := range []int64{2000, 2600, 4000, 10_000, 100_000} {
		p := Plan{Alpha: 0.05, Looks: 2, MinUnits: 1000}.Usual()
		z1 := stats.NormalCritical(lookAlpha(p, nil, Clock{Look: 1, Looks: 2, Units: 1000}), stats.TwoSided)
		z2 := stats.NormalCritical(lookAlpha(p, &FirstLook{Units: 1000}, Clock{Look: 2, Looks: 2, Units: units}), stats.TwoSided)
		if got := twice(z1, z2, math.Sqrt(1000/float64(units))); got > 0.0502 {
			t.Errorf("first at 1,000, second at %d: both together spend %.4f", units, got)
		}
	}
}

// twice is the chance that |Z1| > z1 or |Z2| > z2, with correlation rho.
func twice(z1, z2, rho float64) float64 {
	const steps = 20000
	inside, width := 0.0, 2*z1/steps
	sd := math.Sqrt(1 - rho*rho)
	for i := range steps {
		x := -z1 + (float64(i)+0.5)*width
		inside += width * math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) * (stats.NormalLower((z2-rho*x)/sd) - stats.NormalLower((-z2-rho*x)/sd))
	}
	return 1 - inside
}

// Unequal weights: the chance that is foreseen is no more than what comes.
func TestPowerOfUnequalWeights(t *testing.T) {
	m := metric.Metric{Name: "cost", Kind: metric.Mean, Direction: metric.Down, Unit: "dollars", Measure: "cost", Scale: 1}
	s := Sample{Requests: 4000, Units: 4000, From: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC),
		Fresh: []int64{571, 571, 571, 571, 571, 571, 574}, Sums: map[string]stats.Moments{"cost": swinging(4000, 1000, 500)}}
	p := Plan{Variants: []Variant{{Name: "A", Weight: 0.9, Baseline: true}, {Name: "B", Weight: 0.1}},
		Primary: &Goal{Metric: m, Mode: Better, Minimum: Amount{Value: 0.05}}}.Usual()
	o := Foresee(p, s)
	small := p.unitsBy(s, o.Days)
	exact := math.Sqrt(0.25/float64(small) + 0.25/(9*float64(small)))
	power := stats.NormalLower(0.05/exact - 1.959964)
	if math.Abs(float64(small-o.Units)) > 2 || o.Metrics[0].Power > power+1e-9 || power < 0.8 {
		t.Errorf("%d units of the smaller in %.1f days, foreseen %d with %.2f; they give %.2f", small, o.Days, o.Units, o.Metrics[0].Power, power)
	}
}
