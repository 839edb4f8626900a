package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// storeOpener opens the store at a path.
type storeOpener func(path string) (store.Store, error)

// database is a store that may come late. It is opened once, by whoever asks
// first; a disk may keep that waiting for as long as it likes, and nobody who asks
// has to wait with it.
type database struct {
	path string
	open storeOpener

	mu     sync.Mutex
	db     store.Store // nil: there is none yet
	reads  store.Store // the same, as people read it
	err    error       // of the last try
	trying chan struct{}
	since  time.Time // of the try under way
	closed bool
}

var errDatabaseClosed = errors.New("the database is closed")

// get gives the store, and opens it when that has not succeeded yet.
func (d *database) get(ctx context.Context) (store.Store, error) {
	d.mu.Lock()
	if d.db != nil || d.closed {
		d.mu.Unlock()
		return d.now()
	}
	if d.trying == nil {
		d.trying, d.since = make(chan struct{}), time.Now()
		go d.try()
	}
	tried := d.trying
	d.mu.Unlock()
	select {
	case <-tried:
		return d.now()
	case <-ctx.Done():
		if _, err := d.now(); err != nil {
			return nil, fmt.Errorf("%w: %w", err, ctx.Err())
		}
		return nil, ctx.Err()
	}
}

// try opens the store, for all who wait.
func (d *database) try() {
	db, err := d.openSafely()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed && db != nil {
		_ = db.Close() // nobody will use it
		db = nil
	}
	d.db, d.err = db, err
	if db != nil {
		d.reads = store.Bound(db, mostReads)
	}
	close(d.trying)
	d.trying = nil
}

// openSafely makes an error of a driver's defect: it must not end the process that
// serves requests.
func (d *database) openSafely() (db store.Store, err error) {
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, fmt.Errorf("open the store %s: panic: %v", d.path, p)
		}
	}()
	if db, err = d.open(d.path); err != nil {
		return nil, err // and no driver's nil, which is not nil
	}
	return db, nil
}

// now gives the store if it is open, and waits for nothing.
func (d *database) now() (store.Store, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return nil, errDatabaseClosed
	case d.db != nil:
		return d.db, nil
	case d.trying != nil && time.Since(d.since) > behindAfter:
		return nil, fmt.Errorf("the store %s has not opened for %s: its disk may hang", d.path, time.Since(d.since).Round(time.Second))
	case d.err != nil:
		return nil, d.err
	}
	return nil, errors.New("the store is being opened")
}

// mostReads is how many screens, reports and commands are in the store at a time.
const mostReads = 16

// reader is now, with reads that come back whatever the disk does.
func (d *database) reader() (store.Store, error) {
	if _, err := d.now(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reads, nil
}

// hangs says why the store does not open, and since when; nil while it may yet.
func (d *database) hangs() (why error, since time.Time) {
	_, why = d.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.db != nil || d.closed || d.trying == nil || time.Since(d.since) <= behindAfter {
		return nil, time.Time{}
	}
	return why, d.since
}

// close closes the store, and waits for one that is being opened: it makes files.
// One that hangs is left to the end of the process.
func (d *database) close(within time.Duration) error {
	d.mu.Lock()
	db, tried, closed := d.db, d.trying, d.closed
	d.closed = true
	d.mu.Unlock()
	if closed || db == nil && tried == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return leaving(ctx, func() error {
		if db == nil {
			<-tried
			return nil
		}
		return db.Close()
	})
}

// leaving calls what may hang in an engine, and leaves it behind a second after
// ctx has ended.
func leaving(ctx context.Context, call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(time.Second):
		return fmt.Errorf("it hangs, and was left: %w", context.Cause(ctx))
	}
}
