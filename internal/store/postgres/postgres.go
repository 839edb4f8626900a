// Package postgres keeps the record in PostgreSQL, 13 or newer: one database for
// many replicas. It is thin: what rows say, and how they merge, is in package
// store; here are tables, locks and the network.
//
// Why it is as it is:
//
//   - Text is kept as bytea. Names and ids come from callers, and may hold what
//     PostgreSQL's text does not (a zero byte, bytes that are no UTF-8). Bytes also
//     sort as they do in Go, so that rows come in the contract's order. To read them
//     in SQL: convert_from(route, 'UTF8').
//   - Times are nanoseconds since 1970, since timestamptz has microseconds.
//   - Several replicas write at once. A batch is one transaction of isolation READ
//     COMMITTED that locks rows in one order: tables as in apply, rows by their key.
//   - Nothing is connected to before it is needed: a server that is away at the
//     start, or goes and comes back, costs errors and no restart. Every call ends
//     with its context.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/weirhq/weir/internal/store"
)

// Config says where the database is.
type Config struct {
	// URL is "postgres://user:password@host:5432/database?sslmode=verify-full", or
	// keywords and values, as libpq has them. Empty: what the PG* variables of the
	// environment say.
	URL string
	// Schema is the PostgreSQL schema that the tables are in; it is made when it is
	// missing. Empty: "weir".
	Schema string
	// Connections is how many may be open. 0: 8.
	Connections int32
}

// DB is a database. It is safe for use by several goroutines.
type DB struct {
	pool   *pgxpool.Pool
	schema string
	ready  atomic.Bool   // migrations were seen to be done
	gate   chan struct{} // held by the one who looks after them
}

var _ store.Store = (*DB)(nil)

// connectTimeout bounds an attempt to connect where the URL has no
// connect_timeout: the pool's attempts outlive the call that wanted them.
const connectTimeout = 5 * time.Second

// Open reads the configuration. It connects to nothing: whether the server is
// there shows at the first use.
func Open(cfg Config) (*DB, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("read the address of the PostgreSQL store: %w", err) // has no password in it
	}
	schema := cfg.Schema
	if schema == "" {
		schema = "weir"
	}
	pc.MaxConns = 8
	if cfg.Connections > 0 {
		pc.MaxConns = cfg.Connections
	}
	pc.ConnConfig.ConnectTimeout = min(pc.ConnConfig.ConnectTimeout, connectTimeout)
	run := pc.ConnConfig.RuntimeParams
	run["search_path"] = pgx.Identifier{schema}.Sanitize()
	run["application_name"] = "weir"
	// What Apply has returned for is on disk, whatever the server's default is: Durable
	// rests on it.
	run["synchronous_commit"] = "on"
	pool, err := pgxpool.NewWithConfig(context.Background(), pc)
	if err != nil {
		return nil, fmt.Errorf("open the PostgreSQL store: %w", err)
	}
	return &DB{pool: pool, schema: schema, gate: make(chan struct{}, 1)}, nil
}

// Close waits for calls under way and ends all connections.
func (db *DB) Close() error {
	db.pool.Close()
	return nil
}

// write runs a transaction.
func (db *DB) write(ctx context.Context, f func(pgx.Tx) error) error {
	if err := db.prepare(ctx); err != nil {
		return err
	}
	return db.ended(ctx, pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, f))
}

// each runs a query and hands its rows to f.
func (db *DB) each(ctx context.Context, f func(pgx.Rows) error, sql string, args ...any) error {
	if err := db.prepare(ctx); err != nil {
		return err
	}
	rows, err := db.pool.Query(ctx, sql, args...)
	return db.ended(ctx, scan(rows, err, f))
}

// scan hands each row to f.
func scan(rows pgx.Rows, err error, f func(pgx.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// ended is ended of a statement. When the tables are gone (a server was set up
// anew, and a backup not yet brought back), the next call makes them.
func (db *DB) ended(ctx context.Context, err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (refused.Code == "42P01" || refused.Code == "3F000") { // undefined_table, invalid_schema_name
		db.ready.Store(false)
	}
	return ended(ctx, err)
}

// ended makes sure that an error of a context that is over says so.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// nanos is a time as it is kept; the zero time lies before all others.
func nanos(t time.Time) int64 {
	if t.IsZero() {
		return beginning
	}
	return t.UnixNano()
}

const beginning = -1 << 63

func timeOf(ns int64) time.Time {
	if ns == beginning {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// bytesOf gives texts as bytea takes them: never null.
func bytesOf(texts ...string) [][]byte {
	list := make([][]byte, len(texts))
	for i, s := range texts {
		list[i] = []byte(s)
	}
	return list
}
