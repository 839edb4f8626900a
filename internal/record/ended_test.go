package record

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/event/journal"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

// An exchange that began on disk and ended while only money fitted, in memory, has
// ended: the next process does not take it for interrupted, nor count it again.
func TestEndedInMemory(t *testing.T) {
	dir, st, now := t.TempDir(), store.NewMemory(), time.Now()
	open := func() *journal.Journal {
		return must[*journal.Journal](t)(journal.Open(journal.Config{Dir: dir, Replica: "0", Limit: 1 << 20}))
	}
	j, id := open(), event.NewID(now)
	j.Record(&event.Begin{ID: id, Project: "default", Time: now, Route: "r"})
	for j.Stats().Level < 1000 {
		j.Record(&event.Decision{ID: event.NewID(now), Time: now, Reason: strings.Repeat("x", 1000)})
	}
	j.Record(&event.Event{ID: id, Project: "default", Time: now, Route: "r", Cost: 7, CostBasis: meter.Priced})
	for j.Stats().InMemory > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second reads what the first may have made up
		j = open()
		w := must[*Writer](t)(New(Config{Source: j, Recorder: j, Replica: "0", Open: Opened(st)}))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		if err := w.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		j.Close()
	}
	var sums store.LedgerSums
	for _, row := range must[[]store.LedgerRow](t)(st.LedgerRows(t.Context(), store.LedgerQuery{})) {
		sums.Add(row.LedgerSums)
	}
	if sums != (store.LedgerSums{Requests: 1, Cost: 7}) {
		t.Errorf("the ledger has %+v", sums)
	}
	if e, err := st.Event(t.Context(), id); err == nil {
		t.Errorf("it is told as %s", e.Outcome)
	}
}
