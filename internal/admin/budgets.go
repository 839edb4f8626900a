package admin

import (
	"time"

	"github.com/weirhq/weir/internal/usage"
)

// BudgetList is every budget of the definitions, held against the ledger.
type BudgetList struct {
	Budgets  []usage.BudgetState `json:"budgets" doc:"by name; each in its own period under way, by the calendar of UTC"`
	Currency string              `json:"currency" enum:"USD" doc:"amounts are in millionths of it"`
	Partial  *Partial            `json:"partial,omitempty" doc:"present when the store is behind: what ended lately is not in yet"`
}

func (c *call) budgets() (BudgetList, error) {
	list := BudgetList{Budgets: []usage.BudgetState{}, Currency: currency}
	declared := c.server.budgets()
	if len(declared) == 0 {
		return list, nil
	}
	st, err := c.server.store()
	if err != nil {
		return list, err
	}
	ctx, done := c.ask()
	defer done()
	states, err := usage.States(ctx, st, declared, time.UTC, c.server.cfg.Now())
	if err != nil {
		return list, unavailable(err)
	}
	for _, state := range states {
		list.Budgets = append(list.Budgets, *state)
	}
	list.Partial = c.server.behind()
	return list, nil
}

func (s *Server) budgets() []usage.Budget {
	if s.cfg.Budgets == nil {
		return nil
	}
	return s.cfg.Budgets()
}
