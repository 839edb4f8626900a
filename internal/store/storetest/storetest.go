// Package storetest is the contract of store as tests: every engine passes them,
// the twin in memory first. Each case opens a store of its own, so an engine's
// open must give an empty one each time and close it when the test ends.
//
// Run is for an engine that keeps everything. The narrower runs are for one that
// keeps a part: they ask for no more than the interfaces that they name.
package storetest

import (
	"testing"

	"github.com/weirhq/weir/internal/store"
)

// EventStore is what Events asks for.
type EventStore interface {
	store.Applier
	store.Events
}

// LedgerStore is what Ledger asks for.
type LedgerStore interface {
	store.Applier
	store.Ledger
}

// RollupStore is what Rollups asks for.
type RollupStore interface {
	store.Applier
	store.Rollups
}

// SumStore is what Sums asks for.
type SumStore interface {
	store.Applier
	store.Sums
}

// Run tries the whole contract.
func Run(t *testing.T, open func(*testing.T) store.Store) {
	t.Run("apply", func(t *testing.T) { Apply(t, as[store.Applier](open)) })
	t.Run("events", func(t *testing.T) { Events(t, as[EventStore](open)) })
	t.Run("ledger", func(t *testing.T) { Ledger(t, as[LedgerStore](open)) })
	t.Run("rollups", func(t *testing.T) { Rollups(t, as[RollupStore](open)) })
	t.Run("sums", func(t *testing.T) { Sums(t, as[SumStore](open)) })
	t.Run("looks", func(t *testing.T) { cases(t, open, lookCases) })
	t.Run("leases", func(t *testing.T) { Leases(t, as[store.Leases](open)) })
	t.Run("decisions", func(t *testing.T) { cases(t, open, decisionCases) })
	t.Run("revisions", func(t *testing.T) { cases(t, as[store.Revisions](open), revisionCases) })
	t.Run("keeper", func(t *testing.T) { cases(t, open, keeperCases) })
	t.Run("whole", func(t *testing.T) { cases(t, open, wholeCases) })
}

// as narrows what open gives.
func as[N any](open func(*testing.T) store.Store) func(*testing.T) N {
	return func(t *testing.T) N { return any(open(t)).(N) }
}

// test is one promise.
type test[S any] struct {
	promise string
	try     func(*testing.T, S)
}

func cases[S any](t *testing.T, open func(*testing.T) S, tests []test[S]) {
	for _, one := range tests {
		t.Run(one.promise, func(t *testing.T) { one.try(t, open(t)) })
	}
}
