package sqlite

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// units adds deltas to unit rows; what they move is written at the end.
func (b *batch) units(in *store.Batch) error { return b.addUnits(in.Units) }

func (b *batch) addUnits(deltas []store.UnitDelta) error {
	for i := range deltas {
		if err := b.addUnit(&deltas[i]); err != nil {
			return err
		}
	}
	return nil
}

const unitWhere = "WHERE experiment = ? AND epoch = ? AND step = ? AND kind = ? AND unit = ?"

func (b *batch) addUnit(d *store.UnitDelta) error {
	experiment, err := b.words.id(b.conn, d.Experiment)
	if err != nil {
		return err
	}
	kind, err := b.words.id(b.conn, d.UnitKind)
	if err != nil {
		return err
	}
	key := []any{experiment, d.Epoch, d.Step, kind, unitValue(d.Unit)}
	r, err := unitTable.find(b.conn, unitWhere, key...)
	if err != nil {
		return err
	}
	row := store.UnitRow{UnitKey: d.UnitKey}
	if r != nil {
		if err := b.words.unpackUnit(b.conn, slices.Clone(r.bytes(5)), &row); err != nil {
			return err
		}
	} else {
		b.counts["units"]++
	}
	b.shifts.Move(&row, row.Add(*d))
	packed, err := b.packUnit(&row)
	if err != nil {
		return err
	}
	return unitTable.replace(b.conn, append(key, packed)...)
}

// packUnit packs all of a unit row but its key. Names are the numbers of words:
// the same few metrics stand in millions of rows.
func (b *batch) packUnit(row *store.UnitRow) ([]byte, error) {
	variant, err := b.words.id(b.conn, row.Variant)
	if err != nil {
		return nil, err
	}
	values := slices.Clone(row.Values)
	for i := range values {
		id, err := b.words.id(b.conn, values[i].Metric)
		if err != nil {
			return nil, err
		}
		values[i].Metric = string(binary.AppendUvarint(nil, uint64(id)))
	}
	packed := binary.AppendUvarint(make([]byte, 0, 64), uint64(variant))
	packed = binary.AppendVarint(packed, unixNano(row.First))
	return store.AppendValues(store.AppendSegments(packed, row.Segments), values), nil
}

// unpackUnit reads what packUnit wrote into a row that has its key.
func (w *words) unpackUnit(c *conn, packed []byte, row *store.UnitRow) (err error) {
	variant, n := binary.Uvarint(packed)
	if n <= 0 {
		return store.ErrPacked
	}
	first, m := binary.Varint(packed[n:])
	if m <= 0 {
		return store.ErrPacked
	}
	row.First = timeOf(first)
	if row.Variant, err = w.name(c, int64(variant)); err != nil {
		return err
	}
	rest := packed[n+m:]
	if row.Segments, rest, err = store.ParseSegments(rest); err != nil {
		return err
	}
	if row.Values, rest, err = store.ParseValues(rest); err != nil || len(rest) > 0 {
		return store.ErrPacked
	}
	for i := range row.Values {
		id, n := binary.Uvarint([]byte(row.Values[i].Metric))
		if n <= 0 {
			return store.ErrPacked
		}
		if row.Values[i].Metric, err = w.name(c, int64(id)); err != nil {
			return err
		}
	}
	slices.SortFunc(row.Values, func(a, b store.Value) int { return strings.Compare(a.Metric, b.Metric) })
	return nil
}

const variantWhere = "WHERE experiment = ? AND epoch = ? AND step = ? AND variant = ? AND metric = ?"

func (b *batch) variantKey(k store.VariantKey) ([]any, error) {
	ids, err := b.ids(k.Experiment, k.Variant, k.Metric)
	if err != nil {
		return nil, err
	}
	return []any{ids[0], k.Epoch, k.Step, ids[1], ids[2]}, nil
}

// writeShifts moves variant rows. One that comes to nothing is deleted.
func (b *batch) writeShifts(shifts store.Shifts) error {
	for k, m := range shifts {
		if m == (stats.Moments{}) {
			continue
		}
		key, err := b.variantKey(k)
		if err != nil {
			return err
		}
		have, err := variantTable.find(b.conn, variantWhere, key...)
		if err != nil {
			return err
		}
		if have != nil {
			before, err := store.ParseMoments(have.bytes(5))
			if err != nil {
				return err
			}
			m.Merge(before)
		}
		if m == (stats.Moments{}) {
			err = b.exec("DELETE FROM variants "+variantWhere, key...)
		} else {
			err = variantTable.replace(b.conn, append(key, store.AppendMoments(nil, m))...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
