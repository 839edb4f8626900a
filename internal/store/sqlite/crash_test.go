package sqlite

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// dumpOf is all that a store answers.
func dumpOf(t *testing.T, s store.Store) string {
	t.Helper()
	out, err := storetest.Dump(t.Context(), s, "a")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// twinAt is a twin that has the numbered batches up to n.
func twinAt(t *testing.T, n int64) *store.Memory {
	t.Helper()
	twin := store.NewMemory()
	for i := range n {
		if err := twin.Apply(t.Context(), numbered(event.Position{Offset: i})); err != nil {
			t.Fatal(err)
		}
	}
	return twin
}

// R1, of the store alone: killed in the middle of applying, it has each batch
// that Apply said was applied, and each once.
func TestKilledWhileApplying(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	for round := range 5 {
		p := start(t, "apply", path, "0")
		said := int64(0)
		enough := time.Now().Add(time.Duration(20+round*30) * time.Millisecond)
		for said == 0 || time.Now().Before(enough) {
			line := p.line()
			n, err := strconv.ParseInt(strings.TrimPrefix(line, "applied "), 10, 64)
			if err != nil {
				t.Fatalf("the child says %q", line)
			}
			said = n
		}
		p.kill()
		db := open(t, Config{Path: path})
		at, err := db.Position(t.Context(), "a")
		if err != nil || at.Offset < said {
			t.Fatalf("at %v, %v; batch %d was applied", at, err, said)
		}
		if withoutBodies(dumpOf(t, db)) != withoutBodies(dumpOf(t, twinAt(t, at.Offset))) {
			t.Fatalf("after %d batches it is not what they say", at.Offset)
		}
		if err := db.Apply(t.Context(), numbered(at)); err != nil {
			t.Fatal(err)
		}
		if dumpOf(t, db) != dumpOf(t, twinAt(t, at.Offset+1)) {
			t.Fatalf("the next batch, of which the bodies may be there, is not what it says")
		}
		if err := db.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// S2: whichever statement of an Apply fails, nothing of the batch is there, and
// the next try applies it once.
func TestEveryStatementFailsOnce(t *testing.T) {
	broken := errors.New("this statement fails")
	failAt, seen := 0, 0
	db := open(t, Config{fault: func(string) error {
		if seen++; seen == failAt {
			return broken
		}
		return nil
	}})
	first := event.Position{}
	if err := db.Apply(t.Context(), numbered(first)); err != nil {
		t.Fatal(err)
	}
	before, b := dumpOf(t, db), numbered(event.Position{Offset: 1})
	tries := 0
	for failAt = 1; ; failAt++ {
		seen = 0
		err := db.Apply(t.Context(), b)
		if err == nil {
			break
		}
		if tries++; !errors.Is(err, broken) {
			t.Fatalf("statement %d: %v", failAt, err)
		}
		seen = failAt + 1 // the reads below do not fail
		if withoutBodies(dumpOf(t, db)) != withoutBodies(before) {
			t.Fatalf("statement %d failed and left something behind", failAt)
		}
	}
	failAt = 0
	if tries < 100 {
		t.Errorf("only %d statements failed", tries)
	}
	if dumpOf(t, db) != dumpOf(t, twinAt(t, 2)) {
		t.Error("after all it is not what two batches say")
	}
}

// withoutBodies: they are in another file, and may be there a moment sooner.
func withoutBodies(dump string) string {
	var kept strings.Builder
	for line := range strings.Lines(dump) {
		if !strings.HasPrefix(line, "body ") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// Every Nth statement fails, for several N: batches go on being tried, and all
// are applied once.
func TestEveryNthStatementFails(t *testing.T) {
	for _, n := range []int{701, 997, 1511} {
		seen, on := 0, true
		db := open(t, Config{fault: func(string) error {
			if seen++; on && seen%n == 0 {
				return errors.New("this statement fails")
			}
			return nil
		}})
		failed := 0
		for at := (event.Position{}); at.Offset < 20; {
			if err := db.Apply(t.Context(), numbered(at)); err != nil {
				if failed++; errors.Is(err, store.ErrMoved) {
					t.Fatal(err)
				}
				continue
			}
			at.Offset++
		}
		if failed == 0 {
			t.Errorf("every %dth: nothing failed", n)
		}
		on = false
		if dumpOf(t, db) != dumpOf(t, twinAt(t, 20)) {
			t.Errorf("every %dth: it is not what 20 batches say", n)
		}
	}
}

// S3: no room. SQLite's limit of pages stands for the disk's.
func TestNoRoom(t *testing.T) {
	db := open(t, Config{})
	at := event.Position{}
	apply := func() error {
		err := db.Apply(t.Context(), numbered(at))
		if err == nil {
			at.Offset++
		}
		return err
	}
	if err := apply(); err != nil {
		t.Fatal(err)
	}
	limitPages(t, db, 60)
	var err error
	for err == nil && at.Offset < 1000 {
		err = apply()
	}
	if err == nil || !strings.Contains(err.Error(), db.main.path) || !strings.Contains(err.Error(), "Free some space in "+filepath.Dir(db.main.path)) {
		t.Fatalf("after %d batches: %v", at.Offset, err)
	}
	if again := apply(); again == nil {
		t.Fatal("it fitted after all")
	}
	if dumpOf(t, db) != dumpOf(t, twinAt(t, at.Offset)) {
		t.Error("without room it does not answer as before")
	}
	limitPages(t, db, 1<<30)
	for range 3 {
		if err := apply(); err != nil {
			t.Fatalf("with room again: %v", err)
		}
	}
	if dumpOf(t, db) != dumpOf(t, twinAt(t, at.Offset)) {
		t.Error("with room again it is not what the batches say")
	}
}

func limitPages(t *testing.T, db *DB, n int) {
	t.Helper()
	err := db.main.withWriter(t.Context(), "limit pages", func(c *conn) error {
		_, err := c.one("PRAGMA max_page_count = " + strconv.Itoa(n))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// copyFiles copies what is on the disk of a store, as a loss of power finds it.
func copyFiles(t *testing.T, path string, ends ...string) (to string) {
	t.Helper()
	to = filepath.Join(t.TempDir(), "weir.db")
	for _, base := range []struct{ from, to string }{{path, to}, {bodiesPath(path), bodiesPath(to)}} {
		for _, end := range ends {
			copyFile(t, base.from+end, base.to+end)
		}
	}
	return to
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close() //nolint:errcheck // it was only read
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

// What Durable gave is in the database files themselves: the logs may be gone.
func TestDurableNeedsNoLog(t *testing.T) {
	db := open(t, Config{})
	at := event.Position{}
	for n := range 20 {
		if err := db.Apply(t.Context(), numbered(at)); err != nil {
			t.Fatal(err)
		}
		at.Offset++
		if n%7 != 6 {
			continue
		}
		durable, err := db.Durable(t.Context(), "a")
		if err != nil || durable != at {
			t.Fatalf("durable up to %v, %v; applied %v", durable, err, at)
		}
		left := open(t, Config{Path: copyFiles(t, db.main.path, "")})
		if dumpOf(t, left) != dumpOf(t, twinAt(t, at.Offset)) {
			t.Errorf("without its log it is not what %d batches say", at.Offset)
		}
	}
}

// While a reader holds an earlier moment, Durable gives what it was sure of.
func TestDurableDoesNotOverstate(t *testing.T) {
	db := open(t, Config{})
	apply := func(n int64) {
		if err := db.Apply(t.Context(), numbered(event.Position{Offset: n})); err != nil {
			t.Fatal(err)
		}
	}
	durable := func(want int64) {
		t.Helper()
		at, err := db.Durable(t.Context(), "a")
		if err != nil || at.Offset != want {
			t.Errorf("durable up to %v, %v, want %d", at, err, want)
		}
	}
	apply(0)
	durable(1)
	err := db.main.read(t.Context(), "hold a moment", func(c *conn) error {
		if _, err := c.one("SELECT count(*) FROM events"); err != nil {
			return err
		}
		apply(1)
		durable(1)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	durable(2)
}
