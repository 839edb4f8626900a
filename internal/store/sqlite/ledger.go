package sqlite

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// Money is by the hour, and months of it are read at once. A row of its own for
// each hour would cost more to read than what is in it, so the hours of a day
// that share their names share a row: each is its number, from 0, the length of
// its sums, and these.

// daySeconds and hourSeconds divide time as the ledger does, in UTC.
const (
	hourSeconds = 60 * 60
	daySeconds  = 24 * hourSeconds
)

// dayAndHour gives the day, counted from 1970, and the hour in it.
func dayAndHour(t time.Time) (day int64, hour byte) {
	seconds := t.Unix()
	within := (seconds%daySeconds + daySeconds) % daySeconds
	return (seconds - within) / daySeconds, byte(within / hourSeconds)
}

// addHour appends the hours of a day with more money in one of them.
func addHour(b, hours []byte, hour byte, more store.LedgerSums) ([]byte, error) {
	added := false
	add := func() {
		added = true
		sums := store.AppendSums(nil, &more)
		b = append(binary.AppendUvarint(append(b, hour), uint64(len(sums))), sums...)
	}
	err := eachHour(hours, func(h byte, packed []byte) error {
		switch {
		case h == hour:
			before, err := store.ParseSums(packed)
			if err != nil {
				return err
			}
			more.Add(before)
			add()
			return nil
		case h > hour && !added:
			add()
		}
		b = append(binary.AppendUvarint(append(b, h), uint64(len(packed))), packed...)
		return nil
	})
	if !added {
		add()
	}
	return b, err
}

// eachHour shows the hours of a day in their order.
func eachHour(hours []byte, show func(hour byte, packed []byte) error) error {
	for len(hours) > 0 {
		size, n := binary.Uvarint(hours[1:])
		from := 1 + max(n, 0)
		if n <= 0 || size > uint64(len(hours)-from) {
			return store.ErrPacked
		}
		to := from + int(size)
		if err := show(hours[0], hours[from:to]); err != nil {
			return err
		}
		hours = hours[to:]
	}
	return nil
}

// LedgerRows gives money by the hour, oldest first.
func (db *DB) LedgerRows(ctx context.Context, q store.LedgerQuery) (rows []store.LedgerRow, err error) {
	l := ledgerLines{q: q, named: map[string]*ledgerName{}}
	from, to := span(q.From, q.To)
	err = db.main.read(ctx, "read the ledger", func(c *conn) error {
		return ledgerTable.each(c, "WHERE day >= ? AND day <= ? ORDER BY day", func(r *row) error {
			return l.add(r, func(name *store.LedgerRow) error {
				return db.words.unpackNames(c, r.bytes(1), &name.Project, &name.Route, &name.Variant, &name.Model, &name.Key, &name.Tags, &name.Why)
			})
		}, from/daySeconds-1, to/daySeconds+1)
	})
	return orNone(l.rows(), err)
}

// ledgerLines are hours of the ledger as they are read. The same names come again
// each day: they are unpacked, held against the query and given their place among
// the others once.
type ledgerLines struct {
	q     store.LedgerQuery
	named map[string]*ledgerName // as they are packed
	names []*ledgerName
	lines []ledgerLine
}

type ledgerName struct {
	store.LedgerRow
	wanted bool
	place  int
}

type ledgerLine struct {
	hour int64 // in seconds from 1970
	name *ledgerName
	store.LedgerSums
}

// add takes in a row of the table.
func (l *ledgerLines) add(r *row, unpack func(*store.LedgerRow) error) error {
	name, err := l.name(r.bytes(1), unpack)
	if err != nil || !name.wanted {
		return err
	}
	period := store.LedgerQuery{From: l.q.From, To: l.q.To}
	return eachHour(r.bytes(2), func(hour byte, packed []byte) error {
		one := ledgerLine{hour: r.int(0)*daySeconds + int64(hour)*hourSeconds, name: name}
		if !period.Matches(&store.LedgerRow{Hour: time.Unix(one.hour, 0)}) {
			return nil
		}
		sums, err := store.ParseSums(packed)
		one.LedgerSums = sums
		l.lines = append(l.lines, one)
		return err
	})
}

func (l *ledgerLines) name(packed []byte, unpack func(*store.LedgerRow) error) (*ledgerName, error) {
	if name := l.named[string(packed)]; name != nil {
		return name, nil
	}
	name := &ledgerName{}
	if err := unpack(&name.LedgerRow); err != nil {
		return nil, err
	}
	whenever := l.q
	whenever.From, whenever.To = time.Time{}, time.Time{}
	name.wanted = whenever.Matches(&name.LedgerRow)
	l.named[string(packed)] = name
	l.names = append(l.names, name)
	return name, nil
}

// rows gives them by hour and name.
func (l *ledgerLines) rows() []store.LedgerRow {
	slices.SortFunc(l.names, func(a, b *ledgerName) int { return store.CompareLedger(a.LedgerRow, b.LedgerRow) })
	for i, name := range l.names {
		name.place = i
	}
	order := make([]int32, len(l.lines)) // lines are large, and would be moved about
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int {
		a, b := &l.lines[i], &l.lines[j]
		return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.name.place, b.name.place))
	})
	rows := make([]store.LedgerRow, len(l.lines))
	for i, at := range order {
		one := &l.lines[at]
		rows[i] = one.name.LedgerRow
		rows[i].Hour, rows[i].LedgerSums = time.Unix(one.hour, 0).UTC(), one.LedgerSums
	}
	return rows
}
