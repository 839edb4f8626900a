package store

import (
	"cmp"
	"slices"
	"strings"
)

// Values that a unit row keeps beside measures. Their names are no measure's.
const (
	// OtherVariant is 1 of a unit that was also assigned another variant than the one
	// it counts for, and for how many requests.
	OtherVariant = "other_variant"
	// LeftOut is 1 of a unit that was sent to a variant by hand, once or more.
	LeftOut = "left_out"
)

// Change is what a delta did to one metric of what counts of a unit.
type Change struct {
	Metric        string
	Before, After Value
}

// Add adds d to the row, which is new when it has no variant yet, and gives what
// changed, by metric. A unit stays with the variant and the segments it was first
// seen with: analysis is by what was assigned, and a unit that counted for two
// variants would count for neither. That it was seen in another is kept.
//
// A unit that is left out counts for nothing but as one that is left out, and
// never comes back: whoever was sent to a variant by hand is not drawn by chance,
// before or after.
func (r *UnitRow) Add(d UnitDelta) []Change {
	switch was := r.LeftOut(); {
	case was:
		r.add(d)
		return nil
	case d.LeaveOut:
		return r.leave(d)
	}
	return r.add(d)
}

// leave adds d to a row that counts no more from here on.
func (r *UnitRow) leave(d UnitDelta) []Change {
	changes := make([]Change, 0, len(r.Values)+1)
	for _, v := range r.Values {
		changes = append(changes, Change{Metric: v.Metric, Before: v, After: Value{Metric: v.Metric}})
	}
	r.add(d)
	return append(changes, r.addValue(Value{Metric: LeftOut, N: 1}))
}

// LeftOut reports whether the unit does not count.
func (r *UnitRow) LeftOut() bool { return r.value(LeftOut).N > 0 }

// Counted gives the values that variant rows are made of.
func (r *UnitRow) Counted() []Value {
	if v := r.value(LeftOut); v.N > 0 {
		return []Value{v}
	}
	return r.Values
}

// value is that of a metric, of nothing when there is none.
func (r *UnitRow) value(metric string) Value {
	if at, found := r.find(metric); found {
		return r.Values[at]
	}
	return Value{Metric: metric}
}

func (r *UnitRow) find(metric string) (at int, found bool) {
	return slices.BinarySearchFunc(r.Values, metric, func(have Value, metric string) int {
		return strings.Compare(have.Metric, metric)
	})
}

// add adds d. A value that comes to nothing is dropped.
func (r *UnitRow) add(d UnitDelta) []Change {
	if r.Variant == "" {
		r.UnitKey, r.Variant = d.UnitKey, d.Variant
	}
	if r.First.IsZero() || !d.First.IsZero() && d.First.Before(r.First) {
		r.First = d.First
	}
	if len(r.Segments) == 0 {
		r.Segments = d.Segments
	}
	changes := make([]Change, 0, len(d.Values)+1)
	if r.Values == nil {
		r.Values = make([]Value, 0, len(d.Values))
	}
	for _, v := range d.Values {
		if v.N == 0 && v.Sum == 0 {
			continue
		}
		changes = append(changes, r.addValue(v))
	}
	if d.Requests > 0 && d.Variant != r.Variant && !d.LeaveOut {
		v := Value{Metric: OtherVariant, N: 1 - r.value(OtherVariant).N, Sum: d.Requests} // it is one unit, however often
		changes = append(changes, r.addValue(v))
	}
	return changes
}

// addValue adds one value in its place.
func (r *UnitRow) addValue(v Value) Change {
	at, found := r.find(v.Metric)
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
