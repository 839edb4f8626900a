package record

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/telemetry"
)

// What was said while the store was away is looked up when it is back: another
// key's request is not spoken of, whether its event comes in the same batch, or
// has long been in the store; what is one's own counts as if it had been checked.
func TestWhatWasTakenUncheckedIsCheckedLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		unowned := &telemetry.Counter{}
		back := time.Now().Add(time.Hour)
		w := start(t, d.reopen(), st, func(c *Config) {
			c.Counts.Unowned = unowned
			c.Open = func(context.Context) (store.Store, error) {
				if time.Now().Before(back) {
					return nil, errInjected
				}
				return st, nil
			}
		})
		mine, theirs := exchange(1), exchange(2)
		mine.Key, theirs.Key = "app", "other"
		d.Record(mine)
		d.Record(theirs)
		said := func(id, of, by string) *event.Score {
			return &event.Score{ID: id, Event: of, Project: mine.Project, Time: time.Now(), Name: "thumbs", Source: "feedback", Type: event.TypeBoolean, Value: 1e6, By: by, Unchecked: true}
		}
		d.Record(said("s1", mine.ID, "app"))
		d.Record(said("s2", theirs.ID, "app"))
		d.Record(said("s3", "01a20309-811d-75fb-b0dc-07fde92f3fe6", "app")) // nobody's that is known here
		time.Sleep(2 * time.Hour)
		w.settled()
		d.Record(said("s4", theirs.ID, "app")) // its event is in the store by now
		w.settled()
		for id, want := range map[string]int{mine.ID: 1, theirs.ID: 0, "01a20309-811d-75fb-b0dc-07fde92f3fe6": 1} {
			got, err := st.Scores(t.Context(), id)
			if err != nil || len(got) != want {
				t.Errorf("%s has %d scores, want %d: %v", id, len(got), want, err)
			}
			for _, s := range got {
				if s.Unchecked != (s.ID == "s3") {
					t.Errorf("%+v", s)
				}
			}
		}
		if n := unowned.Value(); n != 2 {
			t.Errorf("%d were counted as another key's, want 2", n)
		}
		w.stopWell()
	})
}
