package sqlite

import (
	"context"
	"os"

	"github.com/weirhq/weir/internal/store"
)

// counted are the rows whose number is kept, since counting them would read them all.
var counted = []string{"events", "units", "exposures", "scores", "entries"}

// Info says what is kept, and in how many bytes.
func (db *DB) Info(ctx context.Context) (store.Info, error) {
	info := store.Info{Engine: "sqlite", Rows: map[string]int64{}}
	err := db.main.read(ctx, "count rows", func(c *conn) error {
		r, err := c.one("SELECT sqlite_version(), (SELECT max(version) FROM migrations), (SELECT count(*) FROM decisions), (SELECT count(*) FROM revisions)")
		if err != nil {
			return err
		}
		info.Version, info.Schema = r.text(0), int(r.int(1))
		info.Rows["decisions"], info.Rows["revisions"] = r.int(2), r.int(3)
		for _, name := range counted {
			if info.Rows[name], err = meta(c, "rows:"+name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return store.Info{}, err
	}
	err = db.bodies.read(ctx, "count bodies", func(c *conn) (err error) {
		info.Rows["bodies"], err = meta(c, "rows:bodies")
		return err
	})
	info.Bytes = bytesOf(db.main.path) + bytesOf(db.bodies.path)
	return info, err
}

// bytesOf is the size of a database file with its write-ahead log.
func bytesOf(path string) (n int64) {
	for _, name := range []string{path, path + "-wal"} {
		if at, err := os.Stat(name); err == nil {
			n += at.Size()
		}
	}
	return n
}
