package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/notify"
	spent "github.com/weirhq/weir/internal/usage"
)

// schedule is what a scheduler works with. All of it is asked for anew each time,
// so that a reload and a store that comes back are noticed.
type schedule struct {
	folder  string // where what was done is remembered over restarts
	now     func() time.Time
	begin   func(context.Context)                                                      // waits, not for long, until there is a store to ask
	reports func() []definition.Report                                                 // those in force
	make    func(context.Context, definition.Report, time.Time) (*spent.Report, error) // of the period that a time is in
	budgets func(context.Context) ([]*spent.BudgetState, error)                        // those in force, as they stand
	sender  func(definition.Report) (send notify.Sender, done func(), err error)       // of a report with a webhook
	log     *slog.Logger
}

// scheduler makes the reports of the definitions at the end of each period, and
// says when a budget is nearly spent or is spent. What it has done it remembers in
// a file, so that each is done once, over restarts too: what fell due while Weir
// was stopped is made up for, the last period of each report. Two processes of one
// folder, as during a takeover, may both send; the message's id is the same.
//
// It refuses no request and is in the way of none: it reads the store like a screen.
type scheduler struct {
	schedule
	memory *remembered
	said   map[string]string // trouble that was logged, so that it is logged once
}

// newScheduler makes one; run runs it.
func newScheduler(s schedule) *scheduler {
	return &scheduler{schedule: s, said: map[string]string{}}
}

// Clocks of a scheduler.
const (
	scheduleEvery = time.Minute
	// settled is how long after a period's end its report is made: requests that
	// were under way belong to the hour in which they came, and end later.
	settled = 15 * time.Minute
	// scheduleWithin bounds the making and sending of one.
	scheduleWithin = 5 * time.Minute
)

// run works until ctx ends.
func (s *scheduler) run(ctx context.Context) {
	s.begin(ctx)
	for ctx.Err() == nil {
		s.once(ctx)
		pause(ctx, scheduleEvery)
	}
}

// once does what is due now.
func (s *scheduler) once(ctx context.Context) {
	if s.memory == nil {
		m, err := remember(s.folder)
		if err != nil {
			s.trouble("memory", "read which reports were made", err)
			return
		}
		s.memory = m
	}
	s.trouble("memory", "", nil)
	for _, r := range s.reports() {
		s.trouble("report "+r.Name, "make the report "+r.Name, s.report(ctx, r))
	}
	s.trouble("alerts", "look at the budgets", s.alert(ctx))
	s.memory.forget(s.now().AddDate(-1, -1, 0))
	s.trouble("keeping", "remember which reports were made", s.memory.keep())
}

// trouble logs an error when it is a new one, and that it is over when it is.
func (s *scheduler) trouble(about, doing string, err error) {
	before := s.said[about]
	switch {
	case errors.Is(err, context.Canceled): // Weir is being stopped
	case err == nil && before != "":
		s.log.Info("schedule: it works again", "what", about)
		delete(s.said, about)
	case err != nil && before != err.Error():
		s.log.Error("schedule: it is tried again every minute", "what", doing, "error", err.Error())
		s.said[about] = err.Error()
	}
}

// pers are the lengths of the periods of reports.
var pers = map[string]spent.Per{"weekly": spent.Week, "monthly": spent.Month}

// report makes the report of the last whole period, unless that was done.
func (s *scheduler) report(ctx context.Context, r definition.Report) error {
	per, known := pers[r.Period]
	if !known {
		return fmt.Errorf("it is for a period %q, which this Weir does not know", r.Period)
	}
	now := s.now().UTC()
	due := now.Add(-settled)
	last := per.Window(per.Window(due, time.UTC).Start.Add(-time.Second), time.UTC)
	id := reportID(r.Name, last.Start)
	switch {
	case s.memory.has(id):
		return nil
	case !s.memory.has(reportID(r.Name, time.Time{})):
		// New here: the first one is of the period that is under way.
		s.memory.add(reportID(r.Name, time.Time{}), now)
		s.memory.add(id, now)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, scheduleWithin)
	defer cancel()
	made, err := s.make(ctx, r, last.Start)
	if err != nil {
		return err
	}
	where, err := s.deliver(ctx, r, id, made)
	if err != nil {
		return err
	}
	s.memory.add(id, now)
	s.log.Info("report made", "report", r.Name, "from", last.Start.Format(time.DateOnly), "to", last.End.Format(time.DateOnly), "where", where)
	return s.memory.keep()
}

// reportID names a report of a period; with no time, that the report is known here.
func reportID(name string, start time.Time) string {
	if start.IsZero() {
		return "report/" + name
	}
	return "report/" + name + "/" + start.Format(time.DateOnly)
}
