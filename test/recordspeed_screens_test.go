//go:build proof

package test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"
)

// screenDefinitions have the routes and models of the traffic, so that what is
// asked of them is in force.
const screenDefinitions = `
models:
  sonnet: {vendor: openai-compatible, endpoint: http://127.0.0.1:1/v1, model: sonnet, price: {input: 3, output: 15}}
  llama-70b: {vendor: openai-compatible, endpoint: http://127.0.0.1:1/v1, model: llama-70b, price: {input: 0.6, output: 0.8}}
routes:
  support: {unit: [header:x-user-id], baseline: {model: sonnet}}
experiments:
  support-next:
    route: support
    variants: {baseline: {weight: 50%, baseline: true}, candidate: {weight: 50%, model: llama-70b}}
`

// rounds is how often each screen is asked.
const rounds = 15

// askScreens starts Weir on the folder and asks what screens and commands ask.
func askScreens(t *testing.T, out *figures, dir string, g *traffic) {
	began := time.Now()
	w := serveFile(t, screenDefinitions, "--store", dir)
	up := time.Since(began)
	w.await(t, "done with the journal", func() bool { return kept(t, w) })
	total := usageTotal(t, w)
	if total.Requests != int64(g.made) || total.Cost != int64(g.cost) {
		t.Errorf("the ledger has %+v, want %d requests and %d micro-dollars", total, g.made, g.cost)
	}
	out.line("Weir was ready on it in %d ms. %d requests and %d micro-dollars in the ledger, as they were generated: %t.\n",
		up.Milliseconds(), total.Requests, total.Cost, total.Requests == int64(g.made) && total.Cost == int64(g.cost))
	out.line("| screen | rows or bytes | first, ms | median, ms | slowest of %d, ms |", rounds)
	out.line("|---|--:|--:|--:|--:|")
	for _, s := range screens(t, w) {
		var took []time.Duration
		text := ""
		for range rounds {
			began := time.Now()
			text = get(t, w.admin+s.path)
			took = append(took, time.Since(began))
		}
		first := took[0]
		slices.Sort(took)
		out.line("| %s | %s | %s | %s | %s |", s.name, sizeOf(text), millis(first), millis(took[rounds/2]), millis(took[rounds-1]))
		if took[rounds/2] > slowestScreen || first > slowestScreen {
			t.Errorf("%s (%s): first %s, median %s, want at most %s", s.name, s.path, first, took[rounds/2], slowestScreen)
		}
	}
}

type screen struct{ name, path string }

// screens are what is asked: pages of events with each filter, some of them far
// back, and everything that reads sums.
func screens(t *testing.T, w *weir) []screen {
	t.Helper()
	var newest, rare struct {
		Events []struct {
			ID, Unit, Conversation string
			ClientID               string `json:"client_request_id"`
			BodyID                 string `json:"body_id"`
		}
		Next string `json:"next_page_token"`
	}
	getJSON(t, w.admin+"/api/v1/events?limit=200&outcome=ok&route=support", &newest)
	getJSON(t, w.admin+"/api/v1/events?limit=200&outcome=ok&to=45d", &rare)
	if len(newest.Events) == 0 || len(rare.Events) == 0 {
		t.Fatal("there are no events to look for")
	}
	one, old := newest.Events[0], rare.Events[len(rare.Events)-1]
	list := []screen{{"one event by id", "/api/v1/events/" + one.ID}, {"one event by id, 45 days old", "/api/v1/events/" + old.ID}}
	for _, f := range [][2]string{
		{"newest", ""}, {"route", "route=support"}, {"rare route", "route=drafts"}, {"variant", "variant=candidate"}, {"outcome", "outcome=upstream_error"},
		{"rare outcome", "outcome=refused"}, {"outcome that never was", "outcome=blocked"}, {"key", "key=key-3"}, {"rare key", "key=key-11"}, {"model", "model=haiku"},
		{"tag", "tag=team%3D2"}, {"unit", "unit=" + one.Unit}, {"unit of 45 days ago", "unit=" + old.Unit}, {"reply's id", "id=" + one.BodyID},
		{"reply's id, 45 days old", "id=" + old.BodyID}, {"id that never was", "id=chatcmpl-nobody"}, {"unit that never was", "unit=0123456789abcdef"},
		{"of 45 days ago", "to=45d"}, {"route and outcome", "route=support&outcome=timeout"}, {"route and model that never met", "route=support&model=qwen-coder"},
		{"key and tag", "key=key-3&tag=env%3Dstaging"}, {"key and tag that never met", "key=key-3&tag=team%3D2"}, {"tag that never was", "tag=team%3D77"}, {"tag and outcome", "tag=team%3D1&outcome=timeout"},
		{"variant and rare outcome, long ago", "variant=candidate&outcome=timeout&to=60d"},
	} {
		list = append(list, screen{"events: " + f[0], "/api/v1/events?" + f[1]})
	}
	list = append(list, screen{"events: second page", "/api/v1/events?limit=200&outcome=ok&route=support&page_token=" + url.QueryEscape(newest.Next)})
	for _, f := range [][2]string{
		{"roll-ups of the last hour", "timeline"}, {"roll-ups of 24 h", "timeline?from=24h"}, {"roll-ups of 24 h by route and variant", "timeline?from=24h&by=route,variant"},
		{"roll-ups of 24 h, one route", "timeline?from=24h&by=variant&route=support"}, {"roll-ups of 7 days", "timeline?from=7d"},
		{"ledger of 3 months, total", "usage?from=90d&per=total"}, {"ledger of 3 months by day and model", "usage?from=90d&per=day&by=model"},
		{"ledger of 3 months by team", "usage?from=90d&per=month&by=tag:team"}, {"ledger of 3 months, one key", "usage?from=90d&per=day&key=key-3"},
		{"month against month", "usage/months?by=route"}, {"budgets", "budgets"}, {"report of a week", "reports/weekly"}, {"report of a month", "reports/monthly"},
		{"routes, wide", "routes?wide=true"}, {"models, wide", "models?wide=true"}, {"decisions", "decisions"}, {"status", "status"}, {"store", "store"},
	} {
		list = append(list, screen{f[0], "/api/v1/" + f[1]})
	}
	return list
}

// sizeOf is how many events an answer has, or how long it is.
func sizeOf(text string) string {
	var page struct{ Events []json.RawMessage }
	if json.Unmarshal([]byte(text), &page) == nil && page.Events != nil {
		return fmt.Sprint(len(page.Events), " events")
	}
	return fmt.Sprint(len(text), " B")
}
