package analysis

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/metric"
)

func plainPlan(metrics ...metric.Metric) Plan {
	p := usualPlan(metrics[0])
	p.Metrics = metrics[1:]
	return p
}

func TestRowsBecomeExactSums(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2026, 3, 2+day, 12, 0, 0, 0, time.UTC) }
	rows := []Row{
		{Variant: "a", Unit: "u1", Time: at(0), Values: map[string]float64{"cost": 0.1, "latency": 2, "ok": 1}},
		{Variant: "a", Unit: "u1", Time: at(1), Values: map[string]float64{"cost": 0.2, "latency": 8}},
		{Variant: "a", Unit: "u2", Time: at(0), Values: map[string]float64{"cost": 0.7, "ok": 0}},
		{Variant: "b", Unit: "u3", Time: at(6), Values: map[string]float64{"cost": 0.4, "latency": 1, "ok": 1}},
		{Variant: "b", Unit: "u1", Time: at(6), Values: map[string]float64{"cost": 0.4}},
	}
	in, err := FromRows(plainPlan(column("cost", metric.Mean, metric.Down, "dollars"), column("latency", metric.Geometric, metric.Down, "seconds"),
		column("latency", metric.Quantile, metric.Down, "seconds"), column("ok", metric.Rate, metric.Up, "share")), sequence(rows))
	if err != nil {
		t.Fatal(err)
	}
	// 0.1 + 0.2 is 0.3 in whole numbers of 1e-9: units (0.3, 2) and (0.7, 1).
	s := in.Sums["a"]["cost"]
	if s.Units != 2 || s.X.String() != "1000000000" || s.Y.String() != "3" || s.XX.String() != "580000000000000000" || s.XY.String() != "1300000000" {
		t.Errorf("cost of a: %+v", s)
	}
	if got := in.Sums["a"]["log_latency"].X.Float() * 1e-9; math.Abs(got-math.Log(16)) > 1e-8 {
		t.Errorf("logarithms of a: %v", got)
	}
	if s := in.Sums["a"]["ok"]; s.Units != 2 || s.X.String() != "1" || s.Hits != 1 {
		t.Errorf("ok of a: %+v", s)
	}
	var n int64
	for _, c := range in.Clusters["a"]["distribution_latency"] {
		n += c.N
	}
	if n != 2 {
		t.Errorf("%d latencies of a", n)
	}
	if in.Plan.Primary.Metric.Scale != 1e-9 || in.Plan.Metrics[0].Measure != "log_latency" {
		t.Errorf("metrics: %+v %+v", in.Plan.Primary.Metric, in.Plan.Metrics[0])
	}
	if v := in.Plan.Variants; len(v) != 2 || !v[0].Baseline || v[0].Name != "a" || v[1].Weight != 0.5 {
		t.Errorf("variants: %+v", v)
	}
	if in.Traffic.Multiple["a"] != 1 {
		t.Errorf("u1 is in both: %v", in.Traffic.Multiple)
	}
	if in.Weekdays["a"][time.Monday] != 2 || in.Weekdays["b"][time.Sunday] != 2 {
		t.Errorf("weekdays: %v", in.Weekdays)
	}
	if e := in.Enrolled["a"]; e.Units != 2 || e.Requests != 3 {
		t.Errorf("enrolled: %+v", e)
	}
	if len(in.Days) == 0 || in.Days[0].N == 0 {
		t.Errorf("days: %v", in.Days)
	}
}

func TestRowsThatDoNotFit(t *testing.T) {
	p := plainPlan(column("x", metric.Mean, metric.Up, ""), column("r", metric.Rate, metric.Up, "share"), column("g", metric.Geometric, metric.Down, ""), column("q", metric.Quantile, metric.Down, ""))
	p.Variants = []Variant{{Name: "a", Baseline: true}, {Name: "b"}}
	one := func(column string, v float64) []Row {
		return []Row{{Variant: "a", Values: map[string]float64{column: v}}}
	}
	for want, rows := range map[string][]Row{
		"there are none":         nil,
		"it has no variant":      {{Unit: "u"}},
		`"c" is not in the plan`: {{Variant: "c"}},
		"that is no number":      one("x", math.NaN()),
		"in a greater unit":      one("x", 2e12),
		"made of 0 and 1":        one("r", 0.5),
		"needs values above 0":   one("g", 0),
		"not negative":           one("q", -1),
	} {
		if _, err := FromRows(p, sequence(rows)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	broken := errors.New("line 3: no JSON")
	var rows iter.Seq2[Row, error] = func(yield func(Row, error) bool) { yield(Row{}, broken) }
	if _, err := FromRows(p, rows); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

// Values of any size keep their digits: an offset of a thousand millions too.
func TestRowsOfAnySize(t *testing.T) {
	for _, offset := range []float64{0, 1e-6, 1, 1e9, -1e9} {
		var rows []Row
		size := math.Max(1e-6, math.Abs(offset)*1e-9)
		for i := range 200 {
			x := offset + size*float64(i%10)
			if i%2 == 1 {
				x += 3 * size
			}
			rows = append(rows, Row{Variant: string(rune('a' + i%2)), Unit: fmt.Sprint(i), Values: map[string]float64{"x": x}})
		}
		r := analyseRows(t, plainPlan(column("x", metric.Mean, metric.Up, "")), rows)
		e := r.Metrics[0].Comparisons[0].Absolute
		// Of even i the mean of i%10 is 4, of odd ones 5: 1 + 3 apart.
		if math.Abs(float64(e.Value)/size-4) > 1e-3 || e.Status != "ok" {
			t.Errorf("offset %v: %v of %v (%s)", offset, e.Value, 4*size, e.Status)
		}
	}
}

// Rows without a unit are units of their own, and the report says what that costs.
func TestRowsWithoutUnitsAreDoubted(t *testing.T) {
	rows := []Row{{Variant: "a", Values: map[string]float64{"x": 1}}, {Variant: "a", Values: map[string]float64{"x": 2}}, {Variant: "b", Values: map[string]float64{"x": 5}}, {Variant: "b", Values: map[string]float64{"x": 7}}}
	r := analyseRows(t, plainPlan(column("x", metric.Mean, metric.Up, "")), rows)
	if r.Enrolment[0].Units != 2 {
		t.Errorf("%+v", r.Enrolment[0])
	}
	said := false
	for _, w := range r.Warnings {
		said = said || strings.Contains(w.Text, "4 of 4 rows name no unit")
	}
	if !said {
		t.Errorf("%v", r.Warnings)
	}
}

// What a look decided is kept, and the next report does not look again.
func TestALookIsTakenOnce(t *testing.T) {
	in := sampleInput(t, 2600, nil)
	r := Analyse(in)
	first, decided := r.Took("weir")
	if first != nil || decided == nil || decided.Verdict != Deploy || decided.Units != 5200 {
		t.Fatalf("%+v %+v", first, decided)
	}
	in.Decided = decided
	again := Analyse(in)
	if again.Verdict != Deploy || again.Clock.Rung {
		t.Errorf("%s, rung %v", again.Verdict, again.Clock.Rung)
	}
	if c := again.Metrics[0].Comparisons[0]; c.Interval != IntervalFixed {
		t.Errorf("of what was looked at the interval is %s", c.Interval)
	}
	if _, d := again.Took("weir"); d != nil {
		t.Error("decided twice")
	}
	looks := again.Sequence()
	if len(looks) != 1 || looks[0].Variant != "B" || !(looks[0].Sequence.Low < looks[0].Estimate) {
		t.Errorf("%+v", looks)
	}
	// The band that holds always is wider than the interval of one look.
	c := r.Metrics[0].Comparisons[0].Absolute
	if looks[0].Sequence.High-looks[0].Sequence.Low <= float64(c.High-c.Low) {
		t.Error("the always-valid interval is no wider")
	}
}

// A report of 20 metrics from sums.
func BenchmarkAnalyse(b *testing.B) {
	in := severalInput()
	for i := range 20 {
		m := in.Plan.Primary.Metric
		m.Name = fmt.Sprint("m", i)
		in.Plan.Metrics = append(in.Plan.Metrics, m)
	}
	for b.Loop() {
		Analyse(in)
	}
}
