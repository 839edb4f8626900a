package store

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// AddRevision numbers r and keeps it.
func (m *Memory) AddRevision(_ context.Context, r Revision, expect int) (Revision, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := len(m.revisions)
	if expect >= 0 && expect != last {
		return Revision{}, fmt.Errorf("add a revision after %d: %w: the last is %d", expect, ErrConflict, last)
	}
	r.Number = last + 1
	r.Files = slices.Clone(r.Files)
	m.revisions = append(m.revisions, r)
	return r, nil
}

// Revision finds one.
func (m *Memory) Revision(_ context.Context, number int) (Revision, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if number == 0 {
		number = len(m.revisions)
	}
	if number < 1 || number > len(m.revisions) {
		return Revision{}, fmt.Errorf("revision %d: %w", number, ErrNotFound)
	}
	return m.revisions[number-1], nil
}

// RevisionAt finds the one that was in force: the last that was made by then.
func (m *Memory) RevisionAt(_ context.Context, at time.Time) (Revision, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, r := range slices.Backward(m.revisions) {
		if !r.Time.After(at) {
			return r, nil
		}
	}
	return Revision{}, fmt.Errorf("revision in force at %s: %w", at.Format(time.RFC3339), ErrNotFound)
}

// ListRevisions gives them newest first.
func (m *Memory) ListRevisions(_ context.Context, before, limit int) ([]Revision, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	last := len(m.revisions)
	if before > 0 {
		last = min(last, before-1)
	}
	var list []Revision
	for _, r := range slices.Backward(m.revisions[max(0, last-PageSize(limit, 50)):last]) {
		r.Files = nil
		list = append(list, r)
	}
	return list, nil
}

// Acquire takes or renews a lease, by the caller's clock.
func (m *Memory) Acquire(_ context.Context, name, holder string, ttl time.Duration, now time.Time) (Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.leases[name]
	if now.Before(l.Until) {
		if l.Holder != holder {
			return l, fmt.Errorf("acquire lease %q: %w: %q holds it until %s", name, ErrConflict, l.Holder, l.Until.Format(time.RFC3339))
		}
	} else {
		l.Fence++
	}
	l.Name, l.Holder, l.Until = name, holder, now.Add(ttl)
	m.leases[name] = l
	return l, nil
}

// Release gives a lease back; its fence is remembered.
func (m *Memory) Release(_ context.Context, l Lease) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if have := m.leases[l.Name]; have.Holder == l.Holder && have.Fence == l.Fence {
		have.Holder, have.Until = "", time.Time{}
		m.leases[l.Name] = have
	}
	return nil
}
