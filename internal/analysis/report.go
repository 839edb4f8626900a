package analysis

import (
	"math"
	"time"

	"github.com/weirhq/weir/internal/metric"
)

// Report is what analysis says of an experiment. It holds what it was computed
// from, so that it can be computed again and checked. A number that is undefined
// or infinite is null, and a status beside it says which, and why.
type Report struct {
	Version    int       `json:"version"` // of this form
	Experiment string    `json:"experiment"`
	Route      string    `json:"route"`
	Epoch      int       `json:"epoch"`
	UnitKind   string    `json:"unit_kind"`
	Started    time.Time `json:"started"`
	Now        time.Time `json:"now"`
	Simulated  bool      `json:"simulated,omitempty"`

	Outcome
	Ask   string `json:"ask"` // what the primary metric must show, in words; "" when nothing is asked
	Clock Clock  `json:"clock"`

	Enrolment []Enrolment `json:"enrolment"`
	Health    []Check     `json:"health"`
	Warnings  []Warning   `json:"warnings"`

	Metrics  []Reading        `json:"metrics"` // the primary first, then the gain, the bounds and what is explored
	Bounds   []BoundReading   `json:"bounds"`
	Looks    []PlotLook       `json:"looks"`
	Days     []DayReading     `json:"days"`
	Segments []SegmentReading `json:"segments"`
	Served   []Served         `json:"served"`

	Methods []string `json:"methods"` // what was computed how, a line each
	Inputs  Input    `json:"inputs"`
}

// Took gives what has to be kept of a report that took a look, and handed in with
// the next Input: the first of two that left the question open, or what was
// decided. Without it the next report would look again, and again is peeking. Both
// are nil when no look was taken.
func (r Report) Took(by string) (*FirstLook, *Decided) {
	switch {
	case !r.Clock.Rung:
		return nil, nil
	case r.Verdict == NotYet:
		return &FirstLook{Time: r.Now, Units: r.Clock.Units}, nil
	}
	return nil, r.Conclusion(by)
}

// Conclusion is the verdict as it is kept.
func (r Report) Conclusion(by string) *Decided {
	d := &Decided{Time: r.Now, Verdict: r.Verdict, Variant: r.Variant, Why: r.Sentence, By: by}
	for _, e := range r.Enrolment {
		if !e.Stopped {
			d.Units += e.Units
		}
	}
	return d
}

// Enrolment is how many take part in a variant, and how many should.
type Enrolment struct {
	Variant  string  `json:"variant"`
	Baseline bool    `json:"baseline,omitempty"`
	Stopped  bool    `json:"stopped,omitempty"`
	Answers  string  `json:"answers,omitempty"`
	Units    int64   `json:"units"`
	Requests int64   `json:"requests"`
	Share    Number  `json:"share"`    // of the units
	Expected float64 `json:"expected"` // share, by weight
	Top      Number  `json:"top_share"`
}

// Check is a question about the experiment itself: is the split as planned, do
// units stay in their variant.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Said   string `json:"said"`
	Method string `json:"method,omitempty"`
	P      Number `json:"p_value"`
}

// Warning is a doubt that goes with the report.
type Warning struct {
	Code    string `json:"code"` // stable: "few_units", "top_units"
	Metric  string `json:"metric,omitempty"`
	Variant string `json:"variant,omitempty"`
	Text    string `json:"text"`
}

// Roles of a metric in a report.
const (
	RolePrimary = "primary"
	RoleGain    = "gain"
	RoleBound   = "bound"
	RoleExplore = "exploratory"
)

// Reading is one metric: of each variant, and of each candidate against the baseline.
type Reading struct {
	Metric      metric.Metric `json:"metric"`
	Role        string        `json:"role"`
	Variants    []Estimate    `json:"variants"`
	Comparisons []Comparison  `json:"comparisons"`
}

// Estimate is a metric of one variant.
type Estimate struct {
	Variant      string `json:"variant"`
	Units        int64  `json:"units"`        // that have it
	Observations int64  `json:"observations"` // requests, scores: what a value is of
	Value        Number `json:"value"`
	Low          Number `json:"low"`
	High         Number `json:"high"`
	Status       string `json:"status"` // "ok", or what it is instead
	Reason       string `json:"reason,omitempty"`
	Method       string `json:"method"`
}

// Effect is a candidate's difference from the baseline, b - a.
type Effect struct {
	Value  Number `json:"value"`
	SE     Number `json:"standard_error"`
	Low    Number `json:"low"`
	High   Number `json:"high"`
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
	Method string `json:"method"`
}

// Comparison is a candidate against the baseline on one metric.
type Comparison struct {
	Variant    string  `json:"variant"`
	Absolute   Effect  `json:"absolute"`
	Relative   Effect  `json:"relative"`
	Fits       string  `json:"fits"`       // "relative" or "absolute": which of the two fits the metric
	Interval   string  `json:"interval"`   // IntervalFixed or IntervalAlways
	Confidence float64 `json:"confidence"` // of the intervals
	P          Number  `json:"p_value"`    // at the look the fixed one, before it the always-valid one
	Log10P     Number  `json:"log10_p_value"`
	Adjusted   Number  `json:"adjusted_p_value"` // by Holm, or Benjamini-Hochberg where exploratory
	AdjustedBy string  `json:"adjusted_by,omitempty"`
	MDE        Number  `json:"mde"` // of the effect that fits: what this many units would show, at the plan's power
	Says       string  `json:"says"`
}

// Kinds of interval, and what a comparison says.
const (
	IntervalFixed  = "fixed"        // covers at one look, the decision
	IntervalAlways = "always_valid" // covers at all looks together

	SaysBetter  = "better"
	SaysWorse   = "worse"
	SaysUnclear = "unclear"
	SaysDiffers = "differs" // of a metric without a direction
)

// BoundReading is a bound, evaluated for one candidate.
type BoundReading struct {
	Bound     Bound   `json:"bound"`
	Variant   string  `json:"variant"`
	State     string  `json:"state"` // "harm", "proven", "fails", "not_shown", "no_harm"
	Said      string  `json:"said"`
	Method    string  `json:"method"`
	P         Number  `json:"p_value"` // of harm, always valid
	Alpha     float64 `json:"alpha"`
	Candidate Number  `json:"candidate"`
	Baseline  Number  `json:"baseline"`
}

// PlotLook is a look of the sequential plot.
type PlotLook struct {
	Time     time.Time `json:"time"`
	Variant  string    `json:"variant"`
	Metric   string    `json:"metric"`
	Units    int64     `json:"units"`
	Estimate Number    `json:"estimate"`
	Low      Number    `json:"low"`
	High     Number    `json:"high"`
}

// DayReading is a day of a metric: how many and their mean, no interval.
type DayReading struct {
	Day     time.Time `json:"day"`
	Variant string    `json:"variant"`
	Metric  string    `json:"metric"`
	N       int64     `json:"n"`
	Mean    Number    `json:"mean"`
}

// SegmentReading is the primary metric within a segment: exploratory, and
// adjusted over all segments.
type SegmentReading struct {
	Name        string       `json:"name"`
	Value       string       `json:"value"`
	Units       int64        `json:"units"`
	Comparisons []Comparison `json:"comparisons"`
}

// Number is a float64 that JSON can hold: null when it is undefined or infinite.
type Number float64

// none is the number that is not there.
var none = Number(math.NaN())

// OK tells whether there is a finite number.
func (n Number) OK() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }
