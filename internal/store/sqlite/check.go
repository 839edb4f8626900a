package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	lite "zombiezen.com/go/sqlite"

	"github.com/weirhq/weir/internal/store"
)

// look is the check at the start: of structure, not of every value, and for a
// bounded time. What it has not reached is found when it is read, or by Check.
func (f *file) look(c *conn, atMost time.Duration) error {
	if atMost < 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), atMost)
	defer cancel()
	c.SetInterrupt(ctx.Done())
	err := integrity(c, "PRAGMA quick_check(1)")
	c.SetInterrupt(nil)
	if ctx.Err() != nil && lite.ErrCode(err).ToPrimary() == lite.ResultInterrupt {
		return nil
	}
	return err
}

// integrity runs one of SQLite's own checks.
func integrity(c *conn, pragma string) error {
	var found error
	err := c.run(pragma, func(r *row) error {
		if said := r.text(0); said != "ok" && found == nil {
			found = fmt.Errorf("%w: %s", store.ErrDamaged, said)
		}
		return nil
	})
	return errors.Join(found, err)
}

// Check reads everything: SQLite's structure and indexes, then each row against
// its checksum. It takes as long as reading the files does, and keeps nobody
// from writing.
func (db *DB) Check(ctx context.Context) error {
	for _, f := range []*file{db.main, db.bodies} {
		if err := f.check(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (f *file) check(ctx context.Context) error {
	doing := "check the " + f.what
	err := f.read(ctx, doing, func(c *conn) error { return integrity(c, "PRAGMA integrity_check(1)") })
	if err != nil {
		return err
	}
	for _, t := range f.tables {
		err := f.read(ctx, doing, func(c *conn) error { return t.each(c, "", func(*row) error { return nil }) })
		if err != nil {
			return err
		}
	}
	return nil
}
