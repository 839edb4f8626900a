package evidence

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// RouteQuestion asks what a route's traffic is like.
type RouteQuestion struct {
	Route    string
	Baseline string           // the variant whose requests tell how units differ; "": any
	Measures []metric.Measure // whose sums are wanted
	Now      time.Time
	Days     int // how far back; 0: 14
	Most     int // requests that are read; 0: 100,000
}

// Route reads the recent requests of a route and adds them up by unit, as if they
// had been in an experiment: what one there could see follows from it. All units
// count for how many come; how they differ is read from those of the baseline, so
// that an experiment that runs there does not mix its variants into it.
func Route(ctx context.Context, s store.Events, q RouteQuestion) (analysis.Sample, error) {
	if q.Days == 0 {
		q.Days = 14
	}
	if q.Most == 0 {
		q.Most = 100_000
	}
	c := routeCensus{units: map[routeUnit][]store.Value{}, first: map[routeUnit]time.Time{}, measures: q.Measures, baseline: q.Baseline}
	query := store.EventQuery{Route: q.Route, From: q.Now.AddDate(0, 0, -q.Days), To: q.Now, Limit: event.MaxPage}
	for c.requests+c.noUnit < int64(q.Most) {
		page, next, err := s.FindEvents(ctx, query)
		if err != nil {
			return analysis.Sample{}, fmt.Errorf("read the requests of route %q: %w", q.Route, err)
		}
		for _, e := range page {
			c.add(e)
		}
		if next == "" {
			break
		}
		query.Cursor = next
	}
	return c.sample(q.Now), nil
}

type routeUnit struct{ kind, id string }

type routeCensus struct {
	measures         []metric.Measure
	baseline         string
	units            map[routeUnit][]store.Value
	first            map[routeUnit]time.Time
	requests, noUnit int64
	oldest           time.Time
}

func (c *routeCensus) add(e *event.Event) {
	if e.Outcome == event.Invalid || e.ShadowOf != "" {
		return
	}
	if c.oldest.IsZero() || e.Time.Before(c.oldest) {
		c.oldest = e.Time
	}
	if e.Unit == "" {
		c.noUnit++
		return
	}
	c.requests++
	u := routeUnit{e.UnitKind, e.Unit}
	values := c.units[u]
	if values == nil {
		values = make([]store.Value, len(c.measures))
		c.units[u] = values
	}
	if first, ok := c.first[u]; !ok || e.Time.Before(first) {
		c.first[u] = e.Time
	}
	if v := e.Variant(); c.baseline != "" && v != "" && v != c.baseline {
		return
	}
	for i, m := range c.measures {
		if m.Distribution {
			continue
		}
		if x, y := m.Of(e); y > 0 {
			values[i].N += y
			values[i].Sum += x
		}
	}
}

// sample adds up the units, and counts those that were seen for the first time in
// each span of 24 hours.
func (c *routeCensus) sample(now time.Time) analysis.Sample {
	s := analysis.Sample{Requests: c.requests, NoUnit: c.noUnit, Units: int64(len(c.units)), From: c.oldest, To: now, Sums: map[string]stats.Moments{}}
	for _, values := range c.units {
		for i, v := range values {
			m := s.Sums[c.measures[i].Name]
			m.Add(v.Sum, v.N)
			s.Sums[c.measures[i].Name] = m
		}
	}
	if c.oldest.IsZero() {
		return s
	}
	s.Fresh = make([]int64, int(now.Sub(c.oldest)/(24*time.Hour))+1)
	for _, first := range c.first {
		s.Fresh[int(first.Sub(c.oldest)/(24*time.Hour))]++
	}
	return s
}
