package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// Leases tries leases. An engine with a clock of its own passes as well: the
// times that the cases give are real.
func Leases(t *testing.T, open func(*testing.T) store.Leases) { cases(t, open, leaseCases) }

var leaseCases = []test[store.Leases]{
	{"one holder at a time, who may renew", func(t *testing.T, s store.Leases) {
		now := time.Now()
		a := must[store.Lease](t)(s.Acquire(t.Context(), "l", "a", time.Minute, now))
		if a.Name != "l" || a.Holder != "a" || a.Fence < 1 || a.Until.Before(now.Add(30*time.Second)) {
			t.Errorf("got %+v", a)
		}
		in, err := s.Acquire(t.Context(), "l", "b", time.Minute, now)
		if !errors.Is(err, store.ErrConflict) || in.Holder != "a" || in.Fence != a.Fence {
			t.Errorf("somebody else: %+v, %v", in, err)
		}
		again := must[store.Lease](t)(s.Acquire(t.Context(), "l", "a", 2*time.Minute, now))
		if again.Fence != a.Fence || !again.Until.After(a.Until) {
			t.Errorf("renewed: %+v after %+v", again, a)
		}
		other := must[store.Lease](t)(s.Acquire(t.Context(), "m", "b", time.Minute, now))
		if other.Holder != "b" {
			t.Errorf("another lease: %+v", other)
		}
	}},
	{"a lease that is over is taken, with a greater fence", func(t *testing.T, s store.Leases) {
		a := must[store.Lease](t)(s.Acquire(t.Context(), "l", "a", 50*time.Millisecond, time.Now()))
		time.Sleep(time.Until(a.Until) + 50*time.Millisecond)
		b := must[store.Lease](t)(s.Acquire(t.Context(), "l", "b", 50*time.Millisecond, time.Now()))
		if b.Holder != "b" || b.Fence <= a.Fence {
			t.Errorf("%+v after %+v", b, a)
		}
		if err := s.Release(t.Context(), a); err != nil { // too late: it is b's
			t.Error(err)
		}
		if in, err := s.Acquire(t.Context(), "l", "c", time.Minute, time.Now()); err == nil && time.Now().Before(b.Until) {
			t.Errorf("the former holder gave b's away: %+v", in)
		}
		time.Sleep(time.Until(b.Until) + 50*time.Millisecond)
		lapsed := must[store.Lease](t)(s.Acquire(t.Context(), "l", "b", time.Minute, time.Now()))
		if lapsed.Fence <= b.Fence {
			t.Errorf("the same holder after its lease was over: %+v after %+v", lapsed, b)
		}
	}},
	{"a lease given back is free", func(t *testing.T, s store.Leases) {
		now := time.Now()
		a := must[store.Lease](t)(s.Acquire(t.Context(), "l", "a", time.Minute, now))
		if err := s.Release(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		b := must[store.Lease](t)(s.Acquire(t.Context(), "l", "b", time.Minute, now))
		if b.Holder != "b" || b.Fence <= a.Fence {
			t.Errorf("%+v after %+v", b, a)
		}
		if err := s.Release(t.Context(), store.Lease{Name: "nobody's", Holder: "a", Fence: 1}); err != nil {
			t.Errorf("one that is not there: %v", err)
		}
	}},
	{"of many who try at once, one has it", func(t *testing.T, s store.Leases) {
		now := time.Now()
		won := make(chan store.Lease, 8)
		var wg sync.WaitGroup
		for n := range 8 {
			wg.Go(func() {
				l, err := s.Acquire(t.Context(), "l", fmt.Sprint("holder ", n), time.Minute, now)
				switch {
				case err == nil:
					won <- l
				case !errors.Is(err, store.ErrConflict):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if close(won); len(won) != 1 {
			t.Errorf("%d holders", len(won))
		}
	}},
}

func decision(n int, subject string) *event.Decision {
	at := Start.Add(time.Duration(n) * time.Second)
	return &event.Decision{ID: ID(at, n), Project: "default", Time: at, Subject: subject, Action: "advance", Reason: fmt.Sprint(n), By: "controller",
		Report: []byte(`{"verdict":"better"}`)}
}

var decisionCases = []test[store.Store]{
	{"newest first, by subject, in pages", func(t *testing.T, s store.Store) {
		f := &feed{s: s}
		for n := range 10 {
			f.apply(t, &store.Batch{Decisions: []*event.Decision{decision(n, pick(n, "rollout/a", "rollout/b")), decision(0, "rollout/a")}})
		}
		for subject, want := range map[string][]int{"": {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, "rollout/a": {8, 6, 4, 2, 0}, "rollout/b": {9, 7, 5, 3, 1}, "nobody": nil} {
			for _, size := range []int{0, 1, 3, 5} {
				wantDecisions(t, s, subject, size, want)
			}
		}
	}},
	{"a foreign cursor is ErrCursor", func(t *testing.T, s store.Store) {
		for _, c := range []string{"x", store.Cursor("events", ID(Start, 1))} {
			if _, _, err := s.FindDecisions(t.Context(), "", 0, c); !errors.Is(err, store.ErrCursor) {
				t.Errorf("%q: %v", c, err)
			}
		}
	}},
}

func wantDecisions(t *testing.T, s store.Store, subject string, size int, want []int) {
	t.Helper()
	var got []*event.Decision
	for cursor := ""; ; {
		page, next, err := s.FindDecisions(t.Context(), subject, size, cursor)
		if err != nil || size > 0 && len(page) > size {
			t.Fatalf("a page of %d, %v", len(page), err)
		}
		got = append(got, page...)
		if cursor = next; next == "" {
			break
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%q: %d decisions, want %d", subject, len(got), len(want))
	}
	for i, n := range want {
		same(t, got[i], decision(n, pick(n, "rollout/a", "rollout/b")))
	}
}

func revision(n int) store.Revision {
	return store.Revision{Hash: fmt.Sprint("hash ", n), Time: Start.Add(time.Duration(n) * time.Hour), Author: "ana", Note: "note", Owner: "store", Restore: n / 2,
		Files: []store.File{{Name: "weir.yaml", Text: fmt.Sprint("routes: {} # ", n)}, {Name: "b.yaml"}}}
}

var revisionCases = []test[store.Revisions]{
	{"revisions are numbered, and found by number and time", func(t *testing.T, s store.Revisions) {
		var want []store.Revision
		for n := range 5 {
			r := must[store.Revision](t)(s.AddRevision(t.Context(), revision(n), n))
			one := revision(n)
			one.Number = n + 1
			equal(t, "added", r, one)
			want = append(want, one)
		}
		for n, one := range want {
			equal(t, "by number", must[store.Revision](t)(s.Revision(t.Context(), n+1)), one)
			equal(t, "by time", must[store.Revision](t)(s.RevisionAt(t.Context(), one.Time)), one)
			equal(t, "by time", must[store.Revision](t)(s.RevisionAt(t.Context(), one.Time.Add(time.Minute))), one)
		}
		equal(t, "the last", must[store.Revision](t)(s.Revision(t.Context(), 0)), want[4])
		for _, number := range []int{-1, 6} {
			if _, err := s.Revision(t.Context(), number); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("number %d: %v", number, err)
			}
		}
		if _, err := s.RevisionAt(t.Context(), Start.Add(-1)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("before the first: %v", err)
		}
	}},
	{"lists are newest first, without files", func(t *testing.T, s store.Revisions) {
		if _, err := s.Revision(t.Context(), 0); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the last of none: %v", err)
		}
		for n := range 5 {
			must[store.Revision](t)(s.AddRevision(t.Context(), revision(n), -1))
		}
		for _, c := range []struct {
			before, limit int
			want          []int
		}{{0, 0, []int{5, 4, 3, 2, 1}}, {0, 2, []int{5, 4}}, {4, 2, []int{3, 2}}, {1, 2, nil}, {99, 1, []int{5}}} {
			var got []int
			for _, r := range must[[]store.Revision](t)(s.ListRevisions(t.Context(), c.before, c.limit)) {
				if got = append(got, r.Number); r.Files != nil || r.Author != "ana" {
					t.Errorf("%+v", r)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("before %d, limit %d: %v, want %v", c.before, c.limit, got, c.want)
			}
		}
	}},
	{"who is not the first gets ErrConflict", func(t *testing.T, s store.Revisions) {
		must[store.Revision](t)(s.AddRevision(t.Context(), revision(0), 0))
		for _, expect := range []int{0, 2} {
			if _, err := s.AddRevision(t.Context(), revision(1), expect); !errors.Is(err, store.ErrConflict) {
				t.Errorf("expecting %d: %v", expect, err)
			}
		}
		var wg sync.WaitGroup
		won := make(chan int, 8)
		for n := range 8 {
			wg.Go(func() {
				r, err := s.AddRevision(t.Context(), revision(n), 1)
				switch {
				case err == nil:
					won <- r.Number
				case !errors.Is(err, store.ErrConflict):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if close(won); len(won) != 1 || <-won != 2 {
			t.Error("not exactly one of eight was the second")
		}
	}},
}
