package record

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/store"
)

// mostSeeded bounds how many events are read for their conversations at the
// start: a second or two of work.
const mostSeeded = 20_000

// longAnswer is how long before its end an exchange may have arrived: events are
// found by their arrival.
const longAnswer = 10 * time.Minute

// seedTalks remembers the conversations of the last events in the store, so that
// what goes on over a restart is not taken to have ended.
func (w *Writer) seedTalks(ctx context.Context, st store.Store) error {
	seen := map[talkKey]talk{}
	q := store.EventQuery{Limit: event.MaxPage}
	for n := 0; n < mostSeeded; {
		var page []*event.Event
		var next string
		err := w.call(ctx, func(ctx context.Context) (err error) {
			page, next, err = st.FindEvents(ctx, q)
			return err
		})
		if err != nil {
			return err
		}
		if n == 0 && len(page) > 0 { // the newest
			q.From = page[0].Time.Add(-metric.ContinuedWithin - longAnswer)
		}
		for _, e := range page {
			k, t := talkKeyOf(e.Route, e.Conversation), talkOf(e)
			if have, ok := seen[k]; e.Conversation != "" && e.ShadowOf == "" && e.Outcome != event.Invalid && (!ok || t.end.After(have.end)) {
				seen[k] = t
			}
		}
		if n += len(page); next == "" || len(page) == 0 {
			break
		}
		q.Cursor = next
	}
	w.prep.remember(seen)
	return nil
}
