package rollout

import (
	"testing"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/experiment"
)

// A goal makes a draft of an experiment, and taking the goal out again brings
// nothing back that is over.
func TestInForce(t *testing.T) {
	goal := &analysis.Goal{}
	for _, c := range []struct {
		name    string
		primary *analysis.Goal
		state   State
		want    bool
	}{
		{"a draft", goal, State{Phase: Draft}, false},
		{"running", goal, State{Phase: Running}, true},
		{"paused", goal, State{Phase: Paused}, false},
		{"archived", goal, State{Phase: Archived}, false},
		{"without a goal", nil, State{Phase: Draft}, true},
		{"stopped, then without a goal", nil, State{Phase: Archived}, false},
		{"rolled back, then without a goal", nil, State{Phase: Decided, Verdict: &analysis.Decided{Verdict: analysis.RollBack}}, false},
	} {
		set := &experiment.Set{Routes: map[string]*experiment.Route{"r": {Name: "r", Experiment: &experiment.Experiment{Name: "e", Epoch: 1}}}}
		plans := []analysis.Plan{{Experiment: "e", Route: "r", Epoch: 1, Primary: c.primary}}
		served := InForce(set, plans, func(string, int) State { return c.state })
		if got := served.Routes["r"].Experiment != nil; got != c.want {
			t.Errorf("%s: served %t", c.name, got)
		}
		if set.Routes["r"].Experiment == nil {
			t.Errorf("%s: what is defined was changed", c.name)
		}
	}
}
