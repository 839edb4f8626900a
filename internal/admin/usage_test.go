package admin

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/usage"
)

// What is answered is what package usage says of the same store, to the digit:
// numbers agree wherever they are shown.
func TestUsageIsThatOfPackageUsage(t *testing.T) {
	k := startKept(t, nil)
	k.fill()
	u := decode[UsageReply](t, k.body("/api/v1/usage?by=route,variant&per=day&from=2026-03-08&to=2026-03-11&tz=Europe/Vienna"))
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	want, err := usage.Tabulate(t.Context(), k.Memory, usage.Query{By: []string{"route", "variant"}, Per: usage.Day, Zone: zone,
		From: time.Date(2026, 3, 8, 0, 0, 0, 0, zone), To: time.Date(2026, 3, 11, 0, 0, 0, 0, zone)}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if u.Currency != "USD" || u.Zone != "Europe/Vienna" || u.Per != "day" || !u.Window.Start.Equal(want.Window.Start) || !u.Window.End.Equal(want.Window.End) || u.Partial != nil {
		t.Errorf("%+v", u)
	}
	if len(u.Rows) != len(want.Rows) || u.Total.LedgerSums != want.Total.LedgerSums || u.Total.Requests == 0 {
		t.Fatalf("%+v\n%+v", u, want)
	}
	for i, r := range u.Rows {
		if r.LedgerSums != want.Rows[i].LedgerSums || r.Keys["variant"] != want.Rows[i].Keys["variant"] || !r.Start.Equal(want.Rows[i].Start) {
			t.Errorf("row %d: %+v, want %+v", i, r, want.Rows[i])
		}
	}
	// Told by other keys, or over other periods, it comes to the same.
	for _, query := range []string{"by=model", "by=tag", "by=key,why&per=hour", "", "per=month", "by=tag:team&per=week"} {
		if other := decode[UsageReply](t, k.body("/api/v1/usage?from=2026-03-08&to=2026-03-11&tz=Europe/Vienna&"+query)); other.Total.LedgerSums != u.Total.LedgerSums {
			t.Errorf("%s: %+v", query, other.Total)
		}
	}
	some := decode[UsageReply](t, k.body("/api/v1/usage?variant=a&from=2026-03-08&to=2026-03-11&tz=Europe/Vienna"))
	rest := decode[UsageReply](t, k.body("/api/v1/usage?variant=b&from=2026-03-08&to=2026-03-11&tz=Europe/Vienna"))
	if some.Total.Cost+rest.Total.Cost != u.Total.Cost || some.Total.Cost == 0 {
		t.Errorf("%+v + %+v != %+v", some.Total, rest.Total, u.Total)
	}
}

func TestMonthsTimelineAndBudgets(t *testing.T) {
	k := startKept(t, func(c *Config) {
		c.Budgets = func() []usage.Budget { return []usage.Budget{{Name: "all", Amount: 1e6, Per: usage.Month}} }
	})
	k.fill()
	total := decode[UsageReply](t, k.body("/api/v1/usage?from=2026-03-01")).Total
	if m := decode[MonthsReply](t, k.body("/api/v1/usage/months?by=model")); m.Total.Now != total.LedgerSums || m.Currency != "USD" || m.Zone != "UTC" || m.Now.Start.Day() != 1 {
		t.Errorf("%+v\n%+v", m.Total, total)
	}
	if m := decode[MonthsReply](t, k.body("/api/v1/usage/months?at=2026-02-10")); m.Total.Now.Requests != 0 || m.Now.Start.Month() != time.February {
		t.Errorf("%+v", m)
	}
	b := decode[BudgetList](t, k.body("/api/v1/budgets"))
	if len(b.Budgets) != 1 || b.Budgets[0].Spent != total.Cost || b.Budgets[0].Enforced || len(b.Budgets[0].Says) == 0 || b.Budgets[0].Zone != "UTC" {
		t.Errorf("%+v", b)
	}
	tl := decode[TimelineReply](t, k.body("/api/v1/timeline?from=48h&step=1h&by=variant"))
	requests := int64(0)
	for _, s := range tl.Series {
		for _, p := range s.Points {
			requests += p.Requests
		}
	}
	if len(tl.Series) != 2 || tl.Step != 3600 || tl.Zone != "UTC" || requests == 0 || tl.Series[0].Points[1].Duration.P50 == nil {
		t.Errorf("%+v", tl)
	}
	if tl := decode[TimelineReply](t, k.body("/api/v1/timeline?from=2d")); tl.Step != 900 { // 300 steps at most
		t.Errorf("step %g", tl.Step)
	}
}

func TestNoBudgetsNeedNoStore(t *testing.T) {
	f := start(t, nil)
	if got := f.body("/api/v1/budgets"); got != `{"budgets":[],"currency":"USD"}`+"\n" {
		t.Error(got)
	}
}

func TestReportsForProgramsAndForPeople(t *testing.T) {
	k := startKept(t, nil)
	k.fill()
	k.apply(&store.Batch{Ledger: []store.LedgerRow{{Hour: noon.Add(-24 * time.Hour), Project: "default", Route: "evil\x1b]0;owned\x07\u009b2J", Why: "request", LedgerSums: store.LedgerSums{Requests: 1, Cost: 5e6}}}})
	r := decode[usage.Report](t, k.body("/api/v1/reports/weekly?at=2026-03-10"))
	total := decode[UsageReply](t, k.body("/api/v1/usage?from=2026-03-09"))
	if r.Total.Now != total.Total.LedgerSums || r.Complete || r.Zone != "UTC" || r.Currency != "USD" {
		t.Errorf("%+v\n%+v", r.Total, total.Total)
	}
	for _, ask := range [][]string{{"/api/v1/reports/weekly?at=2026-03-10&format=markdown"}, {"/api/v1/reports/weekly?at=2026-03-10", "Accept", "text/markdown"}} {
		resp, page := k.do(k.request("GET", ask[0], "", ask[1:]...))
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/markdown; charset=utf-8" || !strings.HasPrefix(page, "# ") || !strings.Contains(page, "evil") {
			t.Errorf("%s %v %s", resp.Status, resp.Header, short(page, 200))
		}
		if strings.ContainsFunc(page, func(r rune) bool { return control(r) && r != '\n' }) {
			t.Errorf("control characters reach the reader: %q", page)
		}
	}
	if resp, _ := k.do(k.request("GET", "/api/v1/reports/monthly", "", "Accept", "application/json, text/markdown")); resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", resp.Header)
	}
	k.problem("GET", "/api/v1/reports/daily", "", 404)
}

func TestUsageAsksForWhatMakesSense(t *testing.T) {
	k := startKept(t, nil)
	for path, param := range map[string]string{
		"/api/v1/usage?by=rout": "by", "/api/v1/usage?by=route,route": "by", "/api/v1/usage?per=fortnight": "per", "/api/v1/usage?tz=Mars/Olympus": "tz", "/api/v1/usage?tz=Local": "tz",
		"/api/v1/usage?tz=../etc/passwd": "tz", "/api/v1/usage?from=soon": "from", "/api/v1/usage?from=2026-03-09&to=2026-03-08": "from", "/api/v1/usage?from=99999999999d": "from", "/api/v1/usage?why=fun": "why",
		"/api/v1/usage/months?per=total": "per", "/api/v1/usage/months?at=2030-01-01": "at", "/api/v1/timeline?step=30s": "step", "/api/v1/timeline?step=90s": "step", "/api/v1/timeline?step=0d": "step",
		"/api/v1/timeline?from=7d&step=1m": "step", "/api/v1/timeline?by=key": "by", "/api/v1/timeline?by=tag:team": "by", "/api/v1/reports/weekly?top=0": "top", "/api/v1/reports/weekly?format=pdf": "format", "/api/v1/reports/weekly?at=2030-01-01": "at",
		"/api/v1/routes?wide=perhaps": "wide", "/api/v1/models?wide=true&from=x": "from", "/api/v1/events/" + eventAt(1).ID + "?body=2": "body",
	} {
		if p := k.problem("GET", path, "", 400); p.Code != "invalid_parameter" || p.Param != param {
			t.Errorf("%s: %+v", path, p)
		}
	}
}

// A store that is away says so; one that is behind is read, and said to be.
func TestUsageWithoutTheStore(t *testing.T) {
	k := startKept(t, func(c *Config) {
		c.Budgets = func() []usage.Budget { return []usage.Budget{{Name: "all", Amount: 1e6, Per: usage.Month}} }
	})
	k.fill()
	calls := []string{"/api/v1/usage", "/api/v1/usage/months", "/api/v1/timeline", "/api/v1/budgets"}
	k.set(func(s *keptStore) {
		s.health = RecordStatus{State: "behind", AsOf: noon.Add(-time.Hour), Journal: JournalStatus{LagRecords: 7}}
	})
	for _, path := range calls {
		if p := decode[struct{ Partial *Partial }](t, k.body(path)).Partial; p == nil || p.Age != 3600 || !strings.Contains(p.Reason, "7 records") {
			t.Errorf("%s: %+v", path, p)
		}
	}
	if page := k.body("/api/v1/reports/weekly?at=2026-03-10&format=markdown"); !strings.Contains(page, "7 records wait") {
		t.Error(page)
	}
	k.set(func(s *keptStore) { s.away = errors.New("connection refused") })
	for _, path := range append(calls, "/api/v1/reports/weekly") {
		if p := k.problem("GET", path, "", 503); p.Code != "store_unavailable" || !strings.Contains(p.Detail, "connection refused") {
			t.Errorf("%s: %+v", path, p)
		}
	}
}
