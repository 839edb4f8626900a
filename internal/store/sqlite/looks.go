package sqlite

import (
	"context"
	"encoding/binary"
	"math"
	"slices"

	"github.com/weirhq/weir/internal/store"
)

// AddLook keeps a look.
func (db *DB) AddLook(ctx context.Context, l store.Look) error {
	return db.main.write(ctx, "keep a look", func(c *conn) error {
		b := &batch{conn: c, words: db.words}
		ids, err := b.ids(l.Experiment, l.Variant, l.Metric)
		if err != nil {
			return err
		}
		return lookTable.replace(c, unixNano(l.Time), ids[0], l.Epoch, ids[1], ids[2], packLook(&l))
	})
}

// packLook packs the numbers of a look. Those with a fraction are kept as bits:
// they come back as they were.
func packLook(l *store.Look) []byte {
	b := binary.AppendVarint(nil, l.Units)
	for _, f := range []float64{l.Estimate, l.Low, l.High} {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(f))
	}
	return b
}

// unpackLook reads what packLook wrote.
func unpackLook(b []byte, l *store.Look) error {
	units, n := binary.Varint(b)
	if n <= 0 || len(b) != n+3*8 {
		return store.ErrPacked
	}
	l.Units = units
	for i, f := range []*float64{&l.Estimate, &l.Low, &l.High} {
		*f = math.Float64frombits(binary.BigEndian.Uint64(b[n+8*i:]))
	}
	return nil
}

// Looks gives those of an epoch, oldest first.
func (db *DB) Looks(ctx context.Context, experiment string, epoch int) (looks []store.Look, err error) {
	err = db.of(ctx, experiment, "read looks", func(c *conn, id int64) error {
		return lookTable.each(c, "WHERE experiment = ? AND epoch = ?", func(r *row) error {
			l := store.Look{Experiment: experiment, Epoch: epoch, Time: timeOf(r.int(0))}
			if err := db.words.namesOf(c, r, 3, &l.Variant, &l.Metric); err != nil {
				return err
			}
			err := unpackLook(r.bytes(5), &l)
			looks = append(looks, l)
			return err
		}, id, epoch)
	})
	slices.SortFunc(looks, store.CompareLooks)
	return orNone(looks, err)
}
