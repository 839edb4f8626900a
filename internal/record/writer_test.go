package record

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/store"
)

func TestRecordsReachTheStoreAndTheJournalIsReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		w := start(t, d.reopen(), st, nil)
		for n := range 100 {
			d.Record(exchange(n))
		}
		w.settled()
		if got := requests(t, st)["request"]; got != 100 {
			t.Errorf("the ledger has %d requests, want 100", got)
		}
		time.Sleep(2 * releaseEvery)
		if left := d.backlog(); left != 0 {
			t.Errorf("%d bytes of the journal were not released", left)
		}
		if s := w.Status(); !s.Open || s.Error != "" || s.Lag != 0 || s.Bytes != 0 || s.Records != 0 || s.Applied.IsZero() {
			t.Errorf("status of a Writer with nothing to do: %+v", s)
		}
		w.stopWell()
	})
}

func TestAStopWritesWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		w := start(t, d.reopen(), st, func(c *Config) { c.Linger = time.Hour })
		d.Record(exchange(0))
		synctest.Wait() // it waits for more
		for n := range 50 {
			d.Record(exchange(n + 1))
		}
		w.stopWell()
		if got := requests(t, st)["request"]; got != 51 {
			t.Errorf("the ledger has %d requests, want 51", got)
		}
		if left := d.backlog(); left != 0 {
			t.Errorf("%d bytes of the journal were not released", left)
		}
	})
}

func TestABatchThatIsNotFullWaitsForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, batches := newDisk(), 0
		st := &wrapped{Store: store.NewMemory()}
		st.apply = func(ctx context.Context, b *store.Batch) error { batches++; return st.Store.Apply(ctx, b) }
		w := start(t, d.reopen(), st, func(c *Config) { c.Linger, c.Batch = time.Second, 1000 })
		for n := range 10 {
			d.Record(exchange(n))
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(5 * time.Second)
		w.stopWell()
		if batches != 1 {
			t.Errorf("%d transactions for ten records within a second, want 1", batches)
		}
	})
}

func TestAStoreThatIsAbsentAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st, tries := newDisk(), store.NewMemory(), atomic.Int32{}
		there := time.Now().Add(10 * time.Minute)
		w := start(t, d.reopen(), st, func(c *Config) {
			c.Open = func(context.Context) (store.Store, error) {
				tries.Add(1)
				if time.Now().Before(there) {
					return nil, errInjected
				}
				return st, nil
			}
		})
		d.Record(exchange(0))
		time.Sleep(time.Minute)
		synctest.Wait()
		s := w.Status()
		if s.Open || !strings.Contains(s.Error, "injected") || s.Lag != time.Minute || time.Since(s.Since) != time.Minute || s.Records != 1 {
			t.Errorf("status without a store: %+v", s)
		}
		if _, err := w.Store(); !errors.Is(err, ErrNotOpen) || !strings.Contains(err.Error(), "injected") {
			t.Errorf("Store() = %v", err)
		}
		if n := tries.Load(); n < 12 || n > 40 { // from 100 ms up to 5 s apart
			t.Errorf("tried %d times in a minute", n)
		}
		w.settled()
		if s := w.Status(); !s.Open || s.Error != "" {
			t.Errorf("status with a store: %+v", s)
		}
		w.stopWell()
	})
}

func TestAStopWithoutAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t, newDisk().reopen(), nil, func(c *Config) {
			c.Open = func(context.Context) (store.Store, error) { return nil, errInjected }
		})
		time.Sleep(time.Minute)
		began := time.Now()
		w.stopWell()
		if took := time.Since(began); took > 0 {
			t.Errorf("the stop took %v", took)
		}
	})
}

// hung is a store whose Apply does not come back, whatever its context says,
// until it is let go.
func hung(st store.Store) (w *wrapped, letGo chan struct{}) {
	w, letGo = &wrapped{Store: st}, make(chan struct{})
	w.apply = func(ctx context.Context, b *store.Batch) error {
		<-letGo
		return st.Apply(context.WithoutCancel(ctx), b)
	}
	return w, letGo
}

func TestAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, memory := newDisk(), store.NewMemory()
		st, letGo := hung(memory)
		w := start(t, d.reopen(), st, nil)
		d.Record(exchange(0))
		time.Sleep(10 * time.Minute)
		d.Record(exchange(1)) // recording goes on
		s := w.Status()
		if !strings.Contains(s.Error, "has not answered") || s.Lag != 10*time.Minute || s.Bytes != 200 {
			t.Errorf("status with a store that hangs: %+v", s)
		}
		close(letGo)
		w.settled()
		if got := requests(t, memory)["request"]; got != 2 {
			t.Errorf("%d requests after the store came back, want 2", got)
		}
		if s := w.Status(); s.Error != "" {
			t.Errorf("status after it came back: %+v", s)
		}
		w.stopWell()
	})
}

func TestAStopWhileTheStoreHangsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, memory := newDisk(), store.NewMemory()
		st, letGo := hung(memory)
		w := start(t, d.reopen(), st, func(c *Config) { c.Stop = 5 * time.Second })
		d.Record(exchange(0))
		time.Sleep(time.Minute)
		began := time.Now()
		if err := w.stop(); !errors.Is(err, errLeft) {
			t.Errorf("Run = %v, want that the store was left in a call", err)
		}
		if took := time.Since(began); took > 5*time.Second+2*grace {
			t.Errorf("the stop took %v", took)
		}
		close(letGo) // what it does then is whole: the next process goes on from there
		synctest.Wait()
		w = start(t, d.reopen(), memory, nil)
		d.Record(exchange(1))
		w.settled()
		w.stopWell()
		if got := requests(t, memory)["request"]; got != 2 {
			t.Errorf("%d requests, want 2", got)
		}
	})
}

func TestAStoreThatHeedsItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, slow := newDisk(), switched(true)
		st := &wrapped{Store: store.NewMemory()}
		st.apply = func(ctx context.Context, b *store.Batch) error {
			if slow.Load() {
				<-ctx.Done()
				return ctx.Err()
			}
			return st.Store.Apply(ctx, b)
		}
		w := start(t, d.reopen(), st, nil)
		d.Record(exchange(0))
		time.Sleep(5 * time.Minute)
		if s := w.Status(); !strings.Contains(s.Error, "deadline") {
			t.Errorf("status: %+v", s)
		}
		slow.Store(false)
		w.settled()
		w.stopWell()
		if n := w.cfg.Counts.SetAside.Value(); n != 0 {
			t.Errorf("%d records were set aside because the store was slow", n)
		}
	})
}

func TestABatchTooLargeForTheStoreIsHalved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		st := &wrapped{Store: store.NewMemory()}
		st.apply = func(ctx context.Context, b *store.Batch) error {
			if len(b.Events) > 3 {
				return errInjected
			}
			return st.Store.Apply(ctx, b)
		}
		j := d.reopen()
		for n := range 64 {
			d.Record(exchange(n))
		}
		w := start(t, j, st, nil)
		w.settled()
		w.stopWell()
		if got := requests(t, st)["request"]; got != 64 {
			t.Errorf("%d requests, want 64", got)
		}
		if n := w.cfg.Counts.SetAside.Value(); n != 0 {
			t.Errorf("%d records were set aside", n)
		}
	})
}

// A batch may have been applied although the store said that it was not: the
// connection broke after the commit.
func TestAnErrorAfterTheCommitCountsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, calls := newDisk(), 0
		st := &wrapped{Store: store.NewMemory()}
		st.apply = func(ctx context.Context, b *store.Batch) error {
			err := st.Store.Apply(ctx, b)
			if calls++; err == nil && calls%2 == 1 {
				return errInjected
			}
			return err
		}
		j := d.reopen()
		for n := range 64 {
			d.Record(began(exchange(n)))
			d.Record(exchange(n))
		}
		w := start(t, j, st, nil)
		w.settled()
		w.stopWell()
		if got := requests(t, st)["request"]; got != 64 {
			t.Errorf("%d requests, want 64", got)
		}
		if open := must[[]*event.Begin](t)(st.Open(t.Context(), "r1")); len(open) != 0 {
			t.Errorf("%d exchanges are open", len(open))
		}
		if got := w.cfg.Counts.Applied.Value(); got != 128 {
			t.Errorf("%d records counted as applied, want 128", got)
		}
	})
}

func TestASecondWriterUnderTheSameNameIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		w := start(t, d.reopen(), st, nil)
		d.Record(exchange(0))
		w.settled()
		other := event.Position{Segment: 99, Offset: 12345}
		at := must[event.Position](t)(st.Position(t.Context(), "r1"))
		if err := st.Apply(t.Context(), &store.Batch{Replica: "r1", From: at, To: other}); err != nil {
			t.Fatal(err)
		}
		d.Record(exchange(1))
		w.settled()
		w.stopWell()
		if got := requests(t, st)["request"]; got != 2 {
			t.Errorf("%d requests, want 2: both are of this journal", got)
		}
	})
}

func TestAPanicInTheStoreIsAnErrorOfTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, calls := newDisk(), 0
		st := &wrapped{Store: store.NewMemory()}
		st.apply = func(ctx context.Context, b *store.Batch) error {
			if calls++; calls < 3 {
				panic("a defect")
			}
			return st.Store.Apply(ctx, b)
		}
		w := start(t, d.reopen(), st, nil)
		d.Record(exchange(0))
		w.settled()
		w.stopWell()
	})
}

func TestAStoreThatCannotBeSureYetKeepsTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, sure := newDisk(), switched(false)
		st := &wrapped{Store: store.NewMemory()}
		st.durable = func() error {
			if !sure.Load() {
				return errInjected
			}
			return nil
		}
		w := start(t, d.reopen(), st, nil)
		d.Record(exchange(0))
		time.Sleep(time.Minute)
		if d.backlog() == 0 {
			t.Error("the journal was released although the store was not sure of it")
		}
		if s := w.Status(); !strings.Contains(s.Error, "durable") {
			t.Errorf("status: %+v", s)
		}
		sure.Store(true)
		time.Sleep(time.Minute)
		if left := d.backlog(); left != 0 {
			t.Errorf("%d bytes were not released", left)
		}
		if s := w.Status(); s.Error != "" {
			t.Errorf("status: %+v", s)
		}
		w.stopWell()
	})
}

func TestSettleSaysWhatItWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		st := &wrapped{Store: store.NewMemory(), apply: func(context.Context, *store.Batch) error { return errInjected }}
		w := start(t, d.reopen(), st, nil)
		d.Record(exchange(0))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := w.Settle(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "injected") {
			t.Errorf("Settle = %v", err)
		}
		w.stopWell()
	})
}

func TestNewNeedsItsParts(t *testing.T) {
	j := newDisk().reopen()
	whole := Config{Source: j, Open: Opened(store.NewMemory()), Recorder: j.disk, Replica: "r"}
	for name, change := range map[string]func(*Config){
		"source":       func(c *Config) { c.Source = nil },
		"store":        func(c *Config) { c.Open = nil },
		"recorder":     func(c *Config) { c.Recorder = nil },
		"name":         func(c *Config) { c.Replica = "" },
		"declared twi": func(c *Config) { c.Measures = append(metric.Standard(), metric.Standard()[0]) },
		"function":     func(c *Config) { c.Measures = []metric.Measure{{Name: "x"}} },
		"colon":        func(c *Config) { c.Measures = []metric.Measure{{Name: "score:x", Of: metric.Standard()[0].Of}} },
	} {
		cfg := whole
		change(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if _, err := New(whole); err != nil {
		t.Errorf("with all: %v", err)
	}
}
