// Package sqlite keeps records in SQLite: one machine, nothing to install. It
// is the store that Weir has unless another is asked for.
//
// There are two files. The store's own holds everything but bodies, which are
// large, short-lived and private, and so have a file of their own beside it. A
// third, empty one (-lock) is where a running store and a restore meet.
//
// How it is made fast, safe against a loss of power, and able to tell damage, is
// in docs/decisions/0012-sqlite.md and docs/explanation/store.md. In short:
//
//   - one connection writes, a few read; readers see whole transactions (WAL);
//   - Apply does not wait for the disk. The journal holds what was applied until
//     Durable has brought it into the database file, so nothing is lost when the
//     last transactions are. Revisions and leases have no journal: they wait;
//   - names stand in rows as small numbers (words.go), records in few bytes
//     (lean.go), and what is searched by many values is hashed by day (lookup.go);
//   - every row carries a checksum (row.go).
package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// Config says where the store is and how patient it is.
type Config struct {
	// Path of the database. Its folder must be there. Bodies are beside it:
	// weir.db has weir-bodies.db.
	Path string
	// Readers is how many queries run at one time; 0: 4.
	Readers int
	// Busy is how long another process may keep us from writing; 0: 5 s.
	Busy time.Duration
	// Look is how long the quick check at the start may take; what it has not
	// reached by then is left to Check. 0: 300 ms; negative: no quick check.
	Look time.Duration

	fault              func(query string) error // tests: fails statements
	migrations, bodies []migration              // tests: nil is the real ones
}

// DB is an open store.
type DB struct {
	main, bodies *file
	words        *words
	lock         *lockFile
	closing      sync.Once

	mu      sync.Mutex
	durable map[string]event.Position // by replica: what Durable was sure of
}

var _ store.Store = (*DB)(nil)

// Open opens the store, or makes it, and brings its schema up to date. It
// refuses what is damaged, what is no store of Weir's, and what a newer Weir made
// in a way that this one cannot use, and says what to do.
func Open(cfg Config) (*DB, error) {
	cfg = cfg.withDefaults()
	lock, err := lockShared(cfg.Path, cfg.Busy)
	if err != nil {
		return nil, err
	}
	db := &DB{words: newWords(), lock: lock, durable: map[string]event.Position{}}
	if db.main, err = openFile(cfg, mainKind, cfg.Path); err == nil {
		db.main.ended = db.words.ended
		db.bodies, err = openFile(cfg, bodiesKind, bodiesPath(cfg.Path))
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (cfg Config) withDefaults() Config {
	if cfg.Readers <= 0 {
		cfg.Readers = 4
	}
	if cfg.Busy <= 0 {
		cfg.Busy = 5 * time.Second
	}
	if cfg.Look == 0 {
		cfg.Look = 300 * time.Millisecond
	}
	if cfg.migrations == nil {
		cfg.migrations = mainMigrations
	}
	if cfg.bodies == nil {
		cfg.bodies = bodyMigrations
	}
	return cfg
}

// bodiesPath is where the bodies of a store are.
func bodiesPath(path string) string {
	if stem, ok := strings.CutSuffix(path, ".db"); ok {
		return stem + "-bodies.db"
	}
	return path + "-bodies"
}

// Close waits for what runs and closes the files. Closing again does nothing.
func (db *DB) Close() (err error) {
	db.closing.Do(func() {
		var errs []error
		for _, f := range []*file{db.main, db.bodies} {
			if f != nil {
				errs = append(errs, f.close())
			}
		}
		err = errors.Join(append(errs, db.lock.close())...)
	})
	return err
}

// notFound says what is not there.
func notFound(what string, name any) error {
	return fmt.Errorf("%s %v: %w", what, name, store.ErrNotFound)
}

// orNone gives no rows where there was an error: those that were read before it
// are not all, and the last may be half of one.
func orNone[T any](rows []T, err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return rows, nil
}
