package test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// killDefinitions prices tokens so that each is worth whole micro-dollars: sums
// can be checked to the last one.
const killDefinitions = `
models:
  m: {vendor: openai-compatible, endpoint: %s/v1, model: m, price: {input: 3, output: 15}}
routes:
  support: {unit: [header:x-user-id], baseline: {model: m}}
experiments:
  halves:
    route: support
    variants: {a: {weight: 50%%, baseline: true}, b: {weight: 50%%, parameters: {temperature: 0.5}}}
`

// TestKill kills Weir under load, again and again, and then compares what it
// recorded with what its clients and its upstream know.
func TestKill(t *testing.T) { killAndCompare(t, 50) }

func killAndCompare(t *testing.T, times int) {
	up := newOracle(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "weir.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, killDefinitions, up.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	folder = filepath.Join(folder, "kept")
	cut := map[string]time.Duration{} // were under way when Weir was killed, for how long
	slowest := time.Duration(0)
	for round := range times {
		began := time.Now()
		w := serveWith(t, nil, "-c", file, "--store", folder)
		slowest = max(slowest, time.Since(began))
		stop := load(t, up, w.data, round)
		time.Sleep(50*time.Millisecond + rand.N(350*time.Millisecond))
		at := time.Now()
		w.kill(t)
		stop()
		// Weir writes down that a request is under way within a few milliseconds of asking
		// for it; the disk of a busy machine may keep that waiting.
		for id, since := range up.underWay(at) {
			if since > 200*time.Millisecond {
				cut[id] = since
			}
		}
	}
	if slowest > 3*time.Second { // three times what is promised
		t.Errorf("the slowest of %d starts after a kill took %s", times, slowest)
	}
	w := serveWith(t, nil, "-c", file, "--store", folder)
	w.await(t, "done with the journal", func() bool { return kept(t, w) })
	compare(t, up, w, cut)
}

// kill ends the process as a power cut would, but for the kernel.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatalf("kill %s: %v", p.name, err)
	}
	<-p.done
}

// load asks from several clients at once until stop is called, which waits for them.
func load(t *testing.T, up *oracle, base string, round int) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for client := range 16 {
		wg.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := fmt.Sprintf("r%d-c%d-n%d", round, client, n)
				body := fmt.Sprintf(`{"model":"support","stream":%t,"messages":[{"role":"user","content":%q}]}`, n%2 == 0, id)
				header := http.Header{"X-Request-Id": {id}, "X-User-Id": {fmt.Sprint("u", client)}}
				if a, err := ask(ctx, base, []byte(body), header); err == nil && a.text != "" {
					up.done(id)
				} else {
					time.Sleep(time.Millisecond) // Weir is dead
				}
			}
		})
	}
	return func() {
		time.Sleep(5 * time.Millisecond) // clients read what the kernel still holds for them
		cancel()
		wg.Wait()
	}
}

// compare holds the record against the oracle.
func compare(t *testing.T, up *oracle, w *weir, cut map[string]time.Duration) {
	t.Helper()
	seen := map[string]recorded{}
	var sum struct{ requests, input, output, cost int64 }
	interrupted := 0
	for _, e := range everyEvent(t, w) {
		if before, twice := seen[e.ClientID]; twice {
			t.Errorf("%s was recorded twice: %+v and %+v", e.ClientID, before, e)
		}
		seen[e.ClientID] = e
		sum.requests++
		sum.input += e.Usage.Input
		sum.output += e.Usage.Output
		sum.cost += e.Cost
		if e.Outcome == "interrupted" {
			interrupted++
		}
	}
	for id := range up.finished {
		input, output := tokens(id)
		e, ok := seen[id]
		want := int64(3*input + 15*output)
		if !ok || e.Outcome != "ok" || e.Usage.Input != int64(input) || e.Usage.Output != int64(output) || e.Cost != want {
			t.Errorf("a client has the whole answer to %s: %d and %d tokens, %d micro-dollars; recorded: %v, %+v", id, input, output, want, ok, e)
		}
	}
	for id, since := range cut {
		e, ok := seen[id]
		switch {
		case !ok:
			t.Errorf("%s was under way for %s at a kill and is not recorded", id, since)
		case e.Outcome != "interrupted" && e.Outcome != "ok": // ok: its record was written, its last byte was not read
			t.Errorf("%s was under way at a kill and is recorded as %s", id, e.Outcome)
		}
	}
	if len(up.finished) < 100 || interrupted == 0 {
		t.Errorf("%d answers finished and %d were interrupted: this run shows nothing", len(up.finished), interrupted)
	}
	total := usageTotal(t, w)
	if total.Requests != sum.requests || total.Input != sum.input || total.Output != sum.output || total.Cost != sum.cost {
		t.Errorf("the ledger says %+v, the events add up to %+v", total, sum)
	}
	t.Logf("%d answers finished, %d interrupted, %d recorded, %d micro-dollars", len(up.finished), interrupted, len(seen), sum.cost)
}

// recorded is what is looked at of an event.
type recorded struct {
	Route    string
	ClientID string `json:"client_request_id"`
	Outcome  string `json:"outcome"`
	Usage    struct{ Input, Output int64 }
	Cost     int64 `json:"cost_micro"`
}

// everyEvent pages through all that is recorded.
func everyEvent(t *testing.T, w *weir) (all []recorded) {
	t.Helper()
	for token := ""; ; {
		var page struct {
			Events []recorded
			Next   string `json:"next_page_token"`
		}
		getJSON(t, w.admin+"/api/v1/events?limit=1000&page_token="+url.QueryEscape(token), &page)
		all = append(all, page.Events...)
		if token = page.Next; token == "" {
			return all
		}
	}
}

// totals are the sums of the ledger.
type totals struct {
	Requests, Input, Output int64
	Cost                    int64 `json:"cost_micro"`
}

func usageTotal(t *testing.T, w *weir) totals {
	t.Helper()
	var answer struct{ Rows []totals }
	getJSON(t, w.admin+"/api/v1/usage?per=total&from=2000-01-01T00:00:00Z", &answer)
	if len(answer.Rows) != 1 {
		t.Fatalf("usage in total has %d rows: %+v", len(answer.Rows), answer)
	}
	return answer.Rows[0]
}

// kept reports whether the store has all that was recorded.
func kept(t *testing.T, w *weir) bool {
	t.Helper()
	var s struct {
		State   string
		Journal struct {
			Lag *int64 `json:"lag_records"`
		}
	}
	getJSON(t, w.admin+"/api/v1/store", &s)
	return s.State == "ok" && s.Journal.Lag != nil && *s.Journal.Lag == 0
}

// getJSON reads the answer to a GET.
func getJSON(t *testing.T, address string, into any) {
	t.Helper()
	text := get(t, address)
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("GET %s: %v: %s", address, err, text)
	}
}
