package usage

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// Budget is what may be spent in a period. Definitions have them; nothing is
// refused because of them.
type Budget struct {
	Name   string
	Amount meter.Micro
	Per    Per               // Day, Week or Month
	Filter store.LedgerQuery // whose money; From and To are not read
}

// BudgetState is a budget held against the ledger.
type BudgetState struct {
	Name   string            `json:"name"`
	Amount meter.Micro       `json:"amount_micro"`
	Per    Per               `json:"per"`
	Of     map[string]string `json:"of"` // what the filter asks for; empty: everything
	Zone   string            `json:"zone"`
	Window Window            `json:"window"` // of the period under way

	Spent      meter.Micro `json:"spent_micro"`
	Share      float64     `json:"spent_share"` // of the amount
	Requests   int64       `json:"requests"`
	Estimated  meter.Micro `json:"estimated_micro"`   // of what is spent, what rests on an estimate
	Unpriced   int64       `json:"unpriced_requests"` // their cost is not in Spent
	LowerBound bool        `json:"lower_bound"`       // Unpriced > 0: more was spent than Spent

	Forecast *Projection `json:"forecast,omitempty"` // none without a whole day of history
	Marks    []Mark      `json:"marks"`              // 80 % and 100 %
	Enforced bool        `json:"enforced"`           // false: a budget refuses nothing
	Says     []string    `json:"says"`               // all of this that needs saying, in sentences

	over   bool // the period has ended
	beyond bool // one of the sums is more than can be counted
}

// Projection is what will have been spent when a period ends.
type Projection struct {
	End      meter.Micro    `json:"end_micro"`
	Low      meter.Micro    `json:"low_micro"`
	High     meter.Micro    `json:"high_micro"`
	Bounded  bool           `json:"bounded"`     // false: nothing is known of how far off it may be
	Level    float64        `json:"level_share"` // of futures that Low to High should hold
	Method   string         `json:"method"`
	Backtest stats.Backtest `json:"backtest"`
	Doubts   []string       `json:"doubts,omitempty"`
}

// Mark is a share of a budget and when it is, or will be, spent.
type Mark struct {
	Share   float64    `json:"share"`
	Reached bool       `json:"reached"`
	At      *time.Time `json:"at"` // the hour in which it was reached, or by forecast will be; null: not in this period
}

// marks are the shares that are watched.
var marks = [...]float64{0.8, 1}

// notEnforced is said of every budget.
const notEnforced = "budgets are compared and forecast; nothing is refused when one is spent"

// historyDays is how far back the forecast looks: a quarter.
const historyDays = 91

// State holds the budget against the ledger at the time now, in the period of
// the zone that now is in.
func (b *Budget) State(ctx context.Context, ledger Ledger, zone *time.Location, now time.Time) (*BudgetState, error) {
	list, err := States(ctx, ledger, []Budget{*b}, zone, now)
	if err != nil {
		return nil, fmt.Errorf("budget %q: %w", b.Name, err)
	}
	return list[0], nil
}

// States holds budgets against the ledger, which is read once for all of them.
func States(ctx context.Context, ledger Ledger, budgets []Budget, zone *time.Location, now time.Time) ([]*BudgetState, error) {
	var p pass
	all := make([]*spending, len(budgets))
	for i := range budgets {
		b := &budgets[i]
		if err := b.check(); err != nil {
			return nil, err
		}
		all[i] = b.spending(b.Per.Window(now, zone), now)
		p.add(all[i].want())
	}
	if err := p.read(ctx, ledger); err != nil {
		return nil, err
	}
	list := make([]*BudgetState, len(budgets))
	for i := range budgets {
		list[i] = budgets[i].state(all[i])
	}
	return list, nil
}

// spending adds up what counts for the budget in a period; now is within it or its
// end.
func (b *Budget) spending(period Window, now time.Time) *spending {
	return newSpending(b.Filter, period, period.Start.Location(), now)
}

// state is that of a period.
func (b *Budget) state(sum *spending) *BudgetState {
	w, zone, now := sum.period, sum.zone, sum.now
	s := &BudgetState{Name: b.Name, Amount: b.Amount, Per: b.Per, Of: filtered(b.Filter), Zone: zone.String(), Window: w, over: !now.Before(w.End)}
	spend := sum.spend()
	s.Spent, s.Requests, s.Estimated, s.Unpriced = spend.sums.Cost, spend.sums.Requests, spend.sums.Estimated, spend.sums.Unpriced
	s.Share = float64(s.Spent) / float64(b.Amount)
	s.LowerBound = s.Unpriced > 0
	s.beyond = spend.sums.Beyond()
	path := spend.path(w, zone, now)
	s.Forecast = path.projection()
	for _, m := range marks {
		s.Marks = append(s.Marks, spend.mark(m, b.Amount, path, zone))
	}
	s.say()
	return s
}

func (b *Budget) check() error {
	if b.Amount <= 0 {
		return fmt.Errorf("budget %q: the amount is %d micro-dollars; it must be more than 0", b.Name, b.Amount)
	}
	switch b.Per {
	case Day, Week, Month:
		return nil
	}
	return fmt.Errorf("budget %q: it is for a %q; it can be for a day, week or month", b.Name, b.Per)
}
