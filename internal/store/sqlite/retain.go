package sqlite

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// retention is a call of Retain under way.
type retention struct {
	left    int64 // rows that it may yet delete
	deleted int64
	more    bool
}

// Retain deletes what is over its time, a portion a call, each in a transaction
// of its own that is as short as the limit makes it. The room is used again by
// new rows; when a quarter of a file is empty, it is given back to the disk, a
// portion a call as well.
func (db *DB) Retain(ctx context.Context, r store.Retention, now time.Time, limit int) (deleted int64, more bool, err error) {
	left := &retention{left: int64(limit)}
	if over := cutoff(now, r.Bodies); !over.IsZero() {
		if err := db.bodies.write(ctx, "delete old bodies", func(c *conn) error {
			return left.drop(c, bodyTable, "key", "bodies", "time < ?", over.UnixMilli())
		}); err != nil {
			return left.deleted, true, err
		}
	}
	err = db.main.write(ctx, "delete old rows", func(c *conn) error { return left.retain(c, r, now) })
	if err != nil {
		return left.deleted, true, err
	}
	for _, f := range []*file{db.main, db.bodies} {
		if err := f.giveBack(ctx, left); err != nil {
			return left.deleted, true, err
		}
	}
	return left.deleted, left.more, nil
}

// cutoff is the time before which rows are over; zero: none is.
func cutoff(now time.Time, keep time.Duration) time.Time {
	if keep <= 0 {
		return time.Time{}
	}
	return now.Add(-keep)
}

// retain deletes from the store's own file.
func (left *retention) retain(c *conn, r store.Retention, now time.Time) error {
	d, err := readDrift(c)
	if err != nil {
		return err
	}
	if over := cutoff(now, r.Events); !over.IsZero() {
		if err := left.drop(c, eventTable, "key", "events", "key < ? AND time < ?", d.before(over), over.UnixMilli()); err != nil {
			return err
		}
		if err := left.dropLookups(c, d.before(over)); err != nil {
			return err
		}
	}
	if over := cutoff(now, r.Rollups); !over.IsZero() {
		if err := left.drop(c, rollupTable, "minute, project, route, variant, model", "", "minute < ?", over.Unix()); err != nil {
			return err
		}
		if err := left.drop(c, trafficTable, "hour, project, route, variant, model, endpoint", "", "hour < ?", over.Unix()); err != nil {
			return err
		}
		if err := left.drop(c, lookTable, "time, experiment, epoch, variant, metric", "", "time < ?", over.UnixNano()); err != nil {
			return err
		}
	}
	if over := cutoff(now, r.Exposures); !over.IsZero() {
		if err := left.drop(c, exposureTable, "id, experiment", "exposures", "id < ? AND time < ?", idBefore(d.before(over)), over.UnixNano()); err != nil {
			return err
		}
	}
	if over := r.Scores(now); !over.IsZero() {
		return left.drop(c, scoreTable, "event, name, source", "scores", "event < ? AND time < ?", idBefore(d.before(over)), over.UnixNano())
	}
	return nil
}

// idBefore is where ids begin that have a number or a greater one. Ids that are
// kept as text come before all of these.
func idBefore(key int64) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(milliOf(key))<<16), make([]byte, 8)...)
}

// drop deletes the first rows, in order of their key, for which the condition
// holds. counted is the name under which they are counted.
func (left *retention) drop(c *conn, t *table, key, counted, where string, args ...any) error {
	if left.left <= 0 {
		left.more = true
		return nil
	}
	sql := fmt.Sprintf("DELETE FROM %s WHERE (%s) IN (SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT ?)", t.name, key, key, t.name, where, key)
	if err := c.exec(sql, append(args, left.left)...); err != nil {
		return err
	}
	n := int64(c.Changes())
	left.left -= n
	left.deleted += n
	if left.left <= 0 {
		left.more = true
	}
	if counted == "" {
		return nil
	}
	return addMeta(c, "rows:"+counted, -n)
}

// dropLookups deletes the lookups of days that have no event any more. They are
// no rows that anybody asked to keep, and are not counted.
func (left *retention) dropLookups(c *conn, before int64) error {
	r, err := c.one("SELECT min(key) FROM events")
	if err != nil {
		return err
	}
	day := dayOf(before)
	if r.values[0].kind == typeInteger {
		day = min(day, dayOf(r.int(0)))
	}
	limit := max(4*left.left, 100)
	err = c.exec("DELETE FROM lookups WHERE (day, hash, event) IN (SELECT day, hash, event FROM lookups WHERE day < ? ORDER BY day, hash, event LIMIT ?)", day, limit)
	if int64(c.Changes()) == limit {
		left.more = true
	}
	return err
}

// givenBack is how many pages are given back to the disk in a call.
const givenBack = 1000

// giveBack makes the file smaller when much of it is empty.
func (f *file) giveBack(ctx context.Context, left *retention) error {
	return f.withWriter(ctx, "give room back", func(c *conn) error {
		r, err := c.one("PRAGMA freelist_count")
		if err != nil {
			return err
		}
		free := r.int(0)
		if r, err = c.one("PRAGMA page_count"); err != nil || free < givenBack || free < r.int(0)/4 {
			return err
		}
		left.more = true
		return c.exec(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", givenBack))
	})
}
