package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// Events tries finding single requests.
func Events(t *testing.T, open func(*testing.T) EventStore) {
	cases(t, open, eventCases)
	cases(t, open, pageCases)
}

var eventCases = []test[EventStore]{
	{"an event comes back whole", func(t *testing.T, s EventStore) {
		f := &feed{s: s}
		bare := &event.Event{ID: ID(Start, 5), Time: Start}
		f.apply(t, &store.Batch{Events: []*event.Event{Full(1), bare}})
		same(t, must[*event.Event](t)(s.Event(t.Context(), Full(1).ID)), Full(1))
		same(t, must[*event.Event](t)(s.Event(t.Context(), bare.ID)), bare)
		if _, err := s.Event(t.Context(), ID(Start, 2)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an id that is not there: %v", err)
		}
	}},
	{"the first of an id stays", func(t *testing.T, s EventStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Events: []*event.Event{Event(1)}})
		again := Event(1)
		again.Outcome, again.Route = event.Interrupted, "other"
		f.apply(t, &store.Batch{Events: []*event.Event{again, Event(2), Event(2)}})
		same(t, must[*event.Event](t)(s.Event(t.Context(), Event(1).ID)), Event(1))
		wantPage(t, s, store.EventQuery{}, 2, 1)
		wantPage(t, s, store.EventQuery{Route: "other"})
	}},
	{"ids and texts of any kind are kept", func(t *testing.T, s EventStore) {
		f := &feed{s: s}
		odd := []*event.Event{
			{ID: "not a uuid", Time: Start, Route: "\x01\x02", Model: "déjà \xff\xfe vu", Key: "'; DROP TABLE events; --", Tags: []string{"=", "a=\x00"}},
			{ID: "ABCDEF01-2345-7000-8000-000000000000", Time: Start.Add(time.Second), Path: "\x01", Unit: "Not Hex", UnitKind: "user"},
		}
		f.apply(t, &store.Batch{Events: odd})
		for _, e := range odd {
			same(t, must[*event.Event](t)(s.Event(t.Context(), e.ID)), e)
		}
		for _, q := range []store.EventQuery{{Route: odd[0].Route}, {Model: odd[0].Model}, {Key: odd[0].Key}, {Tag: "a=\x00"}, {AnyID: "not a uuid"}} {
			if got, _, err := s.FindEvents(t.Context(), q); err != nil || len(got) != 1 || got[0].ID != "not a uuid" {
				t.Errorf("%+v found %d events, %v", q, len(got), err)
			}
		}
	}},
	{"bodies", func(t *testing.T, s EventStore) {
		f := &feed{s: s}
		b := &event.Body{ID: Event(1).ID, Time: Event(1).Time, Request: []byte{0, 1, 255}, Response: []byte("answer"), Cut: true}
		f.apply(t, &store.Batch{Events: []*event.Event{Event(1)}, Bodies: []*event.Body{b}})
		f.apply(t, &store.Batch{Bodies: []*event.Body{{ID: b.ID, Time: b.Time, Request: []byte("other")}}})
		same(t, must[*event.Body](t)(s.Body(t.Context(), b.ID)), b)
		if _, err := s.Body(t.Context(), Event(2).ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a body that was not kept: %v", err)
		}
	}},
	{"scores: the last word of each name and source", func(t *testing.T, s EventStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Scores: []*event.Score{score(1, 1, "thumbs", "feedback", 1), score(2, 1, "thumbs", "judge:a", 2)}})
		f.apply(t, &store.Batch{Scores: []*event.Score{
			score(4, 1, "thumbs", "feedback", 4), score(3, 1, "thumbs", "feedback", 3), // the older one was late
			score(5, 1, "relevance", "feedback", 5), score(6, 2, "thumbs", "feedback", 6), score(4, 1, "thumbs", "feedback", 7),
		}})
		want := []*event.Score{score(5, 1, "relevance", "feedback", 5), score(4, 1, "thumbs", "feedback", 4), score(2, 1, "thumbs", "judge:a", 2)}
		got := must[[]*event.Score](t)(s.Scores(t.Context(), Event(1).ID))
		if len(got) != len(want) {
			t.Fatalf("%d scores, want %d", len(got), len(want))
		}
		for i := range want {
			same(t, got[i], want[i])
		}
		if got, err := s.Scores(t.Context(), Event(9).ID); len(got) != 0 || err != nil {
			t.Errorf("an event of which nothing was said: %d, %v", len(got), err)
		}
	}},
}

// score is the n-th score: n orders their times.
func score(n, of int, name, source string, value int64) *event.Score {
	at := Start.Add(time.Hour + time.Duration(n)*time.Second)
	return &event.Score{
		ID: ID(at, n), Event: Event(of).ID, Project: "default", Time: at, Name: name, Source: source, Value: value, Comment: fmt.Sprint(n), By: "app",
	}
}

// wantPage fails unless the query finds just these, in this order, whatever the
// size of pages.
func wantPage(t *testing.T, s EventStore, q store.EventQuery, want ...int) {
	t.Helper()
	var wanted []string
	for _, n := range want {
		wanted = append(wanted, Event(n).ID)
	}
	for _, size := range []int{0, 1, 3} {
		q.Limit = size
		if got := allPages(t, s, q); !slices.Equal(got, wanted) {
			t.Errorf("%+v: %d events, want %d:\n%v\n%v", q, len(got), len(want), got, wanted)
		}
	}
}

// allPages follows cursors to the end.
func allPages(t *testing.T, s EventStore, q store.EventQuery) (ids []string) {
	t.Helper()
	for {
		events, next, err := s.FindEvents(t.Context(), q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		if len(events) > q.Size() {
			t.Fatalf("%+v: a page of %d", q, len(events))
		}
		for _, e := range events {
			ids = append(ids, e.ID)
		}
		if next == "" {
			return ids
		}
		q.Cursor = next
	}
}
