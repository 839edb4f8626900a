// Package usage tells what requests cost and how they went, over time: tables by
// any key, month against month, budgets with a forecast, timelines, reports. It
// only reads, through Ledger and Rollups, and computes the rest; the
// time comes in as an argument. It refuses no request: budgets are compared here,
// and enforced nowhere yet.
//
// Two sources, and what follows from each:
//
//   - The ledger has money and tokens by the hour of UTC, for ever. A period in
//     another zone begins at an instant, and an hour belongs to the period in which
//     the hour begins. In zones that are not whole hours from UTC this moves the
//     borders by up to 59 minutes, and what is returned says so.
//   - The minute roll-ups have outcomes and latencies, for 13 months by default.
//
// Everything that is returned carries its window, its zone and its units (the
// names of JSON fields end in _micro for millionths of a US dollar, _seconds,
// _share for a share of 1), since numbers from two places must be comparable.
package usage

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// Ledger is what is read of store.Ledger.
type Ledger interface {
	LedgerRows(ctx context.Context, q store.LedgerQuery) ([]store.LedgerRow, error)
}

// Rollups is what is read of store.Rollups.
type Rollups interface {
	RollupRows(ctx context.Context, q store.RollupQuery) ([]store.Rollup, error)
}

// Window is a span of time; End is not within.
type Window struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Holds tells whether an instant is within.
func (w Window) Holds(t time.Time) bool { return !t.Before(w.Start) && t.Before(w.End) }

// seconds of the window that have passed by now.
func (w Window) seconds(now time.Time) float64 {
	if now.After(w.End) {
		now = w.End
	}
	return max(now.Sub(w.Start).Seconds(), 0)
}

// rate is per second, 0 of an empty window.
func rate(n int64, seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}

// share is part of whole; there is none of nothing.
func share(part, whole float64) *float64 {
	if whole == 0 {
		return nil
	}
	s := part / whole
	return &s
}

func orUTC(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}
