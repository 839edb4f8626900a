package reconcile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/rollout"
	"github.com/weirhq/weir/internal/store"
)

// week brings seven days of units of the same kind.
func (r *rig) week(n int, costA, costB int64) {
	for range 7 {
		r.day(n, costA, costB, 0)
		r.now = r.now.Add(24 * time.Hour)
	}
}

// A variant that was found better is served on until somebody acts. If it breaks
// then, nobody waits for them.
func TestHarmAfterTheDecisionRollsBack(t *testing.T) {
	r := newRig(t, planOf(t, "cost_per_request"))
	r.start()
	r.week(200, 1000, 600)
	r.c.Turn(context.Background())
	if s := r.phase(rollout.Decided, "after a week"); s.Verdict == nil || s.Verdict.Verdict != analysis.Deploy || !s.Serves() {
		t.Fatalf("%+v", s.Verdict)
	}
	before := r.applied
	r.day(1500, 1000, 600, 1500)
	r.now = r.now.Add(time.Minute)
	r.c.Turn(context.Background())
	s := r.phase(rollout.Decided, "all of the candidate's users fail")
	if s.Serves() || s.Verdict.Verdict != analysis.RollBack || !strings.Contains(s.Why, "The look had said: deploy") || r.applied != before+1 {
		t.Errorf("serves %t, %+v, applied %d times", s.Serves(), s.Verdict, r.applied-before)
	}
	kept := len(r.kept)
	r.now = r.now.Add(time.Minute)
	r.c.Turn(context.Background())
	if len(r.kept) != kept {
		t.Error("it was rolled back twice")
	}
}

// A restart reads a definition that was edited meanwhile: the goal is another one,
// or the weights. Nothing is decided on it, not when time is up either.
func TestWhatWasChangedOverARestartIsNotDecided(t *testing.T) {
	for name, change := range map[string]func(*analysis.Plan){
		"goal": func(p *analysis.Plan) { p.Hash = "other" }, "draw": func(p *analysis.Plan) { p.Draw = "other" },
	} {
		p := planOf(t, "cost_per_request")
		p.Draw = "d"
		r := newRig(t, p)
		r.start()
		r.week(200, 1000, 600)
		change(&r.plan)
		r.now = r.now.Add(100 * 24 * time.Hour)
		r.c.Turn(context.Background())
		r.phase(rollout.Running, name)
		report, err := r.c.Report(context.Background(), "e", 0, false)
		if err != nil || report.Verdict != analysis.NotYet || !strings.Contains(report.Sentence, "changed") {
			t.Errorf("%s: %s, %v", name, report.Sentence, err)
		}
		r.plan = p
		r.c.Turn(context.Background())
		r.phase(rollout.Decided, name+" put back")
	}
}

// Somebody sets the clock back an hour. What was stopped stays so when the
// database is read again, in which the later decision has the later id.
func TestClockSetBack(t *testing.T) {
	r := newRig(t, planOf(t, "cost_per_request"))
	r.start()
	r.now = r.now.Add(-time.Hour)
	if _, err := r.c.Stop(context.Background(), "e", "me", "enough"); err != nil {
		t.Fatal(err)
	}
	again, err := OpenBook("")
	if err != nil {
		t.Fatal(err)
	}
	again.Merge(r.kept)
	r.book.Merge(r.kept[:1])
	for name, b := range map[string]*Book{"read again": again, "merged": r.book} {
		if s := b.State("e", 1); s.Phase != rollout.Archived {
			t.Errorf("%s: it is %s", name, s.Phase)
		}
	}
}

// It was in force without a goal, and people looked. A goal that is added then is
// chosen after looking.
func TestStartOnUnitsThatWereSeen(t *testing.T) {
	r := newRig(t, planOf(t, "cost_per_request"))
	r.day(100, 1000, 600, 0)
	_, _, err := r.c.Start(context.Background(), "e", "me", "a test", true)
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != "epoch_used" || !strings.Contains(f.Hint, "2") {
		t.Errorf("started: %v", err)
	}
	r.phase(rollout.Draft, "refused")
	r.plan.Epoch = 2
	if _, _, err := r.c.Start(context.Background(), "e", "me", "a test", true); err != nil {
		t.Errorf("a new epoch: %v", err)
	}
}

// Three days of an experiment that was stopped do not become a week by waiting.
func TestStoppedGrowsNoOlder(t *testing.T) {
	p := planOf(t, "cost_per_request")
	p.Weekdays = false
	r := newRig(t, p)
	r.start()
	for range 3 {
		r.day(500, 1000, 600, 0)
		r.now = r.now.Add(24 * time.Hour)
	}
	if _, err := r.c.Stop(context.Background(), "e", "me", "enough"); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(60 * 24 * time.Hour)
	report, err := r.c.Report(context.Background(), "e", 0, false)
	if err != nil || report.Verdict != analysis.NotYet || report.Clock.Days > 3 {
		t.Errorf("%v days: %s, %v", report.Clock.Days, report.Sentence, err)
	}
}

// One process takes over from another, and both write. What one decides is in
// force in the other too, and is not overwritten by it.
func TestTwoProcessesShareABook(t *testing.T) {
	name := filepath.Join(t.TempDir(), "plans.json")
	open := func() *rig {
		r := newRig(t, planOf(t, "cost_per_request"))
		var err error
		if r.book, err = OpenBook(name); err != nil {
			t.Fatal(err)
		}
		r.c.cfg.Book = r.book
		return r
	}
	old := open()
	old.start()
	next := open()
	next.phase(rollout.Running, "read at the start")
	if _, err := old.c.Stop(context.Background(), "e", "me", "enough"); err != nil {
		t.Fatal(err)
	}
	next.c.follow()
	next.phase(rollout.Archived, "after the other one stopped it")
	if next.applied != 1 {
		t.Errorf("applied %d times", next.applied)
	}
	next.plan.Epoch = 2
	next.start()
	old.plan.Epoch = 2
	if _, _, err := old.c.Start(context.Background(), "e", "me", "too", true); err == nil {
		t.Error("started twice")
	}
	// Both write at the same time, from the same file: the last one's is there, and
	// lacks what the other wrote.
	lost, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := next.c.Stop(context.Background(), "e", "me", "enough"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name+".tmp", lost, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".tmp", name); err != nil {
		t.Fatal(err)
	}
	next.c.follow()
	old.c.follow()
	if s := old.book.State("e", 2); s.Phase != rollout.Archived {
		t.Errorf("what was overwritten is %s", s.Phase)
	}
	last := open()
	if a, b := last.book.State("e", 1).Phase, last.book.State("e", 2).Phase; a != rollout.Archived || b != rollout.Archived {
		t.Errorf("the file has %s and %s", a, b)
	}
}

// The book was lost, and the last decision was still in the journal when the
// database was read at the start: it is followed when it comes.
func TestDecisionsThatComeLate(t *testing.T) {
	r := newRig(t, planOf(t, "cost_per_request"))
	r.start()
	if _, err := r.c.Stop(context.Background(), "e", "me", "enough"); err != nil {
		t.Fatal(err)
	}
	lost := newRig(t, planOf(t, "cost_per_request"))
	for i, d := range r.kept {
		b := &store.Batch{Replica: "x", From: lost.at, To: event.Position{Segment: 1, Offset: lost.at.Offset + 1}, Decisions: []*event.Decision{d}}
		lost.at = b.To
		if err := lost.db.Apply(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			lost.c.catchUp(context.Background())
			lost.phase(rollout.Running, "what the database had at the start")
		}
	}
	lost.c.Turn(context.Background())
	lost.phase(rollout.Archived, "when the rest had come")
}
