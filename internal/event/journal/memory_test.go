package journal

import (
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// Sync does not call durable what is on its way from memory to the disk.
func TestSyncWhileMemoryIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAM()
		j := open(t, Config{disk: d})
		d.set(func() {
			d.create = func(string) error { return syscall.ENOSPC }
			d.write = func(string, int64, int) (int, error) { return 0, syscall.ENOSPC }
		})
		for range 3 {
			j.Record(&event.Decision{ID: "abort"})
			j.Record(anEvent(1))
		}
		if s := j.Stats(); s.Held == 0 {
			t.Fatalf("%+v", s)
		}
		d.set(func() {
			d.create = nil
			d.write = func(_ string, off int64, n int) (int, error) {
				if off >= firstFrame {
					time.Sleep(10 * time.Second)
				}
				return n, nil
			}
		})
		for j.Stats().Held > 0 {
			time.Sleep(100 * time.Millisecond)
		}
		if got := rest(t, j, event.Position{}); len(got) > 0 {
			t.Fatalf("on disk already: %d", len(got))
		}
		start := time.Now()
		err := j.Sync(t.Context())
		if got := rest(t, j, event.Position{}); err == nil && len(got) == 0 {
			t.Errorf("Sync says all is durable after %v, and nothing is on disk", time.Since(start))
		}
	})
}

// After Turn, what was written before goes with its release.
func TestTurnLetsFilesGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAM()
		j := open(t, Config{disk: d})
		j.Record(anEvent(1))
		old := await(t, j, event.Position{}, 1)[0].Next
		j.Release(old)
		j.Turn()
		time.Sleep(time.Second)
		if names, _ := d.Names(); slices.Contains(names, segmentName(old.Segment)) {
			t.Errorf("the segment is there yet: %v", names)
		}
		j.Record(anEvent(2))
		if got := await(t, j, old, 1); idOf(got[0].Record) != anEvent(2).ID {
			t.Errorf("%v comes after the turn", got)
		}
	})
}
