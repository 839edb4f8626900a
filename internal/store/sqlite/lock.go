package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	lite "zombiezen.com/go/sqlite"
)

// lockFile is where running stores and a restore meet. It is an empty database
// beside the store's: whoever runs holds a shared lock on it, as SQLite's readers
// do, and a restore an exclusive one. So the lock works wherever SQLite does, and
// ends with the process, however that ends.
type lockFile struct{ c *lite.Conn }

func lockPath(path string) string { return path + "-lock" }

// lockShared keeps restores away while a store runs; other stores may run.
func lockShared(path string, patience time.Duration) (*lockFile, error) {
	l, err := lock(path, patience, "BEGIN", "SELECT count(*) FROM sqlite_schema")
	if lite.ErrCode(err).ToPrimary() == lite.ResultBusy {
		return nil, fmt.Errorf("open the store: %s is being restored: wait until that is done: %w", path, err)
	}
	return l, err
}

// lockAlone keeps everybody away.
func lockAlone(path string) (*lockFile, error) {
	l, err := lock(path, 100*time.Millisecond, "BEGIN EXCLUSIVE")
	if lite.ErrCode(err).ToPrimary() == lite.ResultBusy {
		return nil, fmt.Errorf("a Weir that runs uses %s: stop it first: %w", path, err)
	}
	return l, err
}

func lock(path string, patience time.Duration, statements ...string) (*lockFile, error) {
	if err := createFile("lock", lockPath(path)); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	c, err := lite.OpenConn(lockPath(path), lite.OpenReadWrite)
	if err != nil {
		return nil, fmt.Errorf("open the store: lock %s: %w", path, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c.SetInterrupt(ctx.Done())
	for _, sql := range statements {
		if err := (&conn{Conn: c}).exec(sql); err != nil {
			if ctx.Err() != nil {
				err = lite.ResultBusy.ToError()
			}
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), c.Close())
		}
	}
	c.SetInterrupt(nil)
	return &lockFile{c}, nil
}

func (l *lockFile) close() error { return l.c.Close() }
