package telemetry

import (
	"fmt"
	"math"
	"slices"
)

// askedGauge is a gauge whose owner is asked at each reading.
type askedGauge struct {
	def definition
	ask func() float64
}

func (g *askedGauge) definition() definition { return g.def }

func (g *askedGauge) read() Family {
	return Family{Name: g.def.name, Help: g.def.help, Kind: KindGauge, Samples: []Sample{{Value: g.value()}}}
}

// value asks; one owner that panics must not take the other families with it.
func (g *askedGauge) value() (v float64) {
	defer func() {
		if recover() != nil {
			v = math.NaN()
		}
	}()
	return g.ask()
}

// Show is given the value of one series and the values of its labels, in the
// order of their declaration.
type Show func(value float64, values ...string)

// askedFamily is a family whose owner is asked for all its series at each reading.
type askedFamily struct {
	def       definition
	ask       func(Show)
	seriesCap int
	dropped   *CounterFamily
}

// Ask declares a family whose owner is asked for its series at each reading. Use
// it for what has an owner that knows: a value that nobody sets any longer would
// go on being shown, one that is asked for cannot be out of date. Ask may be
// called from several goroutines at once. If it panics the family has no series:
// "could not be read" is not zero.
func (r *Registry) Ask(name, help string, kind Kind, labels []string, ask func(Show)) {
	d := definition{name: name, help: help, kind: kind, labels: slices.Clone(labels)}
	d.check()
	if kind == KindHistogram {
		panic(fmt.Sprintf("telemetry: family %q: a histogram cannot be asked for", name))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.families[name]; ok {
		panic(fmt.Sprintf("telemetry: family %q is declared twice", name))
	}
	r.families[name] = &askedFamily{def: d, ask: ask, seriesCap: r.seriesCap, dropped: r.dropped}
	r.mayDrop(d)
}

func (a *askedFamily) definition() definition { return a.def }

func (a *askedFamily) read() Family {
	f := Family{Name: a.def.name, Help: a.def.help, Kind: a.def.kind, Labels: a.def.labels}
	f.Samples = a.samples()
	slices.SortFunc(f.Samples, func(x, y Sample) int { return slices.Compare(x.Values, y.Values) })
	return f
}

// samples asks. Of several values for the same labels the first holds: a scrape
// that says a thing twice is refused as a whole.
func (a *askedFamily) samples() (samples []Sample) {
	defer func() {
		if recover() != nil {
			samples = nil
		}
	}()
	seen := map[string]bool{}
	a.ask(func(value float64, values ...string) {
		if len(values) != len(a.def.labels) {
			panic(fmt.Sprintf("telemetry: family %q has the labels %q, got %d values", a.def.name, a.def.labels, len(values)))
		}
		kept := make([]string, 0, len(values))
		for _, v := range values {
			kept = append(kept, clean(v))
		}
		key := string(appendKey(nil, kept))
		switch {
		case seen[key]:
		case len(samples) >= a.seriesCap:
			a.dropped.With(a.def.name).Inc()
		default:
			seen[key] = true
			samples = append(samples, Sample{Values: kept, Value: value})
		}
	})
	return samples
}
