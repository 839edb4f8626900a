package sqlite

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"time"
)

// A backup is a tar archive of the two database files, as they were at one moment
// each: first the bodies, then the store, so that no event of the copy lacks a
// body that it had. The pages come from a reader's view, in order; nothing needs
// room on the disk beside the archive, and nobody waits.

// Names of the files within a backup.
const (
	backupMain   = "weir.db"
	backupBodies = "weir-bodies.db"
)

// Backup writes a copy while writing goes on.
func (db *DB) Backup(ctx context.Context, w io.Writer) error {
	archive := tar.NewWriter(w)
	for _, one := range []struct {
		f    *file
		name string
	}{{db.bodies, backupBodies}, {db.main, backupMain}} {
		err := one.f.read(ctx, "back up the "+one.f.what, func(c *conn) error { return copyPages(c, archive, one.name) })
		if err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("back up the store: end the archive: %w", err)
	}
	return nil
}

// copyPages writes the pages of the moment that the connection sees.
func copyPages(c *conn, archive *tar.Writer, name string) error {
	r, err := c.one("SELECT (SELECT page_count FROM pragma_page_count), (SELECT page_size FROM pragma_page_size)")
	if err != nil {
		return err
	}
	pages, size := r.int(0), r.int(1)
	header := &tar.Header{Name: name, Size: pages * size, Mode: 0o600, ModTime: time.Now(), Format: tar.FormatPAX}
	if err := archive.WriteHeader(header); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	copied := int64(0)
	err = c.run("SELECT pgno, data FROM sqlite_dbpage ORDER BY pgno", func(r *row) error {
		if copied++; r.int(0) != copied || int64(len(r.bytes(1))) != size {
			return fmt.Errorf("page %d of %d comes as page %d with %d bytes", copied, pages, r.int(0), len(r.bytes(1)))
		}
		if _, err := archive.Write(r.bytes(1)); err != nil {
			return fmt.Errorf("write the archive: %w", err)
		}
		return nil
	})
	if err == nil && copied != pages {
		err = fmt.Errorf("%d pages of %d were read", copied, pages)
	}
	return err
}
