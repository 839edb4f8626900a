package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// Apply tries what Applier promises of positions and of exchanges under way.
func Apply(t *testing.T, open func(*testing.T) store.Applier) { cases(t, open, applyCases) }

var applyCases = []test[store.Applier]{
	{"a replica begins at zero and moves", func(t *testing.T, s store.Applier) {
		f := &feed{s: s, replica: "a"}
		for range 3 {
			if at := must[event.Position](t)(s.Position(t.Context(), "a")); at != f.at {
				t.Fatalf("at %v, want %v", at, f.at)
			}
			f.apply(t, &store.Batch{})
		}
		if at, err := s.Position(t.Context(), "b"); at != (event.Position{}) || err != nil {
			t.Errorf("another replica is at %v, %v", at, err)
		}
	}},
	{"a batch from another position is ErrMoved", func(t *testing.T, s store.Applier) {
		f := &feed{s: s, replica: "a"}
		b := &store.Batch{Opened: []*event.Begin{begin(1)}}
		f.apply(t, b)
		if err := s.Apply(t.Context(), b); !errors.Is(err, store.ErrMoved) {
			t.Errorf("the same batch again: %v", err)
		}
		ahead := &store.Batch{Replica: "a", From: event.Position{Segment: 9}, To: event.Position{Segment: 10}, Opened: []*event.Begin{begin(2)}}
		if err := s.Apply(t.Context(), ahead); !errors.Is(err, store.ErrMoved) {
			t.Errorf("a batch from further on: %v", err)
		}
		wantOpen(t, s, "a", 1)
	}},
	{"positions are kept whole", func(t *testing.T, s store.Applier) {
		to := event.Position{Segment: 1<<63 - 1, Offset: 1<<63 - 1}
		if err := s.Apply(t.Context(), &store.Batch{Replica: "a", To: to}); err != nil {
			t.Fatal(err)
		}
		if at := must[event.Position](t)(s.Position(t.Context(), "a")); at != to {
			t.Errorf("at %v, want %v", at, to)
		}
	}},
	{"what is durable was applied", func(t *testing.T, s store.Applier) {
		f := &feed{s: s, replica: "a"}
		f.apply(t, &store.Batch{Opened: []*event.Begin{begin(1)}})
		at := must[event.Position](t)(s.Durable(t.Context(), "a"))
		if f.at.Before(at) {
			t.Errorf("durable up to %v, applied up to %v", at, f.at)
		}
		if at != f.at {
			t.Errorf("nobody else is at work, and yet only %v of %v is durable", at, f.at)
		}
	}},
	{"begun and ended exchanges", func(t *testing.T, s store.Applier) {
		a, b := &feed{s: s, replica: "a"}, &feed{s: s, replica: "b"}
		a.apply(t, &store.Batch{Opened: []*event.Begin{begin(2), begin(1)}})
		b.apply(t, &store.Batch{Opened: []*event.Begin{begin(3)}})
		wantOpen(t, s, "a", 1, 2)
		a.apply(t, &store.Batch{Opened: []*event.Begin{begin(4)}, Closed: []string{begin(1).ID, begin(3).ID, "nobody"}})
		wantOpen(t, s, "a", 2, 4)
		wantOpen(t, s, "b", 3)
		begins := must[[]*event.Begin](t)(s.Open(t.Context(), "a"))
		same(t, begins[0], begin(2))
	}},
	{"a cancelled context applies nothing", func(t *testing.T, s store.Applier) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := s.Apply(ctx, &store.Batch{Replica: "a", To: event.Position{Segment: 1}, Opened: []*event.Begin{begin(1)}})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		wantOpen(t, s, "a")
	}},
}

func begin(n int) *event.Begin {
	e := Event(n)
	return &event.Begin{
		ID: e.ID, Project: e.Project, Time: e.Time, Revision: "r", Path: "/v1/chat/completions", Route: e.Route, Assignments: e.Assignments,
		UnitKind: e.UnitKind, Unit: e.Unit, Key: e.Key, Tags: e.Tags, Model: e.Model, Stream: true,
	}
}

func wantOpen(t *testing.T, s store.Applier, replica string, want ...int) {
	t.Helper()
	var ids, wanted []string
	for _, b := range must[[]*event.Begin](t)(s.Open(t.Context(), replica)) {
		ids = append(ids, b.ID)
	}
	for _, n := range want {
		wanted = append(wanted, begin(n).ID)
	}
	slices.Sort(ids)
	equal(t, "under way at "+replica, ids, wanted)
}
