// Package analysis turns the sums of an experiment into a Report: estimates with
// their intervals, the doubts that go with them, and a verdict with the sentence
// that says why and what would change it. It reads nothing and keeps nothing:
// what goes in is an Input, all of it, so that a report can be computed again.
// It does not act on a verdict.
package analysis

import (
	"time"

	"github.com/weirhq/weir/internal/metric"
)

// Plan is what was declared before an experiment began, and by which it is judged.
type Plan struct {
	Experiment string    `json:"experiment"`
	Route      string    `json:"route"`
	Epoch      int       `json:"epoch"`
	UnitKind   string    `json:"unit_kind"` // "user", "session", "key"
	Variants   []Variant `json:"variants"`  // the baseline first
	AA         bool      `json:"aa,omitempty"`

	Primary *Goal           `json:"primary,omitempty"` // nil: nothing is decided, the report describes
	Bounds  []Bound         `json:"bounds"`
	Metrics []metric.Metric `json:"metrics"` // exploratory: shown, adjusted together by Benjamini-Hochberg, deciding nothing

	Alpha    float64  `json:"alpha"`         // of the decision, two-sided; default 0.05
	Harm     float64  `json:"harm_alpha"`    // of the harm clock, in all; default 0.01
	Power    float64  `json:"power"`         // default 0.8
	MinUnits int64    `json:"min_units"`     // per variant; default 1000
	MinDays  int      `json:"min_days"`      // whole days; default 7
	Weekdays bool     `json:"every_weekday"` // each weekday must be present in every variant; default true
	Units    int64    `json:"planned_units"` // per variant, by power before the start; 0: not planned
	Looks    int      `json:"looks"`         // 1, or 2 with O'Brien-Fleming bounds
	MaxDays  int      `json:"max_days"`      // after which it is decided with what there is; 0: 4 weeks past MinDays
	Segments []string `json:"segments,omitempty"`
	Enrolled float64  `json:"enrolled_share"` // of the route's units, that take part; 0: all
	Hash     string   `json:"hash,omitempty"` // of what it is judged by
	Draw     string   `json:"draw,omitempty"` // of what is compared: who is dealt what, in which shares
}

// Variant is one of the ways to answer that are compared.
type Variant struct {
	Name     string  `json:"name"`
	Weight   float64 `json:"weight"` // share of the enrolled units: of those that take part, they sum to 1
	Baseline bool    `json:"baseline,omitempty"`
	Stopped  bool    `json:"stopped,omitempty"`
	Answers  string  `json:"answers,omitempty"` // "model llama-8b, temperature 0.3"
}

// Goal is the primary metric and what counts as success.
type Goal struct {
	Metric metric.Metric `json:"metric"`
	Mode   Mode          `json:"mode"`
	// Minimum is the smallest effect worth having, of mode Better; zero: any.
	Minimum Amount `json:"minimum_effect"`
	// Margin is how much worse still counts as no worse, of mode NoWorse.
	Margin Amount `json:"margin"`
	// Gain is the metric that must be better, of mode NoWorse; nil: none.
	Gain *metric.Metric `json:"gain,omitempty"`
}

// Mode is what success means.
type Mode string

// Modes of a goal.
const (
	Better  Mode = "better"
	NoWorse Mode = "no_worse"
)

// Amount is a difference: relative to the baseline (0.05 is 5 %), or absolute in
// the metric's own unit (points of a share: 0.03 is 3 pp).
type Amount struct {
	Value    float64 `json:"value"`
	Absolute bool    `json:"absolute,omitempty"`
}

// Bound is a metric that must not get worse.
type Bound struct {
	Metric metric.Metric `json:"metric"`
	Max    *float64      `json:"max,omitempty"` // an absolute limit, in the metric's unit
	Margin Amount        `json:"margin"`        // how much worse is tolerated
	Prove  bool          `json:"prove,omitempty"`
	Action string        `json:"action"` // when harm is shown: "rollback", "pause", "warn"
}

// Usual gives the plan with what it leaves at zero filled in. Days and the rule
// on weekdays stay as they are: none is a choice that the report tells.
func (p Plan) Usual() Plan {
	set := func(v *float64, usual float64) {
		if *v <= 0 || *v >= 1 {
			*v = usual
		}
	}
	set(&p.Alpha, 0.05)
	set(&p.Harm, 0.01)
	set(&p.Power, 0.8)
	if p.MinUnits <= 0 {
		p.MinUnits = usualUnits
	}
	if p.Looks != 2 {
		p.Looks = 1
	}
	return p
}

// inForce are the variants that are still compared, the baseline first.
func (p Plan) inForce() (list []Variant) {
	for _, v := range p.Variants {
		if v.Baseline {
			list = append(list, v)
		}
	}
	if list == nil && len(p.Variants) > 0 {
		list = append(list, p.Variants[0])
	}
	for _, v := range p.Variants {
		if !v.Stopped && !v.Baseline && v.Name != list[0].Name {
			list = append(list, v)
		}
	}
	return list
}

// declared is how many candidates the plan began with, at least one. Alpha is
// shared by all of them: to stop those that look bad, and then to hold the rest to
// less, would be a way of looking until something is found.
func (p Plan) declared() int {
	n := 0
	for _, v := range p.Variants {
		if v.Name != p.inForce()[0].Name {
			n++
		}
	}
	return max(n, 1)
}

// Times of an experiment.
type Times struct {
	Started time.Time `json:"started"`
	Now     time.Time `json:"now"` // of the report
}

// HarmAlpha is how often the harm clock of a whole experiment may raise a false
// alarm: twelve experiments a year raise one in nine years.
const HarmAlpha = 0.01

// All gives every metric that the plan names, the primary first.
func (p Plan) All() []metric.Metric {
	var list []metric.Metric
	if g := p.Primary; g != nil {
		list = append(list, g.Metric)
		if g.Gain != nil {
			list = append(list, *g.Gain)
		}
	}
	for _, b := range p.Bounds {
		list = append(list, b.Metric)
	}
	return append(list, p.Metrics...)
}
