package main

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/notify/webhook"
	spent "github.com/weirhq/weir/internal/usage"
)

// schedule is what this process's scheduler works with. It needs a store.
func (s *server) schedule() schedule {
	return schedule{
		folder: s.kept.dir, now: time.Now, log: s.log,
		reports: func() []definition.Report { return s.inForce.Load().compiled.Reports },
		make:    s.makeReport, budgets: s.budgetStates, sender: s.senderOf,
		begin: s.storeTried,
	}
}

// storeTried returns when the store was opened or could not be: at the start that it
// is not open yet is no trouble, and every healthy start would tell of it.
func (s *server) storeTried(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, behindAfter)
	defer cancel()
	_, _ = s.kept.db.get(ctx) // what came of it is told by the first look
}

// makeReport makes the report of the period that a time is in, once all of it is in
// the store.
func (s *server) makeReport(ctx context.Context, r definition.Report, at time.Time) (*spent.Report, error) {
	kept, err := s.kept.reader()
	if err != nil {
		return nil, err
	}
	if st := s.kept.status(); st.State != "ok" {
		return nil, fmt.Errorf("the store is %s, so the report would not be complete: %s", st.State, st.Reason)
	}
	q := spent.ReportQuery{Per: pers[r.Period], At: at, Zone: time.UTC, Budgets: s.budgets()}
	return spent.ReadReport(ctx, kept, kept, q, time.Now())
}

// budgetStates are the budgets in force, held against the ledger.
func (s *server) budgetStates(ctx context.Context) (list []*spent.BudgetState, err error) {
	budgets := s.budgets()
	if len(budgets) == 0 {
		return nil, nil
	}
	kept, err := s.kept.reader()
	if err != nil {
		return nil, err
	}
	return spent.States(ctx, kept, budgets, time.UTC, time.Now())
}

// senderOf makes what posts to a report's webhook, whose address is a secret.
func (s *server) senderOf(r definition.Report) (notify.Sender, func(), error) {
	w, err := webhook.New(webhook.Config{URL: func() (string, error) { return s.source.secret(r.Webhook) }})
	if err != nil {
		return nil, nil, err
	}
	return w, w.Close, nil
}
