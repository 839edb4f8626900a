//go:build proof

package test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	lite "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// hang keeps a store from answering, from outside. A frozen file system hangs
// every write of the database until it thaws, in the middle of the system call,
// as a disk or a network volume that is gone would; the journal lies elsewhere.
// Where there is none that can be frozen, another process holds the lock that
// writing needs.
type hang struct {
	dir, how string
	mount    string // HUNG_MOUNT: a file system of its own; empty: there is none
	lock     *lite.Conn
	on       bool
}

func newHang(t *testing.T) *hang {
	t.Helper()
	if mount := os.Getenv("HUNG_MOUNT"); mount != "" {
		h := &hang{dir: filepath.Join(mount, "kept"), mount: mount, how: "The database's file system is frozen: its writes hang within the system call."}
		if err := os.MkdirAll(h.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(t.TempDir(), filepath.Join(h.dir, "journal")); err != nil {
			t.Fatal(err)
		}
		return h
	}
	return &hang{dir: t.TempDir(), how: "Another process holds the lock that writing to the database needs."}
}

// hang begins it. It ends with the test at the latest.
func (h *hang) hang(t *testing.T) {
	t.Helper()
	if h.mount != "" {
		h.freeze(t, "-f")
	} else {
		h.take(t)
	}
	h.on = true
	t.Cleanup(func() { h.letGo(t) })
}

func (h *hang) letGo(t *testing.T) {
	t.Helper()
	if !h.on {
		return
	}
	h.on = false
	if h.mount != "" {
		h.freeze(t, "-u")
	} else if err := h.lock.Close(); err != nil { // with its transaction
		t.Errorf("let the database go: %v", err)
	}
}

func (h *hang) freeze(t *testing.T, how string) {
	t.Helper()
	if text, err := exec.CommandContext(context.Background(), "fsfreeze", how, h.mount).CombinedOutput(); err != nil {
		t.Fatalf("fsfreeze %s %s: %v: %s", how, h.mount, err, text)
	}
}

func (h *hang) take(t *testing.T) {
	t.Helper()
	var err error
	if h.lock, err = lite.OpenConn(filepath.Join(h.dir, "weir.db"), lite.OpenReadWrite); err != nil {
		t.Fatal(err)
	}
	if err := sqlitex.ExecuteTransient(h.lock, "BEGIN EXCLUSIVE", nil); err != nil {
		t.Fatal(err)
	}
}
