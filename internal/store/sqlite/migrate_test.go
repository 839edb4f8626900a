package sqlite

import (
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// nextMigrations are those of a version to come: it adds a table, a column and
// an index, and binaries of this version may go on.
func nextMigrations() []migration {
	return append(slices.Clone(mainMigrations), migration{name: "colours", compatible: 1, sql: []string{
		`CREATE TABLE colours (name TEXT PRIMARY KEY, sum INTEGER NOT NULL) WITHOUT ROWID`,
		`ALTER TABLE events ADD COLUMN colour INTEGER NOT NULL DEFAULT 0`,
		`CREATE INDEX events_colour ON events (colour)`,
	}})
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("there was no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
}

// refused opens a store that must not open.
func refused(t *testing.T, cfg Config) error {
	t.Helper()
	db, err := Open(cfg)
	if err == nil {
		_ = db.Close()
		t.Fatal("it was opened")
	}
	return err
}

// S6: killed before any statement of opening and migrating, the store opens the
// next time, with all that was in it.
func TestKilledWhileMigrating(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "weir.db")
	for n := 1; killedAt(t, fresh, n); n++ {
		db := open(t, Config{Path: copyFiles(t, fresh, "", "-wal")})
		if err := db.Check(t.Context()); err != nil {
			t.Fatalf("a new store, killed before statement %d: %v", n, err)
		}
		if n > 500 {
			t.Fatal("it never opens")
		}
	}
	base := filled3(t)
	for n := 1; ; n++ {
		path := copyFiles(t, base, "")
		if !killedAt(t, path, n) {
			break
		}
		migrations := mainMigrations
		if n%2 == 0 {
			migrations = nextMigrations()
		}
		if db := open(t, Config{Path: path, migrations: migrations}); dumpOf(t, db) != dumpOf(t, twinAt(t, 3)) {
			t.Fatalf("killed before statement %d, it is not what was in it", n)
		}
	}
}

// killedAt opens a store in a child that is killed before its n-th statement;
// false when there are not so many.
func killedAt(t *testing.T, path string, n int) bool {
	t.Helper()
	p := start(t, "stop-at", path, strconv.Itoa(n))
	defer p.kill()
	switch line := p.line(); line {
	case "stopped":
		return true
	case "opened <nil>":
		return false
	default:
		t.Fatalf("the child says %q", line)
		return false
	}
}

// filled3 is the path of a store that is closed and has three batches.
func filled3(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weir.db")
	db, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for n := range int64(3) {
		if err := db.Apply(t.Context(), numbered(event.Position{Offset: n})); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMigrationThatFails(t *testing.T) {
	path := filled3(t)
	bad := append(slices.Clone(mainMigrations), migration{name: "bad idea", compatible: 1, sql: []string{
		`CREATE TABLE good (name TEXT)`, `ALTER TABLE nothing ADD COLUMN colour INTEGER`,
	}})
	err := refused(t, Config{Path: path, migrations: bad})
	wantError(t, err, path, "from schema 2 to 3 (bad idea)", "nothing was changed", "ALTER TABLE nothing")
	if db := open(t, Config{Path: path}); dumpOf(t, db) != dumpOf(t, twinAt(t, 3)) {
		t.Error("it is not what was in it")
	}
}

func TestMigrationLeftHalfWay(t *testing.T) {
	path := filled3(t)
	db := open(t, Config{Path: path})
	err := db.main.write(t.Context(), "tamper", func(c *conn) error {
		sum, err := schemaSum(c)
		if err != nil {
			return err
		}
		return migrationTable.insert(c, 3, "many rows", 1, 0, sum)
	})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, refused(t, Config{Path: path}), path, "half-way through migration 3 (many rows)", "weir restore")
}

func TestNewerSchema(t *testing.T) {
	path := filled3(t)
	next := nextMigrations()
	next[2].compatible = 3
	newer := open(t, Config{Path: path, migrations: next})
	err := refused(t, Config{Path: path})
	wantError(t, err, path, "made by a newer Weir", "schema 3", "this one knows 2", "Start the newer version")
	if errors.Is(err, store.ErrDamaged) {
		t.Errorf("it is not damaged: %v", err)
	}
	if dumpOf(t, newer) != dumpOf(t, twinAt(t, 3)) {
		t.Error("it is not what was in it")
	}
}

// Two versions of Weir at work on one store: the older began, the newer migrates
// under its feet, both write, and the older can even be started again.
func TestTwoVersionsTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	older := open(t, Config{Path: path})
	const batches = 30
	var wg sync.WaitGroup
	work := func(db *DB, replica string) {
		for n := range int64(batches) {
			b := numbered(event.Position{Offset: n})
			if b.Replica = replica; replica != "a" { // what two of them would add twice
				b = &store.Batch{Replica: replica, From: b.From, To: b.To, Ledger: b.Ledger, Units: b.Units}
			}
			if err := db.Apply(t.Context(), b); err != nil {
				t.Error(err)
				return
			}
			if _, _, err := db.FindEvents(t.Context(), store.EventQuery{Route: "support"}); err != nil {
				t.Error(err)
			}
		}
	}
	wg.Go(func() { work(older, "a") })
	newer := open(t, Config{Path: path, migrations: nextMigrations()})
	wg.Go(func() { work(newer, "b") })
	again := open(t, Config{Path: path})
	wg.Go(func() { work(again, "c") })
	wg.Wait()
	twin := twinAt(t, batches)
	for _, replica := range []string{"b", "c"} {
		for n := range int64(batches) {
			b := numbered(event.Position{Offset: n})
			if err := twin.Apply(t.Context(), &store.Batch{Replica: replica, From: b.From, To: b.To, Ledger: b.Ledger, Units: b.Units}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, db := range map[string]*DB{"older": older, "newer": newer, "started again": again} {
		if dumpOf(t, db) != dumpOf(t, twin) {
			t.Errorf("%s: it is not what the batches say", name)
		}
		if err := db.Check(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
