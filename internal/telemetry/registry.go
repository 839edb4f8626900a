package telemetry

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
)

// DefaultSeriesCap is how many series a family may hold before look-ups are
// answered by `other`. A counter at the cap with full-length labels is about
// 1.5 MB of exposition text, which a scrape still carries.
const DefaultSeriesCap = 2000

// droppedName is the family that counts what the caps turned away.
const droppedName = "weir_telemetry_series_dropped_total"

// Registry holds the families of one process. There is no global one: it is
// built in main and handed down.
type Registry struct {
	seriesCap int
	dropped   *CounterFamily // labelled by family; itself without a cap, since families are declared in code

	mu       sync.Mutex
	families map[string]source
}

// source is a family as the registry sees it: something that can be read.
type source interface {
	definition() definition
	read() Family
}

// New returns an empty registry with the default cap.
func New() *Registry { return NewWithCap(DefaultSeriesCap) }

// NewWithCap returns an empty registry whose families hold at most seriesCap
// series each; 0 or less means DefaultSeriesCap. The `other` series comes on top.
func NewWithCap(seriesCap int) *Registry {
	if seriesCap <= 0 {
		seriesCap = DefaultSeriesCap
	}
	r := &Registry{seriesCap: seriesCap, families: map[string]source{}}
	r.dropped = r.Counter(droppedName,
		"Look-ups answered by the series `other`, because the family had reached its cap of series.", "family")
	r.dropped.seriesCap = 0
	return r
}

// Counter declares a family of counters. Declaring the same family again
// returns the first one; declaring it differently is a mistake in the code and
// panics, as does a name that cannot be exposed. This holds for every kind.
func (r *Registry) Counter(name, help string, labels ...string) *CounterFamily {
	return declare(r, definition{name: name, help: help, kind: KindCounter, labels: labels},
		func() *Counter { return new(Counter) }, (*Counter).sample)
}

// MicroCounter declares a family that counts in millionths: micro-dollars in,
// dollars out. Money stays an integer until it is shown.
func (r *Registry) MicroCounter(name, help string, labels ...string) *MicroCounterFamily {
	return declare(r, definition{name: name, help: help, kind: KindCounter, labels: labels},
		func() *MicroCounter { return new(MicroCounter) }, (*MicroCounter).sample)
}

// Gauge declares a family of gauges.
func (r *Registry) Gauge(name, help string, labels ...string) *GaugeFamily {
	return declare(r, definition{name: name, help: help, kind: KindGauge, labels: labels},
		func() *Gauge { return new(Gauge) }, (*Gauge).sample)
}

// Histogram declares a family of histograms. Bounds are the upper ends of the
// buckets, in seconds, rising; the bucket to infinity is added by itself.
func (r *Registry) Histogram(name, help string, bounds []float64, labels ...string) *HistogramFamily {
	nanos := nanoBounds(name, bounds)
	shown := slices.Clone(bounds)
	return declare(r, definition{name: name, help: help, kind: KindHistogram, labels: labels, bounds: shown},
		func() *Histogram { return newHistogram(nanos) },
		func(h *Histogram) Sample { return h.sample(shown) })
}

// declare registers a family of handles, or returns the one that is there.
func declare[T any](r *Registry, d definition, fresh func() *T, sample func(*T) Sample) *Group[T] {
	d.check()
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, ok := r.families[d.name]; ok {
		if g, ok := old.(*Group[T]); ok && g.def.same(d) {
			return g
		}
		panic(fmt.Sprintf("telemetry: family %q is declared twice, with different kind, labels or buckets", d.name))
	}
	g := &Group[T]{
		def: d.clone(), fresh: fresh, sample: sample,
		seriesCap: r.seriesCap, dropped: r.dropped, otherKey: string(appendKey(nil, otherValues(len(d.labels)))),
		series: map[string]*series[T]{},
	}
	r.families[d.name] = g
	if len(d.labels) == 0 {
		g.With() // a family without labels has its one series from the start, at zero
	}
	r.mayDrop(d)
	return g
}

// mayDrop shows what a family turned away from the start, at zero, so that the
// first one is a rise and not a new series.
func (r *Registry) mayDrop(d definition) {
	if r.dropped != nil && len(d.labels) > 0 {
		r.dropped.With(d.name)
	}
}

// GaugeFunc declares a gauge without labels whose value is asked for at each
// reading. Ask may be called from several goroutines at once. If it panics the
// value reads as NaN: "could not be read" is not zero.
func (r *Registry) GaugeFunc(name, help string, ask func() float64) {
	d := definition{name: name, help: help, kind: KindGauge}
	d.check()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.families[name]; ok {
		panic(fmt.Sprintf("telemetry: family %q is declared twice", name))
	}
	r.families[name] = &askedGauge{def: d, ask: ask}
}

// Gather reads every family and passes it on, in order of name. Values go on
// moving meanwhile: each series is consistent in itself, not with its neighbours.
func (r *Registry) Gather(visit func(Family)) {
	r.mu.Lock()
	sources := make([]source, 0, len(r.families))
	for _, s := range r.families {
		sources = append(sources, s)
	}
	r.mu.Unlock()
	slices.SortFunc(sources, func(a, b source) int {
		return cmp.Compare(a.definition().name, b.definition().name)
	})
	for _, s := range sources {
		visit(s.read())
	}
}
