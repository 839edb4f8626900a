package sqlite

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// state gives a closed store with something in each table, and what it answers.
func state(t *testing.T) (path, answers string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "weir.db")
	db, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for n := range int64(8) {
		if err := db.Apply(t.Context(), numbered(event.Position{Offset: n})); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 3 {
		r := store.Revision{Hash: "h", Time: time.Unix(int64(n), 0).UTC(), Author: "ana", Owner: "store", Files: []store.File{{Name: "weir.yaml", Text: strings.Repeat("routes: {}\n", 900)}}}
		if _, err := db.AddRevision(t.Context(), r, n); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Acquire(t.Context(), "l", "a", time.Hour, time.Now()); err != nil {
		t.Fatal(err)
	}
	answers = dumpOf(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path, answers
}

// S5: one bit of each page is flipped, one at a time. Opening, reading or Check
// says so, or the answer is right; what is shown is never what was not written.
func TestFlippedBits(t *testing.T) {
	path, answers := state(t)
	r := rand.New(rand.NewPCG(11, 12))
	told, harmless := 0, 0
	for _, which := range []func(string) string{func(p string) string { return p }, bodiesPath} {
		whole, err := os.ReadFile(which(path))
		if err != nil {
			t.Fatal(err)
		}
		for page := 0; page < len(whole); page += 4096 {
			bit := r.IntN(4096 * 8)
			to := copyFiles(t, path, "")
			flipped := append([]byte(nil), whole...)
			flipped[page+bit/8] ^= 1 << (bit % 8)
			if err := os.WriteFile(which(to), flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			switch err := tryAll(t, to, answers); {
			case err == nil:
				harmless++
			case errors.Is(err, errGarbage):
				t.Errorf("%s, page %d, bit %d of byte %d: %v", filepath.Base(which(to)), page/4096, bit%8, bit/8, err)
			default:
				told++
			}
		}
	}
	if told == 0 {
		t.Error("no damage was told of")
	}
	t.Logf("%d flips were told of, %d changed nothing", told, harmless)
}

var errGarbage = errors.New("garbage")

// tryAll opens a store that may be damaged, reads all of it, and checks it. Nil
// is: the answers are right.
func tryAll(t *testing.T, path, answers string) error {
	t.Helper()
	lines := map[string]bool{}
	for line := range strings.Lines(answers) {
		lines[line] = true
	}
	db, err := Open(Config{Path: path})
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // a damaged store may close with an error
	got, readErr := storetest.Dump(t.Context(), db, "a")
	for line := range strings.Lines(got) {
		if !lines[line] {
			return errors.Join(errGarbage, errors.New("this was never written: "+line))
		}
	}
	checkErr := db.Check(t.Context())
	if readErr == nil && got != answers && checkErr == nil {
		return errors.Join(errGarbage, errors.New("rows are missing and nobody noticed"))
	}
	if readErr != nil && !errors.Is(readErr, store.ErrDamaged) {
		return errors.Join(errGarbage, readErr, errors.New("it does not say that it is damaged"))
	}
	return errors.Join(readErr, checkErr)
}

// A write-ahead log that is cut or has a flipped bit, as a crash may leave it:
// the store is as it was after some batch, whole, position and all.
func TestDamagedLog(t *testing.T) {
	db := open(t, Config{})
	states := map[string]bool{}
	at := event.Position{}
	apply := func() {
		if err := db.Apply(t.Context(), numbered(at)); err != nil {
			t.Fatal(err)
		}
		at.Offset++
		states[withoutBodies(dumpOf(t, db))] = true
	}
	apply()
	if _, err := db.Durable(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		apply()
	}
	base := copyFiles(t, db.main.path, "", "-wal")
	log, err := os.ReadFile(base + "-wal")
	if err != nil || len(log) < 20*4096 {
		t.Fatalf("a log of %d bytes, %v", len(log), err)
	}
	for cut := 0; cut < len(log); cut += len(log)/40 + 13 {
		flipped := append([]byte(nil), log...)
		flipped[cut] ^= 4
		for what, damaged := range map[string][]byte{"cut": log[:cut], "flipped": flipped} {
			to := copyFiles(t, base, "")
			if err := os.WriteFile(to+"-wal", damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			left := open(t, Config{Path: to})
			if !states[withoutBodies(dumpOf(t, left))] { // the log of bodies is whole: they are ahead
				t.Errorf("log %s at %d of %d: it is in a state that never was", what, cut, len(log))
			}
			if err := left.Check(t.Context()); err != nil {
				t.Errorf("log %s at %d: %v", what, cut, err)
			}
		}
	}
}

// A file that lost its end, as a copy that was stopped has.
func TestCutFile(t *testing.T) {
	path, answers := state(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 50, 100, 1000, 4096, 5000, len(whole) / 2, len(whole) - 4096} {
		to := copyFiles(t, path, "")
		if err := os.WriteFile(to, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := tryAll(t, to, answers); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "weir restore") {
			t.Errorf("%d of %d bytes: %v", size, len(whole), err)
		}
	}
}
