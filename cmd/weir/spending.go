package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/telemetry"
	spent "github.com/weirhq/weir/internal/usage"
)

// budgets are those in force.
func (s *server) budgets() (list []spent.Budget) {
	for _, b := range s.inForce.Load().compiled.Budgets {
		list = append(list, spent.Budget{
			Name: b.Name, Amount: b.Amount, Per: spent.Per(b.Per),
			Filter: store.LedgerQuery{Project: b.Project, Route: b.Route, Model: b.Model, Key: b.Key, Tag: b.Tag},
		})
	}
	return list
}

// spending is how much of each budget was last seen to be spent.
type spending struct {
	last atomic.Pointer[[]telemetry.BudgetState]
}

func (s *spending) ratios() []telemetry.BudgetState {
	if last := s.last.Load(); last != nil {
		return *last
	}
	return nil
}

// spendingEvery is how often budgets are held against the ledger for who scrapes.
const spendingEvery = 15 * time.Second

// watchSpending reads the ledger until ctx ends. What cannot be read is not
// shown: an old share of a budget would pass for the one of now.
func (s *server) watchSpending(ctx context.Context) {
	for ctx.Err() == nil {
		s.spending.last.Store(s.ratiosOf(ctx))
		pause(ctx, spendingEvery)
	}
}

func (s *server) ratiosOf(ctx context.Context) *[]telemetry.BudgetState {
	list := []telemetry.BudgetState{}
	budgets := s.budgets()
	if len(budgets) == 0 {
		return &list
	}
	ledger, err := s.kept.reader()
	if err != nil {
		return &list
	}
	ctx, cancel := context.WithTimeout(ctx, spendingEvery)
	defer cancel()
	states, err := spent.States(ctx, ledger, budgets, time.UTC, time.Now())
	if err != nil {
		s.log.Warn("budgets cannot be held against the ledger", "error", err.Error())
	}
	for _, state := range states {
		list = append(list, telemetry.BudgetState{Name: state.Name, Spent: state.Share})
	}
	return &list
}
