package analysis

import (
	"math"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// sampleOf adds up units that each have one request of a value.
func sampleOf(measure string, values []int64, days float64) Sample {
	end := time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)
	s := Sample{Requests: int64(len(values)), Units: int64(len(values)), To: end, From: end.Add(-time.Duration(days * 24 * float64(time.Hour))), Sums: map[string]stats.Moments{}}
	var m stats.Moments
	for _, v := range values {
		m.Add(v, 1)
	}
	s.Sums[measure] = m
	s.Fresh = make([]int64, int(days))
	for i := range s.Fresh {
		s.Fresh[i] = int64(len(values)) / int64(len(s.Fresh))
	}
	return s
}

func twoVariants() []Variant {
	return []Variant{{Name: "baseline", Weight: 0.5, Baseline: true}, {Name: "candidate", Weight: 0.5}}
}

// Costs of coefficient of variation 2, of which 10 % are to be seen: 6,280 units
// of each, 2 (1.959964 + 0.841621)² 2² / 0.1².
func TestUnitsByHand(t *testing.T) {
	values := make([]int64, 0, 7000)
	for range 1400 { // mean 1000, standard deviation 2000
		values = append(values, 5000, 0, 0, 0, 0)
	}
	m, ok := metric.Find("cost_per_request")
	if !ok {
		t.Fatal("there is no cost_per_request")
	}
	p := Plan{Alpha: 0.05, Power: 0.8, MinUnits: 2, Variants: twoVariants(), Primary: &Goal{Metric: m, Mode: Better, Minimum: Amount{Value: 0.1}}}
	o := Foresee(p, sampleOf(m.Measure, values, 7))
	got := o.Metrics[0]
	if want := int64(6280); math.Abs(float64(got.Units-want)) > 3 {
		t.Errorf("%d units, want about %d", got.Units, want)
	}
	if math.Abs(o.Power-0.8) > 0.001 {
		t.Errorf("power %.4f at the units that it needs, want 0.8", o.Power)
	}
	if math.Abs(got.MDE-0.1) > 0.001 {
		t.Errorf("smallest difference %.4f at those units, want 0.1", got.MDE)
	}
	// 500 units of each variant come a day.
	if math.Abs(got.Days-12.56) > 0.1 {
		t.Errorf("%.2f days, want 12.56", got.Days)
	}
}

// Four proofs at 80 % each pass an equal candidate 41 times in 100.
func TestProofsShareThePower(t *testing.T) {
	values := make([]int64, 0, 6000)
	for range 3000 {
		values = append(values, 2000, 0)
	}
	m, _ := metric.Find("cost_per_request")
	p := Plan{Alpha: 0.05, Power: 0.8, MinUnits: 2, Variants: twoVariants(), Primary: &Goal{Metric: m, Mode: NoWorse, Margin: Amount{Value: 0.1}}}
	for range 3 {
		p.Bounds = append(p.Bounds, Bound{Metric: m, Margin: Amount{Value: 0.1}, Prove: true})
	}
	if o := Foresee(p, sampleOf(m.Measure, values, 7)); math.Abs(o.Power-0.4096) > 0.002 {
		t.Errorf("power %.4f, want 0.41", o.Power)
	}
}

// What does not come before the time is up is not counted on: a start by power is
// refused however many units are planned for.
func TestPowerIsOfWhatComesInTime(t *testing.T) {
	values := make([]int64, 0, 7000)
	for range 1400 {
		values = append(values, 5000, 0, 0, 0, 0)
	}
	m, _ := metric.Find("cost_per_request")
	for days, want := range map[int]struct {
		units int64
		power float64
	}{28: {6280, 0.8}, 7: {3500, 0.55}} {
		p := Plan{Alpha: 0.05, Power: 0.8, MinUnits: 1000, MaxDays: days, Variants: twoVariants(), Primary: &Goal{Metric: m, Mode: Better, Minimum: Amount{Value: 0.1}}}
		o := Foresee(p, sampleOf(m.Measure, values, 7))
		if got := o.Metrics[0]; math.Abs(float64(got.Planned-want.units)) > 3 || math.Abs(o.Power-want.power) > 0.01 {
			t.Errorf("%d days: power %.3f at %d units, want %.2f at %d: %s", days, o.Power, got.Planned, want.power, want.units, o.Why)
		}
		if o.Units < 6200 {
			t.Errorf("%d days: it needs %d units, whatever comes", days, o.Units)
		}
	}
}

// What is not on record has no power, and says so; it is never taken for enough.
func TestPowerThatIsNotKnown(t *testing.T) {
	m := metric.Score("task_success", "feedback", metric.Rate, metric.Up)
	p := Plan{Alpha: 0.05, Power: 0.8, MinUnits: 1000, Variants: twoVariants(), Primary: &Goal{Metric: m, Mode: Better}}
	for name, s := range map[string]Sample{"no traffic": {}, "no scores": sampleOf("cost", make([]int64, 500), 2)} {
		if o := Foresee(p, s); o.Known || o.Power != 0 || o.Why == "" {
			t.Errorf("%s: known %t, power %v, %q", name, o.Known, o.Power, o.Why)
		}
	}
}
