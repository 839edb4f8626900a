package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/rollout"
	"github.com/weirhq/weir/internal/store"
)

// rig is a controller over the store in memory, with a clock that is set by hand.
type rig struct {
	t       *testing.T
	c       *Controller
	book    *Book
	db      *store.Memory
	now     time.Time
	plan    analysis.Plan
	away    error // the store cannot be asked
	kept    []*event.Decision
	applied int
	at      event.Position
}

func newRig(t *testing.T, plan analysis.Plan) *rig {
	t.Helper()
	book, err := OpenBook("")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, book: book, db: store.NewMemory(), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), plan: plan}
	r.c = New(Config{
		Book: book, Plans: func() []analysis.Plan { return []analysis.Plan{r.plan} },
		Store: func() (Store, error) {
			if r.away != nil {
				return nil, r.away
			}
			return r.db, nil
		},
		Record: func(_ context.Context, d *event.Decision) error { r.kept = append(r.kept, d); return nil },
		Apply:  func() error { r.applied++; return nil },
		Log:    slog.New(slog.DiscardHandler), Now: func() time.Time { return r.now },
	})
	return r
}

// planOf is a plan with a goal and one bound.
func planOf(t *testing.T, primary string) analysis.Plan {
	t.Helper()
	find := func(name string) metric.Metric {
		m, ok := metric.Find(name)
		if !ok {
			t.Fatalf("there is no metric %s", name)
		}
		return m
	}
	return analysis.Plan{
		Experiment: "e", Route: "r", Epoch: 1, UnitKind: "user",
		Variants: []analysis.Variant{{Name: "a", Weight: 0.5, Baseline: true}, {Name: "b", Weight: 0.5}},
		Primary:  &analysis.Goal{Metric: find(primary), Mode: analysis.Better},
		Bounds:   []analysis.Bound{{Metric: find("error_rate"), Margin: analysis.Amount{Value: 0.02, Absolute: true}, Action: "rollback"}},
		Alpha:    0.05, Harm: 0.01, Power: 0.8, MinUnits: 1000, MinDays: 7, Weekdays: true, Looks: 1, MaxDays: 35, Hash: "h",
	}
}

// day adds units of both variants with one request each; errors of b and the cost
// of a request of each are given.
func (r *rig) day(n int, costA, costB int64, failB int) {
	r.t.Helper()
	day := r.now.Truncate(24 * time.Hour)
	b := store.Batch{Replica: "x", From: r.at, To: event.Position{Segment: 1, Offset: r.at.Offset + 1}}
	r.at = b.To
	for _, variant := range []string{"a", "b"} {
		cost, fails := costA, 0
		if variant == "b" {
			cost, fails = costB, failB
		}
		for i := range n {
			failed := int64(0)
			if i < fails {
				failed = 1
			}
			spread := cost/2 + int64(i)*cost/int64(n) // from half of it to one and a half
			b.Units = append(b.Units, store.UnitDelta{
				UnitKey: store.UnitKey{Experiment: "e", Epoch: 1, UnitKind: "user", Unit: fmt.Sprint(variant, r.now.Unix(), i)}, Variant: variant, First: r.now,
				Requests: 1, Values: []store.Value{{Metric: "cost", N: 1, Sum: spread}, {Metric: "error", N: 1, Sum: failed}},
			})
		}
		b.Days = append(b.Days, store.DayRow{Day: day, Experiment: "e", Epoch: 1, Variant: variant, Metric: "error", N: int64(n), Sum: int64(fails)})
	}
	if err := r.db.Apply(context.Background(), &b); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) start() {
	r.t.Helper()
	if _, _, err := r.c.Start(context.Background(), "e", "me", "a test", true); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) phase(want rollout.Phase, when string) rollout.State {
	r.t.Helper()
	s := r.book.State("e", 1)
	if s.Phase != want {
		r.t.Errorf("%s: it is %s, want %s (%s)", when, s.Phase, want, s.Why)
	}
	return s
}

// What would find nothing is refused; a forced start keeps why.
func TestStartNeedsPower(t *testing.T) {
	r := newRig(t, planOf(t, "cost_per_request"))
	_, _, err := r.c.Start(context.Background(), "e", "me", "", false)
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "underpowered" || f.Status != http.StatusConflict {
		t.Fatalf("started without power: %v", err)
	}
	r.phase(rollout.Draft, "refused")
	if _, _, err := r.c.Start(context.Background(), "e", "me", "", true); err == nil {
		t.Error("forced without a note")
	}
	r.start()
	if s := r.phase(rollout.Running, "forced"); s.Forced != "a test" || s.Hash != "h" || s.StartedBy != "me" {
		t.Errorf("%+v", s)
	}
	if len(r.kept) != 1 || r.kept[0].Action != "start" || r.applied != 1 {
		t.Errorf("%d decisions kept, applied %d times", len(r.kept), r.applied)
	}
}

// It is decided when time and units are there and not before, once.
func TestDecidedOnce(t *testing.T) {
	r := newRig(t, planOf(t, "cost_per_request"))
	r.start()
	for range 7 {
		r.day(200, 1000, 600, 0)
		r.now = r.now.Add(24 * time.Hour)
		if r.now.Sub(r.book.State("e", 1).Started) < 7*24*time.Hour {
			r.c.Turn(context.Background())
			r.phase(rollout.Running, "before the week is over")
		}
	}
	r.c.Turn(context.Background())
	s := r.phase(rollout.Decided, "after a week and 1,400 units")
	if s.Verdict == nil || s.Verdict.Verdict != analysis.Deploy || s.Verdict.Variant != "b" || s.Verdict.Units != 2800 {
		t.Fatalf("verdict %+v", s.Verdict)
	}
	if !s.Serves() {
		t.Error("a verdict moved users by itself")
	}
	before := len(r.kept)
	r.day(500, 1000, 5000, 0)
	r.c.Turn(context.Background())
	if s := r.phase(rollout.Decided, "later"); s.Verdict.Verdict != analysis.Deploy || len(r.kept) != before {
		t.Error("it was decided again")
	}
	report, err := r.c.Report(context.Background(), "e", 0, false)
	if err != nil || report.Verdict != analysis.Deploy {
		t.Errorf("the report says %s, %v", report.Verdict, err)
	}
	if report.Enrolment[0].Units != 1400 || report.Warnings[len(report.Warnings)-1].Code != "frozen" {
		t.Errorf("the report goes on after the look: %d units", report.Enrolment[0].Units)
	}
	if full, err := r.c.Report(context.Background(), "e", 0, true); err != nil || full.Enrolment[0].Units != 1900 || full.Verdict != analysis.Deploy {
		t.Errorf("in full: %d units, %s, %v", full.Enrolment[0].Units, full.Verdict, err)
	}
	if _, err := r.c.Stop(context.Background(), "e", "me", "enough"); err != nil {
		t.Fatal(err)
	}
	over, err := r.c.Report(context.Background(), "e", 0, false)
	if err != nil || over.Enrolment[0].Units != 1400 || len(over.Warnings) != len(report.Warnings) {
		t.Errorf("after the stop: %d units, %d doubts instead of %d, %v", over.Enrolment[0].Units, len(over.Warnings), len(report.Warnings), err)
	}
	if looks, _ := r.db.Looks(context.Background(), "e", 1); len(looks) < 6 {
		t.Errorf("%d looks are kept for the picture of its course", len(looks))
	}
}

// Harm brings everybody back to the baseline, long before a decision.
func TestHarmRollsBack(t *testing.T) {
	r := newRig(t, planOf(t, "cost_per_request"))
	r.start()
	r.day(300, 1000, 1000, 60)
	r.now = r.now.Add(time.Hour)
	r.c.Turn(context.Background())
	s := r.phase(rollout.Decided, "a fifth of the candidate's users fail")
	if s.Verdict == nil || s.Verdict.Verdict != analysis.RollBack || s.Serves() || !strings.Contains(s.Why, "error_rate") {
		t.Errorf("%+v, %s", s.Verdict, s.Why)
	}
}

// All of the candidate's requests fail and none of the baseline's: there is no
// variance to go by on either side, and no doubt.
func TestTotalFailureRollsBack(t *testing.T) {
	r := newRig(t, planOf(t, "cost_per_request"))
	r.start()
	r.day(100, 1000, 1000, 100)
	r.now = r.now.Add(time.Minute)
	r.c.Turn(context.Background())
	if s := r.phase(rollout.Decided, "all of the candidate's users fail"); s.Serves() {
		t.Error("it is served on")
	}
}

func TestHarmMayPauseOrWarn(t *testing.T) {
	for action, want := range map[string]rollout.Phase{"pause": rollout.Paused, "warn": rollout.Running} {
		p := planOf(t, "cost_per_request")
		p.Bounds[0].Action = action
		r := newRig(t, p)
		r.start()
		r.day(300, 1000, 1000, 60)
		r.now = r.now.Add(time.Minute)
		r.c.Turn(context.Background())
		r.phase(want, action)
	}
}

// No error on either side, at any number of units: that is no failure of the
// proof, or nothing that never fails could ever be deployed.
func TestNothingFailsIsAProof(t *testing.T) {
	p := planOf(t, "cost_per_request")
	p.Bounds[0].Prove = true
	r := newRig(t, p)
	r.start()
	for range 7 {
		r.day(200, 1000, 600, 0)
		r.now = r.now.Add(24 * time.Hour)
	}
	r.c.Turn(context.Background())
	if s := r.phase(rollout.Decided, "after a week"); s.Verdict == nil || s.Verdict.Verdict != analysis.Deploy {
		t.Errorf("verdict %+v", s.Verdict)
	}
}

// Stopping needs neither a report nor the store.
func TestStopWithTheStoreAway(t *testing.T) {
	r := newRig(t, planOf(t, "cost_per_request"))
	r.start()
	r.away = errors.New("gone")
	if _, err := r.c.Stop(context.Background(), "e", "me", "enough"); err != nil {
		t.Fatal(err)
	}
	if s := r.phase(rollout.Archived, "stopped"); s.Serves() || s.Why != "enough" {
		t.Errorf("%+v", s)
	}
	if _, err := r.c.Stop(context.Background(), "e", "me", "again"); err == nil {
		t.Error("stopped twice")
	}
}

// The first of two looks that leaves the question open is kept; the second decides.
func TestTwoLooks(t *testing.T) {
	p := planOf(t, "cost_per_request")
	p.Looks, p.MaxDays = 2, 60
	r := newRig(t, p)
	r.start()
	week := func() {
		for range 7 {
			r.day(200, 1000, 995, 0)
			r.now = r.now.Add(24 * time.Hour)
		}
		r.c.Turn(context.Background())
	}
	week()
	if s := r.phase(rollout.Running, "after the first look"); s.First == nil || s.First.Units != 1400 {
		t.Fatalf("first look %+v", s.First)
	}
	week()
	if s := r.phase(rollout.Decided, "after the second"); s.Verdict == nil {
		t.Error("no verdict")
	}
}

// After the file was lost, what the database knows is in force again; what the
// database lacks is told it.
func TestCatchUp(t *testing.T) {
	r := newRig(t, planOf(t, "cost_per_request"))
	s := rollout.State{Experiment: "e", Epoch: 1, Phase: rollout.Archived, Changed: r.now}
	d, err := rollout.Decision("00000000-0000-7000-8000-000000000001", "default", "me", rollout.Stop, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.db.Apply(context.Background(), &store.Batch{Replica: "x", To: event.Position{Segment: 1, Offset: 1}, Decisions: []*event.Decision{d}}); err != nil {
		t.Fatal(err)
	}
	r.c.catchUp(context.Background())
	r.phase(rollout.Archived, "after the database was read")
	if r.applied != 1 || len(r.kept) != 0 {
		t.Errorf("applied %d times, %d decisions told again", r.applied, len(r.kept))
	}

	r = newRig(t, planOf(t, "cost_per_request"))
	r.book.Merge([]*event.Decision{d})
	r.c.catchUp(context.Background())
	if len(r.kept) != 1 {
		t.Errorf("%d decisions told again, want the one that the database lacks", len(r.kept))
	}
}
