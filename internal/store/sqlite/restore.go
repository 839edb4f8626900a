package sqlite

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	lite "zombiezen.com/go/sqlite"
)

// Restore puts the backup in the file named from in the place of the store at
// path, or makes it. The backup is read whole and checked first, against its
// checksums and for a schema that this Weir knows; a store that runs is left
// alone. What was there is not deleted: its files are renamed, and their new
// names are given back.
//
// A plain copy of weir.db, which is no archive, is taken as well; bodies are
// then none.
func Restore(ctx context.Context, path, from string) (kept []string, err error) {
	lock, err := lockAlone(path)
	if err != nil {
		return nil, fmt.Errorf("restore %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, lock.close()) }()
	fresh, err := unpack(path, from)
	defer func() {
		for _, one := range fresh {
			_ = os.Remove(one.temp) // where it was put in place, there is nothing any more
		}
	}()
	if err != nil {
		return nil, fmt.Errorf("restore %s from %s: nothing was changed: %w", path, from, err)
	}
	for _, one := range fresh {
		if err := verify(ctx, one); err != nil {
			return nil, fmt.Errorf("restore %s from %s: nothing was changed: the backup is no good: %w", path, from, err)
		}
	}
	if kept, err = setAside(path); err != nil {
		return kept, fmt.Errorf("restore %s: set what is there aside: %w", path, err)
	}
	for _, one := range fresh {
		if err := os.Rename(one.temp, one.path); err != nil {
			return kept, fmt.Errorf("restore %s: put the backup in place: %w", path, err)
		}
	}
	return kept, syncFolder(filepath.Dir(path))
}

// restored is a file out of a backup, not yet in its place.
type restored struct {
	kind
	path, temp string
}

// unpack writes the files of a backup beside those they are to replace.
func unpack(path, from string) (fresh []restored, err error) {
	in, err := os.Open(from)
	if err != nil {
		return nil, err
	}
	defer in.Close() //nolint:errcheck // it was only read
	r := bufio.NewReaderSize(in, 1<<16)
	if head, _ := r.Peek(16); string(head) == "SQLite format 3\x00" {
		one := restored{mainKind, path, path + ".restoring"}
		return []restored{one}, writeNew(one.temp, r)
	}
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fresh, fmt.Errorf("it is neither a backup nor a database: %w", err)
		}
		one := restored{mainKind, path, path + ".restoring"}
		switch h.Name {
		case backupMain:
		case backupBodies:
			one = restored{bodiesKind, bodiesPath(path), bodiesPath(path) + ".restoring"}
		default:
			return fresh, fmt.Errorf("it is no backup of Weir's: it holds %q", h.Name)
		}
		fresh = append(fresh, one)
		if err := writeNew(one.temp, archive); err != nil {
			return fresh, err
		}
	}
	if len(fresh) == 0 || fresh[len(fresh)-1].application != mainKind.application {
		return fresh, fmt.Errorf("it is cut short: %s is not in it", backupMain)
	}
	return fresh, nil
}

// writeNew writes a file and waits until it is on the disk.
func writeNew(path string, r io.Reader) error {
	_ = os.Remove(path) // of a restore that was stopped
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// verify reads all of a file before it is trusted.
func verify(ctx context.Context, one restored) error {
	f := &file{kind: one.kind, path: one.temp, readers: make(chan *conn, 1)}
	raw, err := lite.OpenConn(one.temp, lite.OpenReadWrite)
	if err != nil {
		return f.explain(ctx, "open it", err)
	}
	f.readers <- &conn{Conn: raw}
	err = f.read(ctx, "look at it", func(c *conn) error {
		r, err := c.one("PRAGMA application_id")
		if err != nil {
			return err
		}
		if r.int(0) != f.application {
			return fmt.Errorf("it is no %s of Weir's", f.what)
		}
		at, err := f.schema(c, len(f.migrations(Config{}.withDefaults())))
		if err == nil && at.version == 0 {
			err = errors.New("it is empty")
		}
		return err
	})
	if err == nil {
		err = f.check(ctx)
	}
	return errors.Join(err, raw.Close(), dropLog(one.temp))
}

// dropLog removes what a reader leaves beside a file in write-ahead mode.
func dropLog(path string) error {
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// setAside renames the files of a store. The write-ahead log keeps the name of
// its database, or what is only in it would be lost.
func setAside(path string) (kept []string, err error) {
	stamp := time.Now().UTC().Format("20060102T150405.000")
	for _, base := range []string{path, bodiesPath(path)} {
		for _, end := range []string{"", "-wal", "-shm"} {
			to := base + ".before-restore-" + stamp + end
			switch err := os.Rename(base+end, to); {
			case errors.Is(err, os.ErrNotExist):
			case err != nil:
				return kept, err
			case end == "":
				kept = append(kept, to)
			}
		}
	}
	return kept, nil
}
