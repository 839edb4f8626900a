package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	lite "zombiezen.com/go/sqlite"
)

// kind tells the files of a store apart.
type kind struct {
	what        string // for messages
	application int64  // in the file's header: whose it is
	tables      []*table
	migrations  func(Config) []migration
}

var (
	mainKind   = kind{"store", 0x57656972, mainTables, func(c Config) []migration { return c.migrations }}      // "Weir"
	bodiesKind = kind{"file of bodies", 0x57656942, bodyTables, func(c Config) []migration { return c.bodies }} // "WeiB"
)

// file is an open database file: one connection that writes, some that read.
type file struct {
	kind
	path    string
	busy    time.Duration
	writer  chan *conn // holds the one that is free
	readers chan *conn
	made    os.FileInfo          // which file it is; nil before it is open
	ended   func(committed bool) // after each transaction that writes, before the next
}

// read runs a query over one moment of the file.
func (f *file) read(ctx context.Context, doing string, query func(*conn) error) error {
	c, err := take(ctx, f.readers)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer func() { f.readers <- c }()
	c.SetInterrupt(ctx.Done())
	if err = c.exec("BEGIN"); err == nil {
		err = query(c)
	}
	c.SetInterrupt(nil)
	rollBack(c)
	return f.explain(ctx, doing, err)
}

// write runs a transaction. It is committed, but may be lost with the power: what
// it did can be brought back from the journal.
func (f *file) write(ctx context.Context, doing string, change func(*conn) error) error {
	return f.withWriter(ctx, doing, func(c *conn) error { return f.transact(ctx, c, change) })
}

// writeThrough runs a transaction that nothing could bring back: it is on the
// disk when this returns, and in the database file itself unless a reader was in
// the way, so that it does not even need the write-ahead log.
func (f *file) writeThrough(ctx context.Context, doing string, change func(*conn) error) error {
	return f.withWriter(ctx, doing, func(c *conn) error {
		if err := c.exec("PRAGMA synchronous = FULL"); err != nil {
			return err
		}
		err := f.transact(ctx, c, change)
		if err == nil {
			_, _ = checkpoint(c) // it is committed and on the disk: the rest may fail
		}
		_ = c.exec("PRAGMA synchronous = NORMAL") // if not, the next transactions are slower
		return err
	})
}

// withWriter lends the connection that writes.
func (f *file) withWriter(ctx context.Context, doing string, use func(*conn) error) error {
	c, err := take(ctx, f.writer)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	defer func() { f.writer <- c }()
	if err := f.inPlace(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return f.explain(ctx, doing, use(c))
}

// inPlace refuses to write to a file that was taken away: what is written there
// nobody finds again, and the journal would give away what it still has.
func (f *file) inPlace() error {
	at, err := os.Stat(f.path)
	if f.made == nil || err == nil && os.SameFile(at, f.made) {
		return nil
	}
	return fmt.Errorf("the %s %s was moved, deleted or replaced while Weir ran: start Weir again, so that it opens what is there now", f.what, f.path)
}

// transact commits what change did, or nothing.
func (f *file) transact(ctx context.Context, c *conn, change func(*conn) error) error {
	err := f.begin(ctx, c)
	if err == nil {
		c.SetInterrupt(ctx.Done())
		err = change(c)
		c.SetInterrupt(nil) // from here on it is all or nothing
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = c.exec("COMMIT")
	}
	rollBack(c)
	if f.ended != nil {
		f.ended(err == nil)
	}
	return err
}

// begin starts a transaction that may write at once, so that it never has to be
// begun again half-way, and waits for other processes as long as is allowed.
func (f *file) begin(ctx context.Context, c *conn) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	patience, cancel := context.WithTimeout(ctx, f.busy)
	defer cancel()
	c.SetInterrupt(patience.Done())
	err := c.exec("BEGIN IMMEDIATE")
	c.SetInterrupt(nil)
	switch {
	case err == nil || patience.Err() == nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return lite.ResultBusy.ToError()
}

// rollBack ends a transaction that is still open.
func rollBack(c *conn) {
	if !c.AutocommitEnabled() {
		_ = (&conn{Conn: c.Conn}).exec("ROLLBACK") // without the tests' faults; SQLite's own only say that there is none
	}
}

// checkpoint brings what was committed into the database file, on the disk; all
// says whether nothing is left, which readers of earlier moments prevent.
func checkpoint(c *conn) (all bool, err error) {
	r, err := c.one("PRAGMA wal_checkpoint(PASSIVE)")
	if err != nil || r == nil {
		return false, err
	}
	return r.int(0) == 0 && r.int(1) == r.int(2), nil
}

// take waits for a connection.
func take(ctx context.Context, from chan *conn) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c, open := <-from:
		if !open {
			return nil, errors.New("the store is closed")
		}
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// close waits until every connection is back.
func (f *file) close() error {
	var errs []error
	for _, pool := range []chan *conn{f.readers, f.writer} { // the writer last: it checkpoints
		for range cap(pool) {
			c, open := <-pool
			if !open {
				break
			}
			errs = append(errs, c.Close())
		}
		close(pool)
	}
	return errors.Join(errs...)
}
