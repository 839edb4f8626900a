package store

import (
	"cmp"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/stats"
)

// Shifts are differences that changed unit rows make to variant rows: a
// variant's sums are never computed anew, they move by what its units moved.
// Sums are integers, so moving there and back leaves no trace.
type Shifts map[VariantKey]stats.Moments

// Move takes in what was changed in what counts of a row, after UnitRow.Add.
func (s Shifts) Move(r *UnitRow, changes []Change) {
	for _, c := range changes {
		s.change(r, c.Metric, func(m *stats.Moments) {
			m.Remove(c.Before.Sum, c.Before.N)
			m.Add(c.After.Sum, c.After.N)
		})
	}
}

// Enter takes in what counts of a row, Leave takes it out.
func (s Shifts) Enter(r *UnitRow) {
	for _, v := range r.Counted() {
		s.change(r, v.Metric, func(m *stats.Moments) { m.Add(v.Sum, v.N) })
	}
}

// Leave takes out a row: its unit is forgotten.
func (s Shifts) Leave(r *UnitRow) {
	for _, v := range r.Counted() {
		s.change(r, v.Metric, func(m *stats.Moments) { m.Remove(v.Sum, v.N) })
	}
}

func (s Shifts) change(r *UnitRow, metric string, with func(*stats.Moments)) {
	k := VariantKey{r.Experiment, r.Epoch, r.Step, r.Variant, metric}
	m := s[k]
	with(&m)
	s[k] = m
}

// Differences compares variant rows as they are with what the unit rows say, in
// order of their keys. A row of nothing is the same as no row.
func Differences(stored, computed Shifts) []Difference {
	var found []Difference
	for k, m := range computed {
		if stored[k] != m {
			found = append(found, Difference{Before: k.Row(stored[k]), After: k.Row(m)})
		}
	}
	for k, m := range stored {
		if _, ok := computed[k]; !ok && m != (stats.Moments{}) {
			found = append(found, Difference{Before: k.Row(m), After: k.Row(stats.Moments{})})
		}
	}
	slices.SortFunc(found, func(a, b Difference) int { return a.Before.Key().Compare(b.Before.Key()) })
	return found
}

// Compare orders keys by their fields in turn.
func (k VariantKey) Compare(o VariantKey) int {
	return cmp.Or(
		strings.Compare(k.Experiment, o.Experiment), cmp.Compare(k.Epoch, o.Epoch), cmp.Compare(k.Step, o.Step),
		strings.Compare(k.Variant, o.Variant), strings.Compare(k.Metric, o.Metric),
	)
}

// Mending is what takes the differences out again.
func Mending(found []Difference) Shifts {
	s := Shifts{}
	for _, d := range found {
		m, out := d.After.Moments, d.Before.Moments
		m.Units -= out.Units
		m.Hits -= out.Hits
		m.X, m.Y = m.X.Sub(out.X), m.Y.Sub(out.Y)
		m.XX, m.YY, m.XY = m.XX.Sub(out.XX), m.YY.Sub(out.YY), m.XY.Sub(out.XY)
		s[d.After.Key()] = m
	}
	return s
}
