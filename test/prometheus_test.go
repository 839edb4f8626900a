//go:build tools

package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// settings has what the demo does not: model servers, budgets, a model without a
// price.
const settings = `
store: {dir: kept}
models:
  priced: {vendor: simulated, price: {input: 3, output: 15}, metrics: [%[1]s/metrics], options: {seed: 1, first_token: 20ms, tokens_per_second: 900}}
  unpriced: {vendor: simulated, options: {seed: 2, first_token: 20ms, tokens_per_second: 900}}
routes:
  paid: {unit: [header:x-user-id], baseline: priced, retries: 0}
  unpaid: {baseline: unpriced}
budgets:
  all: {amount: 0.01, per: day}
telemetry:
  servers: {interval: 1s, dcgm: [%[1]s/gpu/metrics]}
`

// observed is for how long Prometheus scrapes before it is asked: windows of a
// minute and more hold all of it then.
const observed = 35 * time.Second

// TestPrometheus asks a real Prometheus that scrapes `weir demo`, and a Weir with
// what the demo lacks, everything that the page of queries, the rules and the
// boards ask. Each gives data, and those of the page give what the events say.
func TestPrometheus(t *testing.T) {
	show := demo(t, "--speed", "3")
	more := serve(t, fmt.Sprintf(settings, modelServer(t).URL))
	p := startPrometheus(t, show.telemetry, more.telemetry)
	p.await(t, "scraping both", func() bool {
		a, _ := p.scrapes(t, show.telemetry)
		b, _ := p.scrapes(t, more.telemetry)
		return !a.IsZero() && !b.IsZero()
	})
	trouble(t, show, more)
	time.Sleep(observed)
	record := newTruth(t, p, show, more)

	t.Run("everything gives data", func(t *testing.T) { everythingGivesData(t, p) })
	t.Run("rules are healthy", func(t *testing.T) { rulesAreHealthy(t, p) })
	t.Run("queries tell the truth", func(t *testing.T) { queriesTellTheTruth(t, p, record) })
	t.Run("queries as written", func(t *testing.T) { queriesAsWritten(t, p, record.at) })
}

// trouble makes what the demo's users do not: requests that the model rejects,
// clients that leave, and users of the other Weir.
func trouble(t *testing.T, show, more *weir) {
	t.Helper()
	var asking sync.WaitGroup
	ask := func(w *weir, user, body string, patience time.Duration) {
		asking.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.data+"/v1/chat/completions", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Content-Type", "application/json")
			if user != "" {
				req.Header.Set("X-User-Id", user)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return // it left
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		})
	}
	const say = `"stream": true, "max_tokens": 20, "messages": [{"role": "user", "content": "Hello, where is my parcel?"}]}`
	for i := range 80 {
		ask(show, fmt.Sprint("rejected-", i), `{"model": "support", "n": 2, "messages": [{"role": "user", "content": "Hello"}]}`, readyWithin)
		ask(more, fmt.Sprint("user-", i), `{"model": "paid", `+say, readyWithin)
		ask(more, "", `{"model": "unpaid", `+say, readyWithin)
	}
	for i := range 10 {
		ask(show, fmt.Sprint("left-", i), `{"model": "support", `+say, 30*time.Millisecond)
	}
	asking.Wait()
}

// comparison turns an alert's condition into its value: 0 while all is well,
// instead of nothing.
var (
	comparison = regexp.MustCompile(` (==|!=|>=|<=|>|<) `)
	absence    = regexp.MustCompile(`^absent\((.*)\)$`)
)

func everythingGivesData(t *testing.T, p *prometheus) {
	now, _ := pageQueries(t)
	all := append(ruleQueries(t), boardQueries(t)...)
	for name, expr := range now {
		all = append(all, query{"seed-queries.md, " + name, strings.ReplaceAll(expr, `"model-b"`, `"candidate"`)})
	}
	for _, q := range all {
		expr := q.expr
		if strings.HasPrefix(q.where, "alerts.yml") {
			expr = comparison.ReplaceAllString(absence.ReplaceAllString(expr, "$1"), " $1 bool ")
		}
		got, err := p.ask(t, expr, time.Time{})
		if err != nil {
			t.Errorf("%s: %s: %v", q.where, expr, err)
		} else if len(got) == 0 {
			t.Errorf("%s: no data: %s", q.where, expr)
		}
	}
}

func rulesAreHealthy(t *testing.T, p *prometheus) {
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	if err := json.Unmarshal([]byte(get(t, p.url+"/api/v1/rules")), &answer); err != nil {
		t.Fatal(err)
	}
	rules := 0
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			rules++
			if r.Health != "ok" {
				t.Errorf("rule %s is %s: %s", r.Name, r.Health, r.LastError)
			}
		}
	}
	if want := len(ruleQueries(t)); rules != want {
		t.Errorf("Prometheus has %d rules, want %d", rules, want)
	}
}

// queriesTellTheTruth compares the corrected queries with the events. Prometheus
// knows only what was true when it scraped, so what ended around its first and
// its last scrape may be on either side.
func queriesTellTheTruth(t *testing.T, p *prometheus, record *truth) {
	now, _ := pageQueries(t)
	variant, model := (*ended).variant, func(e *ended) string { return e.Model }
	one := func(*ended) float64 { return 1 }
	dollars := func(e *ended) float64 { return float64(e.Cost) / 1e6 }

	record.sums(t, p, now["request rate, corrected"], "model_version", 1.0/300, 5*time.Minute, variant, one)
	record.sums(t, p, now["cost per hour, corrected"], "model", 1, time.Hour, model, dollars)
	record.sums(t, p, now["cost per hour, under the other name"], "model", 1, time.Hour, model, dollars)
	for direction, tokens := range map[string]func(*ended) float64{
		"input": func(e *ended) float64 { return float64(e.Usage.Input) }, "output": func(e *ended) float64 { return float64(e.Usage.Output) },
	} {
		expr := strings.ReplaceAll(now["tokens per minute, corrected"], "llm_tokens_total", `llm_tokens_total{direction="`+direction+`"}`)
		record.sums(t, p, expr, "model", 1, time.Minute, model, tokens)
	}
	record.quantiles(t, p, now["p95, corrected"], "model_version", "llm_request_duration_seconds", .95, variant)
	record.quantiles(t, p, now["p99, corrected"], "model", "llm_request_latency_seconds", .99, model)

	got := p.values(t, strings.ReplaceAll(now["error rate, corrected"], `"model-b"`, `"candidate"`), "", record.at)
	var errors, all float64
	for _, e := range record.within(5*time.Minute, 0) {
		if e.variant() == "candidate" {
			all++
			if e.Outcome.Against() {
				errors++
			}
		}
	}
	if errors == 0 || math.Abs(got[""]-errors/all) > .02 {
		t.Errorf("error rate %v, the events say %v of %v", got[""], errors, all)
	}
}

// queriesAsWritten: what the page says of each query as it is written.
func queriesAsWritten(t *testing.T, p *prometheus, at time.Time) {
	now, later := pageQueries(t)
	rate, err := p.ask(t, strings.ReplaceAll(now["error rate, as written"], `"model-b"`, `"candidate"`), at)
	if err != nil || len(rate) == 0 {
		t.Fatalf("the error rate as written: %v %v", rate, err)
	}
	for _, s := range rate {
		if v := s.number(t); v != 1 && !math.IsNaN(v) {
			t.Errorf("the error rate as written is %v, and the page says always 1", v)
		}
	}
	perSecond := p.values(t, "sum("+now["tokens per minute, as written"]+")", "", at)[""]
	perMinute := p.values(t, "sum("+now["tokens per minute, corrected"]+")", "", at)[""]
	if math.Abs(60*perSecond-perMinute) > 1e-6*perMinute {
		t.Errorf("tokens per minute as written %v, corrected %v: want 60 times", perSecond, perMinute)
	}
	for written, corrected := range map[string]string{
		"request rate, as written": "request rate, corrected", "cost per hour, as written": "cost per hour, corrected",
	} {
		a, b := p.values(t, "sum("+now[written]+")", "", at)[""], p.values(t, "sum("+now[corrected]+")", "", at)[""]
		if !(a > 0) || math.Abs(a-b) > 1e-9*a {
			t.Errorf("%s: %v in all, corrected %v", written, a, b)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(later)) {
		got, err := p.ask(t, later[name], at)
		if err != nil || len(got) != 0 {
			t.Errorf("%s, of a feature to come: %v %v, want a valid query without data", name, got, err)
		}
	}
}

// ended is an event, as far as it matters here.
type ended struct {
	event.Event
	end time.Time
}

func (e *ended) variant() string { return e.Variant() }
