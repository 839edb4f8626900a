//go:build proof

package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// hungDefinitions bound the journal, so that it cannot hold all that happens.
const hungDefinitions = `
models:
  m: {vendor: openai-compatible, endpoint: %s/v1, model: m, price: {input: 3, output: 15}}
routes:
  support: {unit: [header:x-user-id], baseline: {model: m}}
experiments:
  halves:
    route: support
    variants: {a: {weight: 50%%, baseline: true}, b: {weight: 50%%, parameters: {temperature: 0.5}}}
store: {journal_limit: %dKiB}
`

// Bounds of what a hung store may add: the p50 over the slowest window with a
// store that works, and the p99 over the slowest of those.
const (
	mostAddedP50 = time.Millisecond
	mostAddedP99 = 10 * time.Millisecond
)

// journalled is about how many bytes of the journal a request takes here.
const journalled = 600

// TestStoreHung hangs the store under load for DURATION seconds and lets it go on.
// scripts/proof/store-hung.sh runs it.
func TestStoreHung(t *testing.T) {
	seconds, rate := numberFrom(t, "DURATION", 3600), numberFrom(t, "RATE", 100)
	expected := seconds * rate * journalled
	limit := max(expected/2, 16<<20)
	out := newFigures(t)
	up := newSteady(t)
	h := newHang(t)
	definitions := fmt.Sprintf(hungDefinitions, up.URL, limit>>10)
	w := serveFile(t, definitions, "--store", h.dir)
	l := newSteadyLoad(t, w.data, rate)
	out.line("%d requests a second, half of them streams. The journal may take %d MB, about half of what happens in %d s.", rate, limit>>20, seconds)
	out.line("%s\n", h.how)
	out.line("| store | s | requests | errors | p50, ms | p99, ms | slowest, ms | /readyz | state | waiting in the journal, MB | shed |")
	out.line("|---|--:|--:|--:|--:|--:|--:|--:|---|--:|---|")

	l.window(t, max(seconds/40, 5)) // connections and pages come to be
	var works, hung []window
	observe := func(to *[]window, name string, windows, s int) {
		for range windows {
			v := l.window(t, s)
			*to = append(*to, v)
			out.line("| %s | %d | %d | %d | %s | %s | %s | %s |", name, s, v.requests, len(v.errors), millis(v.p50), millis(v.p99), millis(v.slowest), seen(t, w))
		}
	}
	observe(&works, "works", 3, max(seconds/15, 5))
	h.hang(t)
	observe(&hung, "hung", 12, max(seconds/12, 5))
	before := storeState(t, w)
	events := partialEvents(t, w)
	h.letGo(t)
	released := time.Now()
	var after []window
	for time.Since(released) < time.Duration(seconds)*time.Second+time.Minute && !caughtUp(storeState(t, w)) {
		observe(&after, "goes on", 1, 5)
	}
	caught := time.Since(released)
	w.await(t, "done with the journal", func() bool { return kept(t, w) })

	out.line("\nUnder the same load, the store had all but the last moments %.0f s after it went on. While it hung, `GET /api/v1/store` said `%s` (%s), and `GET /api/v1/events` answered in %s ms: %s\n",
		caught.Seconds(), before.State, before.Reason, millis(events.took), events.says)
	if before.State != "away" || events.says == "" {
		t.Errorf("while the store hung, it was said to be %q, and of events: %q", before.State, events.says)
	}
	checkAdded(t, out, works, hung)
	said := storeState(t, w)
	if scraped := int64(scrape(t, w.telemetry).sum("weir_journal_shed_total", map[string]string{"kind": "event"})); scraped != said.Shed["event"] {
		t.Errorf("%d events were shed; telemetry says %d", said.Shed["event"], scraped)
	}
	w.stop(t) // what is in memory alone goes with it
	w = serveFile(t, definitions, "--store", h.dir)
	w.await(t, "done with the journal", func() bool { return opened(w) && kept(t, w) })
	checkHung(t, out, w, up, l, said, expected*2 > 3*limit)
}

// checkAdded holds latencies with a hung store against those with one that works.
func checkAdded(t *testing.T, out *figures, works, hung []window) {
	t.Helper()
	worst, best := works[0], works[0]
	for _, v := range works {
		worst.p50, worst.p99 = max(worst.p50, v.p50), max(worst.p99, v.p99)
		best.p50, best.p99 = min(best.p50, v.p50), min(best.p99, v.p99)
	}
	p50, p99 := medianOf(hung, func(v window) time.Duration { return v.p50 }), medianOf(hung, func(v window) time.Duration { return v.p99 })
	out.line("With a store that works p50 is %s to %s ms and p99 %s to %s ms in a window; with one that hangs their medians are %s and %s ms.",
		millis(best.p50), millis(worst.p50), millis(best.p99), millis(worst.p99), millis(p50), millis(p99))
	out.line("Asked: at most %s and %s ms above the slowest window with a store that works.\n", millis(mostAddedP50), millis(mostAddedP99))
	if p50 > worst.p50+mostAddedP50 || p99 > worst.p99+mostAddedP99 {
		t.Errorf("a hung store adds latency: p50 %s after %s, p99 %s after %s", p50, worst.p50, p99, worst.p99)
	}
}

// checkHung holds the record of a Weir that was started again against what the
// upstream and the clients know, and the one before said of what it shed.
func checkHung(t *testing.T, out *figures, w *weir, up *steady, l *steadyLoad, s hungState, mustShed bool) {
	t.Helper()
	if len(l.errors) > 0 || up.asked.Load() != l.sent {
		t.Errorf("%d requests, %d reached the upstream, %d failed: %.3q", l.sent, up.asked.Load(), len(l.errors), l.errors)
	}
	want := totals{Requests: l.sent}
	for n := range l.sent {
		input, output := tokens(idOf(n))
		want.add(totals{0, int64(input), int64(output), int64(3*input + 15*output)})
	}
	if got := usageTotal(t, w); got != want {
		t.Errorf("the ledger says %+v, the clients %+v", got, want)
	}
	seen := map[string]bool{}
	for _, e := range everyEvent(t, w) {
		input, output := tokens(e.ClientID)
		if seen[e.ClientID] || e.Outcome != "ok" || e.Cost != int64(3*input+15*output) {
			t.Errorf("%s was recorded twice or wrongly: %+v", e.ClientID, e)
		}
		seen[e.ClientID] = true
	}
	shed := s.Shed["event"]
	if int64(len(seen))+shed != l.sent {
		t.Errorf("%d events are in the store and %d are said to be shed, of %d", len(seen), shed, l.sent)
	}
	if mustShed && shed == 0 {
		t.Error("nothing was shed: this run shows nothing of that")
	}
	out.line("| | |")
	out.line("|---|--:|")
	out.line("| requests sent, and answered whole | %d, %d |", l.sent, l.sent-int64(len(l.errors)))
	out.line("| reached the upstream | %d |", up.asked.Load())
	out.line("| events in the store, each with its own cost | %d |", len(seen))
	out.line("| events shed, as declared by the API and by telemetry | %d |", shed)
	out.line("| answers that went out before their record was written | %d |", s.Journal.AtRisk)
	out.line("| micro-dollars by the clients' count, and in the ledger | %d, %d |", want.Cost, usageTotal(t, w).Cost)
}

// hungState is what Weir says of its store.
type hungState struct {
	State, Reason string
	Shed          map[string]int64
	Journal       struct {
		Bytes      int64
		LagSeconds float64 `json:"lag_seconds"`
		AtRisk     int64   `json:"at_risk"`
	}
}

// caughtUp reports whether the store has all but the last moments.
func caughtUp(s hungState) bool { return s.State == "ok" && s.Journal.LagSeconds < 2 }

func storeState(t *testing.T, w *weir) (s hungState) {
	t.Helper()
	getJSON(t, w.admin+"/api/v1/store", &s)
	return s
}

// seen are the cells of the table that Weir fills.
func seen(t *testing.T, w *weir) string {
	t.Helper()
	s := storeState(t, w)
	shed := []byte("nothing")
	if len(s.Shed) > 0 {
		shed, _ = json.Marshal(s.Shed)
	}
	return fmt.Sprintf("%d | %s | %.1f | %s", status(w.data+"/readyz"), s.State, float64(s.Journal.Bytes)/(1<<20), shed)
}

// partial is what a list of events says that it lacks.
type partial struct {
	took time.Duration
	says string
}

func partialEvents(t *testing.T, w *weir) (p partial) {
	t.Helper()
	var page struct {
		Events  []recorded
		Partial *struct{ Reason string }
	}
	began := time.Now()
	getJSON(t, w.admin+"/api/v1/events", &page)
	if p.took = time.Since(began); page.Partial != nil && len(page.Events) > 0 {
		p.says = page.Partial.Reason
	}
	return p
}

// manyConnections keeps as many as many clients would.
func manyConnections(t *testing.T) {
	tr := http.DefaultTransport.(*http.Transport)
	before := tr.MaxIdleConnsPerHost
	tr.MaxIdleConnsPerHost = 256
	t.Cleanup(func() { tr.MaxIdleConnsPerHost = before })
}
