package store

import (
	"cmp"
	"slices"
	"strings"
)

// Change is what a delta did to one metric of a unit.
type Change struct {
	Metric        string
	Before, After Value
}

// Add adds d to the row, which is new when it has no variant yet, and gives what
// changed, by metric. A unit stays with the variant and the segments it was first
// seen with: analysis is by what was assigned, and a unit that counted for two
// variants would count for neither. A value that comes to nothing is left out.
func (r *UnitRow) Add(d UnitDelta) []Change {
	if r.Variant == "" {
		r.UnitKey, r.Variant = d.UnitKey, d.Variant
	}
	if r.First.IsZero() || !d.First.IsZero() && d.First.Before(r.First) {
		r.First = d.First
	}
	if len(r.Segments) == 0 {
		r.Segments = d.Segments
	}
	changes := make([]Change, 0, len(d.Values))
	for _, v := range d.Values {
		if v.N == 0 && v.Sum == 0 {
			continue
		}
		changes = append(changes, r.addValue(v))
	}
	return changes
}

// addValue adds one value in its place.
func (r *UnitRow) addValue(v Value) Change {
	at, found := slices.BinarySearchFunc(r.Values, v.Metric, func(have Value, metric string) int {
		return strings.Compare(have.Metric, metric)
	})
	c := Change{Metric: v.Metric, Before: Value{Metric: v.Metric}, After: v}
	if found {
		c.Before = r.Values[at]
		c.After.N += c.Before.N
		c.After.Sum += c.Before.Sum
	}
	switch nothing := c.After.N == 0 && c.After.Sum == 0; {
	case found && nothing:
		r.Values = slices.Delete(r.Values, at, at+1)
	case found:
		r.Values[at] = c.After
	case !nothing:
		r.Values = slices.Insert(r.Values, at, c.After)
	}
	return c
}

// Compare orders keys by experiment, epoch, step, kind and unit.
func (k UnitKey) Compare(o UnitKey) int {
	return cmp.Or(
		strings.Compare(k.Experiment, o.Experiment), cmp.Compare(k.Epoch, o.Epoch), cmp.Compare(k.Step, o.Step),
		strings.Compare(k.UnitKind, o.UnitKind), strings.Compare(k.Unit, o.Unit),
	)
}
