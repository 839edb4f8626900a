package main

import "github.com/weirhq/weir/bench/internal/load"

// figure reads one number about a target out of the runs; false when they do not tell it.
type figure func(runs []run, target, floor string) (spread, bool)

func measured(v []float64) (spread, bool) { return spreadOf(v), len(v) > 0 }

// ratioTo is a figure of the closed loop over the floor's.
func ratioTo(scenario string, f func(load.Result) float64) figure {
	return func(runs []run, target, floor string) (spread, bool) {
		return measured(ratios(pick(runs, scenario, target, 0), pick(runs, scenario, floor, 0), f))
	}
}

// addedRatio is the latency added to the direct path, over what the floor adds.
func addedRatio(scenario string, rate float64, f func(load.Result) float64) figure {
	return func(runs []run, target, floor string) (spread, bool) {
		return measured(added(runs, scenario, rate, target, floor, f, func(ours, floors float64) float64 { return ours / floors }))
	}
}

// addedBeyond is the latency added to the direct path, less what the floor adds.
func addedBeyond(scenario string, rate float64, f func(load.Result) float64) figure {
	return func(runs []run, target, floor string) (spread, bool) {
		return measured(added(runs, scenario, rate, target, floor, f, func(ours, floors float64) float64 { return ours - floors }))
	}
}

// added compares round by round what the target and the floor add to the first target of the runs.
func added(runs []run, scenario string, rate float64, target, floor string, f func(load.Result) float64, to func(ours, floors float64) float64) (v []float64) {
	if len(runs) == 0 {
		return nil
	}
	direct := pick(runs, scenario, runs[0].Target, rate)
	floors := pick(runs, scenario, floor, rate)
	for i, r := range pick(runs, scenario, target, rate) {
		if i < len(direct) && i < len(floors) && f(r.Result) > 0 && f(floors[i].Result) > f(direct[i].Result) {
			d := f(direct[i].Result)
			v = append(v, to(f(r.Result)-d, f(floors[i].Result)-d))
		}
	}
	return v
}

// peak is the highest resident memory in any run of the scenario.
func peak(scenario string) figure {
	return func(runs []run, target, _ string) (spread, bool) {
		var v []float64
		for _, r := range runs {
			if r.Scenario == scenario && r.Target == target && r.Result.PeakRSS > 0 {
				v = append(v, r.Result.PeakRSS)
			}
		}
		s, ok := measured(v)
		s.med = s.max
		return s, ok
	}
}

// errorsIn counts what went wrong in all runs of the target.
func errorsIn(runs []run, target, _ string) (spread, bool) {
	seen, n := false, 0.0
	for _, r := range runs {
		if r.Target == target {
			seen = true
			n += float64(r.Result.Errors + r.Result.Unsent)
		}
	}
	return spread{n, n, n}, seen
}
