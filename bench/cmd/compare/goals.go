package main

import (
	"fmt"
	"io"
)

// level is a figure that a goal asks for, at most or at least.
type level struct{ must, target, stretch float64 }

// goal is one thing that is measured, and what is asked of it.
type goal struct {
	name    string
	unit    string // "×": a ratio to the floor of the same round
	atLeast bool   // else at most
	level   level
	measure figure
}

// goals are what the gateway is held against, with everything on that exists.
// CPU and throughput are ratios to the floor taken within one round; added
// latencies are differences of medians to the direct path, whose ratio or
// difference to the floor's is the figure.
var goals = []goal{
	{"CPU per request, 1 KB", "×", false, level{1.15, 0.85, 0.6}, ratioTo("small", cpu)},
	{"CPU per request, 64 KB prompt", "×", false, level{1.2, 0.9, 0.75}, ratioTo("large", cpu)},
	{"CPU per 50-chunk stream", "×", false, level{1.1, 0.95, 0.85}, ratioTo("stream", cpu)},
	{"requests/s of one core, 1 KB", "×", true, level{0.85, 1.1, 1.6}, ratioTo("small", rps)},
	{"added p50 at 500/s", "×", false, level{1.2, 1.05, 1}, addedRatio("small", 500, p50)},
	{"added p50 at 1000/s", "×", false, level{1.2, 1.05, 1}, addedRatio("small", 1000, p50)},
	{"added p50 at 2000/s", "×", false, level{1.2, 1.05, 1}, addedRatio("small", 2000, p50)},
	{"added TTFT p50 beyond the floor's", "µs", false, level{80, 30, 0}, addedBeyond("stream", 50, ttft)},
	{"peak RSS, 1 KB", "MB", false, level{50, 40, 30}, peak("small")},
	{"peak RSS, 256 streams", "MB", false, level{90, 64, 50}, peak("stream")},
	{"errors and incomplete streams, all runs", "", false, level{0, 0, 0}, errorsIn},
}

// verdict is a goal with what was measured.
type verdict struct {
	Goal     string  `json:"goal"`
	Target   string  `json:"target"`
	Unit     string  `json:"unit,omitempty"`
	AtLeast  bool    `json:"at_least,omitempty"`
	Must     float64 `json:"must"`
	Aim      float64 `json:"target_level"`
	Stretch  float64 `json:"stretch"`
	Measured bool    `json:"measured"`
	Median   float64 `json:"median"`
	Min      float64 `json:"min"`
	Max      float64 `json:"max"`
	Met      string  `json:"met"` // stretch, target, must, missed; met where there is one level; or not measured
}

func judge(runs []run, target, floor string) (vs []verdict) {
	for _, g := range goals {
		v := verdict{Goal: g.name, Target: target, Unit: g.unit, AtLeast: g.atLeast, Must: g.level.must, Aim: g.level.target, Stretch: g.level.stretch}
		s, ok := g.measure(runs, target, floor)
		v.Measured, v.Median, v.Min, v.Max = ok, s.med, s.min, s.max
		if v.Met = "not measured"; ok {
			v.Met = g.met(s.med)
		}
		vs = append(vs, v)
	}
	return vs
}

// met is the highest level that the figure reaches.
func (g goal) met(x float64) string {
	reaches := func(level float64) bool {
		if g.atLeast {
			return x >= level
		}
		return x <= level
	}
	switch {
	case g.level.must == g.level.stretch && reaches(g.level.must):
		return "met"
	case reaches(g.level.stretch):
		return "stretch"
	case reaches(g.level.target):
		return "target"
	case reaches(g.level.must):
		return "must"
	}
	return "missed"
}

func goalTable(w io.Writer, vs []verdict) {
	last := ""
	for _, v := range vs {
		if v.Target != last {
			last = v.Target
			fmt.Fprintf(w, "\n**%s** against the goals (× is the floor's figure in the same round)\n\n", v.Target)
			fmt.Fprintln(w, "| goal | must | target | stretch | measured | met |")
			fmt.Fprintln(w, "|---|---|---|---|---|---|")
		}
		figure := "-"
		if v.Measured {
			figure = fmt.Sprintf("%s%s (%s–%s)", short(v.Median), v.Unit, short(v.Min), short(v.Max))
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", v.Goal, v.text(v.Must), v.text(v.Aim), v.text(v.Stretch), figure, v.Met)
	}
}

func (v verdict) text(level float64) string {
	sign := "≤"
	if v.AtLeast {
		sign = "≥"
	}
	return fmt.Sprintf("%s %g%s", sign, level, v.Unit)
}

// short writes a figure with three digits, and a large one whole.
func short(x float64) string {
	if x >= 100 || x <= -100 {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%.3g", x)
}
