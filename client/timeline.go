package client

import (
	"context"
	"net/url"
	"time"
)

// TimelineQuery asks for a Timeline.
type TimelineQuery struct {
	By                             []string      // "project", "route", "variant", "model"; none: all together
	Step                           time.Duration // whole minutes; 0: chosen
	From, To                       time.Time     // zero: the last hour
	Project, Route, Variant, Model string
}

// Timeline is how requests went, step by step.
type Timeline struct {
	By       []string `json:"by"`
	Zone     string   `json:"zone"`
	Window   Window   `json:"window"`
	Step     float64  `json:"step_seconds"`
	Series   []Series `json:"series"`
	Currency string   `json:"currency"`
	Partial  *Partial `json:"partial"` // nil: nothing is missing
}

// Series are the points of one combination of keys.
type Series struct {
	Keys   map[string]string `json:"keys"`
	Points []Point           `json:"points"`
}

// Point is one step. Without requests there is no share and no quantile.
type Point struct {
	Time    time.Time `json:"time"`    // its beginning
	Seconds float64   `json:"seconds"` // of the step that have passed
	Sums
	PerSecond  float64          `json:"requests_per_second"`
	Outcomes   map[string]int64 `json:"outcomes"`
	Fallback   int64            `json:"fallback_requests"`
	ErrorShare *float64         `json:"error_share"`
	Duration   Quantiles        `json:"duration"`
	TTFT       Quantiles        `json:"ttft"` // time to first token
	TPOT       Quantiles        `json:"tpot"` // time per output token after it
}

// Quantiles of seconds, within 1 %. Nil: there are none of nothing.
type Quantiles struct {
	Count int64    `json:"count"`
	P50   *float64 `json:"p50_seconds"`
	P95   *float64 `json:"p95_seconds"`
	P99   *float64 `json:"p99_seconds"`
}

// Timeline tells how requests went, step by step.
func (c *Client) Timeline(ctx context.Context, q TimelineQuery) (Timeline, error) {
	v := url.Values{}
	for name, value := range map[string]string{"project": q.Project, "route": q.Route, "variant": q.Variant, "model": q.Model} {
		if value != "" {
			v.Set(name, value)
		}
	}
	told(v, q.By, "")
	if q.Step != 0 {
		v.Set("step", q.Step.String())
	}
	window(v, q.From, q.To, "")
	var t Timeline
	err := c.get(ctx, "/api/v1/timeline", v, &t)
	return t, err
}
