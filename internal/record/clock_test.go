package record

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

const aDay = 24 * time.Hour

// daily is a store with an event of each of the last days.
func daily(t *testing.T, days int) *store.Memory {
	st := store.NewMemory()
	b := &store.Batch{Replica: "before", To: event.Position{Offset: 1}}
	for i := days - 1; i >= 0; i-- { // ids are made in order
		b.Events = append(b.Events, eventOf(time.Now().Add(-time.Duration(i)*aDay)))
	}
	if err := st.Apply(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return st
}

func eventOf(at time.Time) *event.Event { return &event.Event{ID: event.NewID(at), Time: at} }

// eventsIn counts those that are kept.
func eventsIn(t *testing.T, st store.Store) int {
	list, _, err := st.FindEvents(t.Context(), store.EventQuery{Limit: event.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// sweeping runs a Writer that keeps events for 90 days by a clock that can be set.
func sweeping(t *testing.T, st store.Store) (w *running, ahead *atomic.Int64) {
	ahead = &atomic.Int64{}
	w = start(t, newDisk().reopen(), st, func(c *Config) {
		c.Retention.Events = 90 * aDay
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	return w, ahead
}

func TestAClockThatLeapsDeletesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := daily(t, 100)
		w, ahead := sweeping(t, st)
		time.Sleep(time.Hour)
		if n := eventsIn(t, st); n != 90 {
			t.Fatalf("%d events of 90 days are kept by a clock that is right", n)
		}
		time.Sleep(4 * aDay) // with nothing asked: the clock has run on for long
		if n := eventsIn(t, st); n != 86 {
			t.Fatalf("%d events are kept after four days, want 86", n)
		}
		for range 3 { // there and back, and again
			ahead.Store(int64(365 * aDay))
			time.Sleep(2 * aDay)
			if n := eventsIn(t, st); n < 80 {
				t.Fatalf("%d events are left by a clock that leapt a year ahead", n)
			}
			ahead.Store(0)
			time.Sleep(time.Hour)
		}
		if n := eventsIn(t, st); n < 79 {
			t.Errorf("%d events are left when the clock is right again", n)
		}
		ahead.Store(int64(365 * aDay))
		time.Sleep(stands + time.Hour) // nobody set it back: it is what time it is
		if n := eventsIn(t, st); n != 0 {
			t.Errorf("%d events are kept by a clock that has stood so for days", n)
		}
		w.stopWell()
	})
}

// A machine that starts with its clock a year ahead, and records requests so.
func TestAClockThatIsWrongFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := daily(t, 90)
		w, ahead := sweeping(t, st)
		ahead.Store(int64(365 * aDay))
		if err := st.Apply(t.Context(), &store.Batch{Replica: "now", To: event.Position{Offset: 1}, Events: []*event.Event{eventOf(time.Now().Add(365 * aDay))}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * aDay)
		if n := eventsIn(t, st); n != 91 {
			t.Errorf("%d events are left, want 91", n)
		}
		w.stopWell()
	})
}

// A machine that sleeps: the clock leaps each morning, and the record agrees with it.
func TestAClockThatLeapsAndIsRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := daily(t, 90)
		w, ahead := sweeping(t, st)
		time.Sleep(time.Hour)
		ahead.Store(int64(aDay + time.Hour))
		time.Sleep(time.Hour)
		if n := eventsIn(t, st); n != 89 && n != 88 {
			t.Errorf("%d events are kept a day later", n)
		}
		w.stopWell()
	})
}

func TestDoubtsAreLoggedOnceADay(t *testing.T) {
	c, told := &sweepClock{}, 0
	for hour := range 49 {
		c.look(time.Time{}, time.Duration(hour)*time.Hour)
		if c.tell() {
			told++
		}
	}
	if told != 3 {
		t.Errorf("told %d times in 49 hours, want 3", told)
	}
}
