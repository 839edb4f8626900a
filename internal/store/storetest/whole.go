package storetest

import (
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

var wholeCases = []test[store.Store]{
	{"it answers as the twin in memory does", func(t *testing.T, s store.Store) {
		r := rand.New(rand.NewPCG(3, 4))
		twin := store.NewMemory()
		f, g := &feed{s: s, replica: "a"}, &feed{s: twin, replica: "a"}
		for n := range 20 {
			b := Random(r, 15)
			f.apply(t, b)
			g.apply(t, b)
			if n%5 != 4 {
				continue
			}
			who := unit(r.IntN(7))
			equal(t, "forgotten", must[store.Forgotten](t)(s.Forget(t.Context(), "user", who)), must[store.Forgotten](t)(twin.Forget(t.Context(), "user", who)))
			keep := store.Retention{Events: time.Duration(400-n*10) * time.Second, Rollups: time.Hour, Bodies: time.Minute, Exposures: 200 * time.Second}
			now := Start.Add(400 * time.Second)
			equal(t, "deleted", retain(t, s, keep, now, 11), retain(t, twin, keep, now, 1000))
		}
		wantSameDump(t, s, twin, "a")
		wantRecomputed(t, s)
	}},
	{"a batch that fails at the end leaves nothing", func(t *testing.T, s store.Store) {
		f := &feed{s: s, replica: "a"}
		r := rand.New(rand.NewPCG(7, 8))
		f.apply(t, Random(r, 10))
		before := must[string](t)(Dump(t.Context(), s, "a"))
		b := Random(r, 10)
		b.Replica, b.From, b.To = "a", f.at, f.next()
		b.Sketches = append(b.Sketches, store.SketchRow{Experiment: "x", Variant: "a", Metric: "m", Sketch: []byte{99}})
		if err := s.Apply(t.Context(), b); err == nil || errors.Is(err, store.ErrMoved) {
			t.Fatalf("got %v", err)
		}
		equal(t, "after a batch that failed", must[string](t)(Dump(t.Context(), s, "a")), before)
		b.Sketches = b.Sketches[:len(b.Sketches)-1]
		if err := s.Apply(t.Context(), b); err != nil {
			t.Errorf("mended: %v", err)
		}
	}},
	{"readers see whole batches while a writer writes", readersSeeWholeBatches},
}

// readersSeeWholeBatches: each batch adds one event, one request in the ledger
// and one unit. A reader that reads the events after the ledger must see as many
// or more, never fewer.
func readersSeeWholeBatches(t *testing.T, s store.Store) {
	const batches = 100
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					readWhole(t, s)
				}
			}
		})
	}
	f := &feed{s: s, replica: "a"}
	for n := range batches {
		f.apply(t, &store.Batch{
			Events: []*event.Event{Event(n)}, Ledger: []store.LedgerRow{ledgerRow(0, "a", "k", "", "request", 1)},
			Units: []store.UnitDelta{delta(n, "a", value("m", 1, 1))},
		})
	}
	close(stop)
	wg.Wait()
	if rows := must[[]store.VariantRow](t)(s.VariantRows(t.Context(), "x")); len(rows) != 1 || rows[0].Units != batches {
		t.Errorf("at the end: %+v", rows)
	}
}

func readWhole(t *testing.T, s store.Store) {
	ledger, err := s.LedgerRows(t.Context(), store.LedgerQuery{})
	if err != nil {
		t.Error(err)
		return
	}
	variants, err := s.VariantRows(t.Context(), "x")
	if err != nil {
		t.Error(err)
		return
	}
	events, _, err := s.FindEvents(t.Context(), store.EventQuery{Limit: event.MaxPage})
	if err != nil {
		t.Error(err)
		return
	}
	requests, units := 0, 0
	if len(ledger) > 0 {
		requests = int(ledger[0].Requests)
	}
	if len(variants) > 0 {
		units = int(variants[0].Units)
	}
	if requests > units || units > len(events) {
		t.Errorf("%d in the ledger, then %d units, then %d events", requests, units, len(events))
	}
}

// wantSameDump fails at the first line that differs.
func wantSameDump(t *testing.T, s, twin store.Store, replicas ...string) {
	t.Helper()
	got, want := must[string](t)(Dump(t.Context(), s, replicas...)), must[string](t)(Dump(t.Context(), twin, replicas...))
	if got == want {
		return
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	t.Errorf("they differ at byte %d of %d and %d:\ngot  …%.300q\nwant …%.300q", at, len(got), len(want), got[max(0, at-100):], want[max(0, at-100):])
}
