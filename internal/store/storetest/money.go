package storetest

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// Ledger tries money by the hour.
func Ledger(t *testing.T, open func(*testing.T) LedgerStore) { cases(t, open, ledgerCases) }

// Rollups tries what screens read.
func Rollups(t *testing.T, open func(*testing.T) RollupStore) { cases(t, open, rollupCases) }

func ledgerRow(hour int, route, key, tags, why string, n int64) store.LedgerRow {
	return store.LedgerRow{
		Hour: Start.Add(time.Duration(hour) * time.Hour), Project: "default", Route: route, Variant: "baseline", Model: "large",
		Key: key, Tags: tags, Why: why, LedgerSums: sums(n),
	}
}

// sums differ in every field.
func sums(n int64) store.LedgerSums {
	return store.LedgerSums{
		Requests: n, Errors: 2 * n, Input: 3 * n, Cached: 4 * n, CacheWrite: 5 * n, Output: 6 * n, Reasoning: 7 * n,
		Cost: meter.Micro(8 * n), Estimated: meter.Micro(9 * n), Guessed: 10 * n, Unpriced: 11 * n,
	}
}

var ledgerCases = []test[LedgerStore]{
	{"rows of one name are added up", func(t *testing.T, s LedgerStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Ledger: []store.LedgerRow{ledgerRow(1, "a", "k", "t=1", "request", 1), ledgerRow(1, "a", "k", "t=1", "request", 10)}})
		f.apply(t, &store.Batch{Ledger: []store.LedgerRow{ledgerRow(1, "a", "k", "t=1", "request", 1<<40), ledgerRow(0, "a", "k", "t=1", "request", -5)}})
		want := []store.LedgerRow{ledgerRow(0, "a", "k", "t=1", "request", -5), ledgerRow(1, "a", "k", "t=1", "request", 1<<40+11)}
		equal(t, "ledger", must[[]store.LedgerRow](t)(s.LedgerRows(t.Context(), store.LedgerQuery{})), want)
	}},
	{"what is beyond counting stays there", func(t *testing.T, s LedgerStore) {
		f := &feed{s: s}
		huge := ledgerRow(0, "a", "k", "", "request", 0)
		huge.Cost, huge.Input = math.MaxInt64-10, math.MinInt64+10
		more := ledgerRow(0, "a", "k", "", "request", 0)
		more.Cost, more.Input = 11, -11
		back := ledgerRow(0, "a", "k", "", "request", 1)
		back.Cost, back.Input = -1000, 1000
		for _, rows := range [][]store.LedgerRow{{huge}, {more}, {back}, {back, back}} {
			f.apply(t, &store.Batch{Ledger: rows})
		}
		want := ledgerRow(0, "a", "k", "", "request", 3)
		want.Cost, want.Input = math.MaxInt64, math.MinInt64
		got := must[[]store.LedgerRow](t)(s.LedgerRows(t.Context(), store.LedgerQuery{}))
		equal(t, "ledger", got, []store.LedgerRow{want})
		if !got[0].Beyond() || back.Beyond() {
			t.Errorf("what is beyond counting is not told")
		}
	}},
	{"each filter", func(t *testing.T, s LedgerStore) {
		f := &feed{s: s}
		all := []store.LedgerRow{
			ledgerRow(0, "a", "k", "", "request", 1), ledgerRow(0, "a", "k", "team=a,tier=free", "request", 2), ledgerRow(0, "b", "k", "team=a", "shadow", 3),
			ledgerRow(1, "a", "l", "team=ab", "request", 4), ledgerRow(2, "a", "k", "tier=free", "correction", 5),
		}
		all[4].Variant, all[4].Model, all[4].Project = "candidate", "small", "other"
		f.apply(t, &store.Batch{Ledger: all})
		for _, q := range []store.LedgerQuery{
			{}, {Project: "other"}, {Route: "a"}, {Variant: "candidate"}, {Model: "small"}, {Key: "l"}, {Tag: "team=a"}, {Tag: "tier=free"}, {Tag: "team"},
			{Why: "shadow"}, {From: Start.Add(time.Hour)}, {To: Start.Add(time.Hour)}, {From: Start.Add(time.Minute), To: Start.Add(2*time.Hour + 1)},
			{Route: "a", Key: "k", Why: "request"}, {Route: "nowhere"},
		} {
			var want []store.LedgerRow
			for i := range all {
				if q.Matches(&all[i]) {
					want = append(want, all[i])
				}
			}
			got := must[[]store.LedgerRow](t)(s.LedgerRows(t.Context(), q))
			if len(got) != len(want) || len(want) > 0 {
				equal(t, "ledger", got, want)
			}
		}
	}},
	{"entries are kept one by one", func(t *testing.T, s LedgerStore) {
		f := &feed{s: s}
		n := Full(1).Entry()
		other := *n
		other.Cost = 1
		f.apply(t, &store.Batch{Entries: []*event.Entry{n}})
		f.apply(t, &store.Batch{Entries: []*event.Entry{&other}})
		same(t, must[*event.Entry](t)(s.Entry(t.Context(), n.ID)), n)
		if _, err := s.Entry(t.Context(), ID(Start, 9)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an entry that is not there: %v", err)
		}
	}},
}

// sketch is a distribution of these values.
func sketch(t *testing.T, values ...float64) []byte {
	s := stats.NewSketch()
	for _, v := range values {
		s.Add(v)
	}
	return must[[]byte](t)(s.AppendBinary(nil))
}

func rollup(t *testing.T, minute int, route string, n int64) store.Rollup {
	return store.Rollup{
		Minute: Start.Add(time.Duration(minute) * time.Minute), Project: "default", Route: route, Variant: "baseline", Model: "large",
		Outcomes: map[string]int64{"ok": n, "timeout": 2 * n}, Fallback: 3 * n, LedgerSums: sums(n), Duration: sketch(t, float64(n)),
		TTFT: sketch(t, float64(n)/10, float64(n)/20),
	}
}

var rollupCases = []test[RollupStore]{
	{"minutes are added up", func(t *testing.T, s RollupStore) {
		f := &feed{s: s}
		second := rollup(t, 0, "a", 5)
		second.Outcomes["blocked"] = 1
		second.TPOT = sketch(t, 9)
		f.apply(t, &store.Batch{Rollups: []store.Rollup{rollup(t, 0, "a", 1), rollup(t, 1, "a", 4), rollup(t, 0, "b", 4)}})
		f.apply(t, &store.Batch{Rollups: []store.Rollup{second}})
		want := rollup(t, 0, "a", 6)
		want.Outcomes["blocked"] = 1
		want.Duration, want.TTFT, want.TPOT = sketch(t, 1, 5), sketch(t, .1, .05, .5, .25), sketch(t, 9)
		got := must[[]store.Rollup](t)(s.RollupRows(t.Context(), store.RollupQuery{}))
		equalRollups(t, got, []store.Rollup{want, rollup(t, 0, "b", 4), rollup(t, 1, "a", 4)})
	}},
	{"minutes by each filter", func(t *testing.T, s RollupStore) {
		f := &feed{s: s}
		all := []store.Rollup{rollup(t, 0, "a", 1), rollup(t, 0, "b", 2), rollup(t, 5, "a", 3)}
		all[1].Variant, all[1].Model, all[1].Project = "candidate", "small", "other"
		f.apply(t, &store.Batch{Rollups: all})
		for _, q := range []store.RollupQuery{
			{}, {Project: "other"}, {Route: "b"}, {Variant: "candidate"}, {Model: "small"}, {From: Start.Add(time.Minute)},
			{To: Start.Add(5 * time.Minute)}, {Route: "a", To: Start.Add(time.Minute)}, {Route: "nowhere"},
		} {
			var want []store.Rollup
			for _, r := range all {
				if q.Matches(r.Minute, r.Project, r.Route, r.Variant, r.Model) {
					want = append(want, r)
				}
			}
			equalRollups(t, must[[]store.Rollup](t)(s.RollupRows(t.Context(), q)), want)
		}
	}},
	{"a sketch that is none fails the whole batch", func(t *testing.T, s RollupStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Rollups: []store.Rollup{rollup(t, 0, "a", 1)}})
		bad := rollup(t, 0, "a", 1)
		bad.Duration = []byte("no sketch")
		b := &store.Batch{From: f.at, To: f.next(), Traffic: []store.TrafficRow{{Hour: Start, Assigned: 1}}, Rollups: []store.Rollup{rollup(t, 1, "a", 1), bad}}
		for range 2 {
			if err := s.Apply(t.Context(), b); err == nil {
				t.Error("it was applied")
			}
			b.Rollups[1].Minute = Start.Add(time.Hour) // where there is nothing to merge it with
		}
		equalRollups(t, must[[]store.Rollup](t)(s.RollupRows(t.Context(), store.RollupQuery{})), []store.Rollup{rollup(t, 0, "a", 1)})
		if rows := must[[]store.TrafficRow](t)(s.TrafficRows(t.Context(), store.RollupQuery{})); len(rows) > 0 {
			t.Errorf("a part of it was applied: %v", rows)
		}
		f.apply(t, &store.Batch{}) // and the position has not moved
	}},
	{"traffic is added up", func(t *testing.T, s RollupStore) {
		f := &feed{s: s}
		row := func(hour int, endpoint string, n int64) store.TrafficRow {
			return store.TrafficRow{Hour: Start.Add(time.Duration(hour) * time.Hour), Project: "default", Route: "a", Variant: "v", Model: "m",
				Endpoint: endpoint, Assigned: n, Sent: 2 * n, Answered: 3 * n}
		}
		f.apply(t, &store.Batch{Traffic: []store.TrafficRow{row(0, "", 1), row(0, "http://a", 2), row(1, "", 3)}})
		f.apply(t, &store.Batch{Traffic: []store.TrafficRow{row(0, "http://a", 5)}})
		got := must[[]store.TrafficRow](t)(s.TrafficRows(t.Context(), store.RollupQuery{Route: "a"}))
		equal(t, "traffic", got, []store.TrafficRow{row(0, "", 1), row(0, "http://a", 7), row(1, "", 3)})
		got = must[[]store.TrafficRow](t)(s.TrafficRows(t.Context(), store.RollupQuery{From: Start.Add(time.Hour)}))
		equal(t, "traffic", got, []store.TrafficRow{row(1, "", 3)})
	}},
}

// equalRollups compares without telling no sketch from an empty one.
func equalRollups(t *testing.T, got, want []store.Rollup) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d roll-ups, want %d", len(got), len(want))
	}
	for i := range want {
		a, b := string(store.AppendRollup(nil, &got[i])), string(store.AppendRollup(nil, &want[i]))
		if got[i].Key() != want[i].Key() || a != b {
			t.Errorf("got  %+v\nwant %+v", got[i], want[i])
		}
	}
}
