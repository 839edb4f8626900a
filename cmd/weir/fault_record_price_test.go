package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/meter"
)

// unpricedModels are models of which no list knows a price, one for each thing that
// can be done about it, and one of a vendor whose dearest is known.
const unpricedModels = `
models:
  priced: {vendor: openai, model: id-made-up-1, endpoints: ["%[1]s/v1"], key: env:K, price: {input: 3, output: 15}}
  untracked: {vendor: openai, model: id-made-up-2, endpoints: ["%[1]s/v1"], key: env:K}
  estimated: {vendor: openai, model: id-made-up-3, endpoints: ["%[1]s/v1"], key: env:K, unpriced: estimate}
  denied: {vendor: openai, model: id-made-up-4, endpoints: ["%[2]s/v1"], key: env:K, unpriced: deny}
routes:
  priced: {baseline: priced}
  untracked: {baseline: untracked}
  estimated: {baseline: estimated}
  denied: {baseline: denied}
  either: {baseline: denied, fallback: [priced]}
`

// F3: what a model without a price costs is never a silent nothing: it is said
// before, while and after.
func TestF3ModelWithoutAPrice(t *testing.T) {
	m, denied := model(t, "usage=1000/500"), model(t, "usage=1000/500")
	l := newLive(t, listenFree("")+fmt.Sprintf(unpricedModels, m.URL(), denied.URL()), "K", "x")
	code, said, _ := runs(l.env, "validate", "-c", l.file)
	for _, name := range []string{"untracked", "estimated", "denied"} {
		if !strings.Contains(said, "models."+name) {
			t.Errorf("validate does not warn of %s:\n%s", name, said)
		}
	}
	if strings.Contains(said, "models.priced") || code != exitOK {
		t.Errorf("validate ends with %d and says\n%s", code, said)
	}
	if code, _, _ := runs(l.env, "validate", "--strict", "-c", l.file); code == exitOK {
		t.Error("validate --strict takes it")
	}
	for i := range 10 {
		for route, want := range map[string]int{"priced": 200, "untracked": 200, "estimated": 200, "denied": http.StatusServiceUnavailable, "either": 200} {
			g := l.ask(route, i%2 == 0)
			if g.status != want || want != 200 && g.code() != "model_unpriced" {
				t.Fatalf("%s: %d %s", route, g.status, g.body)
			}
		}
	}
	if n := denied.Count(); n != 0 {
		t.Errorf("the model that is not to be asked was asked %d times", n)
	}
	l.showsPrices()
	b := l.kept()
	if b.unpriced != 10 || b.requests != 50 {
		t.Errorf("the ledger has %d requests, %d of them unpriced", b.requests, b.unpriced)
	}
	const each = 3*1000 + 15*500
	sums := map[string]meter.Micro{}
	for _, e := range b.events {
		sums[e.Route+" "+string(e.CostBasis)] += e.Cost
	}
	for of, cost := range map[string]meter.Micro{"priced priced": 10 * each, "untracked unpriced": 0, "denied priced": 0, "either priced": 10 * each} {
		if got, ok := sums[of]; !ok || got != cost {
			t.Errorf("%s: %d micro-dollars, want %d, of %v", of, got, cost, sums)
		}
	}
	if sums["estimated estimated"] == 0 || len(sums) != 5 {
		t.Errorf("%v", sums)
	}
	_, out, _ := runs(map[string]string{"WEIR_ADMIN": l.s.adminListener.url(), "K": "x"}, "doctor", "-c", l.file)
	if !strings.Contains(out, "model untracked has no price") || !strings.Contains(out, "model denied has no price and is not asked") {
		t.Errorf("the doctor says\n%s", out)
	}
	_, _, said = runs(map[string]string{"WEIR_ADMIN": l.s.adminListener.url()}, "cost", "--by", "model")
	if !strings.Contains(said, "(10) have no known price") {
		t.Errorf("weir cost does not tell of what has no price:\n%s", said)
	}
}

// showsPrices looks at what is said of the prices while Weir runs.
func (l *live) showsPrices() {
	l.t.Helper()
	list, err := l.admin().Models(context.Background())
	mustDo(l.t, err)
	for _, m := range list {
		want := map[string]client.Price{
			"priced": {Known: true, Basis: "priced"}, "untracked": {Basis: "unpriced", Policy: "untracked"},
			"estimated": {Basis: "estimated", Policy: "estimate"}, "denied": {Basis: "unpriced", Policy: "deny", Refused: true},
		}[m.Name]
		if p := m.Price; p.Known != want.Known || p.Basis != want.Basis || p.Refused != want.Refused || !m.Price.Known && p.Policy != want.Policy {
			l.t.Errorf("model %s: %+v, want %+v", m.Name, p, want)
		}
	}
	for series, want := range map[string]float64{`weir_unpriced_requests_total{model="untracked"}`: 10, `weir_unpriced_requests_total{model="priced"}`: 0} {
		if got := l.metric(series); got != want {
			l.t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	if strings.Contains(l.get(l.s.metrics.url()+"/metrics").body, `llm_request_cost_dollars_total{model="untracked"`) {
		l.t.Error("what costs nobody knows how much has a series of money")
	}
}
