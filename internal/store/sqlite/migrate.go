package sqlite

import (
	"context"
	"fmt"
	"hash/crc32"

	lite "zombiezen.com/go/sqlite"

	"github.com/weirhq/weir/internal/store"
)

// The table of migrations is made by the first of them, with what is not theirs.
const migrationsSQL = `CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, compatible INTEGER NOT NULL,
	done INTEGER NOT NULL, schema_sum INTEGER NOT NULL, sum INTEGER NOT NULL)`

// schema is what the file says of its migrations.
type schema struct {
	version    int // of the last
	compatible int // the oldest that may still use it
	sum        int64
}

// migrate brings the schema up to date, one migration a transaction. Several
// processes may do it at once: each looks again when it has the right to write.
func (f *file) migrate(c *conn, steps []migration) error {
	if at, err := f.schema(c, len(steps)); err != nil || at.version >= len(steps) {
		return err // and nobody who writes is in the way
	}
	for {
		var done bool
		err := f.transact(context.Background(), c, func(c *conn) error {
			at, err := f.schema(c, len(steps))
			if err != nil || at.version >= len(steps) {
				done = true
				return err
			}
			return f.step(c, at.version+1, steps[at.version])
		})
		if err != nil || done {
			return err
		}
	}
}

// schema reads how far the file is, and refuses what this binary cannot use.
func (f *file) schema(c *conn, ours int) (at schema, err error) {
	r, err := c.one("SELECT count(*) FROM sqlite_schema WHERE name = 'migrations'")
	if err != nil || r.int(0) == 0 {
		return schema{}, err
	}
	err = migrationTable.each(c, "ORDER BY version", func(r *row) error {
		version, name := int(r.int(0)), r.text(1)
		if r.int(3) == 0 {
			return fmt.Errorf("the %s %s was left half-way through migration %d (%s): bring back a backup from before it with \"weir restore\", or start the version of Weir that began it",
				f.what, f.path, version, name)
		}
		if version != at.version+1 {
			return fmt.Errorf("%w: migration %d is followed by %d", store.ErrDamaged, at.version, version)
		}
		at.version, at.sum = version, r.int(4)
		if version > ours {
			at.compatible = max(at.compatible, int(r.int(2)))
		}
		return nil
	})
	if err != nil {
		return at, err
	}
	if at.compatible > ours {
		return at, fmt.Errorf("the %s %s was made by a newer Weir: it has schema %d, which needs a Weir that knows schema %d, and this one knows %d. Start the newer version, or bring back a backup from before it with \"weir restore\"",
			f.what, f.path, at.version, at.compatible, ours)
	}
	return at, f.sameSchema(c, at)
}

// sameSchema compares the tables and indexes with what the last migration left.
func (f *file) sameSchema(c *conn, at schema) error {
	sum, err := schemaSum(c)
	if err == nil && at.version > 0 && sum != at.sum {
		err = fmt.Errorf("%w: its tables and indexes are not those that its migrations made", store.ErrDamaged)
	}
	return err
}

// step runs one migration.
func (f *file) step(c *conn, version int, m migration) error {
	doing := fmt.Sprintf("migrate the %s %s from schema %d to %d (%s)", f.what, f.path, version-1, version, m.name)
	for _, sql := range append([]string{migrationsSQL}, m.sql...) {
		if err := c.exec(sql); err != nil {
			return failed(doing, err)
		}
	}
	sum, err := schemaSum(c)
	if err != nil {
		return failed(doing, err)
	}
	if err := migrationTable.insert(c, version, m.name, m.compatible, 1, sum); err != nil {
		return failed(doing, err)
	}
	return nil
}

// failed is the error of a migration: nothing of it stays.
func failed(doing string, err error) error {
	if code := lite.ErrCode(err).ToPrimary(); code != lite.ResultError { // full, read-only: explained elsewhere
		return fmt.Errorf("%s: nothing was changed: %w", doing, err)
	}
	return fmt.Errorf("%s: nothing was changed; start the version of Weir that you had before, and report this: %w", doing, err)
}

// schemaSum is a checksum over the text of all tables and indexes.
func schemaSum(c *conn) (int64, error) {
	sum := crc32.New(castagnoli)
	err := c.run("SELECT type, name, tbl_name, ifnull(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name", func(r *row) error {
		_, err := sum.Write(r.all)
		return err
	})
	return int64(sum.Sum32()), err
}
