package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/notify"
	spent "github.com/weirhq/weir/internal/usage"
)

// clerk is a scheduler whose world the test holds in its hands.
type clerk struct {
	t       *testing.T
	folder  string
	now     time.Time
	reports []definition.Report
	budgets []*spent.BudgetState
	made    []time.Time // the periods that reports were made of
	makeErr error
	hook    notify.Memory
	log     strings.Builder
	s       *scheduler
}

func newClerk(t *testing.T, now string) *clerk {
	c := &clerk{t: t, folder: t.TempDir()}
	c.at(now)
	c.restart()
	return c
}

// restart makes a scheduler that knows only what is in the folder.
func (c *clerk) restart() {
	c.s = newScheduler(schedule{
		folder: c.folder, now: func() time.Time { return c.now }, log: slog.New(slog.NewTextHandler(&c.log, nil)),
		reports: func() []definition.Report { return c.reports },
		make: func(_ context.Context, r definition.Report, at time.Time) (*spent.Report, error) {
			if c.makeErr != nil {
				return nil, c.makeErr
			}
			c.made = append(c.made, at)
			return &spent.Report{Per: pers[r.Period], Window: pers[r.Period].Window(at, time.UTC), Made: c.now}, nil
		},
		begin:   func(context.Context) {},
		budgets: func(context.Context) ([]*spent.BudgetState, error) { return c.budgets, nil },
		sender:  func(definition.Report) (notify.Sender, func(), error) { return &c.hook, func() {}, nil },
	})
}

func (c *clerk) at(text string) {
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		c.t.Fatal(err)
	}
	c.now = at
}

// look lets the scheduler do what is due at a time.
func (c *clerk) look(at string) {
	c.at(at)
	c.s.once(c.t.Context())
}

// expectMade wants the reports made so far to be of these periods.
func (c *clerk) expectMade(days ...string) {
	c.t.Helper()
	var got []string
	for _, at := range c.made {
		got = append(got, at.Format(time.DateOnly))
	}
	if !slices.Equal(got, days) {
		c.t.Errorf("reports of %v, want %v\n%s", got, days, c.log.String())
	}
}

func (c *clerk) sent() (ids []string) {
	for _, m := range c.hook.Sent() {
		ids = append(ids, m.ID)
	}
	return ids
}

// At the start the store is not open yet, which is no trouble to tell of: it is waited for.
func TestScheduleBeginsWhenThereIsAStore(t *testing.T) {
	c := newClerk(t, "2026-03-04 12:00")
	ctx, stop := context.WithCancel(t.Context())
	begun := false
	c.s.begin = func(context.Context) { begun = true }
	c.s.schedule.budgets = func(context.Context) ([]*spent.BudgetState, error) {
		stop()
		if !begun {
			return nil, errors.New("the store is being opened")
		}
		return nil, nil
	}
	c.s.run(ctx)
	if c.log.Len() > 0 || !begun {
		t.Error(c.log.String())
	}
}

// 2 March 2026 is a Monday.
func TestReportIsMadeOnceAPeriod(t *testing.T) {
	c := newClerk(t, "2026-03-04 12:00")
	c.reports = []definition.Report{{Name: "weekly", Period: "weekly", Folder: filepath.Join(c.folder, "reports")}}
	c.look("2026-03-04 12:00") // the week before was none of ours
	c.look("2026-03-08 23:59")
	c.look("2026-03-09 00:05") // over, but requests of it may still be under way
	c.expectMade()
	c.look("2026-03-09 00:15")
	c.look("2026-03-09 00:16")
	c.expectMade("2026-03-02")
	c.restart()
	c.look("2026-03-12 08:00")
	c.expectMade("2026-03-02")
	c.look("2026-03-16 00:20")
	c.expectMade("2026-03-02", "2026-03-09")
	for _, day := range []string{"2026-03-02", "2026-03-09"} {
		text, err := os.ReadFile(filepath.Join(c.folder, "reports", "weekly-"+day+".md"))
		if err != nil || !strings.Contains(string(text), "Weekly report") {
			t.Errorf("%s: %v, %s", day, err, text)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(c.folder, "reports", ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What fell due while Weir was stopped is made up for: the last period, not all.
func TestReportIsMadeUpFor(t *testing.T) {
	c := newClerk(t, "2026-03-04 12:00")
	c.reports = []definition.Report{{Name: "w", Period: "weekly", Webhook: definition.Variable("HOOK")}, {Name: "m", Period: "monthly", Webhook: definition.Variable("HOOK")}}
	c.look("2026-03-04 12:00")
	c.restart()
	c.look("2026-04-28 12:00")
	c.expectMade("2026-04-20", "2026-03-01")
	if want := []string{"report/w/2026-04-20", "report/m/2026-03-01"}; !slices.Equal(c.sent(), want) {
		t.Errorf("sent %v, want %v", c.sent(), want)
	}
	if m := c.hook.Sent()[0]; m.Kind != "report" || !strings.Contains(m.Text, "Weekly report") || m.Data == nil {
		t.Errorf("%+v", m)
	}
}

// A report that cannot be made, or sent, is tried again until it is, and the
// trouble is logged once.
func TestReportIsTriedAgain(t *testing.T) {
	c := newClerk(t, "2026-03-04 12:00")
	c.reports = []definition.Report{{Name: "w", Period: "weekly", Webhook: definition.Variable("HOOK")}}
	c.look("2026-03-04 12:00")
	c.makeErr = errors.New("the store is away")
	c.look("2026-03-09 00:20")
	c.look("2026-03-09 00:21")
	c.makeErr = nil
	c.hook.Fail(errors.New("nobody there"))
	c.look("2026-03-09 00:22")
	c.hook.Fail(nil)
	if got := c.sent(); len(got) != 0 {
		t.Errorf("sent %v", got)
	}
	c.look("2026-03-09 00:23")
	c.look("2026-03-09 00:24")
	if want := []string{"report/w/2026-03-02"}; !slices.Equal(c.sent(), want) {
		t.Errorf("sent %v, want %v", c.sent(), want)
	}
	for words, want := range map[string]int{"the store is away": 1, "nobody there": 1, "it works again": 1, "report made": 1} {
		if got := strings.Count(c.log.String(), words); got != want {
			t.Errorf("%q is logged %d times, want %d:\n%s", words, got, want, c.log.String())
		}
	}
}

func budgetAt(name string, share float64, start string) *spent.BudgetState {
	at, _ := time.Parse(time.DateOnly, start)
	return &spent.BudgetState{Name: name, Share: share, Per: spent.Month, Window: spent.Window{Start: at, End: at.AddDate(0, 1, 0)}, Says: []string{"most of it"}}
}

// Somebody is told of a budget at 80 and at 100 %, once each a period, over
// restarts, and by each address once.
func TestBudgetAlerts(t *testing.T) {
	c := newClerk(t, "2026-03-04 12:00")
	c.reports = []definition.Report{{Name: "w", Period: "weekly", Webhook: definition.Variable("A")}, {Name: "x", Period: "monthly", Webhook: definition.Variable("A")}}
	for _, step := range []struct {
		share float64
		start string
		want  []string
	}{
		{0.5, "2026-03-01", nil},
		{0.79999, "2026-03-01", nil},
		{0.8, "2026-03-01", []string{"budget/all/2026-03-01/80"}},
		{0.95, "2026-03-01", nil},
		{1, "2026-03-01", []string{"budget/all/2026-03-01/100"}},
		{3, "2026-03-01", nil},
		{0.1, "2026-04-01", nil},
		{1.2, "2026-04-01", []string{"budget/all/2026-04-01/100"}}, // nobody needs to hear of 80 % too
		{1.3, "2026-04-01", nil},
	} {
		before := len(c.sent())
		c.budgets = []*spent.BudgetState{budgetAt("all", step.share, step.start)}
		c.s.once(t.Context())
		c.restart()
		c.s.once(t.Context())
		if got := c.sent()[before:]; !slices.Equal(got, step.want) {
			t.Errorf("at %v of %s sent %v, want %v", step.share, step.start, got, step.want)
		}
	}
	if got := strings.Count(c.log.String(), "nearly spent"); got != 3 {
		t.Errorf("logged %d times, want 3:\n%s", got, c.log.String())
	}
	if m := c.hook.Sent()[0]; m.Kind != "budget" || m.Text != "Budget all: most of it" {
		t.Errorf("%+v", m)
	}
}

// Without a webhook the log says it, once; with one that fails, only that is tried again.
func TestBudgetAlertsWithoutAndWithTrouble(t *testing.T) {
	c := newClerk(t, "2026-03-04 12:00")
	c.budgets = []*spent.BudgetState{budgetAt("all", 0.9, "2026-03-01")}
	c.s.once(t.Context())
	c.s.once(t.Context())
	c.reports = []definition.Report{{Name: "w", Period: "weekly", Webhook: definition.Variable("A")}}
	c.hook.Fail(errors.New("nobody there"))
	c.s.once(t.Context())
	c.s.once(t.Context())
	c.hook.Fail(nil)
	c.s.once(t.Context())
	c.s.once(t.Context())
	if got := strings.Count(c.log.String(), "nearly spent"); got != 1 || len(c.sent()) != 1 {
		t.Errorf("logged %d times, sent %v:\n%s", got, c.sent(), c.log.String())
	}
}

// A memory that cannot be read stops the schedule, and says what to do: without it
// all would be sent again.
func TestDamagedMemory(t *testing.T) {
	c := newClerk(t, "2026-03-04 12:00")
	c.budgets = []*spent.BudgetState{budgetAt("all", 0.9, "2026-03-01")}
	name := filepath.Join(c.folder, scheduleFile)
	if err := os.WriteFile(name, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.s.once(t.Context())
	if !strings.Contains(c.log.String(), "remove it") || strings.Contains(c.log.String(), "nearly spent") {
		t.Errorf("%s", c.log.String())
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	c.s.once(t.Context())
	if !strings.Contains(c.log.String(), "nearly spent") {
		t.Errorf("%s", c.log.String())
	}
}

// What is old is forgotten, that a report is known is not: else one that is not
// made for long would pass for new.
func TestMemoryForgets(t *testing.T) {
	m, err := remember(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	old, now := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, id := range []string{"report/w", "report/w/2023-12-25", "budget/a/2024-01-01/80", "budget/a/2024-01-01/80 env:A"} {
		m.add(id, old)
	}
	m.add("report/w/2026-02-23", now)
	m.forget(now.AddDate(-1, 0, 0))
	if got := sorted(m.done); !slices.Equal(got, []string{"report/w", "report/w/2026-02-23"}) {
		t.Errorf("%v", got)
	}
}

// run ends with its context, and what was done is on the disk.
func TestSchedulerEnds(t *testing.T) {
	c := newClerk(t, "2026-03-04 12:00")
	c.budgets = []*spent.BudgetState{budgetAt("all", 0.9, "2026-03-01")}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.s.run(ctx)
	}()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline) && !exists(filepath.Join(c.folder, scheduleFile)); {
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	if m, err := remember(c.folder); err != nil || !m.has("budget/all/2026-03-01/80") {
		t.Errorf("%v, %v", m, err)
	}
}
