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

// unitSums is what a batch adds to one unit row.
type unitSums struct {
	variant string
	first   time.Time
	values  []pair // one per measure, in their order
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
type daySums []pair

// sketchKey names a cluster of units of a variant.
type sketchKey struct {
	experiment, variant string
	epoch, step, bucket int
	measure             int
}

type sketch = stats.Sketch

// addAssignment counts an event for one of its assignments, when that takes part
// in an experiment. Analysis is by the variant that was assigned: a fallback
// stays with the variant that needed it.
func (p *preparer) addAssignment(d *prepared, e *event.Event, a *event.Assignment) {
	if !a.Enrolled || a.Experiment == "" || e.Unit == "" || e.Outcome == event.Invalid {
		return
	}
	hash := experiment.Hash("", e.UnitKind, e.Unit)
	if !p.units.admit(epochKey{a.Experiment, a.Epoch}, hash) {
		d.tally.leftOut++
		return
	}
	k := unitKey{Experiment: a.Experiment, Epoch: a.Epoch, Step: a.Step, UnitKind: e.UnitKind, Unit: e.Unit}
	d.batch.Exposures = append(d.batch.Exposures, store.Exposure{RequestID: e.ID, Time: e.Time, UnitKey: k, Variant: a.Variant})
	p.addSums(d, e, k, a.Variant)
	p.addSketches(d, e, a, int(hash%store.Buckets))
}

// addSums adds an event to its unit and its day.
func (p *preparer) addSums(d *prepared, e *event.Event, k unitKey, variant string) {
	unit := d.rows.units[k]
	if unit == nil {
		unit = &unitSums{variant: variant, first: e.Time, values: make([]pair, len(p.sums))}
		d.rows.units[k] = unit
	}
	if e.Time.Before(unit.first) {
		unit.first = e.Time
	}
	dk := dayKey{day(e.Time), k.Experiment, variant, k.Epoch, k.Step}
	sums := d.rows.days[dk]
	if sums == nil {
		fresh := make(daySums, len(p.sums))
		sums = &fresh
		d.rows.days[dk] = sums
	}
	for i := range p.sums {
		x, y := p.sums[i].Of(e)
		unit.values[i].add(x, y)
		(*sums)[i].add(x, y)
	}
}

// add adds an observation; without a denominator it is none.
func (v *pair) add(x, y int64) {
	if y > 0 {
		v.n += y
		v.sum += x
	}
}

// addSketches adds an event to the distributions of its cluster.
func (p *preparer) addSketches(d *prepared, e *event.Event, a *event.Assignment, bucket int) {
	for i := range p.distributions {
		x, y := p.distributions[i].Of(e)
		if y <= 0 {
			continue
		}
		k := sketchKey{a.Experiment, a.Variant, a.Epoch, a.Step, bucket, i}
		s := d.rows.sketches[k]
		if s == nil {
			s = stats.NewSketch()
			d.rows.sketches[k] = s
		}
		s.Add(float64(x) / 1e6)
	}
}

func (r *rows) unitRows(sums []Measure) []store.UnitDelta {
	list := make([]store.UnitDelta, 0, len(r.units))
	for k, unit := range r.units {
		delta := store.UnitDelta{UnitKey: k, Variant: unit.variant, First: unit.first}
		for i, v := range unit.values {
			if v.n > 0 {
				delta.Values = append(delta.Values, store.Value{Metric: sums[i].Name, N: v.n, Sum: v.sum})
			}
		}
		list = append(list, delta)
	}
	slices.SortFunc(list, func(a, b store.UnitDelta) int {
		return cmp.Or(compare(a.Experiment, b.Experiment), cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Step, b.Step),
			compare(a.UnitKind, b.UnitKind, a.Unit, b.Unit))
	})
	return list
}

func (r *rows) dayRows(sums []Measure) []store.DayRow {
	var list []store.DayRow
	for k, values := range r.days {
		for i, v := range *values {
			if v.n > 0 {
				list = append(list, store.DayRow{
					Day: utc(k.day), Experiment: k.experiment, Epoch: k.epoch, Step: k.step, Variant: k.variant,
					Metric: sums[i].Name, N: v.n, Sum: v.sum,
				})
			}
		}
	}
	slices.SortFunc(list, func(a, b store.DayRow) int {
		return cmp.Or(a.Day.Compare(b.Day), compare(a.Experiment, b.Experiment), cmp.Compare(a.Epoch, b.Epoch),
			cmp.Compare(a.Step, b.Step), compare(a.Variant, b.Variant, a.Metric, b.Metric))
	})
	return list
}

func (r *rows) sketchRows(distributions []Measure) []store.SketchRow {
	list := make([]store.SketchRow, 0, len(r.sketches))
	for k, s := range r.sketches {
		list = append(list, store.SketchRow{
			Experiment: k.experiment, Epoch: k.epoch, Step: k.step, Variant: k.variant,
			Metric: distributions[k.measure].Name, Bucket: k.bucket, Sketch: encoded(s),
		})
	}
	slices.SortFunc(list, func(a, b store.SketchRow) int {
		return cmp.Or(compare(a.Experiment, b.Experiment), cmp.Compare(a.Epoch, b.Epoch), cmp.Compare(a.Step, b.Step),
			compare(a.Variant, b.Variant, a.Metric, b.Metric), cmp.Compare(a.Bucket, b.Bucket))
	})
	return list
}
