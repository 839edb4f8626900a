package metric_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/metric"
)

// names are those that users write.
var names = []string{
	"cache_hit_rate", "cached_token_share", "cancel_rate", "continuation_rate", "cost_per_request", "cost_per_unit", "error_rate", "fallback_rate",
	"input_tokens", "latency", "latency_mean", "latency_p50", "latency_p95", "latency_p99", "latency_slow_share", "output_tokens",
	"queue", "queue_mean", "queue_p50", "queue_p95", "queue_p99", "queue_slow_share", "reasoning_tokens", "refusal_rate", "rejected_rate",
	"response_words", "thumbs_down_rate", "thumbs_response_rate", "thumbs_up_rate", "timeout_rate",
	"tpot", "tpot_mean", "tpot_p50", "tpot_p95", "tpot_p99", "tpot_slow_share", "truncation_rate",
	"ttft", "ttft_mean", "ttft_p50", "ttft_p95", "ttft_p99", "ttft_slow_share",
}

func TestCatalogue(t *testing.T) {
	kept := map[string]bool{"thumbs_up": true} // counted when thumbs come
	for _, m := range metric.Standard() {
		kept[m.Name] = true
	}
	var got []string
	for _, m := range metric.All() {
		got = append(got, m.Name)
		if found, ok := metric.Find(m.Name); !ok || found.Name != m.Name {
			t.Errorf("%s is not found", m.Name)
		}
		if m.Meaning == "" || m.Kind == "" || m.Direction == "" || m.Unit == "" || m.Scale == 0 || (m.Kind == metric.Quantile) != (m.Quantile > 0) {
			t.Errorf("something is not said: %+v", m)
		}
		if _, slow := m.Slow(); slow != (m.Measure == "") {
			t.Errorf("%s reads %q", m.Name, m.Measure)
		}
		if m.Measure != "" && kept[m.Measure] == (len(metric.Measures([]metric.Metric{m})) == 1) {
			t.Errorf("%s: its measure %q is kept twice, or not at all", m.Name, m.Measure)
		}
	}
	if !slices.Equal(got, names) {
		t.Errorf("the catalogue is\n%q, want\n%q", got, names)
	}
	if _, ok := metric.Find("nothing"); ok {
		t.Error("nothing is found")
	}
}

func TestNearest(t *testing.T) {
	for name, want := range map[string]string{
		"errorrate": "error_rate", "Error_Rate": "error_rate", "ttft_p9": "ttft_p95", "cost": "", "refusals_rate": "refusal_rate", "": "",
	} {
		if got := metric.Nearest(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// The reference names every metric and measure, and no other.
func TestReferenceNamesAll(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/measures.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)`").FindAllStringSubmatch(string(page), -1) {
		rows[row[1]] = true
	}
	want := map[string]bool{"thumbs_up": true, "other_variant": true, "left_out": true}
	for _, m := range metric.All() {
		want[m.Name] = true
		for _, one := range metric.Measures([]metric.Metric{m}) {
			want[one.Name] = true
		}
	}
	for _, m := range metric.Standard() {
		want[m.Name] = true
	}
	for name := range want {
		if !rows[name] {
			t.Errorf("no row of %s", name)
		}
	}
	for name := range rows {
		if !want[name] {
			t.Errorf("a row of %s, which is not there", name)
		}
	}
}

// pair is what an event adds to a measure.
type pair struct{ x, y int64 }

func of(t *testing.T, name string, e *event.Event) pair {
	t.Helper()
	for _, m := range metric.Standard() {
		if m.Name == name {
			x, y := m.Of(e)
			return pair{x, y}
		}
	}
	t.Fatalf("no measure %q", name)
	return pair{}
}

func TestMeasures(t *testing.T) {
	ok := event.Event{Outcome: event.OK, Total: time.Second}
	with := func(change func(*event.Event)) *event.Event {
		e := ok
		change(&e)
		return &e
	}
	ended := func(o event.Outcome) *event.Event { return with(func(e *event.Event) { e.Outcome = o }) }
	used := with(func(e *event.Event) {
		e.Usage, e.UsageSource = chat.Usage{Input: 100, Cached: 40, Output: 7, Reasoning: 3}, meter.Reported
	})
	for _, c := range []struct {
		measure string
		e       *event.Event
		want    pair
	}{
		{"error", &ok, pair{0, 1}},
		{"error", ended(event.Rejected), pair{1, 1}},
		{"error", ended(event.Cancelled), pair{0, 1}},
		{"timeout", ended(event.Timeout), pair{1, 1}},
		{"timeout", ended(event.UpstreamError), pair{0, 1}},
		{"cancel", ended(event.Cancelled), pair{1, 1}},
		{"rejected", ended(event.Rejected), pair{1, 1}},
		{"truncation", ended(event.Truncated), pair{1, 1}},
		{"truncation", with(func(e *event.Event) { e.Finish = "length" }), pair{1, 1}},
		{"truncation", with(func(e *event.Event) { e.Finish = "stop" }), pair{0, 1}},
		{"fallback", with(func(e *event.Event) { e.Fallback = true }), pair{1, 1}},
		{"refusal", with(func(e *event.Event) { e.Read, e.Refusal = true, true }), pair{1, 1}},
		{"refusal", with(func(e *event.Event) { e.Read = true }), pair{0, 1}},
		{"refusal", with(func(e *event.Event) { e.Refusal = true }), pair{0, 0}}, // not looked at: its share would be of refusals only
		{"words", with(func(e *event.Event) { e.Read, e.Words = true, 12 }), pair{12, 1}},
		{"words", with(func(e *event.Event) { e.Read, e.Words, e.Outcome = true, 12, event.Truncated }), pair{0, 0}},
		{"cost", &ok, pair{0, 0}},
		{"cost", with(func(e *event.Event) { e.CostBasis = meter.Priced }), pair{0, 1}},
		{"cost", with(func(e *event.Event) { e.Cost, e.CostBasis = 9, meter.Estimated }), pair{9, 1}},
		{"cost", with(func(e *event.Event) { e.Cost, e.CostBasis = 9, meter.Unpriced }), pair{0, 0}},
		{"input_tokens", used, pair{100, 1}},
		{"output_tokens", used, pair{7, 1}},
		{"reasoning_tokens", used, pair{3, 1}},
		{"cached_tokens", used, pair{40, 100}},
		{"output_tokens", &ok, pair{0, 0}},
		{"cached_tokens", &ok, pair{0, 0}},
		{"cache_hit", &ok, pair{0, 1}},
		{"cache_hit", with(func(e *event.Event) { e.AnsweredBy = "cache" }), pair{1, 1}},
		{"cache_hit", ended(event.Timeout), pair{0, 0}},
		{"log_latency", &ok, pair{0, 1}},
		{"log_latency", with(func(e *event.Event) { e.Total = 2 * time.Second }), pair{693147, 1}}, // ln 2
		{"log_latency", with(func(e *event.Event) { e.Outcome, e.Total = event.Timeout, 2*time.Second }), pair{693147, 1}},
		{"log_latency", ended(event.UpstreamError), pair{0, 0}},
		{"log_latency", ended(event.Cancelled), pair{0, 0}},
		{"log_ttft", with(func(e *event.Event) { e.Stream, e.FirstToken = true, time.Second/2 }), pair{-693147, 1}},
		{"log_ttft", with(func(e *event.Event) { e.Stream, e.Outcome, e.Total = true, event.Timeout, 2*time.Second }), pair{693147, 1}},
		{"log_ttft", ended(event.Timeout), pair{0, 0}},
		{"log_tpot", with(func(e *event.Event) { e.PerToken = time.Second }), pair{0, 1}},
		{"log_queue", &ok, pair{0, 0}},
		{"latency", &ok, pair{1000000, 1}},
		{"thumbs_response", &ok, pair{0, 1}},
		{"thumbs_down", &ok, pair{0, 1}},
		{"continuation", &ok, pair{0, 0}},
		{"continuation", with(func(e *event.Event) { e.Conversation = "c" }), pair{0, 1}},
	} {
		if got := of(t, c.measure, c.e); got != c.want {
			t.Errorf("%s of %+v: %v, want %v", c.measure, *c.e, got, c.want)
		}
	}
}

func TestSlowShare(t *testing.T) {
	const x = 2 * time.Second
	e := func(o event.Outcome, total, first, per time.Duration) *event.Event {
		return &event.Event{Outcome: o, Stream: true, Total: total, FirstToken: first, PerToken: per, Attempts: []event.Attempt{{}}}
	}
	for _, c := range []struct {
		base string
		e    *event.Event
		want pair
	}{
		{"latency", e(event.OK, x, 0, 0), pair{0, 1}}, // exactly X is not slower
		{"latency", e(event.OK, x+1, 0, 0), pair{1, 1}},
		{"latency", e(event.Timeout, time.Second, 0, 0), pair{1, 1}},
		{"latency", e(event.UpstreamError, time.Minute, 0, 0), pair{0, 0}},
		{"latency", e(event.Cancelled, time.Second, 0, 0), pair{0, 0}},
		{"latency", e(event.Cancelled, x+1, 0, 0), pair{1, 1}},
		{"ttft", e(event.OK, time.Minute, time.Second, 0), pair{0, 1}},
		{"ttft", e(event.OK, time.Minute, x+1, 0), pair{1, 1}},
		{"ttft", e(event.Cancelled, time.Minute, time.Second, 0), pair{0, 1}}, // it had its first token
		{"ttft", e(event.Cancelled, x, 0, 0), pair{0, 0}},                     // nobody knows
		{"ttft", e(event.Cancelled, x+1, 0, 0), pair{1, 1}},
		{"ttft", e(event.Timeout, time.Second, 0, 0), pair{1, 1}},
		{"ttft", e(event.UpstreamError, time.Minute, 0, 0), pair{0, 0}},
		{"ttft", &event.Event{Outcome: event.OK, Total: time.Minute}, pair{0, 0}}, // no stream
		{"tpot", e(event.OK, time.Minute, 1, x+1), pair{1, 1}},
		{"tpot", e(event.Timeout, time.Minute, 1, 0), pair{1, 1}},
		{"tpot", e(event.Timeout, time.Minute, 0, 0), pair{0, 0}},
		{"queue", e(event.OK, time.Minute, 0, 0), pair{0, 1}},
		{"queue", &event.Event{Outcome: event.Timeout, QueueWait: x + 1}, pair{1, 1}},
		{"queue", &event.Event{Outcome: event.Refused}, pair{0, 0}},
	} {
		m, measure := metric.SlowShare(c.base, x)
		gotX, gotY := measure.Of(c.e)
		if got := (pair{gotX, gotY}); got != c.want {
			t.Errorf("%s of %+v: %v, want %v", m.Name, *c.e, got, c.want)
		}
	}
	m, measure := metric.SlowShare("ttft", 1500*time.Millisecond)
	if m.Name != "ttft_slow_share" || m.Measure != "ttft_slow_1.5s" || measure.Name != m.Measure || m.SlowerThan != 1500*time.Millisecond || !strings.Contains(m.Meaning, "1.5s") {
		t.Errorf("%+v, %+v", m, measure.Name)
	}
	again := metric.Measures([]metric.Metric{m, m})
	if len(again) != 1 || again[0].Name != m.Measure {
		t.Errorf("what it needs: %v", again)
	}
	if m, measure := metric.SlowShare("words", time.Second); m.Name != "" || measure.Of != nil {
		t.Errorf("of words: %+v", m)
	}
}

func TestOfScore(t *testing.T) {
	score := func(name, source string, value int64) *event.Score {
		return &event.Score{Name: name, Source: source, Value: value}
	}
	for _, c := range []struct {
		s    *event.Score
		want []metric.Amount
	}{
		{score("relevance", "judge:q", 700_000), []metric.Amount{{"score:relevance:judge:q", 700_000, 1}}},
		{score("thumbs", "feedback", 1_000_000), []metric.Amount{
			{"score:thumbs:feedback", 1_000_000, 1}, {"thumbs_response", 1, 0}, {"thumbs_up", 1, 1}, {"thumbs_down", 0, 0},
		}},
		{score("thumbs", "feedback", 0), []metric.Amount{
			{"score:thumbs:feedback", 0, 1}, {"thumbs_response", 1, 0}, {"thumbs_up", 0, 1}, {"thumbs_down", 1, 0},
		}},
		{score("thumbs", "judge:q", 0), []metric.Amount{{"score:thumbs:judge:q", 0, 1}}},
		{score("continued", "weir", 1_000_000), []metric.Amount{{"continuation", 1, 0}}},
	} {
		if got := metric.OfScore(c.s); !slices.Equal(got, c.want) {
			t.Errorf("%s from %s: %v, want %v", c.s.Name, c.s.Source, got, c.want)
		}
	}
	m := metric.Score("task_success", "feedback", metric.Rate, metric.Up)
	if m.Measure != "score:task_success:feedback" || m.Scale != 1e-6 || m.Unit != "share" {
		t.Errorf("%+v", m)
	}
}
