package sqlite

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir/internal/event"
)

// backupOf writes a backup to a file.
func backupOf(t *testing.T, db *DB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backup.tar")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Backup(t.Context(), out), out.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// A backup taken while batches are applied is the store after one of them, and
// restores to that.
func TestBackupWhileWriting(t *testing.T) {
	db := open(t, Config{})
	if err := db.Apply(t.Context(), numbered(event.Position{})); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := int64(1); ctx.Err() == nil; n++ {
			if err := db.Apply(ctx, numbered(event.Position{Offset: n})); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	})
	var backups []string
	for range 3 {
		backups = append(backups, backupOf(t, db))
	}
	stop()
	wg.Wait()
	for _, from := range backups {
		path := filepath.Join(t.TempDir(), "weir.db")
		if kept, err := Restore(t.Context(), path, from); err != nil || len(kept) > 0 {
			t.Fatalf("%v, %v", kept, err)
		}
		restored := open(t, Config{Path: path})
		at, err := restored.Position(t.Context(), "a")
		if err != nil || at.Offset < 1 {
			t.Fatalf("at %v, %v", at, err)
		}
		if withoutBodies(dumpOf(t, restored)) != withoutBodies(dumpOf(t, twinAt(t, at.Offset))) {
			t.Errorf("it is not what %d batches say", at.Offset)
		}
		if err := restored.Apply(t.Context(), numbered(at)); err != nil {
			t.Errorf("it does not go on: %v", err)
		}
	}
}

func TestRestoreSetsAsideWhatWasThere(t *testing.T) {
	db := open(t, Config{Path: filled3(t)})
	from := backupOf(t, db)
	if err := db.Apply(t.Context(), numbered(event.Position{Offset: 3})); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), db.main.path, from); err == nil || !strings.Contains(err.Error(), "a Weir that runs uses "+db.main.path) {
		t.Fatalf("while it runs: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := Restore(t.Context(), db.main.path, from)
	if err != nil || len(kept) != 2 {
		t.Fatalf("%v, %v", kept, err)
	}
	if restored := open(t, Config{Path: db.main.path}); dumpOf(t, restored) != dumpOf(t, twinAt(t, 3)) {
		t.Error("it is not what was backed up")
	}
	if before := open(t, Config{Path: copyOf(t, kept[0])}); withoutBodies(dumpOf(t, before)) != withoutBodies(dumpOf(t, twinAt(t, 4))) {
		t.Error("what was there is not kept as it was")
	}
}

// A store of another process that runs is left alone as well, and one that is
// damaged can be replaced.
func TestRestoreAndOtherProcesses(t *testing.T) {
	path := filled3(t)
	from := backupOf(t, open(t, Config{Path: filled3(t)}))
	if err := os.WriteFile(path, []byte(strings.Repeat("garbage ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, Config{Path: path})
	if _, err := Restore(t.Context(), path, from); err != nil {
		t.Fatalf("over a damaged store: %v", err)
	}
	other := start(t, "hold", path, "0")
	if line := other.line(); line != "opened <nil>" {
		t.Fatalf("the child says %q", line)
	}
	if _, err := Restore(t.Context(), path, from); err == nil {
		t.Error("it was restored under a process that uses it")
	}
	other.kill()
	if _, err := Restore(t.Context(), path, from); err != nil {
		t.Errorf("once that has gone: %v", err)
	}
}

func TestRestoreTakesNoBadBackup(t *testing.T) {
	db := open(t, Config{Path: filled3(t)})
	good, err := os.ReadFile(backupOf(t, db))
	if err != nil {
		t.Fatal(err)
	}
	newer := nextMigrations()
	newer[2].compatible = 3
	flipped := bytes.Clone(good)
	at := bytes.Index(flipped, []byte("chatcmpl-"))
	flipped[at] ^= 1
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"nothing":           {nil, "it is cut short"},
		"something else":    {bytes.Repeat([]byte("no backup "), 1000), "neither a backup nor a database"},
		"another archive":   {archive(t, "notes.txt", []byte("notes")), `it holds "notes.txt"`},
		"cut short":         {good[:len(good)/2], "nothing was changed"},
		"without the store": {archive(t, backupBodies, []byte("x")), "weir.db is not in it"},
		"a flipped bit":     {flipped, "checksum"},
		"an empty database": {archive(t, backupMain, nil), "is no store"},
		"a newer schema":    {must(os.ReadFile(backupOf(t, open(t, Config{migrations: newer})))), "made by a newer Weir"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filled3(t)
			from := filepath.Join(t.TempDir(), "backup.tar")
			if err := os.WriteFile(from, c.content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Restore(t.Context(), path, from)
			wantError(t, err, path, from, "nothing was changed", c.want)
			if same := open(t, Config{Path: path}); dumpOf(t, same) != dumpOf(t, twinAt(t, 3)) {
				t.Error("something was changed")
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*restor*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestRestoreFromACopyOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weir.db")
	if _, err := Restore(t.Context(), path, filled3(t)); err != nil {
		t.Fatal(err)
	}
	if restored := open(t, Config{Path: path}); withoutBodies(dumpOf(t, restored)) != withoutBodies(dumpOf(t, twinAt(t, 3))) {
		t.Error("it is not what was copied")
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func archive(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o600})
	_, writeErr := w.Write(content)
	if err := errors.Join(err, writeErr, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
