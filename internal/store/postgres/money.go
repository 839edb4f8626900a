package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

var ledgerTable = &table{
	name: "ledger", key: key(number("hour"), text("project", "route", "variant", "model", "key", "tags", "why")),
	sums: []string{"requests", "errors", "input", "cached", "cache_write", "output", "reasoning", "cost_micro", "estimated_micro", "estimated_requests",
		"unpriced_requests"},
}

func applyLedger(ctx context.Context, tx pgx.Tx, b *store.Batch) error {
	folded, err := fold(b.Ledger, (*store.LedgerRow).ID, func(into *store.LedgerRow, r store.LedgerRow) error {
		into.LedgerSums.Add(r.LedgerSums)
		return nil
	}, store.CompareLedger)
	if err != nil {
		return err
	}
	rows := make([][]any, len(folded))
	for i, r := range folded {
		rows[i] = []any{nanos(r.Hour), r.Project, r.Route, r.Variant, r.Model, r.Key, r.Tags, r.Why, r.Requests, r.Errors, r.Input, r.Cached, r.CacheWrite,
			r.Output, r.Reasoning, int64(r.Cost), int64(r.Estimated), r.Guessed, r.Unpriced}
	}
	return ledgerTable.add(ctx, tx, rows)
}

// LedgerRows gives money by the hour.
func (db *DB) LedgerRows(ctx context.Context, q store.LedgerQuery) (found []store.LedgerRow, err error) {
	w := &where{}
	window(w, "hour", q.From, q.To)
	named(w, q.Project, q.Route, q.Variant, q.Model)
	w.is("key", q.Key)
	w.is("why", q.Why)
	t := ledgerTable
	sql := fmt.Sprintf("SELECT %s, %s FROM ledger%s ORDER BY %s", names(t.key, ""), names(number(t.sums...), ""), w, names(t.key, ""))
	err = db.each(ctx, func(rows pgx.Rows) error {
		var r store.LedgerRow
		var hour, cost, estimated int64
		err := rows.Scan(&hour, (*bytea)(&r.Project), (*bytea)(&r.Route), (*bytea)(&r.Variant), (*bytea)(&r.Model), (*bytea)(&r.Key), (*bytea)(&r.Tags),
			(*bytea)(&r.Why), &r.Requests, &r.Errors, &r.Input, &r.Cached, &r.CacheWrite, &r.Output, &r.Reasoning, &cost, &estimated, &r.Guessed, &r.Unpriced)
		r.Hour, r.Cost, r.Estimated = timeOf(hour), meter.Micro(cost), meter.Micro(estimated)
		if err == nil && q.Matches(&r) { // the tag is looked for here
			found = append(found, r)
		}
		return err
	}, sql, w.args...)
	if err != nil {
		return nil, fmt.Errorf("read the ledger: %w", err)
	}
	return found, nil
}

var rollupTable = &table{name: "rollups", key: key(number("minute"), text("project", "route", "variant", "model"))}

func applyRollups(ctx context.Context, tx pgx.Tx, rollups []store.Rollup) error {
	folded, err := fold(rollups, (*store.Rollup).Key, func(into *store.Rollup, r store.Rollup) error { return into.Merge(r) }, store.CompareRollups)
	if err != nil {
		return err
	}
	keys := make([][]any, len(folded))
	for i, r := range folded {
		keys[i] = []any{nanos(r.Minute), r.Project, r.Route, r.Variant, r.Model}
	}
	values, err := rollupTable.lock(ctx, tx, keys)
	if err != nil {
		return err
	}
	for i := range folded {
		r := &folded[i]
		have := store.Rollup{Minute: r.Minute, Route: r.Route}
		if len(values[i]) > 0 {
			if err := store.ParseRollup(values[i], &have); err != nil {
				return fmt.Errorf("%w: roll-up %v: %w", store.ErrDamaged, r.Key(), err)
			}
		}
		if err := have.Merge(*r); err != nil { // with nothing, too: it reads the sketches
			return err
		}
		values[i] = store.AppendRollup(nil, &have)
	}
	return rollupTable.put(ctx, tx, keys, values)
}

// RollupRows gives minutes.
func (db *DB) RollupRows(ctx context.Context, q store.RollupQuery) (found []store.Rollup, err error) {
	w := &where{}
	window(w, "minute", q.From, q.To)
	named(w, q.Project, q.Route, q.Variant, q.Model)
	sql := fmt.Sprintf("SELECT %s, value FROM rollups%s ORDER BY %s", names(rollupTable.key, ""), w, names(rollupTable.key, ""))
	err = db.each(ctx, func(rows pgx.Rows) error {
		var r store.Rollup
		var minute int64
		var value []byte
		if err := rows.Scan(&minute, (*bytea)(&r.Project), (*bytea)(&r.Route), (*bytea)(&r.Variant), (*bytea)(&r.Model), &value); err != nil {
			return err
		}
		r.Minute = timeOf(minute)
		if err := store.ParseRollup(value, &r); err != nil {
			return fmt.Errorf("%w: roll-up %v: %w", store.ErrDamaged, r.Key(), err)
		}
		found = append(found, r)
		return nil
	}, sql, w.args...)
	if err != nil {
		return nil, fmt.Errorf("read roll-ups: %w", err)
	}
	return found, nil
}

var trafficTable = &table{
	name: "traffic", key: key(number("hour"), text("project", "route", "variant", "model", "endpoint")), sums: []string{"assigned", "sent", "answered"},
}

func applyTraffic(ctx context.Context, tx pgx.Tx, b *store.Batch) error {
	folded, err := fold(b.Traffic, (*store.TrafficRow).Key, func(into *store.TrafficRow, r store.TrafficRow) error {
		into.Merge(r)
		return nil
	}, store.CompareTraffic)
	if err != nil {
		return err
	}
	rows := make([][]any, len(folded))
	for i, r := range folded {
		rows[i] = []any{nanos(r.Hour), r.Project, r.Route, r.Variant, r.Model, r.Endpoint, r.Assigned, r.Sent, r.Answered}
	}
	return trafficTable.add(ctx, tx, rows)
}

// TrafficRows gives where requests went.
func (db *DB) TrafficRows(ctx context.Context, q store.RollupQuery) (found []store.TrafficRow, err error) {
	w := &where{}
	window(w, "hour", q.From, q.To)
	named(w, q.Project, q.Route, q.Variant, q.Model)
	sql := fmt.Sprintf("SELECT %s, assigned, sent, answered FROM traffic%s ORDER BY %s", names(trafficTable.key, ""), w, names(trafficTable.key, ""))
	err = db.each(ctx, func(rows pgx.Rows) error {
		var r store.TrafficRow
		var hour int64
		err := rows.Scan(&hour, (*bytea)(&r.Project), (*bytea)(&r.Route), (*bytea)(&r.Variant), (*bytea)(&r.Model), (*bytea)(&r.Endpoint),
			&r.Assigned, &r.Sent, &r.Answered)
		r.Hour = timeOf(hour)
		found = append(found, r)
		return err
	}, sql, w.args...)
	if err != nil {
		return nil, fmt.Errorf("read traffic: %w", err)
	}
	return found, nil
}
