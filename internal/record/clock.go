package record

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// What retention deletes does not come back, and it goes by the machine's clock,
// which a person or a broken server of time can put a year ahead. So the clock is
// believed only when something else agrees with it:
//
//   - it has run on for stands without a leap, by the time that this process has
//     been awake: long enough for somebody to see that it is wrong; or
//   - the record shows requests of about then: the newest event of at least stands
//     ago is of a week ago or less. A clock that leapt finds all events before that,
//     and what was recorded since the leap does not count yet.
//
// So a clock that is wrong by less than a week deletes that much too early, and one
// that is wrong by more deletes nothing for the first days. After a pause of more
// than a week retention waits for as long. A clock that is behind keeps too much,
// which does no harm.
const (
	stands = 3 * 24 * time.Hour
	recent = 7 * 24 * time.Hour
	leap   = time.Hour
)

// sweepClock watches the clock that retention goes by.
type sweepClock struct {
	looked bool
	wall   time.Time     // at the last look
	awake  time.Duration // then
	since  time.Duration // awake when it began to run without a leap
	told   time.Duration // awake when a doubt was last logged
	doubts bool
}

// look takes in the time on the wall and how long the process has been awake, and
// says whether the clock has run on for long enough.
func (c *sweepClock) look(wall time.Time, awake time.Duration) (stood bool) {
	wall = wall.Round(0) // else Sub goes by the time awake, which never leaps
	if !c.looked || wall.Sub(c.wall)-(awake-c.awake) > leap {
		c.since = awake
	}
	c.looked, c.wall, c.awake = true, wall, awake
	return awake-c.since >= stands
}

// tell reports whether a doubt is to be logged: when it begins, and once a day.
func (c *sweepClock) tell() bool {
	if c.doubts && c.awake-c.told < 24*time.Hour {
		return false
	}
	c.doubts, c.told = true, c.awake
	return true
}

// believes reports whether what is over its time by now may be deleted.
func (w *Writer) believes(ctx context.Context, st store.Store, now time.Time) (bool, error) {
	c := &w.clock
	if c.look(now, w.awake()) {
		c.doubts = false
		return true, nil
	}
	last, err := w.lastEvent(ctx, st, now.Add(-stands))
	if err != nil {
		return false, err
	}
	if last.IsZero() || now.Sub(last) <= recent {
		c.doubts = false
		return true, nil
	}
	if c.tell() {
		w.cfg.Log.Warn("nothing that is old is deleted for now: the clock is far ahead of the record, so that it may be wrong, or nothing was asked for long",
			"clock", now.UTC().Format(time.RFC3339), "last_event", last.UTC().Format(time.RFC3339), "goes_on", "when the clock has run on for "+stands.String())
	}
	return false, nil
}

// lastEvent is when the newest event before a time came; zero: there is none.
func (w *Writer) lastEvent(ctx context.Context, st store.Store, before time.Time) (last time.Time, err error) {
	err = bounded(ctx, w.cfg.Timeout, w.sweepHangs, func(ctx context.Context) error {
		events, _, err := st.FindEvents(ctx, store.EventQuery{To: before, Limit: 1})
		if err == nil && len(events) > 0 {
			last = events[0].Time
		}
		return err
	})
	return last, err
}
