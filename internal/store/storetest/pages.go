package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

var pageCases = []test[EventStore]{
	{"each filter, alone and with others", func(t *testing.T, s EventStore) {
		f := &feed{s: s}
		var all []*event.Event
		for n := range 60 {
			all = append(all, Event(n))
		}
		f.apply(t, &store.Batch{Events: all[30:]})
		f.apply(t, &store.Batch{Events: all[:30]}) // older ones come later
		e := Event(17)
		for _, q := range []store.EventQuery{
			{}, {Project: "default"}, {Project: "other"}, {Route: e.Route}, {Variant: e.Variant()}, {Outcome: e.Outcome.String()},
			{Key: e.Key}, {Model: e.Model}, {Tag: e.Tags[0]}, {Tag: "tier=free"}, {Tag: "tier"}, {Unit: e.Unit},
			{AnyID: e.ID}, {AnyID: e.ClientID}, {AnyID: e.BodyID}, {AnyID: "nobody"},
			{From: Start.Add(10 * time.Second)}, {To: Start.Add(10 * time.Second)},
			{From: Start.Add(10 * time.Second), To: Start.Add(20*time.Second + 1)}, {From: Start.Add(time.Hour)},
			{Route: "nowhere"}, {Variant: "nobody"}, {Outcome: "nothing"}, {Key: "nobody"}, {Model: "nobody"}, {Unit: unit(99)},
			{Route: e.Route, Variant: e.Variant(), Outcome: e.Outcome.String(), Key: e.Key, Model: e.Model},
			{Unit: e.Unit, Route: e.Route, From: Start.Add(5 * time.Second)}, {Tag: e.Tags[0], Key: e.Key, To: Start.Add(40 * time.Second)},
			{AnyID: e.BodyID, Route: e.Route}, {AnyID: e.BodyID, Route: Event(18).Route},
		} {
			var want []int
			for n := len(all) - 1; n >= 0; n-- {
				if q.Matches(all[n]) {
					want = append(want, n)
				}
			}
			wantPage(t, s, q, want...)
		}
	}},
	{"times are compared to the nanosecond", func(t *testing.T, s EventStore) {
		f := &feed{s: s}
		e := Event(1)
		e.Time = e.Time.Add(123456789)
		f.apply(t, &store.Batch{Events: []*event.Event{e}})
		wantPage(t, s, store.EventQuery{From: e.Time}, 1)
		wantPage(t, s, store.EventQuery{From: e.Time.Add(1)})
		wantPage(t, s, store.EventQuery{To: e.Time.Add(1)}, 1)
		wantPage(t, s, store.EventQuery{To: e.Time})
	}},
	{"times far from those of the ids are found", func(t *testing.T, s EventStore) {
		f := &feed{s: s}
		early, late := Event(1), Event(2)
		early.Time, late.Time = early.Time.AddDate(-1, 0, 0), late.Time.AddDate(1, 0, 0)
		f.apply(t, &store.Batch{Events: []*event.Event{early, late, Event(3)}})
		wantPage(t, s, store.EventQuery{To: Start}, 1)
		wantPage(t, s, store.EventQuery{From: Start.AddDate(0, 6, 0)}, 2)
		wantPage(t, s, store.EventQuery{From: Start, To: Start.Add(time.Hour)}, 3)
	}},
	{"cursors stand while events are added", func(t *testing.T, s EventStore) {
		f := &feed{s: s}
		for n := range 20 {
			f.apply(t, &store.Batch{Events: []*event.Event{Event(2 * n)}})
		}
		var seen []string
		added := 100
		for q := (store.EventQuery{Route: "support", Limit: 3}); ; {
			events, next, err := s.FindEvents(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				seen = append(seen, e.ID)
			}
			added++ // newer than all, in front of the cursor; and an older one of another route
			f.apply(t, &store.Batch{Events: []*event.Event{Event(2 * added), Event(2*(added-101) + 1)}})
			if q.Cursor = next; next == "" {
				break
			}
		}
		var want []string
		for n := 19; n >= 0; n-- {
			want = append(want, Event(2*n).ID)
		}
		if !slices.Equal(seen, want) {
			t.Errorf("saw %v\nwant %v", seen, want)
		}
	}},
	{"pages are bounded", func(t *testing.T, s EventStore) {
		f := &feed{s: s}
		var many []*event.Event
		for n := range event.MaxPage + 5 {
			many = append(many, Event(n))
		}
		f.apply(t, &store.Batch{Events: many})
		for asked, want := range map[int]int{0: 50, 7: 7, event.MaxPage * 2: event.MaxPage} {
			got, next, err := s.FindEvents(t.Context(), store.EventQuery{Limit: asked})
			if len(got) != want || next == "" || err != nil {
				t.Errorf("limit %d: %d events, next %q, %v", asked, len(got), next, err)
			}
		}
	}},
	{"a foreign cursor is ErrCursor", func(t *testing.T, s EventStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Events: []*event.Event{Event(1), Event(2)}})
		_, next, err := s.FindEvents(t.Context(), store.EventQuery{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []string{"x", "AAAAAAAA", next + "AA", next[1:], store.Cursor("decisions", Event(1).ID)} {
			if _, _, err := s.FindEvents(t.Context(), store.EventQuery{Cursor: c}); !errors.Is(err, store.ErrCursor) {
				t.Errorf("cursor %q: %v", c, err)
			}
		}
	}},
}
