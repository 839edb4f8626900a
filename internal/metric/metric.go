// Package metric is the numbers that experiments are judged by, read from events
// and scores: what each is called, which direction is better, and the sums it is
// computed from. It computes no estimate: sums become estimates in analysis.
//
// A Measure is what is added up as requests come, by unit. A Metric is a reading
// of a measure's sums: `error` over its requests is the error rate, the logarithms
// of `log_latency` over theirs make a geometric mean. Several metrics may read
// one measure. Each family of metrics is one file with its rows of the catalogue
// (catalogue.go); what is said of a request later adds to measures too (score.go).
package metric

import (
	"time"

	"github.com/weirhq/weir/internal/event"
)

// Kind is how a metric is read from its measure, and with it which tests fit.
type Kind string

// The kinds of metric.
const (
	Rate      Kind = "rate"      // Σx of Σy observations, x counts within y: a share
	Mean      Kind = "mean"      // Σx / Σy: of a request, or of a score
	PerUnit   Kind = "per_unit"  // Σx of a unit, the mean over units
	Geometric Kind = "geometric" // e^(Σx/Σy): x are logarithms; two of them are compared by their ratio
	Quantile  Kind = "quantile"  // of the distribution that the measure keeps
)

// Direction is which way is better.
type Direction string

// Directions. None is a metric that only describes: it decides nothing.
const (
	Up   Direction = "up"
	Down Direction = "down"
	None Direction = "none"
)

// Metric is a number that is read from sums.
type Metric struct {
	Name      string    `json:"name"`
	Meaning   string    `json:"meaning"` // one line: of what, over what
	Kind      Kind      `json:"kind"`
	Direction Direction `json:"direction"`
	Unit      string    `json:"unit"`               // "share", "seconds", "tokens", "dollars", "words", "points"
	Measure   string    `json:"measure"`            // whose sums it reads
	Quantile  float64   `json:"quantile,omitempty"` // of Kind Quantile, in (0, 1)
	Scale     float64   `json:"scale"`              // what 1 of x is worth in Unit: 1e-6 for micro-dollars and micro-units, else 1
	Doubt     string    `json:"doubt,omitempty"`    // what is always said beside it: how well a detector detects

	// SlowerThan is the X of a share slower than X. In the catalogue it is not chosen
	// yet, and there is no Measure: SlowShare gives both.
	SlowerThan time.Duration `json:"slower_than_ns,omitempty"`
}

// Measure is a number that is read from each event of an experiment and kept, by
// unit. Which are kept is decided when an event is written; what was not kept
// cannot be had later.
type Measure struct {
	Name string
	// Of gives what an event adds: to the sum, and to the number of observations or
	// the denominator. An event that says nothing gives y 0 and is not counted.
	Of func(e *event.Event) (x, y int64)
	// Distribution keeps x / 1,000,000 in sketches, for quantiles, and not as sums
	// of units. x is not negative then.
	Distribution bool
}
