package sqlite

import (
	"cmp"
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

// LedgerRows gives money by the hour, oldest first.
func (db *DB) LedgerRows(ctx context.Context, q store.LedgerQuery) (rows []store.LedgerRow, err error) {
	l := ledgerLines{q: q, named: map[string]*ledgerName{}, hour: -1 << 62}
	from, to := span(q.From, q.To)
	err = db.main.read(ctx, "read the ledger", func(c *conn) error {
		return ledgerTable.each(c, "WHERE hour >= ? AND hour <= ? ORDER BY hour", func(r *row) error {
			return l.add(r, func(name *store.LedgerRow) error {
				return db.words.unpackNames(c, r.bytes(1), &name.Project, &name.Route, &name.Variant, &name.Model, &name.Key, &name.Tags, &name.Why)
			})
		}, from, to)
	})
	return orNone(l.rows(), err)
}

// ledgerLines are rows of the ledger as they are read. Months of them are read at
// once, and the same names come again with each hour: each is unpacked, held
// against the query and given its place among the others once.
type ledgerLines struct {
	q      store.LedgerQuery
	named  map[string]*ledgerName // as they are packed
	names  []*ledgerName
	hour   int64 // of the line before
	inside bool  // that hour is wanted
	lines  []ledgerLine
}

type ledgerName struct {
	store.LedgerRow
	wanted bool
	place  int
}

type ledgerLine struct {
	hour int64
	name *ledgerName
	store.LedgerSums
}

// add takes in a row of the table.
func (l *ledgerLines) add(r *row, unpack func(*store.LedgerRow) error) (err error) {
	name := l.named[string(r.bytes(1))]
	if name == nil {
		name = &ledgerName{}
		if err := unpack(&name.LedgerRow); err != nil {
			return err
		}
		whenever := l.q
		whenever.From, whenever.To = time.Time{}, time.Time{}
		name.wanted = whenever.Matches(&name.LedgerRow)
		l.named[string(r.bytes(1))] = name
		l.names = append(l.names, name)
	}
	if hour := r.int(0); hour != l.hour {
		period := store.LedgerQuery{From: l.q.From, To: l.q.To}
		l.hour, l.inside = hour, period.Matches(&store.LedgerRow{Hour: time.Unix(hour, 0)})
	}
	if !name.wanted || !l.inside {
		return nil
	}
	one := ledgerLine{hour: l.hour, name: name}
	one.LedgerSums, err = store.ParseSums(r.bytes(2))
	l.lines = append(l.lines, one)
	return err
}

// rows gives them by hour and name. They are in the order of hours.
func (l *ledgerLines) rows() []store.LedgerRow {
	slices.SortFunc(l.names, func(a, b *ledgerName) int { return store.CompareLedger(a.LedgerRow, b.LedgerRow) })
	for i, name := range l.names {
		name.place = i
	}
	slices.SortFunc(l.lines, func(a, b ledgerLine) int {
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.name.place, b.name.place))
	})
	rows := make([]store.LedgerRow, len(l.lines))
	for i := range l.lines {
		rows[i] = l.lines[i].name.LedgerRow
		rows[i].Hour, rows[i].LedgerSums = time.Unix(l.lines[i].hour, 0).UTC(), l.lines[i].LedgerSums
	}
	return rows
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
