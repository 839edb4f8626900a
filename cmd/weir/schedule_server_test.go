package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/notify"
)

// The whole way: a request that is served, its money in the store, a budget that it
// overruns, a week that ends, and a webhook that hears of both, whose address is in
// no log.
func TestScheduleOfAServer(t *testing.T) {
	var mu sync.Mutex
	var heard []notify.Message
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m notify.Message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil || r.URL.Path != "/c4n4ry" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, m)
	}))
	defer hook.Close()
	l := newLive(t, listenFree("")+`
models: {m: {vendor: simulated, price: {input: 1000, output: 1000}, options: {first_token: 1ms, tokens_per_second: 5000, length: 5}}}
routes: {a: {baseline: m}}
budgets: {tiny: {amount: 0.000001, per: month}, large: {amount: 1000, per: month}}
reports: {w: {period: weekly, to: env:HOOK}}
`, "HOOK", hook.URL+"/c4n4ry")
	if got := l.ask("a", false); got.status != 200 {
		t.Fatal(got)
	}
	now := time.Now()
	plan := l.s.schedule()
	plan.now, plan.folder = func() time.Time { return now }, t.TempDir() // beside the server's own
	s := newScheduler(plan)
	ids := func() (list []string) {
		mu.Lock()
		defer mu.Unlock()
		for _, m := range heard {
			list = append(list, m.ID)
		}
		slices.Sort(list)
		return slices.Compact(list) // the server's own scheduler may tell of the budget too
	}
	budget := "budget/tiny/" + now.UTC().Format("2006-01") + "-01/100"
	eventually(t, "the webhook hears of the budget", func() bool {
		s.once(t.Context())
		return slices.Contains(ids(), budget)
	})
	// A week later: what is asked of the store is the week that has ended by now.
	now = now.AddDate(0, 0, -7)
	s.memory.done = map[string]time.Time{reportID("w", time.Time{}): now, budget: now, budget + " env:HOOK": now}
	now = now.AddDate(0, 0, 7)
	eventually(t, "the webhook hears of the week", func() bool {
		s.once(t.Context())
		return slices.ContainsFunc(ids(), func(id string) bool { return strings.HasPrefix(id, "report/w/") })
	})
	s.once(t.Context())
	if got := ids(); len(got) != 2 {
		t.Errorf("heard of %v", got)
	}
	report := heard[slices.IndexFunc(heard, func(m notify.Message) bool { return m.Kind == "report" })]
	if data, ok := report.Data.(map[string]any); !strings.HasPrefix(report.Text, "# Weekly report, ") || !ok || data["per"] != "week" {
		t.Errorf("%+v", report)
	}
	if log := l.log.String(); strings.Contains(log, "c4n4ry") || !strings.Contains(log, "report made") {
		t.Errorf("%s", log)
	}
}
