package record

import (
	"cmp"
	"slices"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/store"
)

// What a report needs to know beside the sums of units is counted by day: who
// could not be assigned, who was sent where by hand, and which models answered
// under their own names. store.Aside names these rows; their colon keeps them
// apart from measures.

// asideKey names such a count.
type asideKey struct {
	day                       int64
	experiment, variant, name string
	epoch, step               int
}

// maxServed bounds the names of models that are told apart in an experiment: they
// come from upstream, which may say anything.
const maxServed = 64

// addAside counts what is not a measure.
func (p *preparer) addAside(d *prepared, e *event.Event, a *event.Assignment) {
	if a.Experiment == "" || e.Outcome == event.Invalid {
		return
	}
	count := func(name string) {
		d.rows.asides[asideKey{floor(e.Time, 86400), a.Experiment, a.Variant, name, a.Epoch, a.Step}]++
	}
	switch a.Reason {
	case experiment.NoUnit.String():
		count(store.AsideNoUnit)
	case experiment.Overridden.String(), experiment.Forced.String():
		count(store.AsideOverride)
	}
	if a.Enrolled && e.Simulated {
		count(store.AsideSimulated)
	}
	// Without an answer only what was asked for is known, not what would have answered.
	if answered := e.Outcome == event.OK || e.Fingerprint != ""; a.Enrolled && answered && e.ServedModel != "" {
		count(p.servedAs(a.Experiment, e))
	}
}

// servedAs is the name of a model's answer, or "other" for the ones that are too many.
func (p *preparer) servedAs(experiment string, e *event.Event) string {
	name := store.AsideServed(e.ServedModel, e.Fingerprint)
	known := p.served[experiment]
	if known == nil {
		known = map[string]bool{}
		p.served[experiment] = known
	}
	if !known[name] {
		if len(known) >= maxServed {
			return store.AsideServed("other", "")
		}
		known[name] = true
	}
	return name
}

func (r *rows) asideRows() []store.DayRow {
	list := make([]store.DayRow, 0, len(r.asides))
	for k, n := range r.asides {
		list = append(list, store.DayRow{Day: utc(k.day), Experiment: k.experiment, Epoch: k.epoch, Step: k.step, Variant: k.variant, Metric: k.name, N: n})
	}
	return list
}

// sortDays puts rows in order of their keys.
func sortDays(list []store.DayRow) {
	slices.SortFunc(list, func(a, b store.DayRow) int {
		return cmp.Or(a.Day.Compare(b.Day), compare(a.Experiment, b.Experiment), cmp.Compare(a.Epoch, b.Epoch),
			cmp.Compare(a.Step, b.Step), compare(a.Variant, b.Variant, a.Metric, b.Metric))
	})
}
