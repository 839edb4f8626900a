package usage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// mostPoints of a series are given; a screen is not wider.
const mostPoints = 2000

// ReadTimeline reads minute roll-ups and merges their sketches, so that the
// quantiles of an hour are those of its requests, not of its minutes.
func ReadTimeline(ctx context.Context, rollups Rollups, q TimelineQuery, now time.Time) (*Timeline, error) {
	w, step, err := q.window(now)
	if err != nil {
		return nil, err
	}
	n := int((w.End.Sub(w.Start) + step - 1) / step)
	if n > mostPoints {
		least := (w.End.Sub(w.Start)/mostPoints + time.Minute).Truncate(time.Minute)
		return nil, fmt.Errorf("read a timeline from %s to %s by %s: that is %d points, %d are the most; take a step of %s or more",
			w.Start.Format(time.RFC3339), w.End.Format(time.RFC3339), step, n, mostPoints, least)
	}
	lines := map[string]*line{}
	err = eachRollup(ctx, rollups, q.Filter, w, func(r *store.Rollup) error {
		values := rollupValues(q.By, r)
		at := strings.Join(values, "\x00")
		if lines[at] == nil {
			lines[at] = &line{values: values, steps: make([]*tally, n)}
		}
		return lines[at].step(int(r.Minute.Sub(w.Start) / step)).add(r)
	})
	if err != nil {
		return nil, err
	}
	t := &Timeline{By: append([]string{}, q.By...), Zone: time.UTC.String(), Window: w, Step: step.Seconds(), Series: []Series{}}
	for _, l := range lines {
		t.Series = append(t.Series, l.series(t.By, w, step, now))
	}
	sort.Slice(t.Series, func(i, j int) bool { return slices.Compare(t.Series[i].values, t.Series[j].values) < 0 })
	return t, nil
}

// window is what is read, and the step.
func (q *TimelineQuery) window(now time.Time) (Window, time.Duration, error) {
	for _, name := range q.By {
		if !slices.Contains(rollupKeys[:], name) {
			return Window{}, 0, fmt.Errorf("tell a timeline by %q: keys are %s", name, strings.Join(rollupKeys[:], ", "))
		}
	}
	if q.Step < 0 || q.Step%time.Minute != 0 {
		return Window{}, 0, fmt.Errorf("read a timeline by %s: steps are whole minutes", q.Step)
	}
	if q.To.IsZero() {
		q.To = now
	}
	if q.From.IsZero() || !q.From.Before(q.To) {
		return Window{}, 0, errors.New("read a timeline: the window has no beginning, or is empty")
	}
	unit := max(q.Step, time.Minute)
	w := Window{sinceEpoch(q.From, unit), sinceEpoch(q.To.Add(unit-1), unit)}
	if q.Step == 0 {
		return w, w.End.Sub(w.Start), nil
	}
	return w, q.Step, nil
}

// sinceEpoch rounds down to a whole number of steps since 1970: unlike
// time.Truncate, which counts from the year 1, this is where Prometheus puts them.
func sinceEpoch(t time.Time, step time.Duration) time.Time {
	ns := t.UnixNano()
	rest := ns % int64(step)
	if rest < 0 {
		rest += int64(step)
	}
	return time.Unix(0, ns-rest).UTC()
}

var rollupKeys = [...]string{"project", "route", "variant", "model"}

func rollupValues(by []string, r *store.Rollup) []string {
	values := make([]string, len(by))
	for i, name := range by {
		switch name {
		case "project":
			values[i] = r.Project
		case "route":
			values[i] = r.Route
		case "variant":
			values[i] = r.Variant
		case "model":
			values[i] = r.Model
		}
	}
	return values
}

// eachRollup reads a day at a time: a month of minutes may be millions of rows.
func eachRollup(ctx context.Context, rollups Rollups, filter store.RollupQuery, w Window, do func(*store.Rollup) error) error {
	for from := w.Start.UTC(); from.Before(w.End); from = filter.To {
		filter.From, filter.To = from, from.Add(24*time.Hour)
		if filter.To.After(w.End) {
			filter.To = w.End.UTC()
		}
		rows, err := rollups.RollupRows(ctx, filter)
		if err != nil {
			return err // it says that roll-ups were read
		}
		for i := range rows {
			if err := do(&rows[i]); err != nil {
				return fmt.Errorf("roll-up of route %q, variant %q at %s: %w", rows[i].Route, rows[i].Variant, rows[i].Minute.Format(time.RFC3339), err)
			}
		}
	}
	return nil
}

// line is a series while it is added up; a step without roll-ups is nil.
type line struct {
	values []string
	steps  []*tally
}

func (l *line) step(i int) *tally {
	if l.steps[i] == nil {
		l.steps[i] = newTally()
	}
	return l.steps[i]
}

func (l *line) series(by []string, w Window, step time.Duration, now time.Time) Series {
	s := Series{Keys: named(by, l.values), values: l.values, Points: make([]Point, 0, len(l.steps))}
	for i, t := range l.steps {
		if t == nil {
			t = newTally()
		}
		start := w.Start.Add(time.Duration(i) * step)
		s.Points = append(s.Points, t.point(Window{start, start.Add(step)}, now))
	}
	return s
}

// tally adds roll-ups up.
type tally struct {
	sums                 store.LedgerSums
	outcomes             map[string]int64
	fallback             int64
	duration, ttft, tpot *stats.Sketch
}

func newTally() *tally {
	return &tally{outcomes: map[string]int64{}, duration: stats.NewSketch(), ttft: stats.NewSketch(), tpot: stats.NewSketch()}
}

func (t *tally) add(r *store.Rollup) error {
	t.count(r)
	return errors.Join(mergeInto(t.duration, r.Duration), mergeInto(t.ttft, r.TTFT), mergeInto(t.tpot, r.TPOT))
}

// count adds all but the times.
func (t *tally) count(r *store.Rollup) {
	t.sums.Add(r.LedgerSums)
	t.fallback += r.Fallback
	for name, n := range r.Outcomes {
		t.outcomes[name] += n
	}
}

// merge adds what another has.
func (t *tally) merge(o *tally) error {
	t.count(&store.Rollup{LedgerSums: o.sums, Fallback: o.fallback, Outcomes: o.outcomes})
	return errors.Join(t.duration.Merge(o.duration), t.ttft.Merge(o.ttft), t.tpot.Merge(o.tpot))
}

// mergeInto adds an encoded sketch; none is no values.
func mergeInto(s *stats.Sketch, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	return s.MergeBinary(b)
}

func (t *tally) point(w Window, now time.Time) Point {
	seconds := w.seconds(now)
	reached := t.sums.Requests - t.outcomes[event.Refused.String()] - t.outcomes[event.Invalid.String()]
	return Point{
		Time: w.Start, Seconds: seconds, LedgerSums: t.sums, PerSecond: rate(t.sums.Requests, seconds),
		Outcomes: t.outcomes, Fallback: t.fallback, ErrorShare: share(float64(t.sums.Errors), float64(reached)),
		Duration: quantiles(t.duration), TTFT: quantiles(t.ttft), TPOT: quantiles(t.tpot),
	}
}

func quantiles(s *stats.Sketch) Quantiles {
	q := Quantiles{Count: s.Count()}
	for at, into := range map[float64]**float64{0.5: &q.P50, 0.95: &q.P95, 0.99: &q.P99} {
		if v, ok := s.Quantile(at); ok {
			*into = &v
		}
	}
	return q
}
