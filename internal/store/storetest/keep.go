package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// retain calls Retain until it is done, and counts calls and rows.
func retain(t *testing.T, s store.Keeper, r store.Retention, now time.Time, limit int) (deleted int64) {
	t.Helper()
	for calls := 0; ; calls++ {
		n, more, err := s.Retain(t.Context(), r, now, limit)
		if err != nil {
			t.Fatal(err)
		}
		if n > int64(limit) {
			t.Fatalf("%d rows in one call, the limit is %d", n, limit)
		}
		deleted += n
		if !more {
			return deleted
		}
		if calls > 1000 {
			t.Fatal("it never ends")
		}
	}
}

var keeperCases = []test[store.Store]{
	{"what is over its time is deleted, in portions", func(t *testing.T, s store.Store) {
		f := &feed{s: s}
		b := &store.Batch{}
		for n := range 40 {
			e := Event(n)
			e.Time = Start.Add(time.Duration(n) * time.Hour)
			e.ID = ID(e.Time, n)
			x := exposure(n, n, "x")
			x.RequestID, x.Time = e.ID, e.Time
			sc := score(n, n, "thumbs", "feedback", 1)
			sc.Event, sc.Time = e.ID, e.Time
			row := rollup(t, 0, fmt.Sprint(n), 1)
			row.Minute = e.Time
			b.Events = append(b.Events, e)
			b.Bodies = append(b.Bodies, &event.Body{ID: e.ID, Time: e.Time, Request: []byte("r")})
			b.Exposures = append(b.Exposures, x)
			b.Scores = append(b.Scores, sc)
			b.Rollups = append(b.Rollups, row)
			b.Traffic = append(b.Traffic, store.TrafficRow{Hour: e.Time, Route: "a", Assigned: 1})
			b.Ledger = append(b.Ledger, ledgerRow(n, "a", "k", "", "request", 1))
		}
		f.apply(t, b)
		now := Start.Add(40 * time.Hour) // kept are: 30 events, 10 bodies, 35 roll-ups and hours, 20 exposures, 30 scores
		r := store.Retention{Events: 30 * time.Hour, Bodies: 10 * time.Hour, Rollups: 35 * time.Hour, Exposures: 20 * time.Hour}
		variants := must[[]store.VariantRow](t)(s.VariantRows(t.Context(), "x"))
		if n := retain(t, s, r, now, 7); n != 10+30+5+5+20+10 {
			t.Errorf("%d rows were deleted", n)
		}
		wantKept(t, s, b, 10, 30, 20, 10)
		if n := len(must[[]store.Rollup](t)(s.RollupRows(t.Context(), store.RollupQuery{}))); n != 35 {
			t.Errorf("%d roll-ups", n)
		}
		if n := len(must[[]store.TrafficRow](t)(s.TrafficRows(t.Context(), store.RollupQuery{}))); n != 35 {
			t.Errorf("%d traffic rows", n)
		}
		if n := len(must[[]store.LedgerRow](t)(s.LedgerRows(t.Context(), store.LedgerQuery{}))); n != 40 {
			t.Errorf("%d ledger rows: money is never deleted", n)
		}
		equal(t, "variant rows", must[[]store.VariantRow](t)(s.VariantRows(t.Context(), "x")), variants)
		if n := retain(t, s, r, now, 7); n != 0 {
			t.Errorf("%d rows a second time", n)
		}
		if n := retain(t, s, store.Retention{}, now.AddDate(99, 0, 0), 7); n != 0 {
			t.Errorf("%d rows when all is kept for ever", n)
		}
		f.apply(t, &store.Batch{Events: []*event.Event{Event(1)}}) // there is life after it
	}},
	{"a unit is forgotten", func(t *testing.T, s store.Store) {
		f := &feed{s: s}
		b := &store.Batch{}
		for n := range 21 {
			x := exposure(n, n%7, "x")
			x.UnitKey.Unit = unit(n % 7)
			b.Events = append(b.Events, Event(n))
			b.Bodies = append(b.Bodies, &event.Body{ID: Event(n).ID, Time: Start, Request: []byte("r")})
			b.Exposures = append(b.Exposures, x)
			b.Scores = append(b.Scores, score(n, n, "thumbs", "feedback", int64(n)))
			b.Units = append(b.Units, delta(n%7, "a", value("cost", 1, int64(n))))
			b.Ledger = append(b.Ledger, ledgerRow(0, "a", "k", "", "request", 1))
		}
		f.apply(t, b)
		if got, err := s.Forget(t.Context(), "session", unit(3)); err != nil || got != (store.Forgotten{}) {
			t.Errorf("a unit of another kind: %+v, %v", got, err)
		}
		ledger := must[[]store.LedgerRow](t)(s.LedgerRows(t.Context(), store.LedgerQuery{}))
		got := must[store.Forgotten](t)(s.Forget(t.Context(), "user", unit(3)))
		equal(t, "forgotten", got, store.Forgotten{Events: 3, Units: 1, Exposures: 3, Bodies: 3, Scores: 3})
		if again := must[store.Forgotten](t)(s.Forget(t.Context(), "user", unit(3))); again != (store.Forgotten{}) {
			t.Errorf("a second time: %+v", again)
		}
		wantPage(t, s, store.EventQuery{Unit: unit(3)})
		wantPage(t, s, store.EventQuery{AnyID: Event(10).BodyID})
		for n := range 21 {
			_, eventErr := s.Event(t.Context(), Event(n).ID)
			_, bodyErr := s.Body(t.Context(), Event(n).ID)
			_, exposureErr := s.Exposure(t.Context(), Event(n).ID)
			for _, err := range []error{eventErr, bodyErr, exposureErr} {
				if (n%7 == 3) != isNotFound(err) {
					t.Errorf("event %d: %v", n, err)
				}
			}
			if scores := must[[]*event.Score](t)(s.Scores(t.Context(), Event(n).ID)); (len(scores) == 0) != (n%7 == 3) {
				t.Errorf("event %d has %d scores", n, len(scores))
			}
		}
		wantRecomputed(t, s)
		if rows := allUnits(t, s, "x"); len(rows) != 6 {
			t.Errorf("%d unit rows", len(rows))
		}
		equal(t, "ledger", must[[]store.LedgerRow](t)(s.LedgerRows(t.Context(), store.LedgerQuery{})), ledger)
		f.apply(t, &store.Batch{Events: []*event.Event{Event(3)}}) // a person may come back
		wantPage(t, s, store.EventQuery{Unit: unit(3)}, 3)
	}},
	{"what it says of itself", func(t *testing.T, s store.Store) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Events: []*event.Event{Event(1), Event(2), Event(1)}})
		info := must[store.Info](t)(s.Info(t.Context()))
		if info.Engine == "" || info.Rows["events"] != 2 {
			t.Errorf("%+v", info)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Errorf("nothing is damaged: %v", err)
		}
	}},
}

// wantKept fails unless of the batch's rows just those are left whose number is
// at least the one given.
func wantKept(t *testing.T, s store.Store, b *store.Batch, events, bodies, exposures, scores int) {
	t.Helper()
	for n, e := range b.Events {
		_, err := s.Event(t.Context(), e.ID)
		there(t, "event", n, err, events)
		_, err = s.Body(t.Context(), e.ID)
		there(t, "body", n, err, bodies)
		_, err = s.Exposure(t.Context(), e.ID)
		there(t, "exposure", n, err, exposures)
		if found := must[[]*event.Score](t)(s.Scores(t.Context(), e.ID)); len(found) > 0 != (n >= scores) {
			t.Errorf("score %d: %d found", n, len(found))
		}
	}
	if got := allPages(t, s, store.EventQuery{Tag: "tier=free", Limit: 4}); len(got) != len(b.Events)-events {
		t.Errorf("%d events are found", len(got))
	}
}

func there(t *testing.T, what string, n int, err error, from int) {
	t.Helper()
	if n >= from && err != nil || n < from && !isNotFound(err) {
		t.Errorf("%s %d: %v", what, n, err)
	}
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
