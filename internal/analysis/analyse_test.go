package analysis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/metric"
)

// column is a metric of a column of rows.
func column(name string, kind metric.Kind, direction metric.Direction, unit string) metric.Metric {
	return metric.Metric{Name: name, Measure: name, Kind: kind, Direction: direction, Unit: unit}
}

// slice makes rows of a list.
func sequence(rows []Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func analyseRows(t *testing.T, p Plan, rows []Row) Report {
	t.Helper()
	in, err := FromRows(p, sequence(rows))
	if err != nil {
		t.Fatal(err)
	}
	return Analyse(in)
}

func usualPlan(primary metric.Metric) Plan {
	return Plan{Experiment: "answers", Route: "support", UnitKind: "user", Primary: &Goal{Metric: primary, Mode: Better},
		Alpha: 0.05, Harm: 0.01, Power: 0.8, MinUnits: 1000, MinDays: 7, Weekdays: true, Looks: 1}
}

// The five latencies that started it: the test of means says that B is lower, and
// lower is better. Welch's t is 7.6 with 5.6 degrees of freedom (SciPy
// ttest_ind(a, b, equal_var=False): p = 5.5e-4).
func TestFiveLatencies(t *testing.T) {
	var rows []Row
	for v, values := range map[string][]float64{"A": {0.5, 0.6, 0.55, 0.58, 0.52}, "B": {0.4, 0.42, 0.39, 0.41, 0.38}} {
		for _, x := range values {
			rows = append(rows, Row{Variant: v, Values: map[string]float64{"latency": x}})
		}
	}
	p := usualPlan(column("latency", metric.Mean, metric.Down, "seconds"))
	p.Variants = []Variant{{Name: "A", Baseline: true, Weight: 0.5}, {Name: "B", Weight: 0.5}}
	r := analyseRows(t, p, rows)
	c := r.Metrics[0].Comparisons[0]
	if got := float64(c.Relative.Value); math.Abs(got+0.272727) > 1e-5 {
		t.Errorf("improvement %v", got)
	}
	if got := float64(c.P); math.Abs(got-5.5e-4) > 1e-5 {
		t.Errorf("p = %v", got)
	}
	if c.Says != SaysBetter {
		t.Errorf("B is lower, lower is better, and the report says %q", c.Says)
	}
	if r.Verdict == Deploy || !strings.Contains(r.Sentence, "5 of 1,000 units") {
		t.Errorf("%s: %s", r.Verdict, r.Sentence)
	}
	lines := SeedLines(r)
	for i, want := range []string{"Decision: Keep A for now: B is better on latency (faster by 27.3 %)", "Improvement: -27.27%", "P-value: 0.0005"} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("got  %s\nwant %s", lines[i], want)
		}
	}
}

// week makes rows of users over eight days: f gives a user's value on a day.
func week(units int, f func(variant string, unit int, r *rand.Rand) map[string]float64, seed uint64) []Row {
	r := rand.New(rand.NewPCG(seed, 1))
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	var rows []Row
	for _, v := range []string{"A", "B"} {
		for u := range units {
			for day := u % 2; day <= 8; day += 2 + u%3 {
				rows = append(rows, Row{Variant: v, Unit: fmt.Sprintf("%s%d", v, u), Time: start.Add(time.Duration(day)*24*time.Hour + time.Duration(u)*time.Second), Values: f(v, u, r)})
			}
		}
	}
	return rows
}

func binary(rates map[string]float64) func(string, int, *rand.Rand) map[string]float64 {
	return func(v string, _ int, r *rand.Rand) map[string]float64 {
		x := 0.0
		if r.Float64() < rates[v] {
			x = 1
		}
		return map[string]float64{"success": x}
	}
}

func aAgainstB(p Plan) Plan {
	p.Variants = []Variant{{Name: "A", Baseline: true, Weight: 0.5}, {Name: "B", Weight: 0.5}}
	return p
}

func TestDeploysWhatIsBetter(t *testing.T) {
	p := aAgainstB(usualPlan(column("success", metric.Rate, metric.Up, "share")))
	r := analyseRows(t, p, week(1500, binary(map[string]float64{"A": 0.6, "B": 0.7}), 1))
	if r.Verdict != Deploy || r.Variant != "B" || !r.Clock.Rung {
		t.Errorf("%s %s: %s", r.Verdict, r.Variant, r.Sentence)
	}
	if c := r.Metrics[0].Comparisons[0]; c.Interval != IntervalFixed || c.Fits != "absolute" {
		t.Errorf("at the look the interval is %s, and %s fits", c.Interval, c.Fits)
	}
}

func TestFiveHundredUnitsAreNotYet(t *testing.T) {
	p := aAgainstB(usualPlan(column("success", metric.Rate, metric.Up, "share")))
	in, err := FromRows(p, sequence(week(500, binary(map[string]float64{"A": 0.4, "B": 0.8}), 1)))
	if err != nil {
		t.Fatal(err)
	}
	in.Complete = false
	r := Analyse(in)
	if r.Verdict != NotYet || !strings.Contains(r.Sentence, "500 of 1,000 units") || !strings.Contains(r.Change, "more days at this rate") {
		t.Errorf("%s: %s %s", r.Verdict, r.Sentence, r.Change)
	}
	if c := r.Metrics[0].Comparisons[0]; c.Interval != IntervalAlways {
		t.Errorf("before the look the interval is %s", c.Interval)
	}
	if len(r.Enrolment) != 2 || r.Enrolment[0].Units != 500 || r.Enrolment[0].Requests <= 500 {
		t.Errorf("both counts are shown: %+v", r.Enrolment)
	}
}

// What is decided at the look is final, and what comes later is shown with
// intervals that hold at any time.
func TestDecidedIsFinal(t *testing.T) {
	p := aAgainstB(usualPlan(column("success", metric.Rate, metric.Up, "share")))
	in, err := FromRows(p, sequence(week(1500, binary(map[string]float64{"A": 0.6, "B": 0.7}), 1)))
	if err != nil {
		t.Fatal(err)
	}
	in.Decided = &Decided{Time: in.Times.Now, Verdict: Inconclusive, Why: "not shown to be different from none.", By: "weir", Units: 2000}
	r := Analyse(in)
	if r.Verdict != Inconclusive || r.Clock.Rung || r.Metrics[0].Comparisons[0].Interval != IntervalAlways {
		t.Errorf("%s, rung %v, interval %s", r.Verdict, r.Clock.Rung, r.Metrics[0].Comparisons[0].Interval)
	}
}

// A report computed again from what it carries is the same, byte for byte.
func TestRecomputes(t *testing.T) {
	for name, r := range samples(t) {
		t.Run(name, func(t *testing.T) {
			first := asJSON(t, r)
			if again := asJSON(t, Recompute(r)); !bytes.Equal(first, again) {
				t.Errorf("computed again:\n%s\nwas:\n%s", diff(again, first), "")
			}
			var read Report
			if err := json.Unmarshal(first, &read); err != nil {
				t.Fatal(err)
			}
			if again := asJSON(t, Recompute(read)); !bytes.Equal(first, again) {
				t.Errorf("read and computed again: %s", diff(again, first))
			}
			if s := string(first); strings.Contains(s, "NaN") || strings.Contains(s, ":Inf") {
				t.Error("JSON has no infinities")
			}
		})
	}
}

func asJSON(t *testing.T, r Report) []byte {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func diff(a, b []byte) string {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return fmt.Sprintf("at %d: …%s… against …%s…", i, a[max(0, i-60):min(len(a), i+60)], b[max(0, i-60):min(len(b), i+60)])
		}
	}
	return fmt.Sprintf("lengths %d and %d", len(a), len(b))
}

// Swapping the labels of the variants mirrors what is said.
func TestSwappedLabelsMirror(t *testing.T) {
	mirror := map[string]string{SaysBetter: SaysWorse, SaysWorse: SaysBetter, SaysUnclear: SaysUnclear}
	for seed := range uint64(20) {
		gain := float64(seed%5)*0.03 - 0.06
		rows := week(1100, binary(map[string]float64{"A": 0.6, "B": 0.6 + gain}), seed)
		swapped := slices.Clone(rows)
		for i := range swapped {
			swapped[i].Variant = map[string]string{"A": "B", "B": "A"}[rows[i].Variant]
		}
		for _, kind := range []metric.Kind{metric.Rate, metric.Mean, metric.PerUnit} {
			p := aAgainstB(usualPlan(column("success", kind, metric.Up, "share")))
			a, b := analyseRows(t, p, rows), analyseRows(t, p, swapped)
			ca, cb := a.Metrics[0].Comparisons[0], b.Metrics[0].Comparisons[0]
			if math.Abs(float64(ca.Absolute.Value+cb.Absolute.Value)) > 1e-12 || math.Abs(float64(ca.P-cb.P)) > 1e-12 {
				t.Errorf("seed %d, %s: effects %v and %v, p %v and %v", seed, kind, ca.Absolute.Value, cb.Absolute.Value, ca.P, cb.P)
			}
			if mirror[ca.Says] != cb.Says {
				t.Errorf("seed %d, %s: says %s, and mirrored %s", seed, kind, ca.Says, cb.Says)
			}
			want := map[Verdict]Verdict{Deploy: Keep, Keep: Deploy}[a.Verdict]
			if want == "" {
				want = a.Verdict
			}
			if b.Verdict != want {
				t.Errorf("seed %d, %s: %s, and mirrored %s", seed, kind, a.Verdict, b.Verdict)
			}
		}
	}
}
