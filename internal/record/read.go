package record

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirhq/weir/internal/event"
)

// over is a context that has ended: a Read with it looks and does not wait.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// look gives the records that are there, none if there are none.
func (w *Writer) look() ([]event.Item, error) { return w.readFrom(over) }

// readFrom is Source.Read from where the Writer is. That nothing came is no error.
// When the journal has nothing at the place the store was left at, it was changed
// under the store, or the store under it: a restored backup, a new disk. What the
// journal holds behind that place has not been applied.
func (w *Writer) readFrom(ctx context.Context) ([]event.Item, error) {
	items, err := w.cfg.Source.Read(ctx, w.at, w.cfg.Batch)
	if errors.Is(err, event.ErrPosition) && !w.begun && w.at != (event.Position{}) {
		stored := w.at
		w.at = w.cfg.Source.Nearest(stored) // never before it: that would be applied twice
		w.cfg.Log.Warn("the journal has nothing where the store was left; it is read from the next place", "stored", stored, "journal", w.at)
		items, err = w.cfg.Source.Read(ctx, w.at, w.cfg.Batch)
	}
	switch {
	case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return items, nil
}

// read waits for records. A batch that is not full waits a little for more, so
// that quiet times do not cost a transaction per record. It gives none when there
// are none and something is to be done about that. end says that these are all
// there were.
func (w *Writer) read(ctx, work context.Context) (items []event.Item, end bool, err error) {
	items, err = w.look()
	if err != nil {
		return nil, false, err
	}
	if len(items) == 0 && (!w.crossed || w.unsettled()) {
		return nil, true, nil
	}
	if len(items) == 0 {
		wait, cancel := w.waiting(ctx)
		items, err = w.readFrom(wait)
		cancel()
	}
	if err != nil || len(items) == 0 {
		return nil, false, err
	}
	if len(items) < w.cfg.Batch && w.cfg.Linger > 0 {
		pause(ctx, w.cfg.Linger)
		if items, err = w.look(); err != nil {
			return nil, false, err
		}
	}
	return items, len(items) < w.cfg.Batch, nil
}

// waiting gives the context to wait for records with: it ends when Settle wants
// to know, and when something applied has still to be released.
func (w *Writer) waiting(ctx context.Context) (context.Context, context.CancelFunc) {
	var cancel context.CancelFunc
	if w.released.Before(w.at) {
		ctx, cancel = context.WithTimeout(ctx, max(releaseEvery-w.cfg.Now().Sub(w.releasedAt), 0))
	} else {
		ctx, cancel = context.WithCancel(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle.wake = cancel
	if w.settle.asked != w.settle.known { // it came in between
		cancel()
	}
	return ctx, cancel
}
