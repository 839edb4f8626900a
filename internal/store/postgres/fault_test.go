//go:build tools && linux

package postgres

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// S1: PostgreSQL is absent at the start, hangs, dies and comes back. Calls end by
// their context, nothing that was applied is lost or applied twice, and the same
// DB works again each time.
func TestS1PostgreSQLComesAndGoes(t *testing.T) {
	s := newServer(t)
	db := s.openSchema(t, "weir")
	w := &writer{db: db}

	w.refused(t, "absent", 2*time.Second)
	s.start(t)
	w.works(t, "after the start")

	s.signal(syscall.SIGSTOP)
	w.refused(t, "hung", 500*time.Millisecond)
	w.refused(t, "still hung", 500*time.Millisecond) // with a connection of its own to wait for
	s.signal(syscall.SIGCONT)
	w.works(t, "after it hung")

	s.kill()
	w.refused(t, "dead", 2*time.Second)
	s.start(t)
	w.works(t, "after its death")

	if events, _, err := db.FindEvents(t.Context(), store.EventQuery{}); err != nil || len(events) != w.n {
		t.Errorf("%d events of %d, %v", len(events), w.n, err)
	}
	rows, err := db.LedgerRows(t.Context(), store.LedgerQuery{})
	if err != nil || len(rows) != 1 || rows[0].Requests != int64(w.n) {
		t.Errorf("ledger %+v, %v: want %d requests", rows, err, w.n)
	}
}

// writer brings batches as package record does: from the position that is stored.
type writer struct {
	db *DB
	n  int // events applied
}

func (w *writer) apply(ctx context.Context) error {
	at, err := w.db.Position(ctx, "a")
	if err != nil {
		return err
	}
	e := storetest.Event(int(at.Segment))
	return w.db.Apply(ctx, &store.Batch{
		Replica: "a", From: at, To: event.Position{Segment: at.Segment + 1}, Events: []*event.Event{e},
		Ledger: []store.LedgerRow{{Hour: storetest.Start, LedgerSums: store.LedgerSums{Requests: 1}}},
	})
}

// refused: a call fails, no later than its context allows. Ten times the time is
// for a busy machine; a call that hangs takes for ever.
func (w *writer) refused(t *testing.T, when string, limit time.Duration) {
	t.Helper()
	for what, call := range map[string]func(context.Context) error{
		"apply": w.apply,
		"find":  func(ctx context.Context) error { _, _, err := w.db.FindEvents(ctx, store.EventQuery{}); return err },
		"lease": func(ctx context.Context) error {
			_, err := w.db.Acquire(ctx, "l", "a", time.Minute, time.Now())
			return err
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		begun := time.Now()
		err := call(ctx)
		took := time.Since(begun)
		cancel()
		if err == nil || errors.Is(err, store.ErrMoved) {
			t.Fatalf("%s: %s: %v", when, what, err)
		}
		if took > 10*limit {
			t.Errorf("%s: %s ended after %s, its context after %s", when, what, took, limit)
		}
	}
}

// works: calls succeed again. A connection that broke may cost one call each.
func (w *writer) works(t *testing.T, when string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		before, err := w.db.Position(ctx, "a")
		if err == nil {
			err = w.apply(ctx)
		}
		cancel()
		if err == nil {
			w.n = int(before.Segment) + 1
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", when, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	for range 5 {
		if err := w.apply(t.Context()); err != nil {
			t.Errorf("%s: %v", when, err)
		}
		w.n++
	}
}
