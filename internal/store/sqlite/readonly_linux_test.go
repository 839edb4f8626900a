package sqlite

import (
	"os"
	"path/filepath"
	"runtime"
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
