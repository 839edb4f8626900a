package telemetry

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Group is a family that hands out series of one kind. Its aliases are
// CounterFamily, MicroCounterFamily, GaugeFamily and HistogramFamily.
type Group[T any] struct {
	def       definition
	fresh     func() *T
	sample    func(*T) Sample
	seriesCap int            // 0: no cap
	dropped   *CounterFamily // of the registry; nil only for that family itself
	otherKey  string         // of the series that stands in beyond the cap

	mu     sync.RWMutex
	series map[string]*series[T]
	hidden int // how many of series are forgotten and could make room
}

// series is a handle and the values it stands for.
type series[T any] struct {
	values []string
	handle *T
	hidden bool // forgotten: kept, but not read
}

// With returns the handle of the series with these label values, in the order
// the labels were declared, and makes the series if it is new. The same values
// give the same handle, so handles may be kept and used from any goroutine.
//
// It takes a lock: call it when a snapshot is built, keep what it returns.
// Passing more or fewer values than there are labels panics.
func (g *Group[T]) With(values ...string) *T {
	if len(values) != len(g.def.labels) {
		panic(fmt.Sprintf("telemetry: family %q has the labels %q, got %d values", g.def.name, g.def.labels, len(values)))
	}
	var cleaned [8]string
	var scratch [256]byte
	kept := cleaned[:0]
	for _, v := range values {
		kept = append(kept, clean(v))
	}
	key := appendKey(scratch[:0], kept)

	g.mu.RLock()
	s := g.series[string(key)]
	found := s != nil && !s.hidden
	g.mu.RUnlock()
	if found {
		return s.handle
	}
	return g.add(string(key), kept)
}

// add makes a series, shows one that was forgotten, or gives the stand-in.
func (g *Group[T]) add(key string, values []string) *T {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.series[key]; s != nil {
		g.show(s)
		return s.handle
	}
	if key != g.otherKey && g.full() {
		g.dropped.With(g.def.name).Inc()
		return g.standIn().handle
	}
	return g.put(key, values).handle
}

// put makes a series. Values are copied one by one: a label must not keep alive
// the buffer of a request it was cut from. Called with mu held.
func (g *Group[T]) put(key string, values []string) *series[T] {
	s := &series[T]{values: make([]string, len(values)), handle: g.fresh()}
	for i, v := range values {
		s.values[i] = strings.Clone(v)
	}
	g.series[key] = s
	return s
}

// full says whether there is no room, after giving up a forgotten series to
// make some. The stand-in takes no room. Called with mu held.
func (g *Group[T]) full() bool {
	room := g.seriesCap
	if _, ok := g.series[g.otherKey]; ok {
		room++
	}
	if g.seriesCap == 0 || len(g.series) < room {
		return false
	}
	if g.hidden == 0 {
		return true // no search: past the cap this is every look-up
	}
	for key, s := range g.series {
		if s.hidden {
			delete(g.series, key)
			g.hidden--
			break
		}
	}
	return false
}

// standIn returns the series whose values are all `other`. Called with mu held.
func (g *Group[T]) standIn() *series[T] {
	if s := g.series[g.otherKey]; s != nil {
		return s
	}
	return g.put(g.otherKey, otherValues(len(g.def.labels)))
}

func (g *Group[T]) show(s *series[T]) {
	if s.hidden {
		s.hidden = false
		g.hidden--
	}
}

func (g *Group[T]) hide(s *series[T]) {
	if !s.hidden {
		s.hidden = true
		g.hidden++
	}
}

// Forget stops showing a series, for instance that of a route a reload removed.
//
// It resets nothing. Handles stay good, so a stream that outlives its route goes
// on counting, and With brings the series back where it was. Only when the
// family is at its cap is a forgotten series given up to make room for a new
// one; should its values come back after that, it starts again at zero. The
// stand-in cannot be forgotten.
func (g *Group[T]) Forget(values ...string) {
	kept := make([]string, 0, len(values))
	for _, v := range values {
		kept = append(kept, clean(v))
	}
	key := appendKey(nil, kept)
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.series[string(key)]; s != nil && string(key) != g.otherKey {
		g.hide(s)
	}
}

// Retain forgets every series for whose values keep says no: the sweep after a
// reload, in one call. The stand-in is never asked about. Keep must not call
// back into the family, nor hold on to values.
func (g *Group[T]) Retain(keep func(values []string) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key, s := range g.series {
		if key != g.otherKey && !keep(s.values) {
			g.hide(s)
		}
	}
}

func (g *Group[T]) definition() definition { return g.def }

// read copies the series that are shown. The list is taken under the lock and
// the values after it, so that a slow reading holds up no With.
func (g *Group[T]) read() Family {
	shown := g.shown()
	slices.SortFunc(shown, func(a, b *series[T]) int { return slices.Compare(a.values, b.values) })
	f := Family{Name: g.def.name, Help: g.def.help, Kind: g.def.kind, Labels: g.def.labels}
	f.Samples = make([]Sample, 0, len(shown))
	for _, s := range shown {
		sample := g.sample(s.handle)
		sample.Values = s.values
		f.Samples = append(f.Samples, sample)
	}
	return f
}

func (g *Group[T]) shown() []*series[T] {
	g.mu.RLock()
	defer g.mu.RUnlock()
	shown := make([]*series[T], 0, len(g.series))
	for _, s := range g.series {
		if !s.hidden {
			shown = append(shown, s)
		}
	}
	return shown
}
