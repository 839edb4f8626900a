package store

import (
	"time"

	"github.com/weirhq/weir/internal/stats"
)

// UnitKey names a unit row.
type UnitKey struct {
	Experiment string
	Epoch      int
	Step       int
	UnitKind   string
	Unit       string // keyed hash
}

// Value is what a unit has of one metric: the number of observations, or the
// denominator of a ratio (N), and their sum, or the numerator (Sum). Both are
// integers: a metric says its measure, logarithms are in micro-units.
type Value struct {
	Metric string
	N, Sum int64
}

// UnitRow is all that is known of one unit at one step.
type UnitRow struct {
	UnitKey
	Variant  string
	First    time.Time // first exposure
	Segments []string  // at most five declared values, in the order of the declaration
	Values   []Value   // by metric, in order of name
}

// UnitDelta is what a batch adds to a unit row. A row that is not there yet is made.
type UnitDelta struct {
	UnitKey
	Variant  string
	First    time.Time // earliest exposure in the batch
	Segments []string
	Requests int64   // of the unit in the batch, with this variant; 0 of what is no request: a score
	LeaveOut bool    // the unit was sent to a variant by hand: from now on it does not count
	Values   []Value // added
}

// VariantRow sums over the units of a variant that have a value of the metric.
type VariantRow struct {
	Experiment string
	Epoch      int
	Step       int
	Variant    string
	Metric     string
	stats.Moments
}

// VariantKey names a variant row.
type VariantKey struct {
	Experiment string
	Epoch      int
	Step       int
	Variant    string
	Metric     string
}

// Key names the row.
func (r *VariantRow) Key() VariantKey {
	return VariantKey{r.Experiment, r.Epoch, r.Step, r.Variant, r.Metric}
}

// Row is the row of that name with these sums.
func (k VariantKey) Row(m stats.Moments) VariantRow {
	return VariantRow{k.Experiment, k.Epoch, k.Step, k.Variant, k.Metric, m}
}

// DayRow counts by day. It has no squares: no interval is made of it.
type DayRow struct {
	Day        time.Time // its beginning, UTC
	Experiment string
	Epoch      int
	Step       int
	Variant    string
	Metric     string
	N, Sum     int64
}

// SketchRow is the distribution of one metric among the requests of the units
// whose hash is Bucket mod Buckets: the buckets are the clusters of an interval.
type SketchRow struct {
	Experiment string
	Epoch      int
	Step       int
	Variant    string
	Metric     string
	Bucket     int
	Sketch     []byte // encoded stats.Sketch
}

// Buckets is how many clusters a distribution is split into.
const Buckets = 128

// Exposure is what a request counted for. It outlives the event for as long as
// feedback is taken.
type Exposure struct {
	RequestID string
	Time      time.Time
	UnitKey
	Variant string
}
