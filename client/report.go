package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Budgets is every budget of the definitions, held against what was spent.
type Budgets struct {
	Budgets  []Budget `json:"budgets"`
	Currency string   `json:"currency"`
	Partial  *Partial `json:"partial"` // nil: nothing is missing
}

// Budget is what may be spent in a period, and what was.
type Budget struct {
	Name       string            `json:"name"`
	Amount     int64             `json:"amount_micro"`
	Per        string            `json:"per"` // "day", "week", "month"
	Of         map[string]string `json:"of"`  // whose money; empty: everything
	Zone       string            `json:"zone"`
	Window     Window            `json:"window"` // of the period
	Spent      int64             `json:"spent_micro"`
	Share      float64           `json:"spent_share"`
	Requests   int64             `json:"requests"`
	Estimated  int64             `json:"estimated_micro"`
	Unpriced   int64             `json:"unpriced_requests"` // their cost is not in Spent
	LowerBound bool              `json:"lower_bound"`       // more was spent than Spent
	Forecast   *Projection       `json:"forecast"`          // nil without history
	Marks      []Mark            `json:"marks"`             // 80 % and 100 %
	Enforced   bool              `json:"enforced"`          // false: it refuses nothing
	Says       []string          `json:"says"`              // what needs saying, in sentences
}

// Projection is what will have been spent when a period ends.
type Projection struct {
	End      int64    `json:"end_micro"`
	Low      int64    `json:"low_micro"`
	High     int64    `json:"high_micro"`
	Bounded  bool     `json:"bounded"`
	Level    float64  `json:"level_share"`
	Method   string   `json:"method"`
	Backtest Backtest `json:"backtest"`
	Doubts   []string `json:"doubts"`
}

// Backtest is how a forecast fared when it was tried on the past.
type Backtest struct {
	Forecasts int     `json:"forecasts"`
	Horizon   int     `json:"horizon_days"`
	Error     float64 `json:"error"`
	Bias      float64 `json:"bias"`
	Within    int     `json:"within"`
}

// Mark is a share of a budget and when it is, or will be, spent.
type Mark struct {
	Share   float64    `json:"share"`
	Reached bool       `json:"reached"`
	At      *time.Time `json:"at"` // nil: not in this period
}

// Budgets holds the budgets of the definitions against what was spent.
func (c *Client) Budgets(ctx context.Context) (Budgets, error) {
	var b Budgets
	err := c.get(ctx, "/api/v1/budgets", nil, &b)
	return b, err
}

// ReportQuery asks for a Report.
type ReportQuery struct {
	At   time.Time // in the week or month that is wanted; zero: the last whole one
	Zone string    // of the calendar; "": UTC
	Top  int       // rows of each list; 0: 10
	UsageFilter
}

// Report is a week or a month.
type Report struct {
	Per       string            `json:"per"`
	Zone      string            `json:"zone"`
	Window    Window            `json:"window"`
	Before    Window            `json:"before"`
	Made      time.Time         `json:"made"`
	Complete  bool              `json:"complete"` // the period is over
	Currency  string            `json:"currency"`
	Of        map[string]string `json:"of"` // whose money; empty: all
	Total     Change            `json:"total"`
	PerSecond float64           `json:"requests_per_second"`
	Estimated *float64          `json:"estimated_cost_share"`
	Unpriced  *float64          `json:"unpriced_requests_share"`
	Forecast  *Projection       `json:"forecast"` // of a period under way
	Budgets   []BudgetLine      `json:"budgets"`
	Top       []Top             `json:"top"`
	Outcomes  []Ending          `json:"outcomes"`
	Latency   []Speed           `json:"latency"`
	Notes     []string          `json:"notes"`
}

// BudgetLine is a budget in a Report.
type BudgetLine struct {
	State   Budget `json:"state"`
	Periods int    `json:"periods"`
	Over    int    `json:"over"`
	Dearest *Spend `json:"dearest"`
}

// Spend is what one period cost.
type Spend struct {
	Window
	Cost int64 `json:"cost_micro"`
}

// Top is where the money went by one key, the dearest first.
type Top struct {
	By      []string `json:"by"`
	Rows    []Change `json:"rows"`
	Left    int      `json:"rows_left_off"`
	Overlap bool     `json:"rows_overlap"`
}

// Ending is how often requests ended in one way.
type Ending struct {
	Outcome  string   `json:"outcome"`
	Requests int64    `json:"requests"`
	Share    *float64 `json:"share"`
	Before   *float64 `json:"share_before"`
}

// Speed is how fast answers were.
type Speed struct {
	Keys       map[string]string `json:"keys"` // empty: all together
	Requests   int64             `json:"requests"`
	ErrorShare *float64          `json:"error_share"`
	Duration   Quantiles         `json:"duration"`
	TTFT       Quantiles         `json:"ttft"`
	TPOT       Quantiles         `json:"tpot"`
}

func (q *ReportQuery) values() url.Values {
	v := q.UsageFilter.values()
	at(v, q.At, q.Zone)
	if q.Top != 0 {
		v.Set("top", strconv.Itoa(q.Top))
	}
	return v
}

// Report gives a report: period is "weekly" or "monthly".
func (c *Client) Report(ctx context.Context, period string, q ReportQuery) (Report, error) {
	var r Report
	err := c.get(ctx, "/api/v1/reports/"+url.PathEscape(period), q.values(), &r)
	return r, err
}

// ReportMarkdown gives the same as a page of text, without control characters.
func (c *Client) ReportMarkdown(ctx context.Context, period string, q ReportQuery) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, attempts*timeout)
	defer cancel()
	v := q.values()
	v.Set("format", "markdown")
	resp, err := c.send(ctx, http.MethodGet, "/api/v1/reports/"+url.PathEscape(period)+"?"+v.Encode(), nil, nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", &lost{fmt.Errorf("read the report: %w", err)}
	}
	return string(text), nil
}
