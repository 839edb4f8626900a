package usage

import (
	"time"

	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

// ReportQuery asks for a Report.
type ReportQuery struct {
	Per     Per       // Week or Month
	At      time.Time // in the period that is wanted; zero: the last whole one before now
	Zone    *time.Location
	Filter  store.LedgerQuery // whose money; From and To are not read
	Budgets []Budget
	Top     int // rows a key; 0: 10
}

// Report is a week or a month: money against budget and forecast, where it went,
// what changed, how requests ended and how fast they were.
type Report struct {
	Per      Per               `json:"per"`
	Zone     string            `json:"zone"`
	Window   Window            `json:"window"`
	Before   Window            `json:"before"` // what changes are against: as long a stretch of the period before
	Made     time.Time         `json:"made"`
	Complete bool              `json:"complete"` // the period is over
	Currency string            `json:"currency"` // "USD"
	Of       map[string]string `json:"of"`       // whose money; empty: everything

	Total     Change       `json:"total"`
	PerSecond float64      `json:"requests_per_second"`
	Estimated *float64     `json:"estimated_cost_share"`    // of the money
	Unpriced  *float64     `json:"unpriced_requests_share"` // of the requests: their cost is in no amount here
	Forecast  *Projection  `json:"forecast,omitempty"`      // of a period under way
	Budgets   []BudgetLine `json:"budgets"`
	Top       []Top        `json:"top"`
	Outcomes  []Ending     `json:"outcomes"`
	Latency   []Speed      `json:"latency"` // all together, then by route and variant
	Notes     []string     `json:"notes,omitempty"`
}

// BudgetLine is a budget in a report. State is that at the end of the report's
// window, or now; a budget of shorter periods also says how those within went.
type BudgetLine struct {
	State   BudgetState `json:"state"`
	Periods int         `json:"periods"` // that began within the window
	Over    int         `json:"over"`    // of those, how many spent more than the amount
	Dearest *Spend      `json:"dearest"` // of those, the one that spent most
}

// Spend is what one period cost.
type Spend struct {
	Window
	Cost meter.Micro `json:"cost_micro"`
}

// Top is where the money went by one key or two, the dearest first.
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
	ErrorShare *float64          `json:"error_share"` // as in a Point
	Duration   Quantiles         `json:"duration"`
	TTFT       Quantiles         `json:"ttft"`
	TPOT       Quantiles         `json:"tpot"`
}
