package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/weirhq/weir/internal/event"
)

// Memory is the twin of the engines: all of the contract, for as long as the
// process lives. Tests use it, and so does a start without a store.
type Memory struct {
	mu        sync.RWMutex
	positions map[string]event.Position
	open      map[string]map[string]*event.Begin // by replica and id
	events    map[string]*event.Event
	ids       []string // of events, in order
	bodies    map[string]*event.Body
	entries   map[string]*event.Entry
	ledger    map[LedgerKey]LedgerSums
	rollups   map[RollupKey]Rollup
	traffic   map[TrafficKey]TrafficRow
	units     map[UnitKey]*UnitRow
	variants  Shifts // from nothing: the rows themselves
	days      map[DayKey]DayRow
	sketches  map[SketchKey][]byte
	exposures map[string][]Exposure     // by id of the request
	scores    map[string][]*event.Score // by id of the event
	looks     map[LookKey]Look
	decisions []*event.Decision // in order of ids
	revisions []Revision
	leases    map[string]Lease
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty one.
func NewMemory() *Memory {
	return &Memory{
		positions: map[string]event.Position{}, open: map[string]map[string]*event.Begin{},
		events: map[string]*event.Event{}, bodies: map[string]*event.Body{}, entries: map[string]*event.Entry{},
		ledger: map[LedgerKey]LedgerSums{}, rollups: map[RollupKey]Rollup{}, traffic: map[TrafficKey]TrafficRow{},
		units: map[UnitKey]*UnitRow{}, variants: Shifts{}, days: map[DayKey]DayRow{}, sketches: map[SketchKey][]byte{},
		exposures: map[string][]Exposure{}, scores: map[string][]*event.Score{}, looks: map[LookKey]Look{}, leases: map[string]Lease{},
	}
}

// Apply applies a batch wholly or not at all: what can fail is done on the side
// first.
func (m *Memory) Apply(ctx context.Context, b *Batch) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("apply a batch of %q: %w", b.Replica, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if at := m.positions[b.Replica]; at != b.From {
		return fmt.Errorf("apply a batch of %q from %v: %w: it is at %v", b.Replica, b.From, ErrMoved, at)
	}
	rollups, sketches, err := m.merged(b)
	if err != nil {
		return fmt.Errorf("apply a batch of %q: %w", b.Replica, err)
	}
	maps.Copy(m.rollups, rollups)
	maps.Copy(m.sketches, sketches)
	m.applyRecords(b)
	m.applySums(b)
	m.applyScores(b)
	m.positions[b.Replica] = b.To
	return nil
}

// merged gives the roll-ups and sketches of the batch, merged with what is kept.
func (m *Memory) merged(b *Batch) (map[RollupKey]Rollup, map[SketchKey][]byte, error) {
	rollups := map[RollupKey]Rollup{}
	for i := range b.Rollups {
		k := b.Rollups[i].Key()
		row, ok := rollups[k]
		if !ok {
			if row, ok = m.rollups[k]; !ok {
				row = Rollup{Minute: k.Minute, Project: k.Project, Route: k.Route, Variant: k.Variant, Model: k.Model}
			}
		}
		if err := row.Merge(b.Rollups[i]); err != nil {
			return nil, nil, err
		}
		rollups[k] = row
	}
	sketches := map[SketchKey][]byte{}
	for i := range b.Sketches {
		k := b.Sketches[i].Key()
		have, ok := sketches[k]
		if !ok {
			have = m.sketches[k]
		}
		sum, err := MergeSketches(have, b.Sketches[i].Sketch)
		if err != nil {
			return nil, nil, fmt.Errorf("experiment %q, metric %q, bucket %d: %w", k.Experiment, k.Metric, k.Bucket, err)
		}
		sketches[k] = sum
	}
	return rollups, sketches, nil
}

func (m *Memory) applyRecords(b *Batch) {
	open := m.open[b.Replica]
	if open == nil {
		open = map[string]*event.Begin{}
		m.open[b.Replica] = open
	}
	for _, id := range b.Closed {
		delete(open, id)
	}
	for _, begin := range b.Opened {
		open[begin.ID] = begin
	}
	for _, e := range b.Events {
		if m.events[e.ID] == nil {
			m.events[e.ID] = e
			at, _ := slices.BinarySearch(m.ids, e.ID)
			m.ids = slices.Insert(m.ids, at, e.ID)
		}
	}
	addMissing(m.bodies, b.Bodies, func(b *event.Body) string { return b.ID })
	addMissing(m.entries, b.Entries, func(n *event.Entry) string { return n.ID })
	for _, d := range b.Decisions {
		at, found := slices.BinarySearchFunc(m.decisions, d.ID, func(have *event.Decision, id string) int {
			return compareIDs(have.ID, id)
		})
		if !found {
			m.decisions = slices.Insert(m.decisions, at, d)
		}
	}
}

func addMissing[T any](into map[string]*T, rows []*T, id func(*T) string) {
	for _, row := range rows {
		if into[id(row)] == nil {
			into[id(row)] = row
		}
	}
}

// Position is where the replica's journal has been applied up to.
func (m *Memory) Position(_ context.Context, replica string) (event.Position, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.positions[replica], nil
}

// Durable gives the position: nothing of this outlives the process in any case.
func (m *Memory) Durable(ctx context.Context, replica string) (event.Position, error) {
	return m.Position(ctx, replica)
}

// Open gives the exchanges that began and have not ended, oldest first.
func (m *Memory) Open(_ context.Context, replica string) ([]*event.Begin, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	begins := slices.Collect(maps.Values(m.open[replica]))
	slices.SortFunc(begins, func(a, b *event.Begin) int { return compareIDs(a.ID, b.ID) })
	return begins, nil
}

// Check finds nothing: memory keeps no checksums.
func (m *Memory) Check(context.Context) error { return nil }

// Backup has nowhere to restore to.
func (m *Memory) Backup(context.Context, io.Writer) error {
	return fmt.Errorf("back up the store in memory: %w", errors.ErrUnsupported)
}

// Close does nothing.
func (m *Memory) Close() error { return nil }
