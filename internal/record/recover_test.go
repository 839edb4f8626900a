package record

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// outcomes counts events by outcome, in the records and in the sums, which must
// agree.
func outcomes(t *testing.T, st store.Store) map[string]int64 {
	t.Helper()
	events, sums := map[string]int64{}, map[string]int64{}
	page, _, err := st.FindEvents(t.Context(), store.EventQuery{Limit: event.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page {
		events[e.Outcome.String()]++
	}
	for _, row := range must[[]store.Rollup](t)(st.RollupRows(t.Context(), store.RollupQuery{})) {
		for word, n := range row.Outcomes {
			sums[word] += n
		}
	}
	if fmt.Sprint(events) != fmt.Sprint(sums) {
		t.Errorf("events say %v, roll-ups %v", events, sums)
	}
	return events
}

func TestWhatWasUnderWayIsInterruptedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		for n := range 10 {
			d.Record(began(exchange(n)))
		}
		for n := range 4 {
			d.Record(exchange(n))
		}
		d.Record(exchange(4).Entry()) // its event was shed
		for life := range 3 {
			w := start(t, d.reopen(), st, nil)
			w.settled()
			w.settled() // what recovery recorded
			if got := outcomes(t, st); got["interrupted"] != 5 || got["ok"] != 4 {
				t.Errorf("life %d: %v, want 5 interrupted and 4 ok", life, got)
			}
			if got, want := w.cfg.Counts.Interrupted.Value(), uint64(5*(1-min(life, 1))); got != want {
				t.Errorf("life %d told of %d exchanges, want %d", life, got, want)
			}
			w.stopWell()
		}
		if got := requests(t, st)["request"]; got != 10 {
			t.Errorf("the ledger has %d requests, want 10", got)
		}
		e := must[*event.Event](t)(st.Event(t.Context(), exchange(9).ID))
		if e.Code != diedCode || e.Unit != exchange(9).Unit || !e.Time.Equal(exchange(9).Time) {
			t.Errorf("the interrupted event: %+v", e)
		}
	})
}

// Without traffic too: nothing else is recorded by the second process.
func TestRecoveryDoesNotWaitForTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		d.Record(began(exchange(0)))
		w := start(t, d.reopen(), st, nil)
		time.Sleep(time.Second)
		if got := outcomes(t, st)["interrupted"]; got != 1 {
			t.Errorf("%d interrupted, want 1", got)
		}
		w.stopWell()
	})
}

func TestWhatThisProcessHasUnderWayIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		d.Record(began(exchange(0)))
		j := d.reopen()
		d.Record(began(exchange(1))) // before the Writer begins: the gateway is quicker
		d.Record(exchange(2))
		w := start(t, j, st, nil)
		w.settled()
		w.settled()
		if got := outcomes(t, st); got["interrupted"] != 1 || got["ok"] != 1 {
			t.Errorf("%v, want 1 interrupted and 1 ok", got)
		}
		d.Record(exchange(1))
		w.settled()
		if got := outcomes(t, st); got["interrupted"] != 1 || got["ok"] != 2 {
			t.Errorf("%v, want 1 interrupted and 2 ok", got)
		}
		w.stopWell()
	})
}

// A Begin that reached the journal after its Event is not an exchange that was
// left behind: the store knows its end.
func TestABeginBehindItsEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		d.Record(exchange(0))
		d.Record(began(exchange(0)))
		w := start(t, d.reopen(), st, nil)
		w.settled()
		w.settled()
		w.stopWell()
		if got := outcomes(t, st); got["ok"] != 1 || got["interrupted"] != 0 {
			t.Errorf("%v, want 1 ok", got)
		}
		if got := requests(t, st)["request"]; got != 1 {
			t.Errorf("the ledger has %d requests, want 1", got)
		}
		if open := must[[]*event.Begin](t)(st.Open(t.Context(), "r1")); len(open) != 0 {
			t.Errorf("%d exchanges are open", len(open))
		}
	})
}

func TestAnInterruptedEventThatComesTwiceCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		b := began(exchange(0))
		d.Record(b)
		d.Record(b.Interrupted())
		d.Record(b.Interrupted())
		w := start(t, d.reopen(), st, nil)
		d.Record(b.Interrupted())
		w.settled()
		w.stopWell()
		if got := requests(t, st)["request"]; got != 1 {
			t.Errorf("the ledger has %d requests, want 1", got)
		}
		if got := w.cfg.Counts.Repeated.Value(); got != 2 {
			t.Errorf("%d repeated, want 2", got)
		}
	})
}

func TestAnInterruptedEventTwiceInABatchCountsOnce(t *testing.T) {
	p := newTestPreparer(t, nil)
	b := began(exchange(0))
	p.open[b.ID] = b // of an earlier batch
	d := batchOf(p, b.Interrupted(), b.Interrupted())
	if len(d.batch.Events) != 1 || d.batch.Ledger[0].Requests != 1 || len(d.batch.Closed) != 1 || d.tally.repeated != 1 {
		t.Errorf("batch: %+v", d.batch)
	}
}

// Recovery that a stop breaks off goes on in the time the stop has, and tells
// nothing twice.
func TestAStopInTheMiddleOfRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, asked := newDisk(), 0
		st := &wrapped{Store: store.NewMemory()}
		stop := make(chan struct{})
		st.find = func(string) error {
			if asked++; asked == 3 {
				<-stop
				return errInjected
			}
			return nil
		}
		for n := range 5 {
			d.Record(began(exchange(n)))
		}
		w := start(t, d.reopen(), st, nil)
		synctest.Wait()
		time.AfterFunc(time.Second, func() { close(stop) })
		w.stopWell()
		if got := w.cfg.Counts.Interrupted.Value(); got != 5 {
			t.Errorf("%d were told of, want 5", got)
		}
		w = start(t, d.reopen(), st, nil)
		w.settled()
		w.stopWell()
		if got := outcomes(t, st)["interrupted"]; got != 5 {
			t.Errorf("%d interrupted, want 5", got)
		}
	})
}

// A power cut may take the end of the journal after the store has it.
func TestAStoreAheadOfItsJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		if err := st.Apply(t.Context(), &store.Batch{
			Replica: "r1", To: event.Position{Segment: 2, Offset: 999_999}, Opened: []*event.Begin{began(exchange(7))},
		}); err != nil {
			t.Fatal(err)
		}
		w := start(t, d.reopen(), st, nil) // segment 2 again
		for n := range 5 {
			d.Record(exchange(n))
		}
		w.settled()
		w.settled()
		w.stopWell()
		if got := outcomes(t, st); got["ok"] != 5 || got["interrupted"] != 1 {
			t.Errorf("%v, want 5 ok and 1 interrupted", got)
		}
	})
}

// A store that was restored from a backup is behind what the journal has released.
func TestAStoreBehindItsJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		if err := st.Apply(t.Context(), &store.Batch{Replica: "r1", To: event.Position{Segment: 1, Offset: firstOffset + 100}}); err != nil {
			t.Fatal(err)
		}
		j := d.reopen()
		for n := range 5 {
			d.Record(exchange(n))
		}
		j.Release(d.items[1].Next)
		w := start(t, j, st, nil)
		w.settled()
		w.stopWell()
		if got := outcomes(t, st)["ok"]; got != 3 {
			t.Errorf("%d events, want the 3 that the journal still has", got)
		}
	})
}

func TestRecoveryWaitsForAStoreThatCannotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, asked := newDisk(), 0
		st := &wrapped{Store: store.NewMemory()}
		st.position = func(context.Context) error {
			if asked++; asked < 20 {
				return errInjected
			}
			return nil
		}
		found := 0
		st.find = func(string) error {
			if found++; found < 20 {
				return errInjected
			}
			return nil
		}
		d.Record(began(exchange(0)))
		w := start(t, d.reopen(), st, nil)
		time.Sleep(time.Minute)
		if s := w.Status(); s.Error == "" {
			t.Errorf("status: %+v", s)
		}
		w.settled()
		w.settled()
		w.stopWell()
		if got := outcomes(t, st)["interrupted"]; got != 1 {
			t.Errorf("%d interrupted, want 1", got)
		}
	})
}
