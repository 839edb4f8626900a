package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/store"
)

// AddLook keeps a look.
func (db *DB) AddLook(ctx context.Context, l store.Look) error {
	err := db.write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO looks VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (experiment, epoch, at, variant, metric) DO UPDATE SET
			units = excluded.units, estimate = excluded.estimate, low = excluded.low, high = excluded.high`,
			[]byte(l.Experiment), int64(l.Epoch), nanos(l.Time), []byte(l.Variant), []byte(l.Metric), l.Units, l.Estimate, l.Low, l.High)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep a look of %q: %w", l.Experiment, err)
	}
	return nil
}

// Looks gives those of an epoch, oldest first.
func (db *DB) Looks(ctx context.Context, experiment string, epoch int) (looks []store.Look, err error) {
	err = db.each(ctx, func(r pgx.Rows) error {
		l := store.Look{Experiment: experiment, Epoch: epoch}
		var at int64
		err := r.Scan(&at, (*bytea)(&l.Variant), (*bytea)(&l.Metric), &l.Units, &l.Estimate, &l.Low, &l.High)
		l.Time = timeOf(at)
		looks = append(looks, l)
		return err
	}, "SELECT at, variant, metric, units, estimate, low, high FROM looks WHERE experiment = $1 AND epoch = $2 ORDER BY at, variant, metric",
		[]byte(experiment), int64(epoch))
	if err != nil {
		return nil, fmt.Errorf("looks of %q: %w", experiment, err)
	}
	return looks, nil
}
