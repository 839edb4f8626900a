package simulate

import (
	"fmt"
	"testing"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// Fault K6, with a million ids.
const ids = 1_000_000

// dealt is what a node that was just started gives each id: 0, 1, or -1 outside.
func dealt(t *testing.T, epoch int, weight float64) []int8 {
	t.Helper()
	arms, err := experiment.Split([]*experiment.Variant{{Name: baseline}, {Name: candidate}}, []float64{100 - weight, weight})
	if err != nil {
		t.Fatal(err)
	}
	route := &experiment.Route{Name: "support", Baseline: arms[0].Variant, Experiment: &experiment.Experiment{
		Name: "split", Route: "support", Epoch: epoch, Salt: experiment.DefaultSalt("split", epoch), Kind: "user", Arms: arms}}
	list, set := make([]int8, ids), &experiment.Set{}
	for i := range list {
		a := set.Assign(route, &experiment.Input{Unit: experiment.Unit{Kind: "user", ID: fmt.Sprintf("user-%d", i)}})
		list[i] = int8(a.Arm)
		if !a.Enrolled {
			list[i] = -1
		}
	}
	return list
}

// A restart and another node change nothing; a weight moves only the mass between;
// another epoch deals anew.
func TestAMillionIdsStayWhereTheyAre(t *testing.T) {
	first, again, more, anew := dealt(t, 1, 50), dealt(t, 1, 50), dealt(t, 1, 60), dealt(t, 2, 50)
	moved, back, changed := 0, 0, 0
	for i := range first {
		if first[i] != again[i] {
			t.Fatalf("user-%d: %d, and after a restart %d", i, first[i], again[i])
		}
		switch {
		case first[i] == 0 && more[i] == 1:
			moved++
		case first[i] != more[i]:
			back++
		}
		if first[i] != anew[i] {
			changed++
		}
	}
	if back > 0 || moved < 98_500 || moved > 101_500 {
		t.Errorf("50 to 60 %%: %d joined the candidate, %d went another way", moved, back)
	}
	if changed < 498_000 || changed > 502_000 {
		t.Errorf("another epoch: %d of %d are elsewhere, which should be half", changed, ids)
	}
}

// One in a hundred units of one variant that get lost on the way invalidate the
// result, however good it looks. While the experiment runs, the test is one that
// may be repeated, and sees less: two in a hundred.
func TestALossOfOnePercentInvalidatesTheResult(t *testing.T) {
	list := dealt(t, 1, 50)
	for _, c := range []struct {
		name  string
		lost  int // one in so many of the candidate's; 0: none
		rings bool
		want  analysis.Verdict
	}{
		{"nothing lost, at the look", 0, true, analysis.Deploy},
		{"1 % lost, at the look", 100, true, analysis.Invalid},
		{"2 % lost, before the look", 50, false, analysis.Invalid},
		{"nothing lost, before the look", 0, false, analysis.NotYet},
	} {
		r := analysis.Analyse(lossy(list, c.lost, c.rings))
		if r.Verdict != c.want {
			t.Errorf("%s: %s: %s", c.name, r.Verdict, r.Sentence)
		}
		if warned := alarms(r); warned != (c.lost > 0) {
			t.Errorf("%s: alarm of the split: %v", c.name, warned)
		}
	}
}

// lossy are sums of an experiment whose candidate errs half as often.
func lossy(list []int8, lost int, rings bool) analysis.Input {
	m, _ := metric.Find(ErrorRate)
	in := analysis.Input{Complete: rings, Sums: map[string]map[string]stats.Moments{}, Plan: analysis.Plan{
		Experiment: "split", Variants: []analysis.Variant{{Name: baseline, Weight: 0.5, Baseline: true}, {Name: candidate, Weight: 0.5}},
		Primary: &analysis.Goal{Metric: m, Mode: analysis.Better}, MinUnits: ids / 4, MaxDays: 28,
	}}
	if !rings {
		in.Plan.MinDays = 7
	}
	var sums [2]stats.Moments
	for i, side := range list {
		if side < 0 || side == 1 && lost > 0 && i%lost == 0 {
			continue
		}
		failed := int64(0)
		if i%(20*(int(side)+1)) == 7 {
			failed = 1
		}
		sums[side].Add(failed, 1)
	}
	for side, name := range names {
		in.Sums[name] = map[string]stats.Moments{m.Measure: sums[side]}
	}
	return in
}

func alarms(r analysis.Report) bool {
	for _, w := range r.Warnings {
		if w.Code == "split" {
			return true
		}
	}
	return false
}
