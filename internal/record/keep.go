package record

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// Retention takes the store's one writer in small portions, and leaves it nine
// tenths of the time to those who have something to record.
const (
	portion    = 500 // rows
	leastYield = 10 * time.Millisecond
	shareYield = 9 // times what a portion took
)

// sweep deletes what is over its time, in rounds, until ctx ends. A round that
// fails is done again with the next.
func (w *Writer) sweep(ctx context.Context, st store.Store) {
	if w.cfg.Retention == (store.Retention{}) {
		return
	}
	for ctx.Err() == nil {
		if err := w.sweepOnce(ctx, st); err != nil && ctx.Err() == nil {
			w.cfg.Log.Warn("old rows could not be deleted; it is tried again", "error", err, "in", w.cfg.Sweep)
		}
		pause(ctx, w.cfg.Sweep)
	}
}

// sweepOnce deletes all that is over its time now, if the clock can be believed.
func (w *Writer) sweepOnce(ctx context.Context, st store.Store) error {
	now := w.cfg.Now()
	believed, err := w.believes(ctx, st, now)
	if err != nil {
		return fmt.Errorf("look whether the clock agrees with the record: %w", err)
	}
	if !believed {
		return nil
	}
	for more := true; more && ctx.Err() == nil; {
		var deleted int64
		began := time.Now()
		err := bounded(ctx, w.cfg.Timeout, w.sweepHangs, func(ctx context.Context) (err error) {
			deleted, more, err = st.Retain(ctx, w.cfg.Retention, now, portion)
			return err
		})
		if err != nil {
			return fmt.Errorf("delete what is over its time: %w", err)
		}
		w.cfg.Counts.Deleted.Add(uint64(deleted))
		pause(ctx, max(shareYield*time.Since(began), leastYield))
	}
	return nil
}

func (w *Writer) sweepHangs(err error) {
	w.cfg.Log.Warn("old rows are not being deleted", "error", err)
}

// Rebuild computes the variant rows again from the unit rows and gives those that
// differed.
func (w *Writer) Rebuild(ctx context.Context) ([]store.Difference, error) {
	st, err := w.Store()
	if err != nil {
		return nil, fmt.Errorf("rebuild the sums: %w", err)
	}
	return st.Rebuild(ctx)
}

// Forget erases a unit, given by its kind and keyed hash. What was recorded
// before the call is in the store first: it would come back otherwise. What the
// unit does afterwards is recorded as before.
func (w *Writer) Forget(ctx context.Context, kind, unit string) (store.Forgotten, error) {
	st, err := w.Store()
	if err != nil {
		return store.Forgotten{}, fmt.Errorf("forget a unit: %w", err)
	}
	if err := w.Settle(ctx); err != nil {
		return store.Forgotten{}, fmt.Errorf("forget a unit: %w", err)
	}
	return st.Forget(ctx, kind, unit)
}
