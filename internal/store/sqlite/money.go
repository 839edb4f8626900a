package sqlite

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// ledger adds money to the hours' rows.
func (b *batch) ledger(in *store.Batch) error {
	for k, sums := range byLedgerKey(in.Ledger) {
		names, err := b.packNames(k.Project, k.Route, k.Variant, k.Model, k.Key, k.Tags, k.Why)
		if err != nil {
			return err
		}
		have, err := ledgerTable.find(b.conn, "WHERE hour = ? AND names = ?", k.Hour.Unix(), names)
		if err != nil {
			return err
		}
		if have != nil {
			before, err := store.ParseSums(have.bytes(2))
			if err != nil {
				return err
			}
			sums.Add(before)
		}
		if err := ledgerTable.replace(b.conn, k.Hour.Unix(), names, store.AppendSums(nil, &sums)); err != nil {
			return err
		}
	}
	return nil
}

// packNames packs the numbers of words.
func (b *batch) packNames(words ...string) ([]byte, error) {
	packed := make([]byte, 0, 2*len(words))
	for _, word := range words {
		id, err := b.words.id(b.conn, word)
		if err != nil {
			return nil, err
		}
		packed = binary.AppendUvarint(packed, uint64(id))
	}
	return packed, nil
}

// unpackNames reads what packNames wrote.
func (w *words) unpackNames(c *conn, packed []byte, into ...*string) (err error) {
	for _, to := range into {
		id, n := binary.Uvarint(packed)
		if n <= 0 {
			return store.ErrPacked
		}
		packed = packed[n:]
		if *to, err = w.name(c, int64(id)); err != nil {
			return err
		}
	}
	return nil
}

// byLedgerKey adds up what a batch has for one row, so that each is written once.
func byLedgerKey(rows []store.LedgerRow) map[store.LedgerKey]store.LedgerSums {
	added := make(map[store.LedgerKey]store.LedgerSums, len(rows))
	for i := range rows {
		k := rows[i].ID()
		sums := added[k]
		sums.Add(rows[i].LedgerSums)
		added[k] = sums
	}
	return added
}

// LedgerRows gives money by the hour, oldest first. Names come again with each
// hour: each is read once.
func (db *DB) LedgerRows(ctx context.Context, q store.LedgerQuery) (rows []store.LedgerRow, err error) {
	from, to := span(q.From, q.To)
	named := map[string]*store.LedgerRow{}
	err = db.main.read(ctx, "read the ledger", func(c *conn) error {
		return ledgerTable.each(c, "WHERE hour >= ? AND hour <= ? ORDER BY hour", func(r *row) error {
			name := named[string(r.bytes(1))]
			if name == nil {
				name = &store.LedgerRow{}
				named[string(r.bytes(1))] = name
				err := db.words.unpackNames(c, r.bytes(1), &name.Project, &name.Route, &name.Variant, &name.Model, &name.Key, &name.Tags, &name.Why)
				if err != nil {
					return err
				}
			}
			one := *name
			one.Hour = time.Unix(r.int(0), 0).UTC()
			if !q.Matches(&one) {
				return nil
			}
			one.LedgerSums, err = store.ParseSums(r.bytes(2))
			rows = append(rows, one)
			return err
		}, from, to)
	})
	sortHours(rows)
	return orNone(rows, err)
}

// sortHours orders rows that are in order of their hours by name as well.
func sortHours(rows []store.LedgerRow) {
	for from, to := 0, 0; from < len(rows); from = to {
		for to < len(rows) && rows[to].Hour.Equal(rows[from].Hour) {
			to++
		}
		slices.SortFunc(rows[from:to], store.CompareLedger)
	}
}

// span is the seconds from a time up to another, both included: what is beyond
// by a fraction is left to the query's own Matches.
func span(from, to time.Time) (first, last int64) {
	first, last = -1<<62, 1<<62
	if !from.IsZero() {
		first = from.Unix()
	}
	if !to.IsZero() {
		last = to.Unix()
	}
	return first, last
}
