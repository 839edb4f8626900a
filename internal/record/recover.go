package record

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// An exchange that went upstream has a Begin in the journal, and at its end an
// Event. A process that is killed leaves Begins without one. The next process
// makes an Event of each, with the outcome `interrupted`, and writes it into the
// journal, so that it takes the way of all others. That each counts exactly once
// rests on three things:
//
//   - It is decided at one place: when everything that earlier processes wrote has
//     been applied and nothing of this one has. What is open then, was left behind.
//   - The store's list of what is open changes in the transaction of the batch, so
//     a Begin leaves it together with what its Event counts for.
//   - An event made by recovery counts only while its Begin is open. Killed in the
//     middle, recovery is done again by the next process, after it has read what the
//     first one managed to write.

// resume finds out where the store stands. It tries until it knows or ctx ends.
func (w *Writer) resume(ctx context.Context, st store.Store) error {
	var stored event.Position
	var begins []*event.Begin
	known, err := w.insist(ctx, "read where the journal was left", func() error {
		return w.call(ctx, func(ctx context.Context) (err error) {
			if stored, err = st.Position(ctx, w.cfg.Replica); err != nil {
				return err
			}
			begins, err = st.Open(ctx, w.cfg.Replica)
			return err
		})
	})
	if !known || err != nil {
		return err
	}
	w.from, w.at = stored, stored
	// A store ahead of its journal: the machine died and took the journal's end with
	// it, or the journal was replaced. What is in it from earlier processes has been
	// applied or is not of this store; what this process writes begins here.
	if ours := w.cfg.Source.Recovered(); ours.Before(stored) {
		w.at = ours
		w.cfg.Log.Warn("the store has more than the journal: a part of the journal was lost after it had been stored",
			"stored", stored, "journal", ours)
	}
	for _, b := range begins {
		w.prep.open[b.ID] = b
	}
	w.found(w.at)
	if err := w.seedTalks(ctx, st); errors.Is(err, errLeft) {
		return err
	} else if err != nil && ctx.Err() == nil { // what is recorded does not wait for it
		w.cfg.Log.Warn("conversations that began before the start are not known: if they go on, that is not counted", "error", err)
	}
	return nil
}

// older cuts records where this process began to write: a batch does not hold
// records of both sides.
func (w *Writer) older(items []event.Item) []event.Item {
	if w.crossed {
		return items
	}
	if n := count(items, w.cfg.Source.Recovered()); n > 0 {
		return items[:n]
	}
	return items
}

// cross tells of what earlier processes left open, once, when all they wrote has
// been applied: what comes next was written by this one, or there is nothing.
func (w *Writer) cross(ctx, work context.Context, st store.Store, next []event.Item) error {
	if w.crossed || len(next) > 0 && !w.cfg.Source.Recovered().Before(next[0].Next) {
		return nil
	}
	left := slices.SortedFunc(maps.Values(w.prep.open), func(a, b *event.Begin) int { return compare(a.ID, b.ID) })
	for _, b := range left {
		if w.told[b.ID] {
			continue // before a stop came in between
		}
		if err := w.interrupt(ctx, work, st, b); err != nil {
			return err
		}
		w.told[b.ID] = true
	}
	w.told = nil
	w.crossed = true
	w.mu.Lock()
	w.status.Recovering = false
	w.mu.Unlock()
	if len(left) > 0 {
		w.cfg.Log.Info("exchanges were under way when Weir ended: they are recorded as interrupted", "exchanges", len(left))
	}
	return nil
}

// interrupt tells of one exchange that was left open.
func (w *Writer) interrupt(ctx, work context.Context, st store.Store, b *event.Begin) error {
	ended := false
	known, err := w.insist(ctx, "look for the end of an exchange", func() error {
		return w.call(ctx, func(ctx context.Context) error {
			_, err := st.Event(ctx, b.ID)
			if ended = err == nil; errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		})
	})
	switch {
	case err != nil:
		return err
	case !known:
		return ctx.Err()
	case !ended:
		w.cfg.Recorder.Record(b.Interrupted())
		w.cfg.Counts.Interrupted.Inc()
		return nil
	}
	// Its end came before its beginning: the beginning alone has to go.
	known, err = w.insist(ctx, "close an exchange", func() error {
		d := w.prep.begin(w.from, w.at)
		w.prep.close(d, b.ID)
		_, err := w.apply(work, st, w.prep.finish(d))
		return err
	})
	if err == nil && !known {
		err = ctx.Err()
	}
	return err
}

// insist does something until it succeeds, which known says, or ctx ends. doing is
// "" where the error says it.
func (w *Writer) insist(ctx context.Context, doing string, f func() error) (known bool, err error) {
	for wait := (backoff{}); ctx.Err() == nil; wait.pause(ctx) {
		err := f()
		if err != nil && doing != "" {
			err = fmt.Errorf("%s: %w", doing, err)
		}
		switch {
		case err == nil:
			w.well()
			return true, nil
		case errors.Is(err, errLeft):
			return false, err
		case ctx.Err() == nil:
			w.cfg.Counts.Failures.Inc()
			w.troubled(err)
		}
	}
	return false, nil
}
