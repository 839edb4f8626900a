package record

import (
	"cmp"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// unitKey names a unit row. It is store.UnitKey: a name for the map's sake.
type unitKey = store.UnitKey

// partKey names what a batch says of a unit with one variant, drawn by chance or
// chosen by hand. The store has to see each: a unit counts for the variant that
// came first, and not at all once one was chosen for it.
type partKey struct {
	unitKey
	variant string
	byHand  bool
}

// unitSums is what a batch adds to one unit row.
type unitSums struct {
	*measures
	place    int // among those of the batch, as they came
	first    time.Time
	requests int64
	segments []string
	values   []pair // one per measure, in their order
}

// pair is observations, or a denominator, and their sum.
type pair struct{ n, sum int64 }

// dayKey names a day of one measure of a variant.
type dayKey struct {
	day                 int64
	experiment, variant string
	epoch, step         int
}

// daySums is all measures of that day.
type daySums struct {
	*measures
	values []pair
}

// sketchKey names a cluster of units of a variant.
type sketchKey struct {
	experiment, variant string
	epoch, step, bucket int
	measure             string
}

type sketch = stats.Sketch

// addAssignment counts an event for one of its assignments, when that takes part
// in an experiment. Analysis is by the variant that was assigned: a fallback
// stays with the variant that needed it.
func (p *preparer) addAssignment(d *prepared, e *event.Event, a *event.Assignment) {
	hand := byHand(a)
	if !a.Enrolled && !hand || a.Experiment == "" || e.Unit == "" || e.Outcome == event.Invalid {
		return
	}
	epoch, hash := epochKey{a.Experiment, a.Epoch}, experiment.Hash("", e.UnitKind, e.Unit)
	if !p.units.admit(epoch, hash) {
		d.tally.leftOut++
		return
	}
	k := unitKey{Experiment: a.Experiment, Epoch: a.Epoch, Step: a.Step, UnitKind: e.UnitKind, Unit: e.Unit}
	if hand {
		p.unit(d, e, partKey{k, a.Variant, true}, p.measures)
		return
	}
	d.batch.Exposures = append(d.batch.Exposures, store.Exposure{RequestID: e.ID, Time: e.Time, UnitKey: k, Variant: a.Variant})
	m := p.of(epoch)
	p.addSums(d, e, partKey{k, a.Variant, false}, m)
	addSketches(d, e, a, int(hash%store.Buckets), m)
}

// byHand reports whether the variant was chosen for the unit, and not drawn.
func byHand(a *event.Assignment) bool {
	return a.Reason == experiment.Overridden.String() || a.Reason == experiment.Forced.String()
}

// unit finds the sums of a unit, and makes them.
func (p *preparer) unit(d *prepared, e *event.Event, k partKey, m *measures) *unitSums {
	unit := d.rows.units[k]
	if unit == nil {
		unit = &unitSums{measures: m, place: len(d.rows.units), first: e.Time}
		d.rows.units[k] = unit
	}
	if e.Time.Before(unit.first) {
		unit.first = e.Time
	}
	return unit
}

// addSums adds an event to its unit and its day.
func (p *preparer) addSums(d *prepared, e *event.Event, k partKey, m *measures) {
	unit := p.unit(d, e, k, m)
	if unit.values == nil {
		unit.values = make([]pair, len(m.sums))
	}
	if unit.requests++; len(unit.segments) == 0 && p.segmentsOf != nil {
		unit.segments = segments(p.segmentsOf(e, k.Experiment))
	}
	dk := dayKey{day(e.Time), k.Experiment, k.variant, k.Epoch, k.Step}
	days := d.rows.days[dk]
	if days == nil {
		days = &daySums{m, make([]pair, len(m.sums))}
		d.rows.days[dk] = days
	}
	for i := range m.sums {
		if x, y := m.sums[i].Of(e); y > 0 { // without a denominator it is no observation
			unit.values[i].add(x, y)
			days.values[i].add(x, y)
		}
	}
}

func (v *pair) add(x, y int64) {
	v.n += y
	v.sum += x
}

// mostSegments is how many segment values a unit's row has room for.
const mostSegments = 5

func segments(values []string) []string { return values[:min(len(values), mostSegments)] }

// addSketches adds an event to the distributions of its cluster.
func addSketches(d *prepared, e *event.Event, a *event.Assignment, bucket int, m *measures) {
	for i := range m.distributions {
		x, y := m.distributions[i].Of(e)
		if y <= 0 {
			continue
		}
		k := sketchKey{a.Experiment, a.Variant, a.Epoch, a.Step, bucket, m.distributions[i].Name}
		s := d.rows.sketches[k]
		if s == nil {
			s = stats.NewSketch()
			d.rows.sketches[k] = s
		}
		s.Add(float64(x) / 1e6)
	}
}

// unitRows gives them in order of their keys, and of one unit as they came: the
// first says which variant it counts for.
func (r *rows) unitRows() []store.UnitDelta {
	type placed struct {
		store.UnitDelta
		place int
	}
	list := make([]placed, 0, len(r.units))
	for k, unit := range r.units {
		delta := store.UnitDelta{
			UnitKey: k.unitKey, Variant: k.variant, First: unit.first, Segments: unit.segments, Requests: unit.requests, LeaveOut: k.byHand,
		}
		for i, v := range unit.values {
			if v.n > 0 {
				if delta.Values == nil {
					delta.Values = make([]store.Value, 0, len(unit.values))
				}
				delta.Values = append(delta.Values, store.Value{Metric: unit.sums[i].Name, N: v.n, Sum: v.sum})
			}
		}
		list = append(list, placed{delta, unit.place})
	}
	slices.SortFunc(list, func(a, b placed) int {
		return cmp.Or(a.UnitKey.Compare(b.UnitKey), cmp.Compare(a.place, b.place))
	})
	deltas := make([]store.UnitDelta, len(list))
	for i := range list {
		deltas[i] = list[i].UnitDelta
	}
	return deltas
}

func (r *rows) dayRows() []store.DayRow {
	var list []store.DayRow
	for k, days := range r.days {
		for i, v := range days.values {
			if v.n > 0 {
				list = append(list, store.DayRow{
					Day: utc(k.day), Experiment: k.experiment, Epoch: k.epoch, Step: k.step, Variant: k.variant,
					Metric: days.sums[i].Name, N: v.n, Sum: v.sum,
				})
			}
		}
	}
	return list
}

func (r *rows) sketchRows() []store.SketchRow {
	list := make([]store.SketchRow, 0, len(r.sketches))
	for k, s := range r.sketches {
		list = append(list, store.SketchRow{
			Experiment: k.experiment, Epoch: k.epoch, Step: k.step, Variant: k.variant,
			Metric: k.measure, Bucket: k.bucket, Sketch: encoded(s),
		})
	}
	slices.SortFunc(list, func(a, b store.SketchRow) int {
		return cmp.Or(compare(a.Experiment, b.Experiment), cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Step, b.Step),
			compare(a.Variant, b.Variant, a.Metric, b.Metric), cmp.Compare(a.Bucket, b.Bucket))
	})
	return list
}
