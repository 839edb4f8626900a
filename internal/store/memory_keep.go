package store

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// Retain deletes what is over its time.
func (m *Memory) Retain(_ context.Context, r Retention, now time.Time, limit int) (deleted int64, more bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := &allowance{left: limit}
	if over := cutoff(now, r.Events); !over.IsZero() {
		m.ids = slices.DeleteFunc(m.ids, func(id string) bool {
			if !left.take(m.events[id].Time.Before(over)) {
				return false
			}
			delete(m.events, id)
			return true
		})
	}
	dropOver(m.bodies, cutoff(now, r.Bodies), left, func(b *event.Body) time.Time { return b.Time })
	dropOver(m.rollups, cutoff(now, r.Rollups), left, func(r Rollup) time.Time { return r.Minute })
	dropOver(m.traffic, cutoff(now, r.Rollups), left, func(r TrafficRow) time.Time { return r.Hour })
	dropOver(m.looks, cutoff(now, r.Rollups), left, func(l Look) time.Time { return l.Time })
	dropEach(m.exposures, cutoff(now, r.Exposures), left, func(x Exposure) time.Time { return x.Time })
	dropEach(m.scores, r.Scores(now), left, func(s *event.Score) time.Time { return s.Time })
	return left.taken, left.refused, nil
}

// Scores is the time before which scores are over; zero: none is.
func (r Retention) Scores(now time.Time) time.Time {
	if r.Events <= 0 || r.Exposures <= 0 {
		return time.Time{}
	}
	return now.Add(-max(r.Events, r.Exposures))
}

// cutoff is the time before which rows are over; zero: none is.
func cutoff(now time.Time, keep time.Duration) time.Time {
	if keep <= 0 {
		return time.Time{}
	}
	return now.Add(-keep)
}

// allowance is how many rows may yet be deleted.
type allowance struct {
	left    int
	taken   int64
	refused bool
}

func (a *allowance) take(over bool) bool {
	switch {
	case !over:
		return false
	case a.left <= 0:
		a.refused = true
		return false
	}
	a.left--
	a.taken++
	return true
}

func dropOver[K comparable, V any](rows map[K]V, over time.Time, left *allowance, at func(V) time.Time) {
	for k, v := range rows {
		if left.take(at(v).Before(over)) {
			delete(rows, k)
		}
	}
}

// dropEach drops rows out of lists, and lists that are empty then.
func dropEach[K comparable, V any](lists map[K][]V, over time.Time, left *allowance, at func(V) time.Time) {
	for k, list := range lists {
		list = slices.DeleteFunc(slices.Clone(list), func(v V) bool { return left.take(at(v).Before(over)) })
		if lists[k] = list; len(list) == 0 {
			delete(lists, k)
		}
	}
}

// Forget erases a unit.
func (m *Memory) Forget(_ context.Context, unitKind, unit string) (f Forgotten, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ids = slices.DeleteFunc(m.ids, func(id string) bool {
		e := m.events[id]
		if e.UnitKind != unitKind || e.Unit != unit {
			return false
		}
		f.Events++
		delete(m.events, id)
		m.forgetRequest(id, &f)
		return true
	})
	m.forgetExposures(unitKind, unit, &f)
	for k, row := range m.units {
		if k.UnitKind == unitKind && k.Unit == unit {
			f.Units++
			m.variants.Leave(row)
			delete(m.units, k)
		}
	}
	return f, nil
}

// forgetExposures erases the unit's own; a request may have others.
func (m *Memory) forgetExposures(unitKind, unit string, f *Forgotten) {
	for id, all := range m.exposures {
		left := slices.DeleteFunc(slices.Clone(all), func(x Exposure) bool { return x.UnitKind == unitKind && x.Unit == unit })
		if len(left) == len(all) {
			continue
		}
		f.Exposures += int64(len(all) - len(left))
		if m.exposures[id] = left; len(left) == 0 {
			delete(m.exposures, id)
		}
		m.forgetRequest(id, f)
	}
}

func (m *Memory) forgetRequest(id string, f *Forgotten) {
	if m.bodies[id] != nil {
		f.Bodies++
		delete(m.bodies, id)
	}
	f.Scores += int64(len(m.scores[id]))
	delete(m.scores, id)
}

// Info counts what is kept.
func (m *Memory) Info(context.Context) (Info, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	version := ""
	if b, ok := debug.ReadBuildInfo(); ok {
		version = b.Main.Version
	}
	return Info{Engine: "memory", Version: version, Rows: map[string]int64{
		"events": int64(len(m.events)), "bodies": int64(len(m.bodies)), "entries": int64(len(m.entries)), "ledger": int64(len(m.ledger)),
		"rollups": int64(len(m.rollups)), "units": int64(len(m.units)), "exposures": int64(len(m.exposures)), "scores": int64(len(m.scores)),
		"decisions": int64(len(m.decisions)), "revisions": int64(len(m.revisions)),
	}}, nil
}
