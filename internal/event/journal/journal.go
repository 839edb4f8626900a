// Package journal keeps records on disk before the last byte of an answer is
// released: append-only segments in a folder, written by one goroutine in
// batches, flushed by another, read back by position, released when they are
// applied. It knows nothing of sums or stores, and asks nobody for anything.
//
// A record takes these steps, a file each:
//
//	record.go   its caller frames it and joins a group that waits, for 5 ms at most (group.go)
//	level.go    or part of it is shed, when the journal is nearly full
//	writer.go   one write(2) for all that is pending
//	room.go     into a segment, or the next one
//	short.go    into the reserve, when the disk is full
//	memory.go   or, when even that is full, into sums of money in memory
//	keep.go     fsync, apart; Sync waits for it (sync.go)
//	read.go     and back, past what is damaged (scan.go, damage.go)
//	release.go  until its segment is removed
//
// What is safe when is told in docs/explanation/durability.md, the format in
// docs/reference/journal.md.
package journal

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// Errors that callers tell apart.
var (
	// ErrInUse says that another process has the folder.
	ErrInUse = errors.New("in use by another process")
	// ErrPosition says that there is nothing at a position: it was released, or never
	// existed.
	ErrPosition = event.ErrPosition
	// ErrClosed says that the journal was closed.
	ErrClosed = errors.New("the journal is closed")
	// ErrInMemory says that something recorded could not be written yet.
	ErrInMemory = errors.New("not on disk yet")
)

// Journal is open segments of records. It is safe for use by several goroutines.
type Journal struct {
	cfg  Config
	disk disk
	lock io.Closer

	wake  chan struct{} // the writer: something waits to be written
	soil  chan struct{} // the keeper: something was written
	hurry chan struct{} // the keeper: somebody waits for it
	quit  chan struct{} // the writer
	over  chan struct{} // the writer: somebody wants a new segment
	rest  chan struct{} // the keeper
	gone  chan struct{} // readers

	work, care sync.WaitGroup // writer; keeper
	level      atomic.Int64   // per mille of what fits, see level.go
	queued     atomic.Int64   // bytes of pending
	lazy       *time.Timer    // wakes the writer for what nobody waits for
	watchdog   *time.Timer

	mu       sync.Mutex // never held over a system call
	closing  bool
	pending  []byte // frames without checksums
	fresh    uint64 // records in them
	spareBuf []byte
	waked    bool
	current  *group   // joins pending
	waiting  []*group // oldest first
	turn     uint64   // the writer's next
	armed    bool     // the watchdog will come

	appended, written uint64 // records so far
	dirty             bool   // written after the last fsync began
	renamed           bool   // the folder itself wants an fsync
	waiters           []*waiter
	syncErr           error // nobody was told of yet

	segments []*segment
	rubbish  []*segment     // files that are no part of it, for the keeper to remove
	active   *segment       // nil: none
	before   event.Position // end of what lay before segments
	released event.Position
	backlog  int64 // bytes of records beyond released
	hasSpare bool
	again    time.Time     // the keeper's own: not before it is another file made ready
	grown    chan struct{} // closed when there is more to read
	sums     sums
	moving   bool // what was in sums is being written
	stats    Stats

	room      room // the writer's own
	recovered event.Position
	reading   reader

	closeOnce sync.Once
	closeErr  error
}

var _ event.Recorder = (*Journal)(nil)

// Open takes a folder, finds what earlier processes left in it, and begins a new
// segment. When there is no room for one it begins with the reserve.
func Open(cfg Config) (*Journal, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	lock, err := cfg.disk.Lock()
	if err != nil {
		return nil, fmt.Errorf("opening the journal %q: %w", cfg.Dir, err)
	}
	j := &Journal{
		cfg: cfg, disk: cfg.disk, lock: lock,
		wake: make(chan struct{}, 1), soil: make(chan struct{}, 1), hurry: make(chan struct{}, 1), over: make(chan struct{}, 1),
		quit: make(chan struct{}), rest: make(chan struct{}), gone: make(chan struct{}), grown: make(chan struct{}),
	}
	if err := j.start(); err != nil {
		lock.Close()
		return nil, fmt.Errorf("opening the journal %q: %w", cfg.Dir, err)
	}
	return j, nil
}

// start reads what is there and sets the goroutines going.
func (j *Journal) start() error {
	next, err := j.recover()
	if err != nil {
		return err
	}
	j.room.next = next
	j.recovered = event.Position{Segment: next, Offset: firstFrame}
	if err := j.keepReserve(); err != nil {
		j.cfg.Log.Warn("journal: no reserve for when the disk is full", "dir", j.cfg.Dir, "error", err)
	}
	if err := j.roll(); err != nil {
		if !isFull(err) {
			return fmt.Errorf("beginning a segment: %w", err)
		}
		j.runShort(err)
	}
	j.lazy = stopped(j.flushLazy)
	j.watchdog = stopped(j.freeLate)
	j.work.Go(j.write)
	j.care.Go(j.keep)
	return nil
}

// stopped is a timer that is not running.
func stopped(f func()) *time.Timer {
	t := time.AfterFunc(time.Hour, f)
	t.Stop()
	return t
}

// Recovered is the place before which everything was written by earlier
// processes.
func (j *Journal) Recovered() event.Position { return j.recovered }

// Close writes and flushes what is left and gives the folder back; it waits for
// the disk, however long that takes. It is an error if something could not be
// written. What is recorded afterwards is lost, and counted.
func (j *Journal) Close() error {
	j.closeOnce.Do(func() { j.closeErr = j.close() })
	return j.closeErr
}

func (j *Journal) close() error {
	j.mu.Lock()
	j.closing = true
	j.mu.Unlock()
	j.lazy.Stop()
	close(j.quit)
	j.work.Wait()
	close(j.rest)
	j.care.Wait()
	j.watchdog.Stop()
	close(j.gone)
	j.reading.close()
	err := j.farewell()
	return errors.Join(err, j.lock.Close())
}

// farewell tells those who wait, and what is lost.
func (j *Journal) farewell() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, w := range j.waiters {
		w.done <- ErrClosed
	}
	j.waiters = nil
	err := j.syncErr
	if err != nil {
		err = fmt.Errorf("closing the journal %q: %w", j.cfg.Dir, err)
	}
	if left := j.sums.left(); left != "" {
		lost := fmt.Errorf("closing the journal %q: %s could not be written: %w", j.cfg.Dir, left, j.room.cause)
		j.cfg.Log.Error("journal: lost at the end", "dir", j.cfg.Dir, "lost", left, "cause", j.room.cause)
		err = errors.Join(err, lost)
	}
	return err
}
