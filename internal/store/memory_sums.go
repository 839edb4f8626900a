package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/stats"
)

func (m *Memory) applySums(b *Batch) {
	for i := range b.Ledger {
		k := b.Ledger[i].ID()
		sums := m.ledger[k]
		sums.Add(b.Ledger[i].LedgerSums)
		m.ledger[k] = sums
	}
	for i := range b.Traffic {
		k := b.Traffic[i].Key()
		row, ok := m.traffic[k]
		if !ok {
			row = TrafficRow{Hour: k.Hour, Project: k.Project, Route: k.Route, Variant: k.Variant, Model: k.Model, Endpoint: k.Endpoint}
		}
		row.Merge(b.Traffic[i])
		m.traffic[k] = row
	}
	m.addUnits(b.Units)
	m.addDays(b.Days)
}

func (m *Memory) addUnits(deltas []UnitDelta) {
	for _, d := range deltas {
		row := m.units[d.UnitKey]
		if row == nil {
			row = &UnitRow{}
			m.units[d.UnitKey] = row
		}
		m.variants.Move(row, row.Add(d))
	}
}

func (m *Memory) addDays(days []DayRow) {
	for i := range days {
		k := days[i].Key()
		row, ok := m.days[k]
		if !ok {
			row, row.N, row.Sum = days[i], 0, 0
			row.Day = k.Day
		}
		row.N += days[i].N
		row.Sum += days[i].Sum
		m.days[k] = row
	}
}

// applyScores takes in exposures, then scores; either may come first.
func (m *Memory) applyScores(b *Batch) {
	for _, x := range b.Exposures {
		have := m.exposures[x.RequestID]
		if slices.ContainsFunc(have, func(o Exposure) bool { return o.Experiment == x.Experiment }) {
			continue
		}
		m.exposures[x.RequestID] = append(have, x)
		for _, s := range m.scores[x.RequestID] {
			m.count(s, nil, []Exposure{x})
		}
	}
	for _, s := range b.Scores {
		m.applyScore(s)
	}
}

func (m *Memory) applyScore(s *event.Score) {
	have := m.scores[s.Event]
	at := slices.IndexFunc(have, func(o *event.Score) bool { return o.Name == s.Name && o.Source == s.Source })
	switch {
	case at < 0:
		m.scores[s.Event] = append(have, s)
		m.count(s, nil, m.exposures[s.Event])
	case Later(s, have[at]):
		earlier := have[at]
		m.scores[s.Event] = slices.Replace(slices.Clone(have), at, at+1, s)
		m.count(s, earlier, m.exposures[s.Event])
	}
}

func (m *Memory) count(s, earlier *event.Score, exposures []Exposure) {
	units, days := ScoreSums(s, earlier, exposures)
	m.addUnits(units)
	m.addDays(days)
}

// VariantRows gives the sums by variant.
func (m *Memory) VariantRows(_ context.Context, experiment string) ([]VariantRow, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var rows []VariantRow
	for k, sums := range m.variants {
		if k.Experiment == experiment && sums != (stats.Moments{}) {
			rows = append(rows, k.Row(sums))
		}
	}
	slices.SortFunc(rows, func(a, b VariantRow) int { return a.Key().Compare(b.Key()) })
	return rows, nil
}

// UnitRows gives a page of units.
func (m *Memory) UnitRows(_ context.Context, experiment string, after UnitKey, limit int) ([]UnitRow, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var rows []UnitRow
	for k, row := range m.units {
		if k.Experiment == experiment && (after == (UnitKey{}) || k.Compare(after) > 0) {
			one := *row
			one.Values = slices.Clone(row.Values)
			rows = append(rows, one)
		}
	}
	slices.SortFunc(rows, func(a, b UnitRow) int { return a.UnitKey.Compare(b.UnitKey) })
	return rows[:min(len(rows), PageSize(limit, event.MaxPage))], nil
}

// DayRows gives counts by day.
func (m *Memory) DayRows(_ context.Context, experiment string) ([]DayRow, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var rows []DayRow
	for k, row := range m.days {
		if k.Experiment == experiment {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, CompareDays)
	return rows, nil
}

// SketchRows gives the distributions.
func (m *Memory) SketchRows(_ context.Context, experiment string) ([]SketchRow, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var rows []SketchRow
	for k, sketch := range m.sketches {
		if k.Experiment == experiment {
			rows = append(rows, SketchRow{
				Experiment: k.Experiment, Epoch: k.Epoch, Step: k.Step, Variant: k.Variant, Metric: k.Metric, Bucket: k.Bucket, Sketch: sketch,
			})
		}
	}
	slices.SortFunc(rows, CompareSketches)
	return rows, nil
}

// Exposure finds what a request counted for.
func (m *Memory) Exposure(_ context.Context, requestID string) ([]Exposure, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	found := slices.Clone(m.exposures[requestID])
	if len(found) == 0 {
		return nil, fmt.Errorf("exposure of request %q: %w", requestID, ErrNotFound)
	}
	slices.SortFunc(found, CompareExposures)
	return found, nil
}

// Rebuild computes the variant rows again.
func (m *Memory) Rebuild(context.Context) ([]Difference, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	computed := Shifts{}
	for _, row := range m.units {
		computed.Enter(row)
	}
	found := Differences(m.variants, computed)
	m.variants = maps.Clone(computed)
	return found, nil
}
