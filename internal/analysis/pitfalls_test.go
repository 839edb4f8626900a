package analysis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// sum adds units up.
func sum(pairs ...[2]int64) (m stats.Moments) {
	for _, p := range pairs {
		m.Add(p[0], p[1])
	}
	return m
}

// alike makes n units with the pair.
func alike(n int, x, y int64) (m stats.Moments) {
	for range n {
		m.Add(x, y)
	}
	return m
}

// swinging makes n units by turns above and below a middle.
func swinging(n int, middle, by int64) (m stats.Moments) {
	for i := range n {
		m.Add(middle+by*int64(1-2*(i%2)), 1)
	}
	return m
}

func spread(n int, seed uint64, f func(*rand.Rand) (int64, int64)) (m stats.Moments) {
	r := rand.New(rand.NewPCG(seed, 9))
	for range n {
		m.Add(f(r))
	}
	return m
}

// pitfall is an input in which every weekday and time is in order, so that what is
// said is about the numbers.
func pitfall(m metric.Metric, a, b stats.Moments) Input {
	m.Measure = "m"
	p := aAgainstB(usualPlan(m))
	p.MinUnits, p.MinDays, p.Weekdays = 2, 0, false
	return Input{Plan: p, Complete: true, Times: Times{Started: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Now: time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)},
		Sums: map[string]map[string]stats.Moments{"A": {"m": a}, "B": {"m": b}}}
}

func TestPitfalls(t *testing.T) {
	mean := metric.Metric{Name: "m", Kind: metric.Mean, Direction: metric.Up, Unit: "points", Scale: 1}
	rate := metric.Metric{Name: "m", Kind: metric.Rate, Direction: metric.Up, Unit: "share", Scale: 1}
	geometric := metric.Metric{Name: "m", Kind: metric.Geometric, Direction: metric.Down, Unit: "seconds", Scale: 1e-6}
	normal := func(mu, sd float64) func(*rand.Rand) (int64, int64) {
		return func(r *rand.Rand) (int64, int64) { return int64(mu + sd*r.NormFloat64()), 1 }
	}
	for _, c := range []struct {
		name    string
		metric  metric.Metric
		a, b    stats.Moments
		verdict Verdict
		status  string // of the absolute effect
		why     string // in a reason or warning
	}{
		{"two units each", mean, sum([2]int64{1, 1}, [2]int64{3, 1}), sum([2]int64{4, 1}, [2]int64{9, 1}), Inconclusive, "ok", "below 30"},
		{"one unit", mean, sum([2]int64{1, 1}), sum([2]int64{4, 1}, [2]int64{9, 1}), Inconclusive, "undefined", "A: there is one unit"},
		{"an empty variant", mean, alike(50, 3, 1), stats.Moments{}, NotYet, "undefined", "no observation in B"},
		{"both constant and equal", mean, alike(50, 3, 1), alike(50, 3, 1), Inconclusive, "undefined", "no value differs"},
		{"both constant and different", mean, alike(50, 3, 1), alike(50, 4, 1), Inconclusive, "undefined", "no value differs"},
		{"nothing of nothing", rate, alike(500, 0, 1), alike(500, 0, 1), Inconclusive, "ok", ""},
		{"all of all", rate, alike(500, 1, 1), alike(500, 1, 1), Inconclusive, "ok", ""},
		{"none against all", rate, alike(500, 0, 1), alike(500, 1, 1), Deploy, "ok", "nothing is relative to 0"},
		{"a baseline of zero", mean, spread(50, 1, func(r *rand.Rand) (int64, int64) { return 0, 1 }), spread(50, 2, normal(100, 10)), Deploy, "ok", "nothing is relative to 0"},
		{"a negative baseline", mean, spread(500, 1, normal(-1000, 50)), spread(500, 2, normal(-800, 50)), Deploy, "ok", ""},
		{"an offset of 1e9 in micro-units", mean, spread(500, 1, normal(1e15, 1e6)), spread(500, 2, normal(1e15+1e6, 1e6)), Deploy, "ok", ""},
		{"far in the tail", mean, spread(2000, 1, normal(1000, 10)), spread(2000, 2, normal(2000, 10)), Deploy, "ok", ""},
		{"logarithms below zero", geometric, spread(500, 1, normal(-5e6, 1e5)), spread(500, 2, normal(-6e6, 1e5)), Deploy, "ok", ""},
		{"five to ninety-five", rate, spread(9500, 1, func(r *rand.Rand) (int64, int64) { return int64(r.IntN(100)) / 98, 1 }), spread(500, 2, func(r *rand.Rand) (int64, int64) { return int64(r.IntN(100)) / 98, 1 }), Inconclusive, "ok", ""},
		{"no denominator", mean, alike(50, 3, 0), alike(50, 4, 0), NotYet, "undefined", "no observation in A and B"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := pitfall(c.metric, c.a, c.b)
			if c.name == "five to ninety-five" {
				in.Plan.Variants[0].Weight, in.Plan.Variants[1].Weight = 0.95, 0.05
			}
			r := Analyse(in)
			if r.Verdict != c.verdict {
				t.Errorf("%s: %s", r.Verdict, r.Sentence)
			}
			e := r.Metrics[0].Comparisons[0].Absolute
			if e.Status != c.status {
				t.Errorf("status %s (%s)", e.Status, e.Reason)
			}
			b := asJSON(t, r)
			if c.why != "" && !strings.Contains(string(b), c.why) {
				t.Errorf("nowhere is said %q: %s", c.why, b)
			}
			if e.Status != "ok" && e.Reason == "" {
				t.Error("undefined without a reason")
			}
			if strings.Contains(string(b), "NaN") {
				t.Error("NaN in the report")
			}
			readable(t, r)
		})
	}
}

// readable writes all forms: none may stumble over what is undefined.
func readable(t *testing.T, r Report) {
	t.Helper()
	for form, write := range forms {
		var b bytes.Buffer
		if err := write(&b, r); err != nil {
			t.Error(err)
		}
		if s := b.String(); strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
			t.Errorf("%s: NaN or Inf is shown", form)
		}
	}
}

// An effect far out has its place in logarithms.
func TestTailsDoNotUnderflow(t *testing.T) {
	normal := func(mu float64) func(*rand.Rand) (int64, int64) {
		return func(r *rand.Rand) (int64, int64) { return int64(mu + 10*r.NormFloat64()), 1 }
	}
	m := metric.Metric{Name: "m", Kind: metric.Mean, Direction: metric.Up, Unit: "points", Scale: 1}
	c := Analyse(pitfall(m, spread(2000, 1, normal(1000)), spread(2000, 2, normal(2000)))).Metrics[0].Comparisons[0]
	if c.P != 0 || !(c.Log10P < -1000) {
		t.Errorf("p = %v, log10 %v", c.P, c.Log10P)
	}
}

// The p99 of 120 values has no upper bound, and the report says why.
func TestTooFewForP99(t *testing.T) {
	p := aAgainstB(usualPlan(column("latency", metric.Quantile, metric.Down, "seconds")))
	p.Primary.Metric.Quantile = 0.99
	r := rand.New(rand.NewPCG(1, 1))
	var rows []Row
	for i := range 240 {
		rows = append(rows, Row{Variant: string(rune('A' + i%2)), Unit: fmt.Sprint(i), Values: map[string]float64{"latency": r.ExpFloat64()}})
	}
	rep := analyseRows(t, p, rows)
	e := rep.Metrics[0].Comparisons[0].Absolute
	if e.Status != "unbounded" || e.High.OK() || !strings.Contains(e.Reason, "120 values") || !strings.Contains(e.Reason, "381") {
		t.Errorf("%s: %s, high %v", e.Status, e.Reason, e.High)
	}
	if rep.Verdict == Deploy {
		t.Error("deployed on no bound")
	}
	readable(t, rep)
}

// Many requests of few users are few: the test by unit keeps its level where the
// one by request does not.
func TestUsersNotRequestsAreCounted(t *testing.T) {
	const runs = 300
	byUnit, byRequest := 0, 0
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 4))
		var sums, naive [2]stats.Moments
		for v := range 2 {
			for range 300 {
				n := int64(1 + 10*r.ExpFloat64())
				own := 0.2 + 0.6*r.Float64()
				hits := int64(0)
				for range n {
					hit := int64(0)
					if r.Float64() < own {
						hit = 1
					}
					hits += hit
					naive[v].Add(hit, 1)
				}
				sums[v].Add(hits, n)
			}
		}
		m := metric.Metric{Name: "m", Kind: metric.Rate, Direction: metric.Up, Unit: "share", Scale: 1}
		if c := Analyse(pitfall(m, sums[0], sums[1])).Metrics[0].Comparisons[0]; c.P < 0.05 {
			byUnit++
		}
		if c := Analyse(pitfall(m, naive[0], naive[1])).Metrics[0].Comparisons[0]; c.P < 0.05 {
			byRequest++
		}
	}
	t.Logf("A/A, %d runs: by unit %.1f %%, by request %.1f %%", runs, 100*float64(byUnit)/runs, 100*float64(byRequest)/runs)
	if byUnit > 27 || byUnit < 5 { // 5 % of 300 is 15, ± 3.2 standard errors
		t.Errorf("by unit %d of %d", byUnit, runs)
	}
	if byRequest < 40 {
		t.Errorf("by request %d of %d: the data are not clustered, and the test shows nothing", byRequest, runs)
	}
}

// Looking every day and stopping at the first finding: always-valid p-values keep
// their level.
func TestPeekingIsAllowed(t *testing.T) {
	const runs, looks = 120, 12
	found, fixed := 0, 0
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 5))
		var a, b stats.Moments
		hit, hitFixed := false, false
		for range looks {
			for range 100 {
				a.Add(int64(1000+300*r.NormFloat64()), 1)
				b.Add(int64(1000+300*r.NormFloat64()), 1)
			}
			in := pitfall(metric.Metric{Name: "m", Kind: metric.Mean, Direction: metric.Up, Unit: "points", Scale: 1}, a, b)
			in.Complete, in.Plan.MinUnits = false, 1_000_000
			hit = hit || Analyse(in).Metrics[0].Comparisons[0].P < 0.05
			in.Complete = true
			hitFixed = hitFixed || Analyse(in).Metrics[0].Comparisons[0].P < 0.05
		}
		if hit {
			found++
		}
		if hitFixed {
			fixed++
		}
	}
	t.Logf("A/A, %d runs of %d looks: always-valid %d, fixed %d findings", runs, looks, found, fixed)
	if found > runs/20 {
		t.Errorf("%d of %d", found, runs)
	}
	if fixed < runs/10 {
		t.Errorf("fixed p-values found only %d of %d: the test shows nothing", fixed, runs)
	}
}

func TestHealthFindsWhatIsWrong(t *testing.T) {
	ok := metric.Metric{Name: "success", Kind: metric.Rate, Direction: metric.Up, Unit: "share", Scale: 1, Measure: "m"}
	base := func() Input {
		in := pitfall(ok, alike(1500, 1, 2), alike(1500, 1, 2))
		in.Sums["A"]["error"], in.Sums["B"]["error"] = alike(1500, 0, 2), alike(1500, 0, 2)
		return in
	}
	for _, c := range []struct {
		name, code string
		verdict    Verdict
		change     func(*Input)
	}{
		{"a split that loses units", "split", Invalid, func(in *Input) { in.Enrolled = map[string]Enrolled{"A": {Units: 10000}, "B": {Units: 9500}} }},
		{"requests without a unit", "no_unit", "", func(in *Input) { in.Traffic.Requests, in.Traffic.NoUnit = 1000, 11 }},
		{"units in two variants", "multiple_exposure", "", func(in *Input) { in.Traffic.Multiple = map[string]int64{"A": 31} }},
		{"fewer outcomes in one variant", "outcomes", Inconclusive, func(in *Input) {
			in.Sums["A"]["m"], in.Sums["B"]["m"] = spread(1400, 1, half), spread(1200, 2, most)
		}},
		{"caches that differ", "unequal_load", "", func(in *Input) {
			in.Sums["A"]["cached_tokens"], in.Sums["B"]["cached_tokens"] = alike(100, 39, 100), alike(100, 100, 100)
		}},
		{"queues that differ", "unequal_load", "", func(in *Input) {
			in.Sums["A"]["log_queue"], in.Sums["B"]["log_queue"] = alike(100, -3e6, 1), alike(100, -2e6, 1)
		}},
		{"another model under the same name", "served_model", "", func(in *Input) {
			in.Served = []Served{{Variant: "B", Model: "m", Fingerprint: "fp_1"}, {Variant: "B", Model: "m", Fingerprint: "fp_2"}}
		}},
		{"a few units that send most", "top_units", "", func(in *Input) {
			in.Shape = map[string]Shape{"A": {Units: 1500, Requests: 3000, Top: 0.3, LeftOut: map[string]stats.Moments{"m": spread(1480, 1, half)}}}
		}},
		{"and what is left without them", "leave_top_out", "", func(in *Input) {
			in.Shape = map[string]Shape{"A": {Units: 1500, Requests: 3000, Top: 0.3, LeftOut: map[string]stats.Moments{"m": spread(1480, 1, half)}}}
		}},
		{"simulated answers", "simulated", "", func(in *Input) { in.Simulated = true }},
		{"an incomplete record", "incomplete", "", func(in *Input) { in.Coverage = []string{"the store is 40 s behind"} }},
		{"units beyond the cap", "left_out", "", func(in *Input) { in.Traffic.LeftOut = 7 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := base()
			c.change(&in)
			r := Analyse(in)
			found := false
			for _, w := range r.Warnings {
				found = found || w.Code == c.code
			}
			if !found {
				t.Errorf("no warning %q among %v", c.code, r.Warnings)
			}
			if c.verdict != "" && r.Verdict != c.verdict {
				t.Errorf("%s: %s", r.Verdict, r.Sentence)
			}
			readable(t, r)
		})
	}
	for _, w := range Analyse(base()).Warnings {
		if w.Code != "lowered" && w.Code != "undefined" {
			t.Errorf("a sound experiment is warned of: %s", w.Text)
		}
	}
}

// All fail with the candidate and none with the baseline: no variance, and no doubt.
func TestTotalFailureIsHarm(t *testing.T) {
	errors := metric.Metric{Name: "error_rate", Kind: metric.Rate, Direction: metric.Down, Unit: "share", Measure: "error", Scale: 1}
	limit := 0.05
	for name, b := range map[string]Bound{
		"points":   {Metric: errors, Margin: Amount{Value: 0.02, Absolute: true}},
		"relative": {Metric: errors, Margin: Amount{Value: 0.05}},
		"limit":    {Metric: errors, Margin: Amount{Value: 2, Absolute: true}, Max: &limit},
	} {
		in := pitfall(metric.Metric{Name: "m", Kind: metric.Rate, Direction: metric.Up, Unit: "share", Scale: 1}, spread(100, 1, half), spread(100, 2, half))
		in.Complete, in.Plan.MinUnits, in.Plan.Bounds = false, 1000, []Bound{b}
		in.Sums["A"]["error"], in.Sums["B"]["error"] = alike(100, 0, 3), alike(100, 3, 3)
		r := Analyse(in)
		if r.Verdict != RollBack {
			t.Errorf("%s: %s: %s", name, r.Verdict, r.Sentence)
		}
		readable(t, r)
	}
}

// The look waits for what will come, and not for what somebody chose not to read.
func TestWaitsForTheRecordOnly(t *testing.T) {
	in := sampleInput(t, 2600, func(in *Input) { in.Complete, in.Notes = false, []string{"unit rows were not read"} })
	if r := Analyse(in); !r.Clock.Rung || r.Verdict != Deploy {
		t.Errorf("notes: rung %v, %s", r.Clock.Rung, r.Sentence)
	}
	in.Coverage = []string{"the store is 40 s behind"}
	if r := Analyse(in); r.Clock.Rung || r.Verdict != NotYet || !strings.Contains(r.Sentence, "40 s behind") {
		t.Errorf("behind: rung %v, %s", r.Clock.Rung, r.Sentence)
	}
}

func half(r *rand.Rand) (int64, int64) { return int64(r.IntN(2)), 1 }
func most(r *rand.Rand) (int64, int64) { return min(1, int64(r.IntN(10))), 1 }

// The record of a first look raises what the second asks for and lowers what it
// may spend.
func TestTwoLooks(t *testing.T) {
	in := pitfall(metric.Metric{Name: "m", Kind: metric.Rate, Direction: metric.Up, Unit: "share", Scale: 1}, spread(1200, 1, half), spread(1200, 2, half))
	in.Complete, in.Plan.Looks, in.Plan.MinUnits, in.Plan.Units = false, 2, 1000, 2400
	r := Analyse(in)
	if r.Verdict != NotYet || !r.Clock.Rung || r.Clock.Look != 1 {
		t.Fatalf("%s, rung %v, look %d: %s", r.Verdict, r.Clock.Rung, r.Clock.Look, r.Sentence)
	}
	if got := 1 - r.Metrics[0].Comparisons[0].Confidence; math.Abs(got-0.0052) > 5e-5 {
		t.Errorf("the first look spends %v", got)
	}
	in.First = &FirstLook{Time: in.Times.Now, Units: 1200}
	if r := Analyse(in); r.Clock.Rung || r.Clock.Need != 2400 || r.Verdict != NotYet {
		t.Errorf("after the first look: rung %v, need %d", r.Clock.Rung, r.Clock.Need)
	}
	in.Sums["A"]["m"], in.Sums["B"]["m"] = spread(2400, 1, half), spread(2400, 2, half)
	r = Analyse(in)
	if !r.Clock.Rung || r.Clock.Look != 2 || r.Verdict != Inconclusive {
		t.Errorf("second look: rung %v, %s", r.Clock.Rung, r.Verdict)
	}
	if got := 1 - r.Metrics[0].Comparisons[0].Confidence; math.Abs(got-0.0480) > 5e-5 {
		t.Errorf("the second look spends %v", got)
	}
}

// Two per cent better and three times the cost: kept out, and told why.
func TestTradeOffIsTold(t *testing.T) {
	cost := metric.Metric{Name: "cost_per_request", Kind: metric.Mean, Direction: metric.Down, Unit: "dollars", Measure: "cost", Scale: 1e-6}
	in := pitfall(metric.Metric{Name: "success", Kind: metric.Mean, Direction: metric.Up, Unit: "tokens", Scale: 1}, swinging(3000, 100000, 200), swinging(3000, 102000, 200))
	in.Sums["A"]["cost"] = swinging(3000, 1000, 100)
	in.Sums["B"]["cost"] = swinging(3000, 3000, 100)
	in.Plan.Bounds = []Bound{{Metric: cost, Margin: Amount{Value: 0.05}, Prove: true, Action: "pause"}}
	r := Analyse(in)
	if r.Verdict != Keep || !strings.Contains(r.Sentence, "better by 2 %, dearer by 200 %: the cost bound fails") {
		t.Errorf("%s: %s", r.Verdict, r.Sentence)
	}
	in.Plan.Bounds = nil
	in.Plan.Metrics = []metric.Metric{cost}
	r = Analyse(in)
	if r.Verdict != Deploy || !strings.Contains(r.Sentence, "cost_per_request: dearer by 200 %") {
		t.Errorf("without a bound: %s: %s", r.Verdict, r.Sentence)
	}
}

// Harm is heard before the clock rings, from units that had an event.
func TestHarmBeforeTheClock(t *testing.T) {
	errors := metric.Metric{Name: "error_rate", Kind: metric.Rate, Direction: metric.Down, Unit: "share", Measure: "error", Scale: 1}
	fail := func(rate float64) func(*rand.Rand) (int64, int64) {
		return func(r *rand.Rand) (int64, int64) {
			if r.Float64() < rate {
				return 1, 1
			}
			return 0, 1
		}
	}
	in := pitfall(metric.Metric{Name: "m", Kind: metric.Rate, Direction: metric.Up, Unit: "share", Scale: 1}, spread(200, 1, half), spread(200, 2, half))
	in.Complete, in.Plan.MinUnits = false, 1000
	in.Plan.Bounds = []Bound{{Metric: errors, Margin: Amount{Value: 0.02, Absolute: true}, Action: "rollback"}}
	in.Sums["A"]["error"], in.Sums["B"]["error"] = spread(200, 3, fail(0.01)), spread(200, 4, fail(0.2))
	if r := Analyse(in); r.Verdict != RollBack || r.Variant != "B" || r.Clock.Rung || r.Bounds[0].State != BoundHarm {
		t.Errorf("%s: %s", r.Verdict, r.Sentence)
	}
	in.Sums["B"]["error"] = spread(200, 4, fail(0.01))
	if r := Analyse(in); r.Verdict != NotYet {
		t.Errorf("%s: %s", r.Verdict, r.Sentence)
	}
	limit := 0.05
	in.Plan.Bounds[0].Max = &limit
	in.Sums["A"]["error"], in.Sums["B"]["error"] = spread(200, 3, fail(0.01)), spread(200, 4, fail(0.4))
	if r := Analyse(in); r.Verdict != RollBack || !strings.Contains(r.Sentence, "past the limit of 5 %") {
		t.Errorf("%s: %s", r.Verdict, r.Sentence)
	}
	// A tolerated difference is no harm, however sure it is.
	in.Plan.Bounds[0].Max = nil
	in.Sums["A"]["error"], in.Sums["B"]["error"] = spread(50000, 3, fail(0.010)), spread(50000, 4, fail(0.020))
	if r := Analyse(in); r.Verdict == RollBack || float64(r.Bounds[0].P) > 0.001 {
		t.Errorf("1 pp of 2 pp: %s (p %v)", r.Verdict, r.Bounds[0].P)
	}
}

func TestSumsAsJSON(t *testing.T) {
	for _, i := range []stats.Int128{stats.Int(0), stats.Int(-1), stats.Int(math.MinInt64), {Hi: math.MaxInt64, Lo: math.MaxUint64}, {Hi: math.MinInt64, Lo: 1}, {Hi: -1, Lo: 5}} {
		b, err := json.Marshal(wideInt(i))
		if err != nil {
			t.Fatal(err)
		}
		var back wideInt
		if err := json.Unmarshal(b, &back); err != nil || stats.Int128(back) != i {
			t.Errorf("%s came back as %v (%v)", b, back, err)
		}
	}
	var w wideInt
	for _, bad := range []string{`"1e9"`, `"x"`, `"170141183460469231731687303715884105728"`} {
		if err := json.Unmarshal([]byte(bad), &w); err == nil {
			t.Errorf("%s is read", bad)
		}
	}
}
