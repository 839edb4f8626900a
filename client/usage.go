package client

import (
	"context"
	"net/url"
	"strings"
	"time"
)

// Window is a span of time; End is not within.
type Window struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Sums are what is added up.
type Sums struct {
	Requests   int64 `json:"requests"`
	Errors     int64 `json:"errors"`
	Input      int64 `json:"input"` // tokens; the next two are within
	Cached     int64 `json:"cached"`
	CacheWrite int64 `json:"cache_write"`
	Output     int64 `json:"output"` // tokens; the next is within
	Reasoning  int64 `json:"reasoning"`
	Cost       int64 `json:"cost_micro"`         // all that is priced, estimates too
	Estimated  int64 `json:"estimated_micro"`    // of that, what rests on an estimate
	Guessed    int64 `json:"estimated_requests"` // that it is made of
	Unpriced   int64 `json:"unpriced_requests"`  // their cost is not in Cost
}

// UsageFilter says whose money. Empty fields ask for nothing in particular.
type UsageFilter struct {
	Project, Route, Variant, Model, Key string
	Tag                                 string // "name=value"
	Why                                 string // "request", "correction", "shadow"
}

func (f *UsageFilter) values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"project": f.Project, "route": f.Route, "variant": f.Variant, "model": f.Model, "key": f.Key, "tag": f.Tag, "why": f.Why} {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// window asks for a span of time; zero and "" leave it to Weir.
func window(v url.Values, from, to time.Time, zone string) {
	if !from.IsZero() {
		v.Set("from", from.Format(time.RFC3339Nano))
	}
	if !to.IsZero() {
		v.Set("to", to.Format(time.RFC3339Nano))
	}
	if zone != "" {
		v.Set("tz", zone)
	}
}

// UsageQuery asks for a UsageTable.
type UsageQuery struct {
	By       []string // "project", "route", "variant", "model", "key", "tag", "tag:NAME", "why"; none: all together
	Per      string   // "hour", "day", "week", "month"; "": all of the window
	From, To time.Time
	Zone     string // of days and months, "Europe/Vienna"; "": UTC
	UsageFilter
}

// UsageTable is requests, tokens and money by period and keys.
type UsageTable struct {
	By       []string          `json:"by"`
	Per      string            `json:"per"`
	Zone     string            `json:"zone"`
	Window   Window            `json:"window"`
	Of       map[string]string `json:"of"` // whose usage; empty: all
	Rows     []UsageRow        `json:"rows"`
	Total    UsageRow          `json:"total"` // each request once, whatever the rows do
	Overlap  bool              `json:"rows_overlap"`
	Notes    []string          `json:"notes"`
	Currency string            `json:"currency"`
	Partial  *Partial          `json:"partial"` // nil: nothing is missing
}

// UsageRow is what one period has of one combination of keys.
type UsageRow struct {
	Window
	Keys map[string]string `json:"keys"`
	Sums
	PerSecond float64 `json:"requests_per_second"`
}

// Usage tells what requests cost.
func (c *Client) Usage(ctx context.Context, q UsageQuery) (UsageTable, error) {
	v := q.values()
	told(v, q.By, q.Per)
	window(v, q.From, q.To, q.Zone)
	var u UsageTable
	err := c.get(ctx, "/api/v1/usage", v, &u)
	return u, err
}

func told(v url.Values, by []string, per string) {
	if len(by) > 0 {
		v.Set("by", strings.Join(by, ","))
	}
	if per != "" {
		v.Set("per", per)
	}
}

// MonthsQuery asks for Months.
type MonthsQuery struct {
	By   []string
	Per  string    // "month", "week", "day"; "": month
	At   time.Time // in the period that is wanted; zero: now
	Zone string    // of the calendar; "": UTC
	UsageFilter
}

// Months is one period against the one before it.
type Months struct {
	By          []string          `json:"by"`
	Per         string            `json:"per"`
	Zone        string            `json:"zone"`
	Now         Window            `json:"now"`           // as far as it has come
	BeforeSoFar Window            `json:"before_so_far"` // as long a stretch of the one before
	Before      Window            `json:"before"`
	Of          map[string]string `json:"of"`   // whose usage; empty: all
	Rows        []Change          `json:"rows"` // the dearest first
	Total       Change            `json:"total"`
	Overlap     bool              `json:"rows_overlap"`
	Notes       []string          `json:"notes"`
	Currency    string            `json:"currency"`
	Partial     *Partial          `json:"partial"` // nil: nothing is missing
}

// Change is what became of one combination of keys.
type Change struct {
	Keys        map[string]string `json:"keys"`
	Now         Sums              `json:"now"`
	BeforeSoFar Sums              `json:"before_so_far"`
	Before      Sums              `json:"before"`
	Cost        *float64          `json:"cost_change_share"` // nil where there was nothing before
	Requests    *float64          `json:"requests_change_share"`
}

// Months holds a month, week or day against the one before it.
func (c *Client) Months(ctx context.Context, q MonthsQuery) (Months, error) {
	v := q.values()
	told(v, q.By, q.Per)
	at(v, q.At, q.Zone)
	var m Months
	err := c.get(ctx, "/api/v1/usage/months", v, &m)
	return m, err
}

// at asks for the period that a time is in.
func at(v url.Values, t time.Time, zone string) {
	if !t.IsZero() {
		v.Set("at", t.Format(time.RFC3339Nano))
	}
	if zone != "" {
		v.Set("tz", zone)
	}
}
