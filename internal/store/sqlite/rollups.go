package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// rollups merges minutes.
func (b *batch) rollups(in *store.Batch) error {
	merged := map[store.RollupKey]store.Rollup{}
	for i := range in.Rollups {
		k := in.Rollups[i].Key()
		row, ok := merged[k]
		if !ok {
			row = store.Rollup{Minute: k.Minute, Route: k.Route}
		}
		if err := row.Merge(in.Rollups[i]); err != nil {
			return err
		}
		merged[k] = row
	}
	for k, row := range merged {
		if err := b.rollup(k, row); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) rollup(k store.RollupKey, more store.Rollup) error {
	key, err := b.ids(k.Project, k.Route, k.Variant, k.Model)
	if err != nil {
		return err
	}
	key = slices.Insert(key, 0, any(k.Minute.Unix()))
	have, err := rollupTable.find(b.conn, "WHERE minute = ? AND project = ? AND route = ? AND variant = ? AND model = ?", key...)
	if err != nil {
		return err
	}
	row := store.Rollup{Minute: k.Minute, Route: k.Route}
	if have != nil {
		if err := store.ParseRollup(have.bytes(5), &row); err != nil {
			return err
		}
	}
	if err := row.Merge(more); err != nil {
		return err
	}
	return rollupTable.replace(b.conn, append(key, store.AppendRollup(nil, &row))...)
}

// RollupRows gives minutes, oldest first.
func (db *DB) RollupRows(ctx context.Context, q store.RollupQuery) (rows []store.Rollup, err error) {
	from, to := span(q.From, q.To)
	err = db.main.read(ctx, "read roll-ups", func(c *conn) error {
		return rollupTable.each(c, "WHERE minute >= ? AND minute <= ? ORDER BY minute", func(r *row) error {
			one := store.Rollup{Minute: time.Unix(r.int(0), 0).UTC()}
			err := db.words.namesOf(c, r, 1, &one.Project, &one.Route, &one.Variant, &one.Model)
			if err != nil || !q.Matches(one.Minute, one.Project, one.Route, one.Variant, one.Model) {
				return err
			}
			err = store.ParseRollup(r.bytes(5), &one)
			rows = append(rows, one)
			return err
		}, from, to)
	})
	for rest := rows; len(rest) > 0; { // minutes are in order: a month's rows are too many to move about
		n := 1
		for n < len(rest) && rest[n].Minute.Equal(rest[0].Minute) {
			n++
		}
		slices.SortFunc(rest[:n], store.CompareRollups)
		rest = rest[n:]
	}
	return orNone(rows, err)
}

// traffic adds to the hours' rows.
func (b *batch) traffic(in *store.Batch) error {
	added := map[store.TrafficKey]store.TrafficRow{}
	for _, one := range in.Traffic {
		row := added[one.Key()]
		row.Merge(one)
		added[one.Key()] = row
	}
	for k, row := range added {
		key, err := b.ids(k.Project, k.Route, k.Variant, k.Model, k.Endpoint)
		if err != nil {
			return err
		}
		key = slices.Insert(key, 0, any(k.Hour.Unix()))
		have, err := trafficTable.find(b.conn, "WHERE hour = ? AND project = ? AND route = ? AND variant = ? AND model = ? AND endpoint = ?", key...)
		if err != nil {
			return err
		}
		if have != nil {
			row.Merge(store.TrafficRow{Assigned: have.int(6), Sent: have.int(7), Answered: have.int(8)})
		}
		if err := trafficTable.replace(b.conn, append(key, row.Assigned, row.Sent, row.Answered)...); err != nil {
			return err
		}
	}
	return nil
}

// TrafficRows gives where requests went, oldest first.
func (db *DB) TrafficRows(ctx context.Context, q store.RollupQuery) (rows []store.TrafficRow, err error) {
	from, to := span(q.From, q.To)
	err = db.main.read(ctx, "read traffic", func(c *conn) error {
		return trafficTable.each(c, "WHERE hour >= ? AND hour <= ?", func(r *row) error {
			one := store.TrafficRow{Hour: time.Unix(r.int(0), 0).UTC(), Assigned: r.int(6), Sent: r.int(7), Answered: r.int(8)}
			err := db.words.namesOf(c, r, 1, &one.Project, &one.Route, &one.Variant, &one.Model, &one.Endpoint)
			if err != nil || !q.Matches(one.Hour, one.Project, one.Route, one.Variant, one.Model) {
				return err
			}
			rows = append(rows, one)
			return nil
		}, from, to)
	})
	slices.SortFunc(rows, store.CompareTraffic)
	return orNone(rows, err)
}

// ids gives the numbers of words, as values of a row.
func (b *batch) ids(words ...string) ([]any, error) {
	values := make([]any, 0, len(words)+4)
	for _, word := range words {
		id, err := b.words.id(b.conn, word)
		if err != nil {
			return nil, err
		}
		values = append(values, id)
	}
	return values, nil
}

// namesOf gives the words of a row's columns, from one on.
func (w *words) namesOf(c *conn, r *row, from int, into ...*string) (err error) {
	for i, to := range into {
		if *to, err = w.name(c, r.int(from+i)); err != nil {
			return err
		}
	}
	return nil
}
