package postgres

import (
	"context"
	"fmt"
	"hash/crc32"

	"github.com/jackc/pgx/v5"
)

// migrations make the schema, one after the other. One that has been released is
// never changed. They expand: a binary older by one can still use what a newer
// one has made, so that replicas can be replaced in turn.
var migrations = []string{
	`CREATE TABLE replicas (replica bytea PRIMARY KEY, segment int8 NOT NULL, place int8 NOT NULL);
	CREATE TABLE begins (replica bytea, id bytea, record bytea NOT NULL, PRIMARY KEY (replica, id));
	CREATE TABLE events (
		id bytea PRIMARY KEY, at int8 NOT NULL, project bytea NOT NULL, route bytea NOT NULL, variant bytea NOT NULL, outcome bytea NOT NULL,
		key bytea NOT NULL, model bytea NOT NULL, unit_kind bytea NOT NULL, unit bytea NOT NULL, client_id bytea NOT NULL, body_id bytea NOT NULL,
		tags bytea[] NOT NULL, record bytea NOT NULL);
	CREATE INDEX events_at ON events (at);
	CREATE INDEX events_route ON events (route, id);
	CREATE INDEX events_unit ON events (unit) WHERE unit <> '';
	CREATE INDEX events_client_id ON events (client_id) WHERE client_id <> '';
	CREATE INDEX events_body_id ON events (body_id) WHERE body_id <> '';
	CREATE TABLE bodies (id bytea PRIMARY KEY, at int8 NOT NULL, record bytea NOT NULL);
	CREATE INDEX bodies_at ON bodies (at);
	CREATE TABLE entries (id bytea PRIMARY KEY, at int8 NOT NULL, record bytea NOT NULL);
	CREATE TABLE scores (event bytea, name bytea, source bytea, at int8 NOT NULL, record bytea NOT NULL, PRIMARY KEY (event, name, source));
	CREATE INDEX scores_at ON scores (at);
	CREATE TABLE exposures (
		request bytea, experiment bytea, at int8 NOT NULL, epoch int8 NOT NULL, step int8 NOT NULL, unit_kind bytea NOT NULL, unit bytea NOT NULL,
		variant bytea NOT NULL, PRIMARY KEY (request, experiment));
	CREATE INDEX exposures_at ON exposures (at);
	CREATE INDEX exposures_unit ON exposures (unit);
	CREATE TABLE ledger (
		hour int8, project bytea, route bytea, variant bytea, model bytea, key bytea, tags bytea, why bytea,
		requests int8 NOT NULL, errors int8 NOT NULL, input int8 NOT NULL, cached int8 NOT NULL, cache_write int8 NOT NULL, output int8 NOT NULL,
		reasoning int8 NOT NULL, cost_micro int8 NOT NULL, estimated_micro int8 NOT NULL, estimated_requests int8 NOT NULL,
		unpriced_requests int8 NOT NULL, PRIMARY KEY (hour, project, route, variant, model, key, tags, why));
	CREATE TABLE rollups (
		minute int8, project bytea, route bytea, variant bytea, model bytea, value bytea NOT NULL,
		PRIMARY KEY (minute, project, route, variant, model));
	CREATE TABLE traffic (
		hour int8, project bytea, route bytea, variant bytea, model bytea, endpoint bytea,
		assigned int8 NOT NULL, sent int8 NOT NULL, answered int8 NOT NULL, PRIMARY KEY (hour, project, route, variant, model, endpoint));
	CREATE TABLE units (
		experiment bytea, epoch int8, step int8, unit_kind bytea, unit bytea, value bytea NOT NULL,
		PRIMARY KEY (experiment, epoch, step, unit_kind, unit));
	CREATE INDEX units_unit ON units (unit);
	CREATE TABLE days (
		day int8, experiment bytea, epoch int8, step int8, variant bytea, metric bytea, n int8 NOT NULL, sum int8 NOT NULL,
		PRIMARY KEY (experiment, day, epoch, step, variant, metric));
	CREATE TABLE sketches (
		experiment bytea, epoch int8, step int8, variant bytea, metric bytea, bucket int8, value bytea NOT NULL,
		PRIMARY KEY (experiment, epoch, step, variant, metric, bucket));
	CREATE TABLE variants (
		experiment bytea, epoch int8, step int8, variant bytea, metric bytea, value bytea NOT NULL,
		PRIMARY KEY (experiment, epoch, step, variant, metric));
	CREATE TABLE decisions (id bytea PRIMARY KEY, subject bytea NOT NULL, record bytea NOT NULL);
	CREATE INDEX decisions_subject ON decisions (subject, id);
	CREATE TABLE revisions (
		number int8 PRIMARY KEY, hash bytea NOT NULL, at int8 NOT NULL, author bytea NOT NULL, note bytea NOT NULL, owner bytea NOT NULL,
		restored int8 NOT NULL, names bytea[] NOT NULL, texts bytea[] NOT NULL);
	CREATE TABLE leases (name bytea PRIMARY KEY, holder bytea NOT NULL, fence int8 NOT NULL, until timestamptz NOT NULL);`,
	`CREATE TABLE looks (
		experiment bytea, epoch int8, at int8, variant bytea, metric bytea, units int8 NOT NULL, estimate float8 NOT NULL, low float8 NOT NULL,
		high float8 NOT NULL, PRIMARY KEY (experiment, epoch, at, variant, metric));
	CREATE INDEX looks_at ON looks (at);`,
}

// prepare makes sure, once, that the schema is there and that this binary knows
// it. It is tried again at each call until it has succeeded.
func (db *DB) prepare(ctx context.Context) error {
	if db.ready.Load() {
		return nil
	}
	select {
	case db.gate <- struct{}{}:
		defer func() { <-db.gate }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if db.ready.Load() {
		return nil
	}
	if err := ended(ctx, pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error { return db.migrate(ctx, tx) })); err != nil {
		return fmt.Errorf("prepare schema %q of PostgreSQL: %w", db.schema, err)
	}
	db.ready.Store(true)
	return nil
}

// lockMigrations and lockSaid are the first keys of this package's advisory locks.
const (
	lockMigrations = 0x77656972 // "weir"
	lockSaid       = lockMigrations + 1
)

// migrate is one transaction: PostgreSQL's definitions are transactional, so that a
// migration that fails leaves nothing half done. Replicas take turns.
func (db *DB) migrate(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1, $2)", int32(lockMigrations), int32(crc32.ChecksumIEEE([]byte(db.schema)))); err != nil {
		return err
	}
	at, err := db.version(ctx, tx)
	if err != nil {
		return err
	}
	if at > len(migrations)+1 {
		return fmt.Errorf("its version is %d, this binary knows %d: start the version of Weir that made it, or a newer one", at, len(migrations))
	}
	for ; at < len(migrations); at++ {
		if _, err := tx.Exec(ctx, migrations[at]); err != nil {
			return fmt.Errorf("migration %d: %w", at+1, err)
		}
		if _, err := tx.Exec(ctx, "INSERT INTO migrations (version) VALUES ($1)", at+1); err != nil {
			return err
		}
	}
	return nil
}

// version is that of the schema, 0 where there is none.
func (db *DB) version(ctx context.Context, tx pgx.Tx) (at int, err error) {
	exists := false
	name := pgx.Identifier{db.schema}.Sanitize()
	if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", name+".migrations").Scan(&exists); err != nil {
		return 0, err
	}
	if exists {
		err = tx.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM migrations").Scan(&at)
		return at, err
	}
	if _, err := tx.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+name); err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, "CREATE TABLE migrations (version int8 PRIMARY KEY, done timestamptz NOT NULL DEFAULT now())")
	return 0, err
}
