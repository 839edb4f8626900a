package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/store"
)

// Retain deletes what is over its time. Rows that a batch has locked are left for
// the next time: nobody waits.
func (db *DB) Retain(ctx context.Context, r store.Retention, now time.Time, limit int) (deleted int64, more bool, err error) {
	before := func(keep time.Duration) time.Time {
		if keep <= 0 {
			return time.Time{}
		}
		return now.Add(-keep)
	}
	err = db.write(ctx, func(tx pgx.Tx) error {
		for _, part := range []struct {
			table, time string
			over        time.Time
		}{
			{"events", "at", before(r.Events)}, {"bodies", "at", before(r.Bodies)}, {"rollups", "minute", before(r.Rollups)}, {"traffic", "hour", before(r.Rollups)}, {"looks", "at", before(r.Rollups)},
			{"exposures", "at", before(r.Exposures)}, {"scores", "at", r.Scores(now)},
		} {
			left := int64(limit) - deleted
			if part.over.IsZero() || left <= 0 {
				more = more || left <= 0
				continue
			}
			sql := fmt.Sprintf("DELETE FROM %s WHERE ctid = ANY(ARRAY(SELECT ctid FROM %s WHERE %s < $1 LIMIT $2 FOR UPDATE SKIP LOCKED))", part.table, part.table, part.time)
			tag, err := tx.Exec(ctx, sql, nanos(part.over), left)
			if err != nil {
				return naming(part.table, err)
			}
			deleted += tag.RowsAffected()
			more = more || tag.RowsAffected() == left
		}
		return nil
	})
	if err != nil {
		return 0, false, fmt.Errorf("delete what is over its time: %w", err)
	}
	return deleted, more, nil
}

// Forget erases a unit.
func (db *DB) Forget(ctx context.Context, unitKind, unit string) (f store.Forgotten, err error) {
	err = db.write(ctx, func(tx pgx.Tx) error {
		f = store.Forgotten{}
		if err := alone(ctx, tx); err != nil {
			return err
		}
		who := []any{[]byte(unitKind), []byte(unit)}
		const requests = `WITH gone AS (
				SELECT id FROM events WHERE unit_kind = $1 AND unit = $2
				UNION SELECT request FROM exposures WHERE unit_kind = $1 AND unit = $2) `
		for _, part := range []struct {
			sql   string
			count *int64
		}{
			{requests + "DELETE FROM bodies WHERE id IN (SELECT id FROM gone)", &f.Bodies},
			{requests + "DELETE FROM scores WHERE event IN (SELECT id FROM gone)", &f.Scores},
			{requests + "DELETE FROM events WHERE unit_kind = $1 AND unit = $2", &f.Events},
			{"DELETE FROM exposures WHERE unit_kind = $1 AND unit = $2", &f.Exposures},
		} {
			tag, err := tx.Exec(ctx, part.sql, who...)
			if err != nil {
				return err
			}
			*part.count = tag.RowsAffected()
		}
		shifts := store.Shifts{}
		rows, err := tx.Query(ctx, fmt.Sprintf("DELETE FROM units WHERE unit_kind = $1 AND unit = $2 RETURNING %s, value", names(unitTable.key, "")), who...)
		err = scan(rows, err, func(r pgx.Rows) error {
			row, err := unitRow(r)
			f.Units++
			shifts.Leave(&row)
			return err
		})
		if err != nil {
			return err
		}
		return shift(ctx, tx, shifts)
	})
	if err != nil {
		return store.Forgotten{}, fmt.Errorf("forget a %s: %w", unitKind, err)
	}
	return f, nil
}

// Check reads every packed row. That pages are whole is the server's to check
// (initdb --data-checksums, pg_amcheck).
func (db *DB) Check(ctx context.Context) error {
	err := db.each(ctx, func(r pgx.Rows) error { _, err := unitRow(r); return err }, fmt.Sprintf("SELECT %s, value FROM units", names(unitTable.key, "")))
	if err == nil {
		err = db.each(ctx, func(r pgx.Rows) error { _, _, err := variantRow(r); return err }, fmt.Sprintf("SELECT %s, value FROM variants", names(variantTable.key, "")))
	}
	if err == nil {
		_, err = db.RollupRows(ctx, store.RollupQuery{})
	}
	if err != nil {
		return fmt.Errorf("check the PostgreSQL store: %w", err)
	}
	return nil
}

// Backup is not done here: PostgreSQL has tools that know it better.
func (db *DB) Backup(context.Context, io.Writer) error {
	return fmt.Errorf("back up the PostgreSQL store: %w: use pg_dump --schema=%s, or the server's own backups", errors.ErrUnsupported, db.schema)
}

// Info is what the server says. The numbers of rows are exact and counting takes
// time: it is asked for by people.
func (db *DB) Info(ctx context.Context) (store.Info, error) {
	i := store.Info{Engine: "postgres", Schema: len(migrations), Rows: map[string]int64{}}
	err := db.each(ctx, func(r pgx.Rows) error { return r.Scan(&i.Version, &i.Bytes) },
		`SELECT current_setting('server_version'), (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 FROM pg_class c
			JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r')`, db.schema)
	for _, table := range []string{"events", "bodies", "entries", "ledger", "rollups", "units", "exposures", "scores", "decisions", "revisions"} {
		if err == nil {
			var n int64
			err = db.each(ctx, func(r pgx.Rows) error { return r.Scan(&n) }, "SELECT count(*) FROM "+table)
			i.Rows[table] = n
		}
	}
	if err != nil {
		return store.Info{}, fmt.Errorf("ask PostgreSQL about the store: %w", err)
	}
	return i, nil
}
