package main

import (
	"fmt"
	"slices"

	"github.com/weirhq/weir/bench/internal/load"
)

// spread is the median, minimum and maximum of the rounds. The zero value says
// that nothing was measured.
type spread struct{ med, min, max float64 }

func spreadOf(v []float64) (s spread) {
	if len(v) == 0 {
		return s
	}
	slices.Sort(v)
	return spread{(v[(len(v)-1)/2] + v[len(v)/2]) / 2, v[0], v[len(v)-1]}
}

// values reads one figure of each run.
func values(runs []run, f func(load.Result) float64) (v []float64) {
	for _, r := range runs {
		v = append(v, f(r.Result))
	}
	return v
}

// ratios divides round by round, since neighbours slow a whole round.
func ratios(runs, base []run, f func(load.Result) float64) (v []float64) {
	for _, r := range runs {
		for _, b := range base {
			if x := f(b.Result); b.Round == r.Round && x > 0 && f(r.Result) > 0 {
				v = append(v, f(r.Result)/x)
			}
		}
	}
	return v
}

func (s spread) text(digits int) string {
	if s.max == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f (%.*f–%.*f)", digits, s.med, digits, s.min, digits, s.max)
}

func (s spread) times() string {
	if s.max == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f× (%.2f–%.2f)", s.med, s.min, s.max)
}

// pick are the runs of one target in one scenario at one rate.
func pick(runs []run, scenario, target string, rate float64) (v []run) {
	for _, r := range runs {
		if r.Scenario == scenario && r.Target == target && r.Result.Rate == rate {
			v = append(v, r)
		}
	}
	return v
}

func rps(r load.Result) float64 { return r.RPS }
func cpu(r load.Result) float64 { return r.CPUPerReq }
func rss(r load.Result) float64 { return r.PeakRSS }
func p50(r load.Result) float64 { return r.Latency.P50 }
func p99(r load.Result) float64 { return r.Latency.P99 }

func ttft(r load.Result) float64 {
	if r.TTFT == nil {
		return 0
	}
	return r.TTFT.P50
}

func firstEvent(r load.Result) float64 {
	if r.First == nil {
		return 0
	}
	return r.First.P50
}
