package sqlite

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
)

// A file that this user may not write. For root nothing is, so the thread that
// opens it gives its rights on files away first.
func TestNoRightToWrite(t *testing.T) {
	path := filled3(t)
	folder := filepath.Dir(path)
	for _, one := range []struct {
		name string
		mode os.FileMode
	}{{filepath.Dir(folder), 0o755}, {folder, 0o555}, {path, 0o444}, {lockPath(path), 0o444}} {
		if err := os.Chmod(one.name, one.mode); err != nil {
			t.Fatal(err)
		}
	}
	defer os.Chmod(folder, 0o755) //nolint:errcheck // so that it can be removed
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never given back: the thread ends with its fewer rights
		_ = syscall.Setfsuid(65534)
		db, err := Open(Config{Path: path})
		if err == nil {
			_ = db.Close()
		}
		done <- err
	}()
	wantError(t, <-done, path, "read-only", folder)
}

// A file that may be written again just as it is opened: SQLite has taken it for
// reading only by then, and goes on so for as long as the connection lives. So it
// is refused, and the next try gets it.
func TestWritableAgainHalfWay(t *testing.T) {
	path := filled3(t)
	folder := filepath.Dir(path)
	modes := func(dir, file os.FileMode) error {
		return errors.Join(os.Chmod(folder, dir), os.Chmod(path, file), os.Chmod(bodiesPath(path), file), os.Chmod(lockPath(path), 0o666))
	}
	if err := errors.Join(os.Chmod(filepath.Dir(folder), 0o755), modes(0o777, 0o444)); err != nil {
		t.Fatal(err)
	}
	again := sync.OnceValue(func() error {
		done := make(chan error)
		go func() { done <- modes(0o777, 0o666) }() // a thread that has its rights
		return <-done
	})
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		_ = syscall.Setfsuid(65534)
		db, err := Open(Config{Path: path, fault: func(string) error { return again() }})
		if err == nil {
			_ = db.Close()
		}
		done <- err
	}()
	wantError(t, <-done, path, "read-only")
	db, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
