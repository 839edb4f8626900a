package analysis

import (
	"time"

	"github.com/weirhq/weir/internal/stats"
)

// Input is everything a report is computed from. The maps are by variant and
// measure; a measure that is absent was not kept or has no observation.
type Input struct {
	Plan  Plan
	Times Times

	Sums     map[string]map[string]stats.Moments   // by variant, by measure: sums over units
	Clusters map[string]map[string][]stats.Cluster // by variant, by measure: distributions of the 128 clusters of units
	Days     []Day
	Segments []Segment
	Shape    map[string]Shape // by variant; nil: not looked at

	Traffic   Traffic
	Served    []Served
	Enrolled  map[string]Enrolled // by variant; nil: read from the sums of all requests
	Looks     []Look              // earlier ones of this epoch, oldest first
	First     *FirstLook          // of two, when it was taken and left the question open
	Decided   *Decided            // what an earlier look decided, nil while open
	Coverage  []string            // what is missing and will come: "the store is 40 s behind"; the look waits for it
	Held      string              // why no look is taken, whatever comes in: "its goal was changed"; "" when one may be
	Notes     []string            // doubts of whoever made the input: told as warnings, and nothing waits for them
	Complete  bool                // no more will come: the look is taken now, with what there is
	Simulated bool                // some of the answers were simulated
	Weekdays  map[string][7]int64 // requests by variant and weekday, Sunday first, UTC
}

// Enrolled is who takes part in a variant. Units are what is compared; requests
// are what they sent.
type Enrolled struct {
	Variant  string `json:"variant"`
	Units    int64  `json:"units"`
	Requests int64  `json:"requests"`
}

// FirstLook is the first of two looks: the second needs as many units again.
type FirstLook struct {
	Time  time.Time `json:"time"`
	Units int64     `json:"units"` // of the smallest variant
}

// Day is a day of one measure of a variant: counts and sums, no interval.
type Day struct {
	Day     time.Time `json:"day"` // its beginning, UTC
	Variant string    `json:"variant"`
	Measure string    `json:"measure"`
	N       int64     `json:"n"`
	Sum     int64     `json:"sum"`
}

// Segment is the units that share a declared value. Findings in segments are
// exploratory.
type Segment struct {
	Name  string // "country"
	Value string // "de"
	Sums  map[string]map[string]stats.Moments
}

// Shape is how unevenly requests are spread over the units of a variant.
type Shape struct {
	Units    int64   `json:"units"`
	Requests int64   `json:"requests"`
	Top      float64 `json:"top_share"` // of the requests that the busiest 1 % of units made
	// LeftOut are the sums without those units, by measure: does the result rest on few?
	LeftOut map[string]stats.Moments `json:"-"`
}

// Traffic is what came to the route since the experiment began.
type Traffic struct {
	Requests        int64            `json:"requests"`
	NoUnit          int64            `json:"no_unit"`                    // could not be assigned
	Overrides       int64            `json:"overridden"`                 // or forced: not counted
	OverriddenUnits int64            `json:"overridden_units,omitempty"` // that are out whole for it
	Multiple        map[string]int64 `json:"multiple,omitempty"`         // units by first variant that were seen in another too
	LeftOut         int64            `json:"left_out,omitempty"`         // beyond the cap on units
}

// Served is a model that answered for a variant, as the vendor names it.
type Served struct {
	Variant     string    `json:"variant"`
	Model       string    `json:"model"`
	Fingerprint string    `json:"fingerprint,omitempty"`
	First       time.Time `json:"first"`
	Last        time.Time `json:"last"`
	Requests    int64     `json:"requests"`
}

// Look is the primary metric's estimate at one time, kept so that its course can be shown.
type Look struct {
	Time     time.Time      `json:"time"`
	Variant  string         `json:"variant"` // compared with the baseline
	Metric   string         `json:"metric"`
	Units    int64          `json:"units"` // of both variants
	Estimate float64        `json:"estimate"`
	Sequence stats.Interval `json:"sequence"` // always valid
}

// Decided is what the decision clock said when it rang. It is final for the epoch.
type Decided struct {
	Time    time.Time `json:"time"`
	Verdict Verdict   `json:"verdict"`
	Variant string    `json:"variant,omitempty"` // that won, of Deploy
	Why     string    `json:"why"`
	By      string    `json:"by"`
	Units   int64     `json:"units"` // of all variants, that were looked at
}

// Requests is the measure that every counted request adds to: its units are the
// enrolled ones, and its denominator their requests.
const Requests = "error"
