package record

import (
	"context"
	"fmt"
)

// settle is how others learn that what was recorded before they asked is in the
// store. Asking is numbered. The Writer notes the number before it looks into the
// journal; once it has applied all it saw there, up to the end, that number is
// known. The Writer's lock guards it.
type settle struct {
	asked, known uint64
	done         chan struct{} // closed, and made anew, when known rises
	wake         func()        // ends the wait for records
}

// Settle waits until everything recorded before the call is in the store.
func (w *Writer) Settle(ctx context.Context) error {
	w.mu.Lock()
	w.settle.asked++
	mine := w.settle.asked
	if w.settle.wake != nil {
		w.settle.wake()
	}
	w.mu.Unlock()
	for {
		w.mu.Lock()
		known, done := w.settle.known, w.settle.done
		w.mu.Unlock()
		if known >= mine {
			return nil
		}
		select {
		case <-done:
		case <-ctx.Done():
			if trouble := w.Status().Error; trouble != "" {
				return fmt.Errorf("what was recorded before is not in the store yet, %s: %w", trouble, ctx.Err())
			}
			return fmt.Errorf("what was recorded before is not in the store yet: %w", ctx.Err())
		}
	}
}

// settling gives the number of those who have asked.
func (w *Writer) settling() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.settle.asked
}

// settled tells those up to a number.
func (w *Writer) settled(asked uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if asked > w.settle.known {
		w.settle.known = asked
		close(w.settle.done)
		w.settle.done = make(chan struct{})
	}
}

// unsettled reports whether somebody waits to be told.
func (w *Writer) unsettled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.settle.asked > w.settle.known
}
