package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/notify"
	spent "github.com/weirhq/weir/internal/usage"
)

// alertAt are the shares of a budget at which somebody is told.
var alertAt = [...]float64{0.8, 1}

// alert tells of each budget that reached one of the shares, once a period: in the
// log, and by each webhook that reports go to.
func (s *scheduler) alert(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, scheduleWithin)
	defer cancel()
	states, err := s.budgets(ctx)
	var failed []error
	if err != nil {
		failed = append(failed, err)
	}
	for _, b := range states {
		for i := len(alertAt) - 1; i >= 0; i-- { // at 100 % nobody needs to hear of 80 %
			if b.Share < alertAt[i] {
				continue
			}
			failed = append(failed, s.tell(ctx, b, alertAt[i]))
			break
		}
	}
	return errors.Join(failed...)
}

// tell says that a budget reached a share, to each who was not told yet.
func (s *scheduler) tell(ctx context.Context, b *spent.BudgetState, share float64) error {
	id := fmt.Sprintf("budget/%s/%s/%.0f", b.Name, b.Window.Start.Format("2006-01-02"), share*100)
	text := fmt.Sprintf("Budget %s: %s", b.Name, strings.Join(b.Says, ". "))
	if !s.memory.has(id) {
		s.memory.add(id, s.now())
		s.log.Warn("a budget is nearly spent, or is; budgets refuse nothing", "budget", b.Name, "share", b.Share,
			"spent_micro", int64(b.Spent), "amount_micro", int64(b.Amount), "per", string(b.Per), "since", b.Window.Start)
	}
	var failed []error
	for _, r := range s.webhooks() {
		told := id + " " + r.Webhook.String()
		if s.memory.has(told) {
			continue
		}
		if err := s.post(ctx, r, &notify.Message{ID: id, Kind: "budget", Time: s.now().UTC(), Text: plainLines(text), Data: b}); err != nil {
			failed = append(failed, err)
			continue
		}
		s.memory.add(told, s.now())
	}
	return errors.Join(append(failed, s.memory.keep())...)
}

// webhooks gives one report for each address.
func (s *scheduler) webhooks() (list []definition.Report) {
	seen := map[string]bool{}
	for _, r := range s.reports() {
		if to := r.Webhook.String(); to != "" && !seen[to] {
			seen[to] = true
			list = append(list, r)
		}
	}
	return list
}

func (s *scheduler) post(ctx context.Context, r definition.Report, m *notify.Message) error {
	send, done, err := s.sender(r)
	if err != nil {
		return err
	}
	defer done()
	return send.Send(ctx, m)
}
