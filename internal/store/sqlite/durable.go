package sqlite

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// Durable brings what was applied into the database file, on the disk, and gives
// the position of then. A commit alone is in the write-ahead log, and the log not
// on the disk until now: after a loss of power the store may be some commits
// younger than it was, whole in itself, position and all, and the journal, which
// was not released, brings the rest. It need not even be whole: a log that is
// damaged or gone costs nothing that Durable has given away.
//
// Readers of earlier moments (a backup, a long report) keep the log from being
// brought home. Then it gives what it gave before.
func (db *DB) Durable(ctx context.Context, replica string) (at event.Position, err error) {
	for _, f := range []*file{db.bodies, db.main} { // bodies first: the position vouches for them
		all, err := f.bringHome(ctx, func(c *conn) error {
			if f == db.main {
				at, err = position(c, replica)
			}
			return err
		})
		if err != nil {
			return event.Position{}, err
		}
		if !all {
			db.mu.Lock()
			defer db.mu.Unlock()
			return db.durable[replica], nil
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.durable[replica] = at
	return at, nil
}

// bringHome empties the write-ahead log into the database file, if readers let
// it; note is called before, while nobody of this process writes.
func (f *file) bringHome(ctx context.Context, note func(*conn) error) (all bool, err error) {
	err = f.withWriter(ctx, "make what was applied durable", func(c *conn) error {
		if err := note(c); err != nil {
			return err
		}
		for wait := time.Millisecond; !all && wait < 100*time.Millisecond && err == nil; wait *= 2 {
			if all, err = checkpoint(c); !all && err == nil {
				err = sleep(ctx, wait) // most queries are over by then
			}
		}
		return err
	})
	return all, err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
