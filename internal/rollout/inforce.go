package rollout

import (
	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/experiment"
)

// InForce is what is served: the definitions' set without the experiments whose
// plans share nobody out now. A plan that decides nothing has no life of its own:
// it is in force as long as it is defined, unless it had a goal once and is over:
// what was rolled back does not return because a line was taken out.
func InForce(set *experiment.Set, plans []analysis.Plan, state func(experiment string, epoch int) State) *experiment.Set {
	served := &experiment.Set{Revision: set.Revision, Routes: make(map[string]*experiment.Route, len(set.Routes))}
	for name, r := range set.Routes {
		served.Routes[name] = r
	}
	for i := range plans {
		p := &plans[i]
		if s := state(p.Experiment, p.Epoch); s.Serves() || p.Primary == nil && s.Phase == Draft {
			continue
		}
		r := served.Routes[p.Route]
		if r == nil || r.Experiment == nil || r.Experiment.Name != p.Experiment {
			continue
		}
		without := *r // what is defined is not changed
		without.Experiment = nil
		served.Routes[p.Route] = &without
	}
	return served
}
