package record

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/store"
)

func TestRetentionWorksInPortionsAndYields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left, calls atomic.Int64
		left.Store(5000)
		const work = 100 * time.Millisecond
		st := &sweeper{Store: store.NewMemory(), retain: func(r store.Retention, limit int) (int64, bool) {
			calls.Add(1)
			time.Sleep(work)
			n := min(left.Load(), int64(limit))
			return n, left.Add(-n) > 0
		}}
		d := newDisk()
		w := start(t, d.reopen(), st, func(c *Config) { c.Retention.Events = time.Hour })
		began := time.Now()
		for left.Load() > 0 {
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(began); 10*work > took/5 {
			t.Errorf("retention worked a second of %v", took)
		}
		if n := calls.Load(); n != 10 {
			t.Errorf("%d portions, want 10", n)
		}
		synctest.Wait()
		if got := w.cfg.Counts.Deleted.Value(); got != 5000 {
			t.Errorf("%d rows counted as deleted", got)
		}
		time.Sleep(w.cfg.Sweep + 10*time.Second)
		synctest.Wait()
		if n := calls.Load(); n != 11 {
			t.Errorf("%d calls in all, want one more round", n)
		}
		w.stopWell()
	})
}

// sweeper is a store whose retention is watched.
type sweeper struct {
	store.Store
	retain func(r store.Retention, limit int) (int64, bool)
}

func (s *sweeper) Retain(_ context.Context, r store.Retention, _ time.Time, limit int) (int64, bool, error) {
	n, more := s.retain(r, limit)
	return n, more, nil
}

func TestForgetTakesWhatWasRecordedBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		w := start(t, d.reopen(), st, func(c *Config) { c.Linger = time.Minute })
		synctest.Wait() // the store is open
		for n := range 7 {
			d.Record(exchange(n))
		}
		gone := must[store.Forgotten](t)(w.Forget(t.Context(), "user", exchange(3).Unit))
		if gone.Events != 1 || gone.Units != 1 {
			t.Errorf("forgotten: %+v", gone)
		}
		if _, err := st.Event(t.Context(), exchange(3).ID); err == nil {
			t.Error("the event is still there")
		}
		if wrong := must[[]store.Difference](t)(w.Rebuild(t.Context())); len(wrong) > 0 {
			t.Errorf("rebuilt: %+v", wrong)
		}
		w.stopWell()
	})
}

func TestForgetWithoutAStore(t *testing.T) {
	j := newDisk().reopen()
	w := must[*Writer](t)(New(Config{Source: j, Open: Opened(store.NewMemory()), Recorder: j.disk, Replica: "r1"}))
	if _, err := w.Forget(t.Context(), "user", "x"); !errors.Is(err, ErrNotOpen) {
		t.Errorf("Forget = %v", err)
	}
	if _, err := w.Rebuild(t.Context()); !errors.Is(err, ErrNotOpen) {
		t.Errorf("Rebuild = %v", err)
	}
}
