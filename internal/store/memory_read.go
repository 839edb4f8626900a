package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/event"
)

func compareIDs(a, b string) int { return strings.Compare(a, b) }

// Event finds one.
func (m *Memory) Event(_ context.Context, id string) (*event.Event, error) {
	return find(m, m.events, "event", id)
}

// Body finds what was asked and answered.
func (m *Memory) Body(_ context.Context, id string) (*event.Body, error) {
	return find(m, m.bodies, "body", id)
}

// Entry finds one.
func (m *Memory) Entry(_ context.Context, id string) (*event.Entry, error) {
	return find(m, m.entries, "entry", id)
}

func find[T any](m *Memory, in map[string]*T, what, id string) (*T, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if row := in[id]; row != nil {
		return row, nil
	}
	return nil, fmt.Errorf("%s %q: %w", what, id, ErrNotFound)
}

// FindEvents gives a page.
func (m *Memory) FindEvents(_ context.Context, q EventQuery) (events []*event.Event, next string, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	end := len(m.ids)
	if q.Cursor != "" {
		after, err := ParseCursor("events", q.Cursor)
		if err != nil {
			return nil, "", fmt.Errorf("find events: %w", err)
		}
		end, _ = slices.BinarySearch(m.ids, after)
	}
	for _, id := range slices.Backward(m.ids[:end]) {
		e := m.events[id]
		if !q.Matches(e) {
			continue
		}
		if len(events) == q.Size() {
			return events, Cursor("events", events[len(events)-1].ID), nil
		}
		events = append(events, e)
	}
	return events, "", nil
}

// Scores gives what was said of an exchange.
func (m *Memory) Scores(_ context.Context, id string) ([]*event.Score, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	scores := slices.Clone(m.scores[id])
	slices.SortFunc(scores, CompareScores)
	return scores, nil
}

// LedgerRows gives money by the hour.
func (m *Memory) LedgerRows(_ context.Context, q LedgerQuery) ([]LedgerRow, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var rows []LedgerRow
	for k, sums := range m.ledger {
		row := LedgerRow{
			Hour: k.Hour, Project: k.Project, Route: k.Route, Variant: k.Variant, Model: k.Model, Key: k.Key, Tags: k.Tags, Why: k.Why,
			LedgerSums: sums,
		}
		if q.Matches(&row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, CompareLedger)
	return rows, nil
}

// RollupRows gives minutes.
func (m *Memory) RollupRows(_ context.Context, q RollupQuery) ([]Rollup, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var rows []Rollup
	for k, row := range m.rollups {
		if q.Matches(k.Minute, k.Project, k.Route, k.Variant, k.Model) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, CompareRollups)
	return rows, nil
}

// TrafficRows gives where requests went.
func (m *Memory) TrafficRows(_ context.Context, q RollupQuery) ([]TrafficRow, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var rows []TrafficRow
	for k, row := range m.traffic {
		if q.Matches(k.Hour, k.Project, k.Route, k.Variant, k.Model) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, CompareTraffic)
	return rows, nil
}

// FindDecisions gives a page.
func (m *Memory) FindDecisions(_ context.Context, subject string, limit int, cursor string) (decisions []*event.Decision, next string, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	end := len(m.decisions)
	if cursor != "" {
		after, err := ParseCursor("decisions", cursor)
		if err != nil {
			return nil, "", fmt.Errorf("find decisions: %w", err)
		}
		end, _ = slices.BinarySearchFunc(m.decisions, after, func(d *event.Decision, id string) int { return compareIDs(d.ID, id) })
	}
	size := PageSize(limit, 50)
	for _, d := range slices.Backward(m.decisions[:end]) {
		if subject != "" && d.Subject != subject {
			continue
		}
		if len(decisions) == size {
			return decisions, Cursor("decisions", decisions[size-1].ID), nil
		}
		decisions = append(decisions, d)
	}
	return decisions, "", nil
}
