package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// AddRevision numbers r and keeps it.
func (db *DB) AddRevision(ctx context.Context, r store.Revision, expect int) (store.Revision, error) {
	err := db.main.writeThrough(ctx, "add a revision", func(c *conn) error {
		last, err := c.one("SELECT ifnull(max(number), 0) FROM revisions")
		if err != nil {
			return err
		}
		if at := int(last.int(0)); expect >= 0 && expect != at {
			return fmt.Errorf("after %d: %w: the last is %d", expect, store.ErrConflict, at)
		}
		r.Number = int(last.int(0)) + 1
		err = revisionTable.insert(c, r.Number, r.Hash, unixNano(r.Time), r.Author, r.Note, r.Owner, r.Restore, len(r.Files))
		for i := 0; i < len(r.Files) && err == nil; i++ {
			err = fileTable.insert(c, r.Number, i, r.Files[i].Name, r.Files[i].Text)
		}
		return err
	})
	if err != nil {
		return store.Revision{}, err
	}
	return r, nil
}

// revisionOf reads a row; how many files it has is told apart.
func revisionOf(r *row) (one store.Revision, files int) {
	return store.Revision{
		Number: int(r.int(0)), Hash: r.text(1), Time: timeOf(r.int(2)), Author: r.text(3), Note: r.text(4), Owner: r.text(5), Restore: int(r.int(6)),
	}, int(r.int(7))
}

// revision finds one with its files.
func (db *DB) revision(ctx context.Context, what any, where string, args ...any) (one store.Revision, err error) {
	err = db.main.read(ctx, "find a revision", func(c *conn) error {
		r, err := revisionTable.find(c, where, args...)
		if err != nil {
			return err
		}
		if r == nil {
			return notFound("revision", what)
		}
		var files int
		one, files = revisionOf(r)
		err = fileTable.each(c, "WHERE number = ? ORDER BY place", func(r *row) error {
			one.Files = append(one.Files, store.File{Name: r.text(2), Text: r.text(3)})
			return nil
		}, one.Number)
		if err == nil && len(one.Files) != files {
			err = fmt.Errorf("%w: revision %d has %d files of %d", store.ErrDamaged, one.Number, len(one.Files), files)
		}
		return err
	})
	if err != nil {
		return store.Revision{}, err
	}
	return one, nil
}

// Revision finds one; number 0 is the last.
func (db *DB) Revision(ctx context.Context, number int) (store.Revision, error) {
	if number == 0 {
		return db.revision(ctx, "that is the last", "ORDER BY number DESC LIMIT 1")
	}
	return db.revision(ctx, number, "WHERE number = ?", number)
}

// RevisionAt finds the one that was in force: the last that was made by then.
func (db *DB) RevisionAt(ctx context.Context, at time.Time) (store.Revision, error) {
	return db.revision(ctx, "in force at "+at.Format(time.RFC3339), "WHERE time <= ? ORDER BY number DESC LIMIT 1", unixNano(at))
}

// ListRevisions gives them newest first, without files.
func (db *DB) ListRevisions(ctx context.Context, before, limit int) (list []store.Revision, err error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	err = db.main.read(ctx, "list revisions", func(c *conn) error {
		return revisionTable.each(c, "WHERE number < ? ORDER BY number DESC LIMIT ?", func(r *row) error {
			one, _ := revisionOf(r)
			list = append(list, one)
			return nil
		}, before, store.PageSize(limit, 50))
	})
	return orNone(list, err)
}

// leaseOf finds a lease, also one that nobody holds: its fence is remembered.
func leaseOf(c *conn, name string) (store.Lease, error) {
	l := store.Lease{Name: name}
	r, err := leaseTable.find(c, "WHERE name = ?", name)
	if err == nil && r != nil {
		l.Holder, l.Fence, l.Until = r.text(1), r.int(2), timeOf(r.int(3))
	}
	return l, err
}

func keepLease(c *conn, l store.Lease) error {
	return leaseTable.replace(c, l.Name, l.Holder, l.Fence, unixNano(l.Until))
}

// Acquire takes or renews a lease, by the caller's clock.
func (db *DB) Acquire(ctx context.Context, name, holder string, ttl time.Duration, now time.Time) (l store.Lease, err error) {
	err = db.main.writeThrough(ctx, "acquire a lease", func(c *conn) error {
		if l, err = leaseOf(c, name); err != nil {
			return err
		}
		if now.Before(l.Until) {
			if l.Holder != holder {
				return fmt.Errorf("%q: %w: %q holds it until %s", name, store.ErrConflict, l.Holder, l.Until.Format(time.RFC3339))
			}
		} else {
			l.Fence++
		}
		l.Holder, l.Until = holder, now.Add(ttl)
		return keepLease(c, l)
	})
	return l, err
}

// Release gives a lease back, if it is still the holder's.
func (db *DB) Release(ctx context.Context, l store.Lease) error {
	return db.main.writeThrough(ctx, "release a lease", func(c *conn) error {
		have, err := leaseOf(c, l.Name)
		if err != nil || have.Holder != l.Holder || have.Fence != l.Fence {
			return err
		}
		have.Holder, have.Until = "", time.Time{}
		return keepLease(c, have)
	})
}
