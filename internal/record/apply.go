package record

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// apply applies a batch and gives where the store stands now, which is its end,
// or that of another batch from the same place that had been applied although
// the store had reported an error.
func (w *Writer) apply(ctx context.Context, st store.Store, d *prepared) (to event.Position, err error) {
	if err := w.vet(ctx, st, d); err != nil {
		return to, err
	}
	w.tried[d.batch.To] = d
	err = w.call(ctx, func(ctx context.Context) error { return st.Apply(ctx, &d.batch) })
	switch {
	case errors.Is(err, store.ErrMoved):
		return w.reconcile(ctx, st, d)
	case err != nil:
		w.cfg.Counts.Failures.Inc()
		return to, err
	}
	w.applied(d)
	return d.batch.To, nil
}

// reconcile finds out where the store stands after ErrMoved.
func (w *Writer) reconcile(ctx context.Context, st store.Store, d *prepared) (to event.Position, err error) {
	var stored event.Position
	err = w.call(ctx, func(ctx context.Context) (err error) {
		stored, err = st.Position(ctx, w.cfg.Replica)
		return err
	})
	if err != nil {
		return to, fmt.Errorf("read the journal position: %w", err)
	}
	if before := w.tried[stored]; before != nil && stored != w.from {
		w.applied(before)
		return stored, nil
	}
	// Somebody else moved it: a second Weir that writes under this name. What this
	// journal holds has not been applied, so it is applied from where they left it.
	w.cfg.Log.Error("another Weir writes to this store under the same replica name: give each its own",
		"replica", w.cfg.Replica, "position", stored, "expected", d.batch.From)
	w.from = stored
	clear(w.tried)
	return to, fmt.Errorf("the replica name %q is used by another Weir: %w", w.cfg.Replica, store.ErrMoved)
}

// applied takes note of a batch that is in the store.
func (w *Writer) applied(d *prepared) {
	w.prep.applied(d)
	moved := w.at != d.batch.To
	w.from, w.at = d.batch.To, d.batch.To
	clear(w.tried)
	w.begun = true
	if !moved {
		return // it had no records
	}
	w.stuck = stuck{}
	w.advanced(d)
	w.well()
	c, t := &w.cfg.Counts, &d.tally
	c.Batches.Inc()
	c.Applied.Add(t.records)
	c.Unknown.Add(t.unknown)
	c.Repeated.Add(t.repeated)
	c.LeftOut.Add(t.leftOut)
	c.TagsOther.Add(t.tagsOther)
	c.Unowned.Add(t.unowned)
}
