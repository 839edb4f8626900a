package otel

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/telemetry"
)

func sprint(v any) string { return fmt.Sprint(v) }

// start runs a sender to the collector.
func start(t *testing.T, c *collector, change func(*Config)) *Sender {
	t.Helper()
	cfg := Config{Endpoint: c.server.URL, Traces: true, Metrics: true, Version: "v1.2.3", Batch: time.Millisecond, Interval: time.Hour}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s, 5*time.Second) })
	return s
}

// shut closes a sender within a time.
func shut(t *testing.T, s *Sender, within time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	_ = s.Close(ctx)
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// answered is a streamed answer that the second model gave after the first failed.
func answered() *event.Event {
	return &event.Event{
		ID: "0197-a", BodyID: "chatcmpl-1", Time: noon, Revision: "7", Path: "/v1/chat/completions", Route: "support",
		Assignments:  []event.Assignment{{Experiment: "quicker", Epoch: 2, Variant: "candidate", Reason: "chance", Enrolled: true}},
		Conversation: "hash-of-it", Unit: "hash-of-unit", UnitKind: "user", Key: "team-a", Tags: []string{"team=a"},
		Model: "quick", Vendor: "mistral", ServedModel: "mistral-small", Endpoint: "https://b.example/v1",
		Attempts: []event.Attempt{
			{Model: "steady", Endpoint: "http://a.example:8000/v1?key=sesame", Status: 503, Result: "status_5xx", Took: 100 * time.Millisecond},
			{Model: "quick", Endpoint: "https://b.example/v1", Status: 200, Result: "ok", Took: 300 * time.Millisecond},
		},
		Fallback: true, Stream: true, Outcome: event.OK, Status: 200,
		Usage: chat.Usage{Input: 1000, Output: 50, Cached: 400, Reasoning: 20}, UsageKnown: true, UsageSource: meter.Reported,
		Cost: 1234, CostBasis: meter.Priced, Finish: "stop",
		FirstToken: 400 * time.Millisecond, Total: 2 * time.Second, Overhead: time.Millisecond,
		Error: "words of an operator, sesame",
	}
}

func failed() *event.Event {
	return &event.Event{
		ID: "0197-b", Time: noon, Path: "/v1/embeddings", Route: "search", Assignments: []event.Assignment{{Variant: "baseline", Reason: "no_unit"}},
		Model: "embedder", Vendor: "vllm", Attempts: []event.Attempt{{Model: "embedder", Endpoint: "http://e:8000/v1", Result: "timeout_header", Took: 3 * time.Second}},
		Outcome: event.Timeout, Status: 504, Code: "upstream_timeout", Clock: "header", Total: 3 * time.Second,
	}
}

// spansOf waits until n spans have come.
func spansOf(t *testing.T, c *collector, n int) []*trace.Span {
	t.Helper()
	for range 1000 {
		if got := c.all(); len(got) >= n {
			return got
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d spans came, want %d", len(c.all()), n)
	return nil
}

func find(t *testing.T, spans []*trace.Span, name string) *trace.Span {
	t.Helper()
	for _, s := range spans {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no span %q", name)
	return nil
}

func checkAttributes(t *testing.T, s *trace.Span, want map[string]string) {
	t.Helper()
	got := attributes(s.Attributes)
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s = %q is not expected", s.Name, name, got[name])
		}
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: %s = %q, want %q", s.Name, name, got[name], value)
		}
	}
}

func since(s *trace.Span) [2]time.Duration {
	at := func(n uint64) time.Duration { return time.Unix(0, int64(n)).Sub(noon) }
	return [2]time.Duration{at(s.StartTimeUnixNano), at(s.EndTimeUnixNano)}
}

func TestTraceOfARequest(t *testing.T) {
	c := newCollector(t)
	s := start(t, c, nil)
	s.Record(&event.Begin{ID: "not an event"})
	s.Record(answered())
	spans := spansOf(t, c, 3)
	request := find(t, spans, "chat mistral-small")
	checkAttributes(t, request, map[string]string{
		"gen_ai.operation.name": "chat", "gen_ai.provider.name": "mistral_ai",
		"gen_ai.request.model": "mistral-small", "gen_ai.request.stream": "true",
		"gen_ai.response.id": "chatcmpl-1", "gen_ai.response.finish_reasons": "[stop]", "gen_ai.response.time_to_first_chunk": "0.4",
		"gen_ai.conversation.id":    "hash-of-it",
		"gen_ai.usage.input_tokens": "1000", "gen_ai.usage.output_tokens": "50",
		"gen_ai.usage.cache_read.input_tokens": "400", "gen_ai.usage.reasoning.output_tokens": "20",
		"weir.request.id": "0197-a", "weir.route": "support", "weir.variant": "candidate", "weir.reason": "chance",
		"weir.experiment": "quicker", "weir.epoch": "2", "weir.enrolled": "true", "weir.model": "quick", "weir.revision": "7",
		"weir.outcome": "ok", "weir.status": "200", "weir.fallback": "true", "weir.cost.micro_dollars": "1234", "weir.cost.basis": "priced",
		"weir.usage.source": "reported", "weir.overhead": "0.001",
	})
	if request.Kind != trace.Span_SPAN_KIND_CLIENT || request.Status.GetCode() != trace.Status_STATUS_CODE_UNSET || len(request.ParentSpanId) != 0 {
		t.Errorf("kind %v, status %v, parent %x", request.Kind, request.Status, request.ParentSpanId)
	}
	if got := since(request); got != [2]time.Duration{0, 2 * time.Second} {
		t.Errorf("the request lasted from %v", got)
	}
	first, second := find(t, spans, "attempt 1"), find(t, spans, "attempt 2")
	checkAttributes(t, first, map[string]string{
		"gen_ai.operation.name": "chat", "weir.attempt": "1", "weir.model": "steady", "weir.attempt.result": "status_5xx", "error.type": "status_5xx",
		"http.response.status_code": "503", "server.address": "a.example", "server.port": "8000",
	})
	checkAttributes(t, second, map[string]string{
		"gen_ai.operation.name": "chat", "weir.attempt": "2", "weir.model": "quick", "weir.attempt.result": "ok",
		"http.response.status_code": "200", "server.address": "b.example",
	})
	for i, one := range []*trace.Span{first, second} {
		if !bytes.Equal(one.ParentSpanId, request.SpanId) || !bytes.Equal(one.TraceId, request.TraceId) {
			t.Errorf("attempt %d is not below its request", i+1)
		}
	}
	if got, want := since(first), [2]time.Duration{time.Millisecond, 101 * time.Millisecond}; got != want {
		t.Errorf("the first attempt lasted from %v, want %v", got, want)
	}
	if got, want := since(second), [2]time.Duration{101 * time.Millisecond, 2 * time.Second}; got != want {
		t.Errorf("the second attempt lasted from %v, want %v: it is over when the answer is", got, want)
	}
	if first.Status.GetCode() != trace.Status_STATUS_CODE_ERROR || second.Status.GetCode() != trace.Status_STATUS_CODE_UNSET {
		t.Errorf("status of the attempts: %v, %v", first.Status, second.Status)
	}
	if c.resource["service.name"] != "weir" || c.resource["service.version"] != "v1.2.3" {
		t.Errorf("resource %v", c.resource)
	}
}

func TestTraceOfAFailure(t *testing.T) {
	c := newCollector(t)
	start(t, c, nil).Record(failed())
	request := find(t, spansOf(t, c, 2), "embeddings embedder")
	got := attributes(request.Attributes)
	if got["error.type"] != "upstream_timeout" || request.Status.GetCode() != trace.Status_STATUS_CODE_ERROR || got["weir.outcome"] != "timeout" {
		t.Errorf("%v %v", request.Status, got)
	}
	if _, ok := got["gen_ai.usage.input_tokens"]; ok {
		t.Error("tokens that nobody counted are told")
	}
	if _, ok := got["weir.cost.micro_dollars"]; ok {
		t.Error("a cost that nobody knows is told")
	}
}

// The client that left and the rail that did its work are no errors.
func TestWhatIsNoError(t *testing.T) {
	c := newCollector(t)
	s := start(t, c, nil)
	for _, o := range []event.Outcome{event.Cancelled, event.Blocked} {
		e := answered()
		e.Outcome, e.Code, e.Attempts = o, "client_left", nil
		s.Record(e)
	}
	for _, one := range spansOf(t, c, 2) {
		if got := attributes(one.Attributes); got["error.type"] != "" || one.Status.GetCode() != trace.Status_STATUS_CODE_UNSET {
			t.Errorf("%s: error.type %q, %v", got["weir.outcome"], got["error.type"], one.Status)
		}
	}
}

func TestTraceOfTheCallerGoesOn(t *testing.T) {
	const id, parentID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	c := newCollector(t)
	s := start(t, c, nil)
	for _, traceparent := range []string{
		"00-" + id + "-" + parentID + "-01",
		"00-" + id + "-" + parentID + "-00", // the caller's trace is not kept: neither is ours
		"nonsense",
	} {
		e := answered()
		e.Traceparent, e.Attempts = traceparent, nil
		s.Record(e)
	}
	spans := spansOf(t, c, 2)
	shut(t, s, 5*time.Second)
	if n := len(c.all()); n != 2 {
		t.Fatalf("%d spans, want 2", n)
	}
	if got := hex.EncodeToString(spans[0].TraceId) + " " + hex.EncodeToString(spans[0].ParentSpanId); got != id+" "+parentID {
		t.Errorf("trace and parent %s", got)
	}
	if hex.EncodeToString(spans[1].TraceId) == id || len(spans[1].ParentSpanId) != 0 {
		t.Error("a header that is nonsense was taken for a parent")
	}
}

func TestMetrics(t *testing.T) {
	c := newCollector(t)
	s := start(t, c, func(cfg *Config) { cfg.Traces = false })
	s.Record(answered())
	s.Record(answered())
	s.Record(failed())
	s.Record(&event.Event{Path: "/v1/chat/completions", Outcome: event.Refused, Code: "invalid_api_key", Total: time.Second})
	shut(t, s, 5*time.Second)
	if len(c.all()) != 0 {
		t.Error("traces were sent")
	}

	points := map[string]string{}
	bounds := map[string][]float64{}
	for name := range map[string]bool{tokenUsage: true, operationDuration: true, timeToFirstChunk: true} {
		m := c.metric(name)
		if m == nil {
			t.Fatalf("%s was not sent", name)
		}
		for _, p := range m.GetHistogram().DataPoints {
			a := attributes(p.Attributes)
			key := name + " " + a["gen_ai.token.type"] + a["error.type"]
			points[key] = fmt.Sprintf("%d %.3f %s", p.Count, p.GetSum(), a["gen_ai.operation.name"]+","+a["gen_ai.provider.name"]+","+a["gen_ai.request.model"]+","+a["weir.route"]+","+a["weir.variant"])
			bounds[name] = p.ExplicitBounds
		}
	}
	quick, embedder := "chat,mistral_ai,mistral-small,support,candidate", "embeddings,vllm,embedder,search,baseline"
	want := map[string]string{
		tokenUsage + " input":                   "2 2000.000 " + quick,
		tokenUsage + " output":                  "2 100.000 " + quick,
		operationDuration + " ":                 "2 4.000 " + quick,
		operationDuration + " upstream_timeout": "1 3.000 " + embedder,
		timeToFirstChunk + " ":                  "2 0.800 " + quick,
	}
	if !maps.Equal(points, want) {
		t.Errorf("points\n%v, want\n%v", points, want)
	}
	if got := bounds[tokenUsage]; !slices.Equal(got, []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}) {
		t.Errorf("buckets of tokens %v", got)
	}
	if got := bounds[operationDuration]; !slices.Equal(got, []float64{.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}) {
		t.Errorf("buckets of durations %v", got)
	}
	for name, unit := range map[string]string{tokenUsage: "{token}", operationDuration: "s", timeToFirstChunk: "s"} {
		if got := c.metric(name).Unit; got != unit {
			t.Errorf("%s is in %q, want %q", name, got, unit)
		}
	}
}

// What came from outside is bounded and valid, and what a person said, or who it
// was, is nowhere.
func TestValuesAreBoundedAndNobodyIsNamed(t *testing.T) {
	c := newCollector(t)
	s := start(t, c, nil)
	e := answered()
	e.BodyID = strings.Repeat("é", 300)
	e.Finish = "bad \xff byte" + strings.Repeat("x", 1<<20)
	s.Record(e)
	got := attributes(find(t, spansOf(t, c, 3), "chat mistral-small").Attributes)
	if got["gen_ai.response.id"] != strings.Repeat("é", 128) {
		t.Errorf("id of %d bytes", len(got["gen_ai.response.id"]))
	}
	if f := got["gen_ai.response.finish_reasons"]; len(f) > longest+8 || !strings.HasPrefix(f, "[bad \ufffd byte") {
		t.Errorf("finish reason %.40q of %d bytes", f, len(f))
	}
	shut(t, s, 5*time.Second)
	for _, secret := range []string{"sesame", "hash-of-unit", "team-a", "team=a"} {
		if bytes.Contains(c.raw, []byte(secret)) {
			t.Errorf("%q was sent", secret)
		}
	}
}

func TestHeadersAreSent(t *testing.T) {
	c := newCollector(t)
	start(t, c, func(cfg *Config) { cfg.Header = map[string]string{"X-Scope": "weir"} }).Record(answered())
	spansOf(t, c, 3)
	if got := c.header.Get("X-Scope"); got != "weir" {
		t.Errorf("header %q", got)
	}
}

// A collector that hangs costs traces, which are counted, and nothing else: no
// caller waits, and the metrics are whole.
func TestCollectorThatHangs(t *testing.T) {
	c := newCollector(t)
	release := make(chan struct{})
	c.mu.Lock()
	c.hold = release
	c.mu.Unlock()
	s := start(t, c, func(cfg *Config) { cfg.Queue = 10 })
	const all = 2000
	began := time.Now()
	for range all {
		s.Record(answered())
		for len(s.events) == cap(s.events) { // so that the first queue drops nothing
			time.Sleep(time.Millisecond)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%d records took %s", all, took)
	}
	close(release)
	shut(t, s, 10*time.Second)
	got := s.Telemetry()
	if got.Dropped == 0 || got.SpansSent == 0 || got.SpansLost != 0 || got.Dropped+got.SpansSent/3 != all {
		t.Errorf("%+v: dropped and sent are not the %d requests", got, all)
	}
	var counted uint64
	for _, p := range c.metric(operationDuration).GetHistogram().DataPoints {
		counted += p.Count
	}
	if counted != all {
		t.Errorf("the metrics hold %d of %d requests", counted, all)
	}
}

func TestCollectorThatIsAway(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + ln.Addr().String()
	_ = ln.Close()
	c := newCollector(t)
	s := start(t, c, func(cfg *Config) {
		cfg.Endpoint, cfg.Patience, cfg.Interval = nobody, time.Millisecond, 20*time.Millisecond
		cfg.Header = map[string]string{"Authorization": "sesame"}
	})
	s.Record(answered())
	await(t, func() bool { got := s.Telemetry(); return got.SpansLost == 3 && got.MetricsLost > 0 })
	if why := s.Trouble(); !strings.Contains(why, "connection refused") || strings.Contains(why, "sesame") {
		t.Errorf("trouble: %q", why)
	}
}

// Close must not hang on a collector that does.
func TestCloseGivesUp(t *testing.T) {
	c := newCollector(t)
	never := make(chan struct{})
	defer close(never)
	c.mu.Lock()
	c.hold = never
	c.mu.Unlock()
	s := start(t, c, nil)
	s.Record(answered())
	await(t, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return c.requests > 0 })
	began := time.Now()
	shut(t, s, 200*time.Millisecond)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("closing took %s", took)
	}
	s.Record(answered())
	if got := s.Telemetry(); got.SpansLost != 3 || got.Dropped != 1 {
		t.Errorf("%+v, want the 3 spans under way lost and the record after the end dropped", got)
	}
}

func TestCollectorThatRefuses(t *testing.T) {
	c := newCollector(t)
	c.status = http.StatusBadRequest
	s := start(t, c, nil)
	s.Record(answered())
	await(t, func() bool { return s.Telemetry().SpansLost == 3 })
	if why := s.Trouble(); !strings.Contains(why, "400") {
		t.Errorf("trouble: %q", why)
	}
}

// Headers may hold credentials, so they go nowhere else.
func TestCollectorThatSendsElsewhere(t *testing.T) {
	c, elsewhere := newCollector(t), newCollector(t)
	away := http.NewServeMux()
	away.Handle("/", http.RedirectHandler(elsewhere.server.URL+"/v1/traces", http.StatusTemporaryRedirect))
	c.server.Config.Handler = away
	s := start(t, c, func(cfg *Config) { cfg.Metrics = false })
	s.Record(answered())
	await(t, func() bool { return s.Telemetry().SpansLost == 3 })
	if elsewhere.requests != 0 {
		t.Error("a redirect was followed")
	}
}

func await(t *testing.T, done func() bool) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it did not come to that")
}

func TestNoEndpoint(t *testing.T) {
	if _, err := New(Config{Traces: true}); err == nil {
		t.Error("no error")
	}
}

func TestTelemetryOfTheSender(t *testing.T) {
	r := telemetry.New()
	telemetry.NewOTLP(r, func() telemetry.OTLPState {
		return telemetry.OTLPState{Dropped: 1, SpansSent: 2, SpansLost: 3, MetricsSent: 4, MetricsLost: 5}
	})
	got := map[string]float64{}
	r.Gather(func(f telemetry.Family) {
		for _, s := range f.Samples {
			got[strings.TrimSpace(f.Name+" "+strings.Join(s.Values, " "))] = s.Value
		}
	})
	for name, want := range map[string]float64{
		"weir_otlp_requests_dropped_total": 1, "weir_otlp_spans_total sent": 2, "weir_otlp_spans_total lost": 3,
		"weir_otlp_metric_pushes_total sent": 4, "weir_otlp_metric_pushes_total lost": 5,
	} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	s := &Sender{events: make(chan *event.Event, 4096), closing: make(chan struct{})}
	e := answered()
	go func() {
		for range s.events {
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		s.Record(e)
	}
	close(s.events)
}
