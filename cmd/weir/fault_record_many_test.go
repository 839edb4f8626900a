package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// simulatedModel answers at once and calls nobody.
const simulatedModel = `
models:
  s: {vendor: simulated, model: id-s, options: {first_token: 1ms, tokens_per_second: 100000, length: 2}}
routes:
  s: {baseline: s, unit: [header:x-user-id]}
experiments:
  halves:
    route: s
    variants: {a: {weight: 50, baseline: true}, b: {weight: 50, parameters: {temperature: 0.5}}}
`

// O4: names that callers make up do not become series, nor memory. A million would
// take minutes; so many are far beyond every bound, and would show in a map that has
// none.
func TestO4NamesThatCallersMakeUp(t *testing.T) {
	const rounds, each = 4, 8_000 / stride
	l := newLive(t, listenFree("")+simulatedModel)
	var held []uint64
	for range rounds {
		l.bombard(each)
		held = append(held, settledHeap(l))
	}
	page := l.get(l.s.metrics.url() + "/metrics").body
	if len(page) > 2<<20 || len(page) < 1000 {
		t.Errorf("/metrics has %d bytes", len(page))
	}
	for line := range strings.Lines(page) {
		if strings.Contains(line, "made-up") {
			t.Fatalf("a name that a caller made up is a label: %s", line)
		}
	}
	// Each request brings about 700 bytes of names that were never seen. What is bounded (the ring of events, the
	// values of tags, pages of the store) is full after the first rounds, but for the last exchange of each
	// conversation, of which 65,536 are remembered in about 90 bytes each.
	if grew := int64(held[rounds-1]) - int64(held[1]); stride == 1 && grew > 3<<20 {
		t.Errorf("the heap grew by %d bytes over %d requests: %v", grew, (rounds-2)*each, held)
	}
	req, err := http.NewRequest(http.MethodGet, l.s.adminListener.url()+"/api/v1/usage?by=tag:made-up", nil)
	mustDo(t, err)
	if g := do(l.client, req); g.status != 200 || len(g.body) > 2<<20 {
		t.Errorf("usage by tag: %d, %d bytes", g.status, len(g.body))
	}
}

// settledHeap is what is in use when everything recorded is in the store.
func settledHeap(l *live) uint64 {
	l.t.Helper()
	mustDo(l.t, l.s.kept.own.writer.Settle(l.t.Context()))
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// bombard makes requests with names that nobody else has: of models, pinned ones,
// users, tags, conversations, headers. Sockets have no part in it, so the handler
// is called.
func (l *live) bombard(n int) {
	h := l.s.gateway.Handler()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := range n / 16 {
				word := func() string { return fmt.Sprintf("made-up-%016x%016x", rand.Uint64(), rand.Uint64()) }
				name := []string{"s", word(), "simulated/" + word(), "s", "s", word() + "/" + word()}[i%6]
				body, _ := json.Marshal(map[string]any{
					"model": name, "user": word(), "messages": []any{map[string]string{"role": "user", "content": word()}},
					"metadata": map[string]string{"conversation_id": word()},
				})
				r := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(string(body)))
				r.RemoteAddr, r.Host = "127.0.0.1:1", "127.0.0.1"
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-User-Id", word())
				r.Header.Set("X-Request-Id", word())
				r.Header.Set("X-Weir-Tags", "made-up="+word()+","+word()[:30]+"=x")
				r.Header.Set("X-Weir-Conversation", word())
				r.Header.Set(word(), word())
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				_, _ = io.Copy(io.Discard, w.Body)
				if (name == "s") != (w.Code == 200) {
					l.t.Errorf("%s: %d", name, w.Code)
				}
			}
		})
	}
	wg.Wait()
}

// O7: whatever is asked of Weir but an answer, no model hears of it.
func TestO7LookingCostsNothing(t *testing.T) {
	m := model(t, "")
	l := newLive(t, pricedAt(m.URL())+"store: {bodies: 100%}\nbudgets: {b: {amount: 1, per: day}}\n")
	l.back()
	pages := l.pages()
	for _, at := range []string{l.s.data.url() + "/healthz", l.s.data.url() + "/readyz", l.s.data.url() + "/v1/models", l.s.data.url() + "/v1/models/m",
		l.s.metrics.url() + "/metrics", l.s.metrics.url() + "/healthz", l.s.metrics.url() + "/readyz"} {
		pages = append(pages, at)
	}
	found := map[string]bool{}
	looked := 0
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		for _, page := range pages {
			g := l.get(page)
			looked++
			if g.status == 200 {
				found[page] = true
			} else if g.status == 0 || g.status >= 500 {
				t.Fatalf("%s: %d %v %s", page, g.status, g.err, g.body)
			}
		}
	}
	if len(found) < len(pages)/2 {
		t.Errorf("only %d of %d pages were there", len(found), len(pages))
	}
	if r := l.s.reload(); !r.Applied {
		t.Error(r)
	}
	if n := m.Count(); n != 0 {
		t.Errorf("the model was asked %d times while it was looked %d times", n, looked)
	}
	if accepted, _ := m.Connections(); accepted != 0 {
		t.Errorf("somebody connected to the model %d times", accepted)
	}
}
