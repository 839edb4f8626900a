//go:build proof

package test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
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

// askScreens starts Weir on the folder and asks what screens and commands ask.
func askScreens(t *testing.T, out *figures, dir string, g *traffic) {
	began := time.Now()
	w := serveFile(t, screenDefinitions, "--store", dir)
	up := time.Since(began)
	w.await(t, "done with the journal", func() bool { return opened(w) && kept(t, w) })
	total := usageTotal(t, w)
	if total.Requests != int64(g.made) || total.Cost != int64(g.cost) {
		t.Errorf("the ledger has %+v, want %d requests and %d micro-dollars", total, g.made, g.cost)
	}
	out.line("Weir was ready on it in %d ms. %d requests and %d micro-dollars in the ledger, as they were generated: %t.\n",
		up.Milliseconds(), total.Requests, total.Cost, total.Requests == int64(g.made) && total.Cost == int64(g.cost))
	asked, more := screens(t, w)
	timeScreens(t, out, w, asked, 15, slowestScreen)
	out.line("\nBeyond what is asked, with no bound: pages of events with several filters that seldom or never meet, longer roll-ups, reports.\n")
	timeScreens(t, out, w, more, 3, 0)
}

// timeScreens asks each some times. most is how long one may take; 0: any time.
func timeScreens(t *testing.T, out *figures, w *weir, list []screen, rounds int, most time.Duration) {
	t.Helper()
	out.line("| screen | events or bytes | first, ms | median, ms | slowest of %d, ms |", rounds)
	out.line("|---|--:|--:|--:|--:|")
	for _, s := range list {
		var took []time.Duration
		var text string
		for range rounds {
			began := time.Now()
			var err error
			if text, err = read(w.admin + s.path); err != nil {
				text = "status 503"
				if most > 0 {
					t.Errorf("%s: %v", s.path, err)
				}
			}
			took = append(took, time.Since(began))
		}
		first := took[0]
		slices.Sort(took)
		out.line("| %s | %s | %s | %s | %s |", s.name, sizeOf(text), millis(first), millis(took[rounds/2]), millis(took[rounds-1]))
		if most > 0 && max(first, took[rounds/2]) > most {
			t.Errorf("%s (%s): first %s, median %s, want at most %s", s.name, s.path, first, took[rounds/2], most)
		}
	}
}

// read is a GET whose failure the caller judges.
func read(address string) (string, error) {
	resp, err := http.Get(address)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", resp.Status, text)
	}
	return string(text), err
}

type screen struct{ name, path string }

// screens are what is asked: pages of events with each filter, some of them far
// back, and everything that reads sums; and what goes beyond.
func screens(t *testing.T, w *weir) (asked, more []screen) {
	t.Helper()
	type found struct {
		Events []struct {
			ID, Unit string
			BodyID   string `json:"body_id"`
		}
		Next string `json:"next_page_token"`
	}
	var newest, old found
	getJSON(t, w.admin+"/api/v1/events?limit=200&outcome=ok&route=support", &newest)
	getJSON(t, w.admin+"/api/v1/events?limit=200&outcome=ok&to=45d", &old)
	if len(newest.Events) == 0 || len(old.Events) == 0 {
		t.Fatal("there are no events to look for")
	}
	now, then := newest.Events[0], old.Events[0]
	add := func(to *[]screen, prefix, path string, rows ...[2]string) {
		for _, r := range rows {
			*to = append(*to, screen{prefix + r[0], path + r[1]})
		}
	}
	add(&asked, "one event", "/api/v1/events/", [2]string{" by id", now.ID}, [2]string{" by id, 45 days old", then.ID})
	add(&asked, "events: ", "/api/v1/events?", [][2]string{
		{"newest", ""}, {"route", "route=support"}, {"rare route", "route=drafts"}, {"variant", "variant=candidate"}, {"outcome", "outcome=upstream_error"},
		{"rare outcome", "outcome=refused"}, {"outcome that never was", "outcome=blocked"}, {"key", "key=key-3"}, {"rare key", "key=key-11"}, {"model", "model=haiku"},
		{"tag", "tag=team%3D2"}, {"tag that never was", "tag=team%3D77"}, {"unit", "unit=" + now.Unit}, {"unit of 45 days ago", "unit=" + then.Unit},
		{"unit that never was", "unit=0123456789abcdef"}, {"reply's id", "id=" + now.BodyID}, {"reply's id, 45 days old", "id=" + then.BodyID},
		{"id that never was", "id=chatcmpl-nobody"}, {"of 45 days ago", "to=45d"}, {"second page", "limit=200&outcome=ok&route=support&page_token=" + url.QueryEscape(newest.Next)},
		{"route and outcome", "route=support&outcome=timeout"}, {"key and tag", "key=key-3&tag=env%3Dstaging"},
	}...)
	add(&asked, "", "/api/v1/", [][2]string{
		{"roll-ups of the last hour", "timeline"}, {"roll-ups of 24 h", "timeline?from=24h"}, {"roll-ups of 24 h by route and variant", "timeline?from=24h&by=route,variant"},
		{"roll-ups of 24 h, one route", "timeline?from=24h&by=variant&route=support"},
		{"ledger of 3 months, total", "usage?from=90d&per=total"}, {"ledger of 3 months by day and model", "usage?from=90d&per=day&by=model"},
		{"ledger of 3 months by team", "usage?from=90d&per=month&by=tag:team"}, {"ledger of 3 months, one key", "usage?from=90d&per=day&key=key-3"},
		{"month against month", "usage/months?by=route"}, {"budgets", "budgets"}, {"routes, wide", "routes?wide=true"}, {"models, wide", "models?wide=true"},
		{"decisions", "decisions"}, {"status", "status"}, {"store", "store"},
	}...)
	add(&more, "events: ", "/api/v1/events?", [][2]string{
		{"tag and rare outcome", "tag=team%3D1&outcome=timeout"}, {"variant and rare outcome, long ago", "variant=candidate&outcome=timeout&to=60d"},
		{"route and model that never met", "route=support&model=qwen-coder"}, {"key and tag that never met", "key=key-3&tag=team%3D2"},
	}...)
	add(&more, "", "/api/v1/", [][2]string{{"roll-ups of 7 days", "timeline?from=7d"}, {"report of a week", "reports/weekly"}, {"report of a month", "reports/monthly"}}...)
	return asked, more
}

// sizeOf is how many events an answer has, or how long it is.
func sizeOf(text string) string {
	var page struct{ Events []json.RawMessage }
	if json.Unmarshal([]byte(text), &page) == nil && page.Events != nil {
		return fmt.Sprint(len(page.Events), " events")
	}
	return fmt.Sprint(len(text), " B")
}
