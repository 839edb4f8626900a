package sqlite

import (
	"context"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// oblivion is a call of Forget under way.
type oblivion struct {
	db         *DB
	kind, unit string
	store.Forgotten
}

// Forget erases a unit: its events with all that hangs on them, then exposures
// whose events were deleted before, then its unit rows, each some rows a
// transaction. Whatever stops it, what is left is whole, and a second call does
// the rest. What is deleted is overwritten with zeros in the file, and the
// write-ahead log is emptied at the end.
func (db *DB) Forget(ctx context.Context, unitKind, unit string) (store.Forgotten, error) {
	o := &oblivion{db: db, kind: unitKind, unit: unit}
	for _, part := range []func(context.Context) error{o.events, o.exposures, o.units, o.overwrite} {
		if err := part(ctx); err != nil {
			return o.Forgotten, err
		}
	}
	return o.Forgotten, nil
}

// erase runs a transaction whose deletions leave nothing behind in the file.
func (f *file) erase(ctx context.Context, doing string, change func(*conn) error) error {
	return f.withWriter(ctx, doing, func(c *conn) error {
		if err := c.exec("PRAGMA secure_delete = ON"); err != nil {
			return err
		}
		err := f.transact(ctx, c, change)
		_ = c.exec("PRAGMA secure_delete = FAST") // if not, the next transactions are slower
		return err
	})
}

// doomed is an event that is about to be erased.
type doomed struct {
	key int64
	*event.Event
}

// events erases the unit's events, some at a time, oldest last.
func (o *oblivion) events(ctx context.Context) error {
	for {
		found, err := o.someEvents(ctx)
		if err != nil || len(found) == 0 {
			return err
		}
		ids := make([]string, len(found))
		for i, e := range found {
			ids[i] = e.ID
		}
		if err := o.bodies(ctx, ids); err != nil {
			return err
		}
		err = o.db.main.erase(ctx, "forget events", func(c *conn) error {
			for _, e := range found {
				if err := o.event(c, e); err != nil {
					return err
				}
			}
			return addMeta(c, "rows:events", -int64(len(found)))
		})
		if err != nil {
			return err
		}
		o.Events += int64(len(found))
	}
}

func (o *oblivion) someEvents(ctx context.Context) (found []doomed, err error) {
	err = o.db.main.read(ctx, "find what is to be forgotten", func(c *conn) error {
		return walkLookups(c, unitHash(o.unit), 0, lastKey, func(key int64) (bool, error) {
			e, err := o.db.eventByKey(c, key)
			if err == nil && e != nil && e.UnitKind == o.kind && e.Unit == o.unit {
				found = append(found, doomed{key, e})
			}
			return len(found) < portion, err
		})
	})
	return found, err
}

func (o *oblivion) event(c *conn, e doomed) error {
	if err := c.exec("DELETE FROM events WHERE key = ?", e.key); err != nil {
		return err
	}
	if err := dropLookups(c, e.key, e.Event); err != nil {
		return err
	}
	return o.request(c, e.ID)
}

// request erases the unit's exposures and the scores of a request.
func (o *oblivion) request(c *conn, id string) error {
	kind, err := o.db.words.find(c, o.kind)
	if err != nil {
		return err
	}
	n, err := remove(c, "exposures", "id = ? AND unit = ? AND kind = ?", idValue(id), unitValue(o.unit), kind)
	if err != nil {
		return err
	}
	o.Exposures += n
	n, err = remove(c, "scores", "event = ?", idValue(id))
	o.Scores += n
	return err
}

// remove deletes rows that are counted, and counts them out.
func remove(c *conn, table, where string, args ...any) (n int64, err error) {
	if err := c.exec("DELETE FROM "+table+" WHERE "+where, args...); err != nil {
		return 0, err
	}
	n = int64(c.Changes())
	return n, addMeta(c, "rows:"+table, -n)
}

func (o *oblivion) bodies(ctx context.Context, ids []string) error {
	return o.db.bodies.erase(ctx, "forget bodies", func(c *conn) error {
		gone := int64(0)
		for _, id := range ids {
			where, args := bodyOf(id)
			if err := c.exec("DELETE FROM bodies "+where, args...); err != nil {
				return err
			}
			gone += int64(c.Changes())
		}
		o.Bodies += gone
		return addMeta(c, "rows:bodies", -gone)
	})
}

// exposures erases those whose events are gone already: it has to look at all.
func (o *oblivion) exposures(ctx context.Context) error {
	for {
		ids, err := o.someExposures(ctx)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := o.bodies(ctx, ids); err != nil {
			return err
		}
		err = o.db.main.erase(ctx, "forget exposures", func(c *conn) error {
			for _, id := range ids {
				if err := o.request(c, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

func (o *oblivion) someExposures(ctx context.Context) (ids []string, err error) {
	err = o.db.main.read(ctx, "find what is to be forgotten", func(c *conn) error {
		kind, err := o.db.words.find(c, o.kind)
		if err != nil {
			return err
		}
		return c.run("SELECT DISTINCT id FROM exposures WHERE unit = ? AND kind = ? LIMIT ?", func(r *row) error {
			ids = append(ids, r.id(0))
			return nil
		}, unitValue(o.unit), kind, portion)
	})
	return ids, err
}

// units erases the unit rows; variant rows follow. A unit has a row for each
// step of each experiment that it took part in: few, and steps are few as well,
// so no index by unit is needed.
func (o *oblivion) units(ctx context.Context) error {
	return o.db.main.erase(ctx, "forget unit rows", func(c *conn) error {
		kind, err := o.db.words.find(c, o.kind)
		if err != nil {
			return err
		}
		steps, err := stepsOf(c)
		if err != nil {
			return err
		}
		shifts := store.Shifts{}
		for _, step := range steps {
			if err := o.unitRow(c, shifts, append(step[:], kind, unitValue(o.unit))); err != nil {
				return err
			}
		}
		if err := addMeta(c, "rows:units", -o.Units); err != nil {
			return err
		}
		b := &batch{conn: c, words: o.db.words}
		return b.writeShifts(shifts)
	})
}

// unitRow erases the row with that key, if there is one.
func (o *oblivion) unitRow(c *conn, shifts store.Shifts, key []any) error {
	there := false
	err := unitTable.each(c, unitWhere, func(r *row) error {
		u, err := o.db.words.unitOf(c, r)
		shifts.Leave(&u)
		there = true
		return err
	}, key...)
	if err != nil || !there {
		return err
	}
	o.Units++
	return c.exec("DELETE FROM units "+unitWhere, key...)
}

// stepsOf gives the experiment, epoch and step of all unit rows, each once, by
// going from one to the next.
func stepsOf(c *conn) (steps [][3]any, err error) {
	last := [3]any{-1, -1, -1}
	for {
		r, err := c.one("SELECT experiment, epoch, step FROM units WHERE (experiment, epoch, step) > (?, ?, ?) ORDER BY experiment, epoch, step LIMIT 1", last[:]...)
		if err != nil || r == nil {
			return steps, err
		}
		last = [3]any{r.int(0), r.int(1), r.int(2)}
		steps = append(steps, last)
	}
}

// overwrite empties the logs, so that nothing is left in them either. Readers of
// earlier moments may be in the way; then the log is overwritten by what comes.
func (o *oblivion) overwrite(ctx context.Context) error {
	for _, f := range []*file{o.db.main, o.db.bodies} {
		if _, err := f.bringHome(ctx, func(*conn) error { return nil }); err != nil {
			return err
		}
		err := f.withWriter(ctx, "empty the write-ahead log", func(c *conn) error {
			return f.patiently(c, func(c *conn) error { return c.exec("PRAGMA wal_checkpoint(TRUNCATE)") })
		})
		if err != nil {
			return err
		}
	}
	return nil
}
