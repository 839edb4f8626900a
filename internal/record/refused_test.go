package record

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// picky is a store that refuses batches with certain records.
func picky(refuses func(*store.Batch) bool) *wrapped {
	w := &wrapped{Store: store.NewMemory()}
	w.apply = func(ctx context.Context, b *store.Batch) error {
		if refuses(b) {
			return errInjected
		}
		return w.Store.Apply(ctx, b)
	}
	return w
}

// events refuses those events.
func events(ids ...string) func(*store.Batch) bool {
	return func(b *store.Batch) bool {
		return slices.ContainsFunc(b.Events, func(e *event.Event) bool { return slices.Contains(ids, e.ID) })
	}
}

// sideFile is what was set aside.
type sideFile struct{ ids []string }

func (s *sideFile) keep(r event.Record, why error) error {
	if !errors.Is(why, errInjected) {
		return fmt.Errorf("set aside for %w", why)
	}
	s.ids = append(s.ids, recordID(r))
	return nil
}

func TestARecordThatTheStoreRefusesIsSetAsideAndNothingElse(t *testing.T) {
	for _, bad := range [][]int{{50}, {0}, {99}, {10, 11}, {10, 40, 41, 42, 90}, {3, 4, 5, 6, 7, 8}} {
		t.Run(fmt.Sprint(bad), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { refuse(t, bad) })
		})
	}
}

func refuse(t *testing.T, bad []int) {
	var ids []string
	for _, n := range bad {
		ids = append(ids, exchange(n).ID)
	}
	d, st, side := newDisk(), picky(events(ids...)), &sideFile{}
	j := d.reopen()
	for n := range 100 {
		d.Record(began(exchange(n)))
		d.Record(exchange(n))
	}
	w := start(t, j, st, func(c *Config) { c.SetAside = side.keep })
	began := time.Now()
	time.Sleep(20 * time.Second)
	d.Record(exchange(100)) // the last has one after it now
	w.settled()
	if took := time.Since(began); took > 3*time.Minute {
		t.Errorf("it took %v", took)
	}
	if !slices.Equal(side.ids, ids) {
		t.Errorf("set aside: %v, want %v", side.ids, ids)
	}
	if n := w.cfg.Counts.SetAside.Value(); n != uint64(len(ids)) {
		t.Errorf("%d counted as set aside, want %d", n, len(ids))
	}
	if got := outcomes(t, st)["ok"]; got != int64(101-len(ids)) {
		t.Errorf("%d events, want %d", got, 101-len(ids))
	}
	if got := requests(t, st)["request"]; got != 101 {
		t.Errorf("the ledger has %d requests, want 101: the money of a refused event counts", got)
	}
	if open := must[[]*event.Begin](t)(st.Open(t.Context(), "r1")); len(open) != 0 {
		t.Errorf("%d exchanges are open", len(open))
	}
	w.stopWell()
}

func TestARefusedRecordWithNothingAfterItIsTriedForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st, side := newDisk(), picky(events(exchange(0).ID)), &sideFile{}
		w := start(t, d.reopen(), st, func(c *Config) { c.SetAside, c.Patience = side.keep, time.Hour })
		d.Record(exchange(0))
		time.Sleep(50 * time.Minute)
		if n := w.cfg.Counts.SetAside.Value(); n != 0 {
			t.Errorf("set aside after 50 minutes")
		}
		if s := w.Status(); !strings.Contains(s.Error, "works and refuses a record") {
			t.Errorf("status: %+v", s)
		}
		time.Sleep(11 * time.Minute)
		if n := w.cfg.Counts.SetAside.Value(); n != 1 {
			t.Errorf("not set aside after an hour")
		}
		if got := requests(t, st)["request"]; got != 1 {
			t.Errorf("the ledger has %d requests, want 1", got)
		}
		w.stopWell()
	})
}

// A full disk takes small things and refuses large ones. No event may be given up
// for that.
func TestAStoreThatRefusesEveryEventLosesNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := switched(true)
		d := newDisk()
		st := picky(func(b *store.Batch) bool { return full.Load() && (len(b.Events) > 0 || len(b.Entries) > 0) })
		j := d.reopen()
		for n := range 100 {
			d.Record(began(exchange(n)))
			d.Record(exchange(n))
		}
		w := start(t, j, st, nil)
		time.Sleep(3 * time.Hour)
		if n := w.cfg.Counts.SetAside.Value(); n != 0 {
			t.Errorf("%d records were set aside", n)
		}
		full.Store(false)
		w.settled()
		w.stopWell()
		if got := outcomes(t, st)["ok"]; got != 100 {
			t.Errorf("%d events, want 100", got)
		}
	})
}

func TestAStoreThatRefusesEverythingLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away, side := switched(true), &sideFile{}
		d, st := newDisk(), picky(func(*store.Batch) bool { return away.Load() })
		j := d.reopen()
		for n := range 100 {
			d.Record(exchange(n))
		}
		w := start(t, j, st, func(c *Config) { c.SetAside = side.keep })
		time.Sleep(10 * time.Hour)
		away.Store(false)
		before := time.Now()
		w.settled()
		if took := time.Since(before); took > 3*backoffMost {
			t.Errorf("it took %v to go on", took)
		}
		w.stopWell()
		if got := outcomes(t, st)["ok"]; got != 100 || len(side.ids) > 0 {
			t.Errorf("%d events, want 100; set aside: %v", got, side.ids)
		}
	})
}

func TestWithoutASideFileNothingIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := switched(true)
		d, st := newDisk(), picky(events(exchange(1).ID))
		j := d.reopen()
		for n := range 5 {
			d.Record(exchange(n))
		}
		w := start(t, j, st, func(c *Config) {
			c.SetAside = func(event.Record, error) error {
				if broken.Load() {
					return errors.New("no space left")
				}
				return nil
			}
		})
		time.Sleep(time.Hour)
		if s := w.Status(); !strings.Contains(s.Error, "no space left") || !strings.Contains(s.Error, exchange(1).ID) {
			t.Errorf("status: %+v", s)
		}
		if got := outcomes(t, st)["ok"]; got != 1 {
			t.Errorf("%d events are in the store, want 1", got)
		}
		broken.Store(false)
		w.settled()
		w.stopWell()
		if got := outcomes(t, st)["ok"]; got != 4 {
			t.Errorf("%d events are in the store, want 4", got)
		}
	})
}

// An engine that takes no zero bytes refuses the event, and its money too until
// it is cleaned.
func TestTheMoneyOfARefusedEventIsCleaned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		st := picky(func(b *store.Batch) bool {
			return slices.ContainsFunc(b.Ledger, func(r store.LedgerRow) bool { return strings.Contains(r.Key+r.Tags, "\x00") })
		})
		j := d.reopen()
		for n := range 5 {
			e := exchange(n)
			if n == 2 {
				e.Key, e.Tags = "app\x00", []string{"t=\x00"}
			}
			d.Record(e)
		}
		w := start(t, j, st, nil)
		w.settled()
		w.stopWell()
		if got := requests(t, st)["request"]; got != 5 {
			t.Errorf("the ledger has %d requests, want 5", got)
		}
		if n := w.cfg.Counts.SetAside.Value(); n != 1 {
			t.Errorf("%d were set aside, want 1", n)
		}
	})
}

func TestRefusedRecordsOfOtherKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		st := picky(func(b *store.Batch) bool {
			return slices.ContainsFunc(b.Scores, func(s *event.Score) bool { return s.ID == "bad" })
		})
		j := d.reopen()
		d.Record(&event.Score{ID: "bad", Event: "e", Name: "thumbs"})
		d.Record(exchange(0))
		w := start(t, j, st, nil)
		time.Sleep(time.Hour) // an event proves nothing for scores; patience does
		d.Record(&event.Score{ID: "good", Event: exchange(0).ID, Name: "thumbs"})
		w.settled()
		w.stopWell()
		if n := w.cfg.Counts.SetAside.Value(); n != 1 {
			t.Errorf("%d were set aside, want 1", n)
		}
		if scores := must[[]*event.Score](t)(st.Scores(t.Context(), exchange(0).ID)); len(scores) != 1 {
			t.Errorf("%d scores, want 1", len(scores))
		}
	})
}
