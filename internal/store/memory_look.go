package store

import (
	"context"
	"slices"
)

// AddLook keeps a look.
func (m *Memory) AddLook(_ context.Context, l Look) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	l.Time = l.Time.UTC()
	m.looks[l.Key()] = l
	return nil
}

// Looks gives those of an epoch.
func (m *Memory) Looks(_ context.Context, experiment string, epoch int) ([]Look, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []Look
	for k, l := range m.looks {
		if k.Experiment == experiment && k.Epoch == epoch {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, CompareLooks)
	return found, nil
}
