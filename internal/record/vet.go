package record

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// vet looks up whose request a score is of that was taken while the store was
// away. What was said of another key's request is dropped; of one that nobody
// knows it stays unchecked: its event may come by another replica, and without an
// exposure it counts for nothing.
func (w *Writer) vet(ctx context.Context, st store.Store, d *prepared) error {
	b := &d.batch
	if !slices.ContainsFunc(b.Scores, func(s *event.Score) bool { return s.Unchecked }) {
		return nil
	}
	scores := make([]*event.Score, 0, len(b.Scores))
	dropped := uint64(0)
	for _, s := range b.Scores {
		if s.Unchecked {
			e, err := w.eventOf(ctx, st, b, s.Event)
			switch {
			case errors.Is(err, store.ErrNotFound):
			case err != nil:
				w.cfg.Counts.Failures.Inc()
				return fmt.Errorf("look up whose request was scored: %w", err)
			case e.Key != s.By || e.Project != s.Project:
				dropped++
				continue
			default:
				checked := *s // records are changed by nobody
				checked.Unchecked = false
				s = &checked
			}
		}
		scores = append(scores, s)
	}
	b.Scores = scores
	d.tally.unowned += dropped
	return nil
}

// eventOf finds an event in the batch, or in the store.
func (w *Writer) eventOf(ctx context.Context, st store.Store, b *store.Batch, id string) (e *event.Event, err error) {
	if at := slices.IndexFunc(b.Events, func(e *event.Event) bool { return e.ID == id }); at >= 0 {
		return b.Events[at], nil
	}
	err = w.call(ctx, func(ctx context.Context) (err error) {
		e, err = st.Event(ctx, id)
		return err
	})
	return e, err
}
