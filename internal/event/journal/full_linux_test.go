package journal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"golang.org/x/sys/unix"
)

// smallDisk is a folder on a file system of 16 MiB, and fill uses up what is left
// of it. Without the right to mount one it is a disk in memory of that size.
func smallDisk(t *testing.T) (cfg Config, fill func(), empty func()) {
	const size = 16 << 20
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Logf("no small file system (%v): a disk in memory instead", err)
		d := newRAM()
		d.room = size
		return Config{disk: d}, func() { d.set(func() { d.room = d.used() }) }, func() { d.set(func() { d.room = 0 }) }
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	other := filepath.Join(dir, "other")
	fill = func() {
		f, err := os.Create(other)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for {
			if _, err := f.Write(make([]byte, 64<<10)); err != nil {
				if !errors.Is(err, unix.ENOSPC) {
					t.Error(err)
				}
				return
			}
		}
	}
	return Config{Dir: filepath.Join(dir, "journal")}, fill, func() { os.Remove(other) }
}

// A disk that somebody else fills up: requests go on, all money is there in the
// end, and nobody needs to restart.
func TestSmallDiskThatOthersFill(t *testing.T) {
	cfg, fill, empty := smallDisk(t)
	cfg.Reserve = 256 << 10
	j := open(t, cfg)
	n := 0
	record := func() {
		n++
		j.Record(anEvent(n))
	}
	for range 1000 {
		record()
	}
	fill()
	for j.Stats().InMemory == 0 {
		record()
	}
	for range 1000 {
		record()
	}
	if s := j.Stats(); !s.Short || s.Shed[event.KindEvent] == 0 {
		t.Errorf("%+v", s)
	}
	empty()
	eventually(t, "room", func() bool { s := j.Stats(); return !s.Short && s.InMemory == 0 })
	record()
	m := moneyIn(rest(t, j, event.Position{}))
	if m.requests != int64(n) || m.cost != meter.Micro(100*n) {
		t.Errorf("of %d requests %d came back, with %d micro-dollars", n, m.requests, m.cost)
	}
	if m.gathered == 0 || m.events < 1000 {
		t.Errorf("%+v", m)
	}
}
