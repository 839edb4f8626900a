package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/gateway"
)

// endings are definitions of a route for each way to end. The one of panics is good
// until a step breaks it.
const endings = `
models:
  ok: {vendor: vllm, model: id-ok, endpoints: ["%[1]s/v1"], price: {input: 3, output: 15}}
  fails: {vendor: vllm, model: id-fails, endpoints: ["%[1]s/v1"], price: {input: 3, output: 15}}
  breaks: {vendor: vllm, model: id-breaks, endpoints: ["%[1]s/v1"], price: {input: 3, output: 15}}
  stalls: {vendor: vllm, model: id-stalls, endpoints: ["%[1]s/v1"], price: {input: 3, output: 15}, clocks: {idle: 100ms}}
  endless: {vendor: vllm, model: id-endless, endpoints: ["%[1]s/v1"], price: {input: 3, output: 15}}
routes:
  ok: {baseline: ok}
  fails: {baseline: fails, retries: 0}
  breaks: {baseline: breaks}
  stalls: {baseline: stalls}
  endless: {baseline: endless}
  panics: {baseline: ok}
`

// panicking breaks the route of that name, before the model is asked and after.
func panicking(r *experiment.Route, _ *experiment.Variant) gateway.Steps {
	if r.Name != "panics" {
		return gateway.Steps{}
	}
	n := 0
	var mu sync.Mutex
	now := func() bool { mu.Lock(); defer mu.Unlock(); n++; return n%2 == 0 }
	return gateway.Steps{
		RailsIn: []gateway.Step{func(context.Context, *gateway.Exchange) (chat.Frames, error) {
			if now() {
				panic("a defect")
			}
			return nil, nil
		}},
		RailsOut: []gateway.Transform{func(context.Context, *gateway.Exchange, chat.Frames) chat.Frames { panic("a defect") }},
	}
}

// C3: after 10,000 requests that ended in every way there is, nothing counts as
// under way: not for who scrapes, not for who asks, not in the store.
func TestC3NothingIsUnderWayAfterAll(t *testing.T) {
	const each = 2000 / stride
	m := model(t, "")
	for id, script := range map[string]string{"id-fails": "status=500", "id-breaks": "tokens=8;cut-after=3", "id-stalls": "stall-after=2", "id-endless": "tokens=1000000;delay-between=1ms"} {
		m.ForModel(id, chaos.MustParse(script))
	}
	l := prepare(t, listenFree("")+fmt.Sprintf(endings, m.URL()))
	mustDo(t, l.serve(serverOptions{steps: panicking}))
	l.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 256
	var wg sync.WaitGroup
	for route, clients := range map[string]int{"ok": 10, "fails": 10, "stalls": 100, "endless": 20, "panics": 10, "breaks": 10} {
		n := each
		if route == "breaks" || route == "stalls" {
			n = each / 2
		}
		for range clients {
			wg.Go(func() {
				for range n / clients {
					l.end(route)
				}
			})
		}
	}
	wg.Wait()
	eventually(t, "nothing is under way", func() bool { return l.s.gateway.InFlight() == 0 })
	for _, route := range []string{"ok", "fails", "breaks", "stalls", "endless", "panics"} {
		if n := l.metric(fmt.Sprintf("weir_in_flight{route=%q}", route)); n != 0 {
			t.Errorf("weir_in_flight of %s is %v", route, n)
		}
	}
	if s, err := l.admin().Status(context.Background()); err != nil || s.InFlight != 0 {
		t.Errorf("the API says that %d are under way, %v", s.InFlight, err)
	}
	models, err := l.admin().Models(context.Background())
	for _, m := range models {
		if n := m.Endpoints[0].InFlight; n != 0 {
			t.Errorf("%d attempts of model %s are under way", n, m.Name)
		}
	}
	mustDo(t, err)
	l.counted(5 * each)
}

// end makes one request of a route and lets it end as the route's do. A caller of
// the endless one leaves when the first bytes have come.
func (l *live) end(route string) {
	if route != "endless" {
		l.ask(route, true)
		return
	}
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, l.s.data.url()+"/v1/chat/completions", strings.NewReader(question(route, true)))
	if res, err := l.client.Do(req); err == nil {
		_, _ = res.Body.Read(make([]byte, 64))
		leave()
		_ = res.Body.Close()
	}
}

// counted holds what is kept of the endings against what was done.
func (l *live) counted(asked int64) {
	l.t.Helper()
	b := l.kept()
	ended := map[string]map[string]int{}
	for _, e := range b.events {
		if ended[e.Route] == nil {
			ended[e.Route] = map[string]int{}
		}
		ended[e.Route][e.Outcome.String()]++
	}
	for route, want := range map[string]string{"ok": "ok", "fails": "upstream_error", "breaks": "truncated", "stalls": "timeout", "endless": "cancelled", "panics": "interrupted"} {
		if len(ended[route]) != 1 || ended[route][want] == 0 {
			l.t.Errorf("the requests of %s ended as %v, want all %s", route, ended[route], want)
		}
	}
	if b.requests != asked || b.requests != int64(len(b.events)) {
		l.t.Errorf("%d requests were made, the ledger has %d, and there are %d events", asked, b.requests, len(b.events))
	}
	db, err := l.s.kept.reader()
	mustDo(l.t, err)
	open, err := db.Open(context.Background(), l.s.kept.own.name)
	if err != nil || len(open) != 0 {
		l.t.Errorf("%d requests have begun in the store and not ended, %v", len(open), err)
	}
}
