package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// of runs a query about one experiment; one that nobody ever saw has no rows.
func (db *DB) of(ctx context.Context, experiment, doing string, query func(c *conn, id int64) error) error {
	return db.main.read(ctx, doing, func(c *conn) error {
		id, err := db.words.find(c, experiment)
		if err != nil || id == 0 && experiment != "" {
			return err
		}
		return query(c, id)
	})
}

// variantOf reads the key that the rows of variants, days and sketches begin with.
func (w *words) variantOf(c *conn, r *row) (k store.VariantKey, err error) {
	k.Epoch, k.Step = int(r.int(1)), int(r.int(2))
	if k.Experiment, err = w.name(c, r.int(0)); err != nil {
		return k, err
	}
	return k, w.namesOf(c, r, 3, &k.Variant, &k.Metric)
}

// VariantRows gives the sums by variant.
func (db *DB) VariantRows(ctx context.Context, experiment string) (rows []store.VariantRow, err error) {
	err = db.of(ctx, experiment, "read variant rows", func(c *conn, id int64) error {
		return variantTable.each(c, "WHERE experiment = ?", func(r *row) error {
			k, err := db.words.variantOf(c, r)
			if err != nil {
				return err
			}
			m, err := store.ParseMoments(r.bytes(5))
			rows = append(rows, k.Row(m))
			return err
		}, id)
	})
	slices.SortFunc(rows, func(a, b store.VariantRow) int { return a.Key().Compare(b.Key()) })
	return orNone(rows, err)
}

// DayRows gives counts by day.
func (db *DB) DayRows(ctx context.Context, experiment string) (rows []store.DayRow, err error) {
	err = db.of(ctx, experiment, "read days", func(c *conn, id int64) error {
		return dayTable.each(c, "WHERE experiment = ?", func(r *row) error {
			k, err := db.words.variantOf(c, r)
			rows = append(rows, store.DayRow{
				Day: dayStart(r.int(5)), Experiment: k.Experiment, Epoch: k.Epoch, Step: k.Step, Variant: k.Variant, Metric: k.Metric,
				N: r.int(6), Sum: r.int(7),
			})
			return err
		}, id)
	})
	slices.SortFunc(rows, store.CompareDays)
	return orNone(rows, err)
}

// SketchRows gives the distributions.
func (db *DB) SketchRows(ctx context.Context, experiment string) (rows []store.SketchRow, err error) {
	err = db.of(ctx, experiment, "read distributions", func(c *conn, id int64) error {
		return sketchTable.each(c, "WHERE experiment = ?", func(r *row) error {
			k, err := db.words.variantOf(c, r)
			rows = append(rows, store.SketchRow{
				Experiment: k.Experiment, Epoch: k.Epoch, Step: k.Step, Variant: k.Variant, Metric: k.Metric,
				Bucket: int(r.int(5)), Sketch: slices.Clone(r.bytes(6)),
			})
			return err
		}, id)
	})
	slices.SortFunc(rows, store.CompareSketches)
	return orNone(rows, err)
}

// unitOf reads a unit row.
func (w *words) unitOf(c *conn, r *row) (u store.UnitRow, err error) {
	u.Epoch, u.Step, u.Unit = int(r.int(1)), int(r.int(2)), r.unit(4)
	if u.Experiment, err = w.name(c, r.int(0)); err != nil {
		return u, err
	}
	if u.UnitKind, err = w.name(c, r.int(3)); err != nil {
		return u, err
	}
	return u, w.unpackUnit(c, r.bytes(5), &u)
}

// UnitRows gives a page of units, in the order in which they are kept.
func (db *DB) UnitRows(ctx context.Context, experiment string, after store.UnitKey, limit int) (rows []store.UnitRow, err error) {
	err = db.of(ctx, experiment, "read unit rows", func(c *conn, id int64) error {
		where, args := "WHERE experiment = ?", []any{id}
		if after != (store.UnitKey{}) {
			kind, err := db.words.find(c, after.UnitKind)
			if err != nil {
				return err
			}
			where += " AND (epoch, step, kind, unit) > (?, ?, ?, ?)"
			args = append(args, after.Epoch, after.Step, kind, unitValue(after.Unit))
		}
		args = append(args, store.PageSize(limit, event.MaxPage))
		return unitTable.each(c, where+" ORDER BY epoch, step, kind, unit LIMIT ?", func(r *row) error {
			u, err := db.words.unitOf(c, r)
			rows = append(rows, u)
			return err
		}, args...)
	})
	return orNone(rows, err)
}

// Rebuild adds the unit rows up anew as they are at one moment, and compares.
// Batches that come meanwhile move unit and variant rows alike, so a difference
// stays what it was, and is taken out by as much: nobody waits for the adding up.
func (db *DB) Rebuild(ctx context.Context) (found []store.Difference, err error) {
	doing := "rebuild variant rows"
	stored, computed := store.Shifts{}, store.Shifts{}
	var generation int64
	err = db.main.read(ctx, doing, func(c *conn) error {
		if generation, err = meta(c, "rebuilds"); err != nil {
			return err
		}
		return db.addUp(c, stored, computed)
	})
	if err != nil {
		return nil, err
	}
	if found = store.Differences(stored, computed); len(found) == 0 {
		return nil, nil
	}
	return found, db.main.write(ctx, doing, func(c *conn) error {
		if now, err := meta(c, "rebuilds"); err != nil || now != generation {
			return firstOf(err, fmt.Errorf("%w: another rebuild was faster", store.ErrConflict))
		}
		if err := setMeta(c, "rebuilds", generation+1); err != nil {
			return err
		}
		b := &batch{conn: c, words: db.words}
		return b.writeShifts(store.Mending(found))
	})
}

// addUp reads variant rows as they are and as the unit rows say.
func (db *DB) addUp(c *conn, stored, computed store.Shifts) error {
	err := variantTable.each(c, "", func(r *row) error {
		k, err := db.words.variantOf(c, r)
		if err != nil {
			return err
		}
		stored[k], err = store.ParseMoments(r.bytes(5))
		return err
	})
	if err != nil {
		return err
	}
	err = unitTable.each(c, "", func(r *row) error {
		u, err := db.words.unitOf(c, r)
		computed.Enter(&u)
		return err
	})
	for k, m := range computed {
		if m == (stats.Moments{}) {
			delete(computed, k)
		}
	}
	return err
}

// firstOf gives err, or the other when there is none.
func firstOf(err, other error) error {
	if err != nil {
		return err
	}
	return other
}
