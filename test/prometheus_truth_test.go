//go:build tools

package test

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/telemetry"
)

// truth is what the events of some Weirs say about the time that Prometheus saw.
type truth struct {
	at     time.Time // of the last scrape
	events []*ended  // that a model had a part in
	first  map[*weir]time.Time
	of     map[*ended]*weir
}

// newTruth reads the events of all Weirs up to their last scrape.
func newTruth(t *testing.T, p *prometheus, all ...*weir) *truth {
	t.Helper()
	r := &truth{first: map[*weir]time.Time{}, of: map[*ended]*weir{}}
	for _, w := range all {
		first, last := p.scrapes(t, w.telemetry)
		r.first[w] = first
		if r.at.IsZero() || last.Before(r.at) {
			r.at = last
		}
	}
	time.Sleep(time.Second) // what ended by then has its event
	for _, w := range all {
		for _, e := range eventsOf(t, w) {
			if e.Outcome == event.Refused || e.Outcome == event.Invalid {
				continue
			}
			r.events = append(r.events, e)
			r.of[e] = w
		}
	}
	return r
}

// eventsOf reads all events of a Weir, page by page.
func eventsOf(t *testing.T, w *weir) (list []*ended) {
	t.Helper()
	for token := ""; ; {
		var page struct {
			Events        []*ended `json:"events"`
			NextPageToken string   `json:"next_page_token"`
		}
		query := url.Values{"limit": {"200"}}
		if token != "" {
			query.Set("page_token", token)
		}
		if err := json.Unmarshal([]byte(get(t, w.admin+"/api/v1/events?"+query.Encode())), &page); err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			e.end = e.Time.Add(e.Total)
			list = append(list, e)
		}
		if token = page.NextPageToken; token == "" {
			return list
		}
	}
}

// within are the events that ended in a window up to the last scrape, and after
// the first; slack above 0 widens it at both ends, below 0 it narrows it.
func (r *truth) within(window, slack time.Duration) (list []*ended) {
	from, to := r.at.Add(-window-slack), r.at.Add(slack)
	for _, e := range r.events {
		if e.end.After(from) && e.end.After(r.first[r.of[e]].Add(-slack)) && !e.end.After(to) {
			list = append(list, e)
		}
	}
	return list
}

// values are the values of an answer by one label; "" for an answer without.
func (p *prometheus) values(t *testing.T, expr, label string, at time.Time) map[string]float64 {
	t.Helper()
	got, err := p.ask(t, expr, at)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	values := map[string]float64{}
	for _, s := range got {
		values[s.Metric[label]] = s.number(t)
	}
	return values
}

// scrapeError is how far a counter's reading may be from the moment it is taken
// for: the interval, and half of one more. PromQL also assumes that a counter went
// on as before for that long, which stretches a sum by that part of what was seen.
const (
	scrapeError = 1500 * time.Millisecond
	stretched   = 1 + float64(scrapeError)/float64(observed)
)

// sums compares an expression, by a label, with the sum of a number over events,
// times scale.
func (r *truth) sums(t *testing.T, p *prometheus, expr, label string, scale float64, window time.Duration, by func(*ended) string, number func(*ended) float64) {
	t.Helper()
	add := func(slack time.Duration) map[string]float64 {
		sums := map[string]float64{}
		for _, e := range r.within(window, slack) {
			sums[by(e)] += number(e) * scale
		}
		return sums
	}
	least, most := add(-scrapeError), add(scrapeError)
	got := p.values(t, expr, label, r.at)
	compared := 0
	for name, high := range most {
		low := least[name]
		if high == 0 {
			continue
		}
		compared++
		if v := got[name]; !(v >= low && v <= high*stretched) {
			t.Errorf("%s\n  %s=%q: %v, the events say %v to %v", expr, label, name, v, low, high)
		}
	}
	if compared == 0 {
		t.Errorf("%s: nothing to compare", expr)
	}
}

// edge is the part of the events that may be on either side of a scrape.
const edge = .02

// quantiles compares an expression, by a label, with the quantile of the events'
// times: both must lie in one bucket.
func (r *truth) quantiles(t *testing.T, p *prometheus, expr, label, family string, q float64, by func(*ended) string) {
	t.Helper()
	times := map[string][]float64{}
	for _, e := range r.within(5*time.Minute, 0) {
		times[by(e)] = append(times[by(e)], e.Total.Seconds())
	}
	got := p.values(t, expr, label, r.at)
	for name, list := range times {
		if len(list) < 50 {
			continue
		}
		low, high := bucketOf(t, family, got[name])
		var below, within float64
		for _, s := range list {
			if s <= low {
				below++
			}
			if s <= high {
				within++
			}
		}
		below, within = below/float64(len(list)), within/float64(len(list))
		if below > q+edge || within < q-edge {
			t.Errorf("%s\n  %s=%q: %v s, and of %d events %.3f took at most %v s, %.3f at most %v s", expr, label, name, got[name], len(list), below, low, within, high)
		}
	}
}

// bucketOf is the bucket that a time falls in.
func bucketOf(t *testing.T, family string, seconds float64) (low, high float64) {
	t.Helper()
	i := slices.IndexFunc(exposed(), func(f telemetry.Family) bool { return f.Name == family })
	bounds := exposed()[i].Samples[0].Buckets.Bounds
	for _, b := range bounds {
		if seconds <= b {
			return low, b
		}
		low = b
	}
	t.Fatalf("%v s is beyond the buckets of %s", seconds, family)
	return 0, 0
}
