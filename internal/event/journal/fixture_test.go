package journal

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
)

// ram is a disk in memory that fails, fills up and dawdles on order.
type ram struct {
	mu     sync.Mutex
	files  map[string]*ramFile
	room   int64 // bytes there may be; 0: no bound
	locked bool
	write  func(name string, off int64, n int) (wrote int, err error) // nil: all is well
	sync   func(name string) error
	create func(name string) error
	read   func(name string, off int64) error
}

var _ disk = (*ram)(nil)

func newRAM() *ram { return &ram{files: map[string]*ramFile{}} }

type ramFile struct {
	disk *ram
	name string
	data []byte
}

func (d *ram) used() (n int64) {
	for _, f := range d.files {
		n += int64(len(f.data))
	}
	return n
}

func (d *ram) set(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

// after is the disk as a process finds it that comes after a kill at this moment.
func (d *ram) after() *ram {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := newRAM()
	for name, f := range d.files {
		found.files[name] = &ramFile{disk: found, name: name, data: slices.Clone(f.data)}
	}
	return found
}

type unlocker func()

func (f unlocker) Close() error { f(); return nil }

func (d *ram) Lock() (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked {
		return nil, ErrInUse
	}
	d.locked = true
	return unlocker(func() { d.set(func() { d.locked = false }) }), nil
}

func (d *ram) Names() (names []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (d *ram) Create(name string, size int64, _ bool) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.create != nil {
		if err := d.create(name); err != nil {
			return nil, err
		}
	}
	delete(d.files, name)
	if d.room > 0 && d.used()+size > d.room {
		return nil, syscall.ENOSPC
	}
	f := &ramFile{disk: d, name: name, data: make([]byte, size)}
	d.files[name] = f
	return f, nil
}

func (d *ram) Open(name string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[name]
	if f == nil {
		return nil, os.ErrNotExist
	}
	return f, nil
}

func (d *ram) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[from]
	if f == nil {
		return os.ErrNotExist
	}
	delete(d.files, from)
	f.name = to
	d.files[to] = f
	return nil
}

func (d *ram) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files[name] == nil {
		return os.ErrNotExist
	}
	delete(d.files, name)
	return nil
}

func (d *ram) Flush() error { return nil }

func (f *ramFile) ReadAt(b []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.disk.read != nil {
		if err := f.disk.read(f.name, off); err != nil {
			return 0, err
		}
	}
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *ramFile) WriteAt(b []byte, off int64) (int, error) {
	d := f.disk
	d.mu.Lock()
	hook, name := d.write, f.name
	d.mu.Unlock()
	n, err := len(b), error(nil)
	if hook != nil {
		n, err = hook(name, off, len(b))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if more := off + int64(n) - int64(len(f.data)); more > 0 {
		if d.room > 0 && d.used()+more > d.room {
			return 0, syscall.ENOSPC
		}
		f.data = append(f.data, make([]byte, more)...)
	}
	copy(f.data[off:], b[:n])
	return n, err
}

func (f *ramFile) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.data)), nil
}

func (f *ramFile) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if size < int64(len(f.data)) {
		f.data = f.data[:size:size]
	}
	return nil
}

func (f *ramFile) Sync() error {
	f.disk.mu.Lock()
	hook, name := f.disk.sync, f.name
	f.disk.mu.Unlock()
	if hook != nil {
		return hook(name)
	}
	return nil
}

func (f *ramFile) Close() error { return nil }

// allWell is a write that goes through.
func allWell(_ string, _ int64, n int) (int, error) { return n, nil }

// open opens a journal and closes it at the end of the test.
func open(t testing.TB, cfg Config) *Journal {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	j, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// anEvent is a request that cost n micro-dollars.
func anEvent(n int) *event.Event {
	return &event.Event{
		ID: fmt.Sprintf("event-%06d", n), Project: "default", Time: time.Unix(1_763_819_154, 0).UTC(), Path: "/v1/chat/completions",
		Route: "support", Assignments: []event.Assignment{{Variant: "baseline", Reason: "chance"}}, Key: "web", Model: "llama-8b",
		Usage: chat.Usage{Input: 10, Output: int64(n)}, Cost: 100, CostBasis: "priced", Status: 200,
	}
}

// await reads until n records have come, or fails.
func await(t testing.TB, j *Journal, from event.Position, n int) []event.Item {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var all []event.Item
	for len(all) < n {
		items, err := j.Read(ctx, from, n-len(all))
		if err != nil {
			t.Fatalf("after %d of %d records: %v", len(all), n, err)
		}
		all = append(all, items...)
		from = all[len(all)-1].Next
	}
	return all
}

// rest reads what is there from a position on, and does not wait for more.
func rest(t testing.TB, j *Journal, from event.Position) (all []event.Item) {
	t.Helper()
	for {
		items, more, err := j.readSome(from, 100)
		if err != nil {
			t.Fatal(err)
		}
		if more != nil && len(items) == 0 {
			return all
		}
		all = append(all, items...)
		from = all[len(all)-1].Next
	}
}

func idOf(r event.Record) string {
	switch r := r.(type) {
	case *event.Event:
		return r.ID
	case *event.Begin:
		return r.ID
	case *event.Entry:
		return r.ID
	case *event.Score:
		return r.ID
	case *event.Decision:
		return r.ID
	case *event.Body:
		return r.ID
	}
	return "?"
}

func idsOf(items []event.Item) (ids []string) {
	for _, i := range items {
		ids = append(ids, idOf(i.Record))
	}
	return ids
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not after 20 s", what)
		}
	}
}

// setMajor makes a header say another version, with a checksum to match.
func setMajor(b []byte, major uint16) {
	binary.LittleEndian.PutUint16(b[8:], major)
	binary.LittleEndian.PutUint32(b[124:], crc32.Checksum(b[:124], castagnoli))
}
