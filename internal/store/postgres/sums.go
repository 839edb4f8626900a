package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

var (
	unitTable    = &table{name: "units", key: key(text("experiment"), number("epoch", "step"), text("unit_kind", "unit"))}
	variantTable = &table{name: "variants", key: key(text("experiment"), number("epoch", "step"), text("variant", "metric"))}
	sketchTable  = &table{name: "sketches", key: key(text("experiment"), number("epoch", "step"), text("variant", "metric"), number("bucket"))}
	dayTable     = &table{name: "days", key: key(number("day"), text("experiment"), number("epoch", "step"), text("variant", "metric")), sums: []string{"n", "sum"}}
)

// applyUnits adds to unit rows, and to variant rows what that changes.
func applyUnits(ctx context.Context, tx pgx.Tx, deltas []store.UnitDelta) error {
	by := map[store.UnitKey][]store.UnitDelta{}
	for _, d := range deltas {
		by[d.UnitKey] = append(by[d.UnitKey], d)
	}
	units := slices.SortedFunc(maps.Keys(by), store.UnitKey.Compare)
	keys := make([][]any, len(units))
	for i, k := range units {
		keys[i] = []any{k.Experiment, int64(k.Epoch), int64(k.Step), k.UnitKind, k.Unit}
	}
	values, err := unitTable.lock(ctx, tx, keys)
	if err != nil {
		return err
	}
	shifts := store.Shifts{}
	for i, k := range units {
		row := store.UnitRow{UnitKey: k}
		if err := parseUnit(values[i], &row); err != nil {
			return err
		}
		for _, d := range by[k] {
			shifts.Move(&row, row.Add(d))
		}
		values[i] = appendUnit(nil, &row)
	}
	if err := unitTable.put(ctx, tx, keys, values); err != nil {
		return err
	}
	return shift(ctx, tx, shifts)
}

// appendUnit packs all of a unit row but its key.
func appendUnit(b []byte, r *store.UnitRow) []byte {
	b = store.AppendSegments(b, []string{r.Variant})
	b = binary.AppendVarint(b, nanos(r.First))
	b = store.AppendSegments(b, r.Segments)
	return store.AppendValues(b, r.Values)
}

// parseUnit reads what appendUnit wrote; of nothing, it reads nothing.
func parseUnit(b []byte, r *store.UnitRow) error {
	if len(b) == 0 {
		return nil
	}
	variant, b, err := store.ParseSegments(b)
	if err != nil || len(variant) != 1 {
		return damagedUnit(r, err)
	}
	first, n := binary.Varint(b)
	if n <= 0 {
		return damagedUnit(r, store.ErrPacked)
	}
	r.Variant, r.First = variant[0], timeOf(first)
	if r.Segments, b, err = store.ParseSegments(b[n:]); err != nil {
		return damagedUnit(r, err)
	}
	if r.Values, b, err = store.ParseValues(b); err != nil || len(b) > 0 {
		return damagedUnit(r, err)
	}
	return nil
}

func damagedUnit(r *store.UnitRow, err error) error {
	if err == nil {
		err = store.ErrPacked
	}
	return fmt.Errorf("%w: unit row %+v: %w", store.ErrDamaged, r.UnitKey, err)
}

// shift moves variant rows.
func shift(ctx context.Context, tx pgx.Tx, shifts store.Shifts) error {
	moved := slices.SortedFunc(maps.Keys(shifts), store.VariantKey.Compare)
	keys := make([][]any, len(moved))
	for i, k := range moved {
		keys[i] = variantKey(k)
	}
	values, err := variantTable.lock(ctx, tx, keys)
	if err != nil {
		return err
	}
	for i, k := range moved {
		m, err := parseMoments(k, values[i])
		if err != nil {
			return err
		}
		m.Merge(shifts[k])
		values[i] = store.AppendMoments(nil, m)
	}
	return variantTable.put(ctx, tx, keys, values)
}

func variantKey(k store.VariantKey) []any {
	return []any{k.Experiment, int64(k.Epoch), int64(k.Step), k.Variant, k.Metric}
}

func parseMoments(k store.VariantKey, b []byte) (stats.Moments, error) {
	if len(b) == 0 {
		return stats.Moments{}, nil
	}
	m, err := store.ParseMoments(b)
	if err != nil {
		return m, fmt.Errorf("%w: variant row %+v: %w", store.ErrDamaged, k, err)
	}
	return m, nil
}

func applySketches(ctx context.Context, tx pgx.Tx, sketches []store.SketchRow) error {
	folded, err := fold(sketches, (*store.SketchRow).Key, func(into *store.SketchRow, r store.SketchRow) (err error) {
		into.Sketch, err = store.MergeSketches(into.Sketch, r.Sketch)
		return err
	}, store.CompareSketches)
	if err != nil {
		return err
	}
	keys := make([][]any, len(folded))
	for i, r := range folded {
		keys[i] = []any{r.Experiment, int64(r.Epoch), int64(r.Step), r.Variant, r.Metric, int64(r.Bucket)}
	}
	values, err := sketchTable.lock(ctx, tx, keys)
	if err != nil {
		return err
	}
	for i, r := range folded {
		if values[i], err = store.MergeSketches(values[i], r.Sketch); err != nil {
			return fmt.Errorf("experiment %q, metric %q, bucket %d: %w", r.Experiment, r.Metric, r.Bucket, err)
		}
	}
	return sketchTable.put(ctx, tx, keys, values)
}

func applyDays(ctx context.Context, tx pgx.Tx, days []store.DayRow) error {
	folded, err := fold(days, (*store.DayRow).Key, func(into *store.DayRow, r store.DayRow) error {
		into.N += r.N
		into.Sum += r.Sum
		return nil
	}, store.CompareDays)
	if err != nil {
		return err
	}
	rows := make([][]any, len(folded))
	for i, r := range folded {
		rows[i] = []any{nanos(r.Day), r.Experiment, int64(r.Epoch), int64(r.Step), r.Variant, r.Metric, r.N, r.Sum}
	}
	return dayTable.add(ctx, tx, rows)
}

// VariantRows gives the sums by variant.
func (db *DB) VariantRows(ctx context.Context, experiment string) (found []store.VariantRow, err error) {
	err = db.each(ctx, func(r pgx.Rows) error {
		k, m, err := variantRow(r)
		if err == nil && m != (stats.Moments{}) {
			found = append(found, k.Row(m))
		}
		return err
	}, fmt.Sprintf("SELECT %s, value FROM variants WHERE experiment = $1 ORDER BY %s", names(variantTable.key, ""), names(variantTable.key, "")), []byte(experiment))
	if err != nil {
		return nil, fmt.Errorf("variant rows of %q: %w", experiment, err)
	}
	return found, nil
}

func variantRow(r pgx.Rows) (k store.VariantKey, m stats.Moments, err error) {
	var value []byte
	if err = r.Scan((*bytea)(&k.Experiment), &k.Epoch, &k.Step, (*bytea)(&k.Variant), (*bytea)(&k.Metric), &value); err == nil {
		m, err = parseMoments(k, value)
	}
	return k, m, err
}

func unitRow(r pgx.Rows) (row store.UnitRow, err error) {
	var value []byte
	if err = r.Scan((*bytea)(&row.Experiment), &row.Epoch, &row.Step, (*bytea)(&row.UnitKind), (*bytea)(&row.Unit), &value); err == nil {
		err = parseUnit(value, &row)
	}
	return row, err
}

// UnitRows gives a page of units.
func (db *DB) UnitRows(ctx context.Context, experiment string, after store.UnitKey, limit int) (found []store.UnitRow, err error) {
	w := &where{}
	w.and("experiment = ?", []byte(experiment))
	if after != (store.UnitKey{}) {
		at := len(w.args)
		w.args = append(w.args, []byte(after.Experiment), int64(after.Epoch), int64(after.Step), []byte(after.UnitKind), []byte(after.Unit))
		w.terms = append(w.terms, fmt.Sprintf("(%s) > ($%d, $%d, $%d, $%d, $%d)", names(unitTable.key, ""), at+1, at+2, at+3, at+4, at+5))
	}
	sql := fmt.Sprintf("SELECT %s, value FROM units%s ORDER BY %s LIMIT %d", names(unitTable.key, ""), w, names(unitTable.key, ""), store.PageSize(limit, event.MaxPage))
	err = db.each(ctx, func(r pgx.Rows) error {
		row, err := unitRow(r)
		found = append(found, row)
		return err
	}, sql, w.args...)
	if err != nil {
		return nil, fmt.Errorf("unit rows of %q: %w", experiment, err)
	}
	return found, nil
}

// DayRows gives counts by day.
func (db *DB) DayRows(ctx context.Context, experiment string) (found []store.DayRow, err error) {
	err = db.each(ctx, func(rows pgx.Rows) error {
		var r store.DayRow
		var day int64
		err := rows.Scan(&day, (*bytea)(&r.Experiment), &r.Epoch, &r.Step, (*bytea)(&r.Variant), (*bytea)(&r.Metric), &r.N, &r.Sum)
		r.Day = timeOf(day)
		found = append(found, r)
		return err
	}, fmt.Sprintf("SELECT %s, n, sum FROM days WHERE experiment = $1 ORDER BY %s", names(dayTable.key, ""), names(dayTable.key, "")), []byte(experiment))
	if err != nil {
		return nil, fmt.Errorf("day rows of %q: %w", experiment, err)
	}
	return found, nil
}

// SketchRows gives the distributions.
func (db *DB) SketchRows(ctx context.Context, experiment string) (found []store.SketchRow, err error) {
	err = db.each(ctx, func(rows pgx.Rows) error {
		var r store.SketchRow
		err := rows.Scan((*bytea)(&r.Experiment), &r.Epoch, &r.Step, (*bytea)(&r.Variant), (*bytea)(&r.Metric), &r.Bucket, &r.Sketch)
		found = append(found, r)
		return err
	}, fmt.Sprintf("SELECT %s, value FROM sketches WHERE experiment = $1 ORDER BY %s", names(sketchTable.key, ""), names(sketchTable.key, "")), []byte(experiment))
	if err != nil {
		return nil, fmt.Errorf("sketches of %q: %w", experiment, err)
	}
	return found, nil
}

// Rebuild computes the variant rows again. Batches wait meanwhile.
func (db *DB) Rebuild(ctx context.Context) (found []store.Difference, err error) {
	err = db.write(ctx, func(tx pgx.Tx) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		stored, computed := store.Shifts{}, store.Shifts{}
		rows, err := tx.Query(ctx, fmt.Sprintf("SELECT %s, value FROM variants", names(variantTable.key, "")))
		err = scan(rows, err, func(r pgx.Rows) error {
			k, m, err := variantRow(r)
			stored[k] = m
			return err
		})
		if err != nil {
			return err
		}
		rows, err = tx.Query(ctx, fmt.Sprintf("SELECT %s, value FROM units", names(unitTable.key, "")))
		err = scan(rows, err, func(r pgx.Rows) error {
			row, err := unitRow(r)
			computed.Enter(&row)
			return err
		})
		if err != nil {
			return err
		}
		found = store.Differences(stored, computed)
		return replace(ctx, tx, found)
	})
	if err != nil {
		return nil, fmt.Errorf("rebuild variant rows: %w", err)
	}
	return found, nil
}

// replace writes variant rows as they should be.
func replace(ctx context.Context, tx pgx.Tx, differences []store.Difference) error {
	keys, values := make([][]any, len(differences)), make([][]byte, len(differences))
	for i, d := range differences {
		keys[i], values[i] = variantKey(d.After.Key()), store.AppendMoments(nil, d.After.Moments)
	}
	if _, err := variantTable.lock(ctx, tx, keys); err != nil {
		return err
	}
	return variantTable.put(ctx, tx, keys, values)
}
