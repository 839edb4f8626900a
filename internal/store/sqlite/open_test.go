package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	lite "zombiezen.com/go/sqlite"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	put := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	swapped := filled3(t)
	copyFile(t, swapped, bodiesPath(swapped))
	for name, c := range map[string]struct {
		path    string
		want    []string
		damaged bool
	}{
		"no folder":           {filepath.Join(folder, "none", "weir.db"), []string{"there is no folder " + filepath.Join(folder, "none"), "Make it"}, false},
		"a file for a folder": {filepath.Join(put("file", "x"), "weir.db"), []string{"is no folder"}, false},
		"a folder":            {folder, []string{"is a folder: name a file in it"}, false},
		"a text":              {put("text.db", strings.Repeat("this is no database\n", 100)), []string{"file is not a database", "weir restore"}, true},
		"a short text":        {put("short.db", "routes: {}\n"), []string{"it has only 11 bytes", "weir restore"}, true},
		"another's database":  {othersDatabase(t), []string{"is no store of Weir's", "it is marked 0x00000000", "Name another path"}, false},
		"bodies in its place": {copyOf(t, bodiesPath(filled3(t))), []string{"is no store of Weir's", "0x57656942"}, false},
		"it in bodies' place": {swapped, []string{bodiesPath(swapped) + " is no file of bodies of Weir's"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := refused(t, Config{Path: c.path})
			wantError(t, err, append(c.want, strings.TrimSuffix(c.path, ".db"))...)
			if errors.Is(err, store.ErrDamaged) != c.damaged {
				t.Errorf("damaged: %v, for %v", !c.damaged, err)
			}
		})
	}
}

// othersDatabase is one that Weir did not make.
func othersDatabase(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.db")
	c, err := lite.OpenConn(path)
	if err != nil {
		t.Fatal(err)
	}
	err = (&conn{Conn: c}).exec("CREATE TABLE songs (title TEXT)")
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func copyOf(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "weir.db")
	copyFile(t, path, to)
	return to
}

func TestFilesAreForNobodyElse(t *testing.T) {
	db := open(t, Config{})
	if err := db.Apply(t.Context(), numbered(event.Position{})); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(db.main.path[:len(db.main.path)-3] + "*")
	if err != nil || len(files) < 6 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, name := range files {
		if at, err := os.Stat(name); err != nil || at.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, at.Mode(), err)
		}
	}
}

// Another process that writes: we wait for as long as was said, then say so, and
// go on once it has gone.
func TestAnotherProcessWrites(t *testing.T) {
	path := filled3(t)
	other := start(t, "lock", path, "0")
	if line := other.line(); line != "locked" {
		t.Fatalf("the child says %q", line)
	}
	db := open(t, Config{Path: path, Busy: 50 * time.Millisecond})
	b := numbered(event.Position{Offset: 3})
	err := db.Apply(t.Context(), b)
	wantError(t, err, path, "is held by another process that writes")
	if dumpOf(t, db) != dumpOf(t, twinAt(t, 3)) {
		t.Error("it cannot be read meanwhile")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := db.Apply(ctx, b); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("whoever has no time is not told so: %v", err)
	}
	other.kill()
	if err := db.Apply(t.Context(), b); err != nil {
		t.Errorf("when it has gone: %v", err)
	}
}

// What cannot be written says so, and can still be read.
func TestReadOnly(t *testing.T) {
	db := open(t, Config{Path: filled3(t)})
	err := db.main.withWriter(t.Context(), "make it read-only", func(c *conn) error { return c.exec("PRAGMA query_only = ON") })
	if err != nil {
		t.Fatal(err)
	}
	err = db.Apply(t.Context(), numbered(event.Position{Offset: 3}))
	wantError(t, err, db.main.path, "read-only", "the right to write in "+filepath.Dir(db.main.path))
	if dumpOf(t, db) != dumpOf(t, twinAt(t, 3)) {
		t.Error("it cannot be read")
	}
}

// A long query ends with its context, and its connection is good for others.
func TestLongQueriesEndWithTheirContext(t *testing.T) {
	db := open(t, Config{Readers: 1})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	err := db.main.read(ctx, "count for ever", func(c *conn) error {
		_, err := c.one("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 10*time.Second {
		t.Errorf("after %s: %v", time.Since(begin), err)
	}
	if _, _, err := db.FindEvents(t.Context(), store.EventQuery{}); err != nil {
		t.Errorf("the next query: %v", err)
	}
}

// While all connections are busy, a query waits, but not longer than its context.
func TestQueriesWaitForAConnection(t *testing.T) {
	db := open(t, Config{Readers: 1})
	err := db.main.read(t.Context(), "hold it", func(*conn) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := db.LedgerRows(ctx, store.LedgerQuery{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.LedgerRows(t.Context(), store.LedgerQuery{}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a store that is closed: %v", err)
	}
}
