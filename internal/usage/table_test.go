package usage

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

// ledger is rows to read.
type ledger []store.LedgerRow

func (l ledger) LedgerRows(_ context.Context, q store.LedgerQuery) (rows []store.LedgerRow, err error) {
	for _, r := range l {
		if q.Matches(&r) {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// randomLedger is n rows in the hours of some weeks of 2026, over a change of the
// clocks.
func randomLedger(r *rand.Rand, n int) ledger {
	begin := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	var l ledger
	for range n {
		l = append(l, store.LedgerRow{
			Hour: begin.Add(time.Duration(r.IntN(45*24)) * time.Hour), Project: pick("default", "other"), Route: pick("support", "search", ""),
			Variant: pick("baseline", "candidate"), Model: pick("a", "b"), Key: pick("k1", "k2"), Tags: pick("", "team=x", "env=dev,team=x", "team=x,team=y"),
			Why: pick("request", "request", "correction"),
			LedgerSums: store.LedgerSums{
				Requests: r.Int64N(100), Errors: r.Int64N(5), Input: r.Int64N(1e6), Cached: r.Int64N(100), CacheWrite: r.Int64N(100), Output: r.Int64N(1e5),
				Reasoning: r.Int64N(100), Cost: meter.Micro(r.Int64N(1e7) - 1e5), Estimated: meter.Micro(r.Int64N(100)), Guessed: r.Int64N(9), Unpriced: r.Int64N(9),
			},
		})
	}
	return l
}

func sumOf(rows []Row) (s store.LedgerSums) {
	for _, r := range rows {
		s.Add(r.LedgerSums)
	}
	return s
}

// The property that people rely on: however it is told, it is the same money.
func TestTotalsAgreeHoweverTheyAreTold(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	now := at(t, "2026-12-01T00:00:00Z")
	for range 20 {
		l := randomLedger(r, 300)
		from := at(t, "2026-10-03T00:00:00Z").Add(time.Duration(r.IntN(1000)) * time.Minute)
		to := from.Add(time.Duration(1+r.IntN(40*24*60)) * time.Minute)
		filter := store.LedgerQuery{Project: []string{"", "default"}[r.IntN(2)], Tag: []string{"", "team=x"}[r.IntN(2)]}
		var want store.LedgerSums // the oracle: hours that begin within the window
		for _, row := range l {
			if !row.Hour.Before(from) && row.Hour.Before(to) && (filter.Project == "" || row.Project == filter.Project) && (filter.Tag == "" || strings.Contains(row.Tags, filter.Tag)) {
				want.Add(row.LedgerSums)
			}
		}
		for _, per := range []Per{Hour, Day, Week, Month, Total} {
			for _, by := range [][]string{nil, {"route"}, {"variant", "route"}, {"model", "key", "why", "project"}, {"tag"}, {"tag:team", "route"}, {"tag:env"}} {
				zone := zoneOf(t, []string{"UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"}[r.IntN(4)])
				table, err := Tabulate(t.Context(), l, Query{By: by, Per: per, From: from, To: to, Zone: zone, Filter: filter}, now)
				if err != nil {
					t.Fatal(err)
				}
				if table.Total.LedgerSums != want {
					t.Fatalf("by %v per %s in %s: total %+v, want %+v", by, per, zone, table.Total, want)
				}
				if got := sumOf(table.Rows); !table.Overlap && got != want {
					t.Fatalf("by %v per %s in %s: rows add up to %+v, want %+v", by, per, zone, got, want)
				}
				if slices.Contains(by, "tag") && !table.Overlap {
					t.Fatal("a table by tag does not say that its rows overlap")
				}
				checkRows(t, l, table, by, per, filter, zone)
			}
		}
	}
}

// checkRows holds each row against the ledger: the hours that begin within the
// row's period and the table's window, of the row's keys.
func checkRows(t *testing.T, l ledger, table *Table, by []string, per Per, filter store.LedgerQuery, zone *time.Location) {
	t.Helper()
	if !slices.IsSortedFunc(table.Rows, func(a, b Row) int {
		if a.before(&b) {
			return -1
		}
		return 1
	}) {
		t.Fatal("rows are not in order")
	}
	for _, row := range table.Rows {
		var want store.LedgerSums
		for _, have := range l {
			q := filter
			q.From, q.To = row.Start, row.End
			if !q.Matches(&have) || per != Total && !per.Window(row.Start, zone).Holds(have.Hour) {
				continue
			}
			for _, values := range split(by, &have) {
				if slices.Equal(values, row.values) {
					want.Add(have.LedgerSums)
				}
			}
		}
		if row.LedgerSums != want {
			t.Fatalf("row %v from %s to %s by %v per %s: %+v, want %+v", row.Keys, row.Start, row.End, by, per, row.LedgerSums, want)
		}
	}
}

func hourRow(t *testing.T, hour, route, tags string, requests int64, cost meter.Micro) store.LedgerRow {
	return store.LedgerRow{Hour: at(t, hour), Route: route, Tags: tags, Why: "request", LedgerSums: store.LedgerSums{Requests: requests, Cost: cost}}
}

func TestATableSaysWhatItIs(t *testing.T) {
	l := ledger{
		hourRow(t, "2026-11-01T10:00:00Z", "a", "team=x,env=dev", 3600, 5),
		hourRow(t, "2026-11-01T11:00:00Z", "a", "team=x", 1800, 7),
		hourRow(t, "2026-11-02T09:00:00Z", "b", "", 90, 1),
	}
	now := at(t, "2026-11-02T09:30:00Z")
	table, err := Tabulate(t.Context(), l, Query{By: []string{"route"}, Per: Day, From: at(t, "2026-11-01T10:30:00Z")}, now)
	if err != nil {
		t.Fatal(err)
	}
	// The hour from 10 to 11 began before the window; the one from 9 to 10 is half over.
	got, _ := json.Marshal(table)
	want := `{"by":["route"],"of":{},"per":"day","zone":"UTC","window":{"start":"2026-11-01T11:00:00Z","end":"2026-11-02T10:00:00Z"},"rows":[` +
		`{"start":"2026-11-01T11:00:00Z","end":"2026-11-02T00:00:00Z","keys":{"route":"a"},"requests":1800,"errors":0,"input":0,"cached":0,"cache_write":0,"output":0,"reasoning":0,"cost_micro":7,"estimated_micro":0,"estimated_requests":0,"unpriced_requests":0,"requests_per_second":0.038461538461538464},` +
		`{"start":"2026-11-02T00:00:00Z","end":"2026-11-02T10:00:00Z","keys":{"route":"b"},"requests":90,"errors":0,"input":0,"cached":0,"cache_write":0,"output":0,"reasoning":0,"cost_micro":1,"estimated_micro":0,"estimated_requests":0,"unpriced_requests":0,"requests_per_second":0.002631578947368421}],` +
		`"total":{"start":"2026-11-01T11:00:00Z","end":"2026-11-02T10:00:00Z","keys":{},"requests":1890,"errors":0,"input":0,"cached":0,"cache_write":0,"output":0,"reasoning":0,"cost_micro":8,"estimated_micro":0,"estimated_requests":0,"unpriced_requests":0,"requests_per_second":0.023333333333333334},"rows_overlap":false}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	table, err = Tabulate(t.Context(), l, Query{By: []string{"tag"}}, now)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, r := range table.Rows {
		rows = append(rows, r.Keys["tag"]+" "+Dollars(r.Cost))
	}
	if !slices.Equal(rows, []string{" $0.000001", "env=dev $0.000005", "team=x $0.000012"}) || table.Total.Cost != 13 || !strings.Contains(table.Notes[0], "overlap") {
		t.Errorf("by tag: %q, total %d, notes %q", rows, table.Total.Cost, table.Notes)
	}
	if !table.Window.Start.Equal(at(t, "2026-11-01T10:00:00Z")) {
		t.Errorf("without a beginning the table begins at %s, want the first row", table.Window.Start)
	}
	table, err = Tabulate(t.Context(), l, Query{Per: Day, Zone: zoneOf(t, "Asia/Kathmandu")}, now)
	if err != nil || len(table.Notes) != 1 || !strings.Contains(table.Notes[0], "Asia/Kathmandu is not a number of whole hours") {
		t.Errorf("in Kathmandu: %v, notes %q", err, table.Notes)
	}
}

func TestEmptyTables(t *testing.T) {
	table, err := Tabulate(t.Context(), ledger{}, Query{By: []string{"tag"}, Per: Day}, at(t, "2026-11-02T09:30:00Z"))
	if err != nil || len(table.Rows) != 0 || table.Total.Requests != 0 || table.Rows == nil {
		t.Errorf("%+v, %v", table, err)
	}
}

// broken is a ledger that cannot be read.
type broken struct{ error }

func (b broken) LedgerRows(context.Context, store.LedgerQuery) ([]store.LedgerRow, error) {
	return nil, fmt.Errorf("read the ledger: %w", b.error) // as engines say it
}

func TestTablesThatAreRefused(t *testing.T) {
	now := at(t, "2026-11-02T09:30:00Z")
	for _, c := range []struct {
		name string
		l    Ledger
		q    Query
		want string
	}{
		{"an unknown key", ledger{}, Query{By: []string{"modle"}}, `by "modle" (model?): keys are project, route`},
		{"a tag without a name", ledger{}, Query{By: []string{"tag:"}}, `by "tag:"`},
		{"a key twice", ledger{}, Query{By: []string{"route", "route"}}, "twice"},
		{"an unknown period", ledger{}, Query{Per: "year"}, `period "year": it is one of hour, day`},
		{"an empty window", ledger{}, Query{From: now, To: now}, "the window is empty"},
		{"a store that is away", broken{context.DeadlineExceeded}, Query{}, "read the ledger: context deadline"},
	} {
		if _, err := Tabulate(t.Context(), c.l, c.q, now); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if by, err := ParseBy("route,tag:team"); err != nil || !slices.Equal(by, []string{"route", "tag:team"}) {
		t.Errorf("%q, %v", by, err)
	}
}

// A model server that reports 2^62 tokens must not make a bill negative, nor take
// the bill away: what is not known is said to be.
func TestMoneyBeyondCounting(t *testing.T) {
	l := ledger{hourRow(t, "2026-11-01T10:00:00Z", "a", "", 1, 1<<62), hourRow(t, "2026-11-01T11:00:00Z", "a", "", 1, 1<<62), hourRow(t, "2026-11-01T12:00:00Z", "b", "", 1, 5)}
	now := at(t, "2026-11-02T09:30:00Z")
	table, err := Tabulate(t.Context(), l, Query{By: []string{"route"}}, now)
	if err != nil || table.Total.Cost != math.MaxInt64 || table.Rows[0].Cost != math.MaxInt64 || table.Rows[1].Cost != 5 || !slices.Contains(table.Notes, beyondNote) {
		t.Errorf("%v, %+v", err, table)
	}
	c, err := Compare(t.Context(), l, nil, Month, nil, store.LedgerQuery{}, now)
	if err != nil || c.Total.Now.Cost != math.MaxInt64 || !slices.Contains(c.Notes, beyondNote) {
		t.Errorf("%v, %+v", err, c)
	}
	b := Budget{Name: "b", Amount: 1, Per: Month}
	s, err := b.State(t.Context(), l, nil, now)
	if err != nil || s.Spent != math.MaxInt64 || !slices.Contains(s.Says, beyondNote) {
		t.Errorf("%v, %+v", err, s)
	}
	if micro(1e19) != math.MaxInt64 || micro(-1e19) != math.MinInt64 {
		t.Error("a forecast beyond counting has another sign")
	}
	table, err = Tabulate(t.Context(), l, Query{Filter: store.LedgerQuery{Route: "b"}}, now)
	if err != nil || slices.Contains(table.Notes, beyondNote) {
		t.Errorf("of what is known: %v, %q", err, table.Notes)
	}
}
