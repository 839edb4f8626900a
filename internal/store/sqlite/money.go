package sqlite

import (
	"encoding/binary"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// ledger adds money to the days' rows.
func (b *batch) ledger(in *store.Batch) error {
	for k, sums := range byLedgerKey(in.Ledger) {
		names, err := b.packNames(k.Project, k.Route, k.Variant, k.Model, k.Key, k.Tags, k.Why)
		if err != nil {
			return err
		}
		day, hour := dayAndHour(k.Hour)
		have, err := ledgerTable.find(b.conn, "WHERE day = ? AND names = ?", day, names)
		if err != nil {
			return err
		}
		var hours []byte
		if have != nil {
			hours = have.bytes(2)
		}
		if hours, err = addHour(nil, hours, hour, sums); err != nil {
			return err
		}
		if err := ledgerTable.replace(b.conn, day, names, hours); err != nil {
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
