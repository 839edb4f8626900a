package usage

import (
	"time"

	"github.com/weirhq/weir/internal/store"
)

// TimelineQuery asks for a Timeline.
type TimelineQuery struct {
	By     []string          // project, route, variant, model; empty: all together
	Step   time.Duration     // whole minutes; 0: all of the window in one point
	From   time.Time         // rounded down to the step, steps counted from 1970 in UTC
	To     time.Time         // not within; rounded up; zero: now
	Filter store.RollupQuery // its From and To are not read
}

// Timeline is how requests went, step by step, from minute roll-ups.
type Timeline struct {
	By     []string `json:"by"`
	Zone   string   `json:"zone"` // UTC
	Window Window   `json:"window"`
	Step   float64  `json:"step_seconds"`
	Series []Series `json:"series"` // in order of their keys
}

// Series are the points of one combination of keys: one for each step, those
// without requests too.
type Series struct {
	Keys   map[string]string `json:"keys"`
	Points []Point           `json:"points"`

	values []string
}

// Point is one step. Without requests there is no share and no quantile.
type Point struct {
	Time    time.Time `json:"time"`    // beginning of the step
	Seconds float64   `json:"seconds"` // of the step that have passed
	store.LedgerSums
	PerSecond  float64          `json:"requests_per_second"`
	Outcomes   map[string]int64 `json:"outcomes"`
	Fallback   int64            `json:"fallback_requests"`
	ErrorShare *float64         `json:"error_share"` // errors of the requests that became a variant's: neither refused nor invalid
	Duration   Quantiles        `json:"duration"`
	TTFT       Quantiles        `json:"ttft"` // time to first token
	TPOT       Quantiles        `json:"tpot"` // time per output token after it
}

// Quantiles of seconds, within 1 %.
type Quantiles struct {
	Count int64    `json:"count"`
	P50   *float64 `json:"p50_seconds"`
	P95   *float64 `json:"p95_seconds"`
	P99   *float64 `json:"p99_seconds"`
}
