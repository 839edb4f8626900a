package usage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/store"
)

var update = flag.Bool("update", false, "write testdata anew")

// shop is three months of a shop that spends more in November, with a candidate
// since the 9th of November that is slower.
func shop(t *testing.T, until time.Time) (ledger, rollups) {
	l := office(at(t, "2026-08-15T00:00:00Z"), until)
	var minutes rollups
	for i := range l {
		r := &l[i]
		r.Variant, r.Model, r.Key, r.Input, r.Output = "baseline", "sonnet", "web", 100_000, 20_000
		seconds := 1.0
		if r.Hour.Hour() == 15 && !r.Hour.Before(at(t, "2026-11-09T00:00:00Z")) {
			r.Variant, r.Model, r.Tags, r.Unpriced, r.Errors, seconds = "candidate", "llama|8b", "team=y,\x1b[31m=1", 10, 5, 3
		}
		if r.Hour.Month() == time.November {
			r.Cost += dollar
			r.Estimated, r.Guessed = dollar/2, 20
		}
		minutes = append(minutes, store.Rollup{
			Minute: r.Hour.Add(7 * time.Minute), Route: r.Route, Variant: r.Variant, Model: r.Model, LedgerSums: r.LedgerSums,
			Outcomes: map[string]int64{"ok": 100 - r.Errors - 1, "timeout": r.Errors, "refused": 1},
			Duration: sketch(t, seconds, seconds, 2*seconds), TTFT: sketch(t, seconds/10), TPOT: sketch(t, 0.02),
		})
	}
	return l, minutes
}

func shopBudgets() []Budget {
	return []Budget{
		{Name: "all", Amount: 300 * dollar, Per: Month},
		{Name: "support, each day", Amount: 11 * dollar, Per: Day, Filter: store.LedgerQuery{Route: "support"}},
	}
}

// The texts are read by people: testdata is looked at when it changes (-update).
func TestReportsAsText(t *testing.T) {
	for file, c := range map[string]struct {
		q   ReportQuery
		now string
	}{
		"month_whole.md":  {ReportQuery{Per: Month, Budgets: shopBudgets()}, "2026-12-03T08:00:00Z"},
		"month_so_far.md": {ReportQuery{Per: Month, At: at(t, "2026-11-20T10:00:00Z"), Budgets: shopBudgets(), Top: 1}, "2026-11-20T10:00:00Z"},
		"week.md":         {ReportQuery{Per: Week, Zone: zoneOf(t, "Asia/Kolkata"), Filter: store.LedgerQuery{Key: "web"}, Budgets: shopBudgets()}, "2026-11-18T08:00:00Z"},
		"empty.md":        {ReportQuery{Per: Week}, "2026-01-06T08:00:00Z"},
	} {
		t.Run(file, func(t *testing.T) {
			now := at(t, c.now)
			l, minutes := shop(t, now)
			r, err := ReadReport(t.Context(), l, minutes, c.q, now)
			if err != nil {
				t.Fatal(err)
			}
			var text bytes.Buffer
			if err := r.WriteMarkdown(&text); err != nil {
				t.Fatal(err)
			}
			path := "testdata/" + file
			if *update {
				if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if text.String() != string(want) {
				t.Errorf("the text is not that of %s (-update writes it):\n%s", path, text.String())
			}
			if strings.ContainsRune(text.String(), '\x1b') {
				t.Error("a control character came through")
			}
		})
	}
}

// November by hand: 21 weekdays at $12 and 9 others at $4 are $288 (two requests'
// rows a day, a dollar more each); October has 22 and 9: $238.
func TestAReportsNumbers(t *testing.T) {
	now := at(t, "2026-12-03T08:00:00Z")
	l, minutes := shop(t, now)
	r, err := ReadReport(t.Context(), l, minutes, ReportQuery{Per: Month, Budgets: shopBudgets()}, now)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Complete || r.Total.Now.Cost != 288*dollar || r.Total.Before.Cost != 238*dollar || r.Total.BeforeSoFar.Cost != 238*dollar || r.Forecast != nil {
		t.Errorf("complete %v, total %+v, forecast %+v", r.Complete, r.Total, r.Forecast)
	}
	// 22 days with the candidate: 220 requests of 6,000 without a price.
	if *r.Unpriced != 220.0/6000 || *r.Estimated != 30.0/288 {
		t.Errorf("unpriced %g, estimated %g", *r.Unpriced, *r.Estimated)
	}
	all, day := r.Budgets[0], r.Budgets[1]
	if all.Periods != 1 || all.Over != 0 || all.Dearest.Cost != 288*dollar || all.State.Forecast != nil || all.State.Spent != 288*dollar {
		t.Errorf("budget of the month: %+v", all)
	}
	if day.Periods != 30 || day.Over != 21 || day.Dearest.Cost != 12*dollar || day.State.Spent != 12*dollar || !day.State.Window.End.Equal(at(t, "2026-12-01T00:00:00Z")) {
		t.Errorf("budget of the days: %+v", day)
	}
	for _, top := range r.Top {
		sum := int64(0)
		for _, row := range top.Rows {
			sum += int64(row.Now.Cost)
		}
		if !top.Overlap && sum != 288*dollar || top.Overlap != (top.By[0] == "tag") {
			t.Errorf("by %v: %d in all, overlap %v", top.By, sum, top.Overlap)
		}
	}
	if o := r.Outcomes; len(o) != 3 || o[0].Outcome != "ok" || o[0].Requests != 6000-60-110 || o[1].Outcome != "timeout" || *o[1].Before != 0 {
		t.Errorf("outcomes %+v", o)
	}
	if s := r.Latency; len(s) != 3 || s[0].Requests != 6000 || s[0].Duration.Count != 180 || s[2].Keys["variant"] != "candidate" || *s[2].ErrorShare != 110.0/(2200-22) {
		t.Errorf("latency %+v", s)
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

func TestReportsThatAreRefused(t *testing.T) {
	now := at(t, "2026-12-03T08:00:00Z")
	away := errors.New("away")
	for _, c := range []struct {
		name string
		l    Ledger
		q    ReportQuery
		want string
	}{
		{"of a day", ledger{}, ReportQuery{Per: Day}, "by week or by month"},
		{"of the future", ledger{}, ReportQuery{Per: Week, At: now.AddDate(0, 0, 7)}, "it has not begun"},
		{"a store that is away", broken{away}, ReportQuery{Per: Week}, "make the report: read the ledger: away"},
		{"a budget of nothing", ledger{}, ReportQuery{Per: Week, Budgets: []Budget{{Name: "b", Per: Day}}}, `budget "b": the amount is 0`},
	} {
		if _, err := ReadReport(t.Context(), c.l, rollups{}, c.q, now); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// asked counts how often each hour of the ledger is read.
type asked struct {
	ledger
	hours map[time.Time]int
}

func (a asked) LedgerRows(ctx context.Context, q store.LedgerQuery) ([]store.LedgerRow, error) {
	for h := q.From; h.Before(q.To); h = h.Add(time.Hour) {
		a.hours[h.UTC()]++
	}
	return a.ledger.LedgerRows(ctx, q)
}

// The ledger grows for ever: however much is told of it, and of however many
// budgets, it is read once.
func TestTheLedgerIsReadOnce(t *testing.T) {
	now := at(t, "2026-11-20T10:00:00Z")
	l, minutes := shop(t, now)
	once := func(doing string, read func(Ledger) error) {
		a := asked{l, map[time.Time]int{}}
		if err := read(a); err != nil {
			t.Fatal(err)
		}
		most := 0
		for _, n := range a.hours {
			most = max(most, n)
		}
		if most != 1 {
			t.Errorf("%s: an hour is read %d times", doing, most)
		}
	}
	for _, q := range []ReportQuery{
		{Per: Month, At: now, Budgets: shopBudgets()}, {Per: Week, Budgets: shopBudgets(), Filter: store.LedgerQuery{Key: "web"}},
	} {
		once("the report of a "+string(q.Per), func(l Ledger) error {
			_, err := ReadReport(t.Context(), l, minutes, q, now)
			return err
		})
	}
	once("budgets", func(l Ledger) error { _, err := States(t.Context(), l, shopBudgets(), nil, now); return err })
	once("a comparison", func(l Ledger) error {
		_, err := Compare(t.Context(), l, []string{"tag"}, Month, nil, store.LedgerQuery{}, now)
		return err
	})
}

// Read together or one by one, with filters that have nothing in common: it is the
// same money.
func TestOnePassIsManyReads(t *testing.T) {
	now := at(t, "2026-11-10T09:30:00Z")
	l := randomLedger(rand.New(rand.NewPCG(7, 3)), 3000)
	budgets := []Budget{
		{Name: "a", Amount: dollar, Per: Month}, {Name: "b", Amount: dollar, Per: Day, Filter: store.LedgerQuery{Route: "support", Tag: "team=x"}},
		{Name: "c", Amount: dollar, Per: Week, Filter: store.LedgerQuery{Project: "other", Variant: "baseline", Model: "a", Key: "k1", Why: "request"}},
	}
	zone := zoneOf(t, "Asia/Kolkata")
	together, err := States(t.Context(), l, budgets, zone, now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range budgets {
		w := budgets[i].Per.Window(now, zone)
		want := store.LedgerSums{}
		for j := range l {
			q := budgets[i].Filter
			q.From, q.To = ledgerHour(w.Start), ledgerHour(now)
			if q.Matches(&l[j]) {
				want.Add(l[j].LedgerSums)
			}
		}
		if got := together[i]; want.Requests == 0 || got.Spent != want.Cost || got.Requests != want.Requests {
			t.Errorf("budget %s: %d requests, %d spent; want %+v", got.Name, got.Requests, got.Spent, want)
		}
	}
}
