package journal

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// slowDisk takes a second for each write of records.
func slowDisk() *ram {
	d := newRAM()
	d.write = func(_ string, off int64, n int) (int, error) {
		if off >= firstFrame {
			time.Sleep(time.Second)
		}
		return n, nil
	}
	return d
}

func TestRecordDoesNotWaitForSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := open(t, Config{disk: slowDisk()})
		var callers sync.WaitGroup
		for i := range 10 {
			callers.Go(func() {
				time.Sleep(time.Duration(i) * 2 * time.Millisecond)
				start := time.Now()
				if j.record(anEvent(i)) {
					t.Errorf("event %d was taken for written", i)
				}
				if took := time.Since(start); took > defaultWait || took <= 0 {
					t.Errorf("event %d waited %v", i, took)
				}
			})
		}
		callers.Wait()
		if s := j.Stats(); s.AtRisk != 10 || s.Written != 0 {
			t.Errorf("stats: %+v", s)
		}
		if got := await(t, j, event.Position{}, 10); len(got) != 10 {
			t.Errorf("%d came in the end", len(got))
		}
		if s := j.Stats(); s.Written != 10 || s.AtRisk != 10 {
			t.Errorf("at the end: %+v", s)
		}
	})
}

// While one write is under way all who come join the next.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAM()
		writes := 0
		d.write = func(_ string, off int64, n int) (int, error) {
			if off >= firstFrame {
				writes++
				time.Sleep(2 * time.Millisecond)
			}
			return n, nil
		}
		j := open(t, Config{disk: d})
		var callers sync.WaitGroup
		for i := range 100 {
			callers.Go(func() {
				time.Sleep(time.Duration(min(i, 1)) * time.Millisecond)
				if !j.record(anEvent(i)) {
					t.Errorf("event %d is at risk", i)
				}
			})
		}
		callers.Wait()
		if writes != 2 {
			t.Errorf("100 records took %d writes", writes)
		}
	})
}

// A begin is not waited for, and written within about a millisecond.
func TestLazyRecordsAreWrittenSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := open(t, Config{disk: newRAM()})
		start := time.Now()
		for range 3 {
			j.Record(&event.Begin{ID: "b"})
		}
		if time.Since(start) != 0 {
			t.Error("a begin was waited for")
		}
		await(t, j, event.Position{}, 3)
		if took := time.Since(start); took > lazily {
			t.Errorf("it was written after %v", took)
		}
	})
}

func TestFsyncIsGroupedAndSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAM()
		fsyncs := 0
		d.sync = func(string) error {
			fsyncs++
			time.Sleep(30 * time.Millisecond) // and nobody waits for it
			return nil
		}
		j := open(t, Config{disk: d})
		time.Sleep(time.Second)
		synctest.Wait()
		before := fsyncs
		start := time.Now()
		for i := range 200 {
			j.Record(anEvent(i))
			time.Sleep(time.Millisecond)
		}
		if took := time.Since(start); took != 200*time.Millisecond {
			t.Errorf("recording took %v: it waited for an fsync", took)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := fsyncs - before; n < 2 || n > 3 {
			t.Errorf("%d fsyncs in 200 ms", n)
		}
		if s := j.Stats(); s.Synced != 200 || s.AtRisk != 0 {
			t.Errorf("stats: %+v", s)
		}
		time.Sleep(time.Minute)
		if n := fsyncs - before; n > 3 {
			t.Errorf("%d fsyncs after a minute with nothing to do", n)
		}
	})
}

func TestSyncWaitsForWhatWasRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := slowDisk()
		flushed := false
		d.sync = func(string) error {
			time.Sleep(3 * time.Second)
			flushed = true
			return nil
		}
		j := open(t, Config{disk: d, SyncEvery: time.Hour})
		j.Record(anEvent(1)) // at risk
		start := time.Now()
		if err := j.Sync(t.Context()); err != nil || !flushed {
			t.Errorf("%v, flushed %v", err, flushed)
		}
		if took := time.Since(start); took < 3*time.Second || took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		start = time.Now()
		if err := j.Sync(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("with nothing to flush: %v after %v", err, time.Since(start))
		}
	})
}

// After a failed fsync the kernel may have thrown away what it could not write.
func TestFailedFsyncIsDeclaredAndItsSegmentLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAM()
		var bad string
		asked := map[string]int{}
		d.sync = func(name string) error {
			asked[name]++
			if bad == "" {
				bad = name
			}
			if name == bad {
				return errors.New("input/output error")
			}
			return nil
		}
		j := open(t, Config{disk: d, SyncEvery: time.Hour})
		j.Record(anEvent(1))
		if err := j.Sync(t.Context()); err == nil {
			t.Error("nothing was said of it")
		}
		j.Record(anEvent(2))
		if err := j.Sync(t.Context()); err != nil {
			t.Errorf("the next segment: %v", err)
		}
		if asked[bad] != 1 {
			t.Errorf("the same file was flushed %d times", asked[bad])
		}
		items := await(t, j, event.Position{}, 2)
		if a, b := items[0].Next, items[1].Next; a.Segment == b.Segment {
			t.Error("the second record went to the same segment")
		}
		if s := j.Stats(); s.SyncErrors != 1 || s.Doubtful == 0 || s.LastError == "" || s.Short {
			t.Errorf("stats: %+v", s)
		}
	})
}

// What failed while nobody waited is told to the next one who does.
func TestFailedFsyncInTheBackgroundIsNotForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAM()
		d.sync = func(string) error { return errors.New("input/output error") }
		j := open(t, Config{disk: d})
		j.Record(anEvent(1))
		time.Sleep(time.Second)
		d.set(func() { d.sync = nil })
		j.Record(anEvent(2))
		if err := j.Sync(t.Context()); err == nil {
			t.Error("the first record may be lost, and nothing was said of it")
		}
		if err := j.Sync(t.Context()); err != nil {
			t.Errorf("it was said before: %v", err)
		}
	})
}
