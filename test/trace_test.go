package test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// traced is one request of a recorded trace.
type traced struct {
	at            time.Duration // after the first
	input, output int64         // tokens
}

// TestTraces replays two samples of real traffic on a faster clock: what Weir
// counts must be what the traces say, wherever it is shown.
func TestTraces(t *testing.T) {
	replayTraces(t, 20, azure(t, "../testdata/azure-llm-trace/conv.csv"), mooncake(t, "../testdata/mooncake-trace/conversation.jsonl"))
}

// replayTraces sends each trace to a route of its own, speed times as fast.
func replayTraces(t *testing.T, speed float64, azure, mooncake []traced) {
	up := httptest.NewServer(http.HandlerFunc(simulate))
	defer up.Close()
	w := serveFile(t, fmt.Sprintf(traceDefinitions, up.URL), "--store", t.TempDir())
	var wg sync.WaitGroup
	for route, trace := range map[string][]traced{"azure": azure, "mooncake": mooncake} {
		began := time.Now()
		for i, r := range trace {
			wg.Go(func() {
				time.Sleep(time.Until(began.Add(time.Duration(float64(r.at) / speed))))
				body := fmt.Sprintf(`{"model":%q,"stream":%t,"messages":[{"role":"user","content":"%d %d"}]}`, route, i%2 == 0, r.input, r.output)
				header := http.Header{"X-User-Id": {fmt.Sprint("u", i%37)}, "X-Weir-Tags": {"trace=" + route}}
				if a, err := ask(t.Context(), w.data, []byte(body), header); err != nil {
					t.Errorf("%s, request %d: %v (%d bytes)", route, i, err, len(a.raw))
				}
			})
		}
	}
	wg.Wait()
	w.await(t, "done with the journal", func() bool { return kept(t, w) })
	for route, trace := range map[string][]traced{"azure": azure, "mooncake": mooncake} {
		want := totals{Requests: int64(len(trace))}
		for _, r := range trace {
			want.Input += r.input
			want.Output += r.output
			want.Cost += 3*r.input + 15*r.output
		}
		checkTotals(t, w, route, want)
	}
}

const traceDefinitions = `
models:
  m: {vendor: openai-compatible, endpoint: %s/v1, model: m, price: {input: 3, output: 15}, clocks: {total: 300s}}
routes:
  azure: {unit: [header:x-user-id], baseline: {model: m}}
  mooncake: {unit: [header:x-user-id], baseline: {model: m}}
`

// checkTotals compares every place that shows a route's totals.
func checkTotals(t *testing.T, w *weir, route string, want totals) {
	t.Helper()
	places := map[string]totals{
		"usage of the route":         usageSum(t, w, "per=total&route="+route),
		"usage by hour":              usageSum(t, w, "per=hour&route="+route),
		"usage by month and variant": usageSum(t, w, "per=month&by=variant&route="+route),
		"usage of the tag":           usageSum(t, w, "per=day&by=tag&tag=trace%3D"+route),
		"its events":                 eventSum(t, w, route),
		"its metrics":                metricSum(t, w, route),
	}
	for place, got := range places {
		if got != want {
			t.Errorf("%s: %s says %+v, the trace %+v", route, place, got, want)
		}
	}
}

func usageSum(t *testing.T, w *weir, query string) (sum totals) {
	t.Helper()
	var answer struct{ Rows []totals }
	getJSON(t, w.admin+"/api/v1/usage?from=2000-01-01T00:00:00Z&"+query, &answer)
	for _, r := range answer.Rows {
		sum.add(r)
	}
	return sum
}

func (s *totals) add(r totals) {
	s.Requests += r.Requests
	s.Input += r.Input
	s.Output += r.Output
	s.Cost += r.Cost
}

func eventSum(t *testing.T, w *weir, route string) (sum totals) {
	t.Helper()
	for _, e := range everyEvent(t, w) {
		if e.Route == route {
			sum.add(totals{1, e.Usage.Input, e.Usage.Output, e.Cost})
		}
	}
	return sum
}

// metricSum reads what is scraped.
func metricSum(t *testing.T, w *weir, route string) totals {
	t.Helper()
	f := scrape(t, w.telemetry)
	of := func(name string, more ...string) float64 {
		labels := map[string]string{"route": route}
		for i := 0; i < len(more); i += 2 {
			labels[more[i]] = more[i+1]
		}
		return f.sum(name, labels)
	}
	return totals{
		Requests: int64(of("llm_requests_total")),
		Input:    int64(of("llm_tokens_total", "direction", "input")), Output: int64(of("llm_tokens_total", "direction", "output")),
		Cost: int64(math.Round(of("llm_request_cost_dollars_total") * 1e6)),
	}
}

// simulate is a model that uses as many tokens as it is told to.
func simulate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Stream   bool
		Messages []struct{ Content string }
	}
	var input, output int
	body, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(body, &in); err != nil || len(in.Messages) != 1 {
		refuse(w, http.StatusBadRequest, "not_understood", fmt.Sprintf("%.200q", body))
		return
	}
	if _, err := fmt.Sscan(in.Messages[0].Content, &input, &output); err != nil {
		refuse(w, http.StatusBadRequest, "not_understood", err.Error())
		return
	}
	text := strings.Repeat("word ", output)
	usage := fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}`, input, output, input+output)
	if !in.Stream {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",`+
			`"message":{"role":"assistant","content":%q}}],"usage":%s}`, text, usage)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	const chunk = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":`
	for range output {
		_, _ = io.WriteString(w, chunk+`[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}`+"\n\n")
	}
	_, _ = io.WriteString(w, chunk+`[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\n"+chunk+`[],"usage":`+usage+"}\n\ndata: [DONE]\n\n")
}

// azure reads the trace of Azure's conversation service.
func azure(t *testing.T, file string) (trace []traced) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(rows) < 101 {
		t.Fatalf("%s: %d rows, %v", file, len(rows), err)
	}
	var first time.Time
	for i, row := range rows[1:] {
		at, err := time.Parse("2006-01-02 15:04:05.9999999", row[0])
		if err != nil {
			t.Fatalf("%s, row %d: %v", file, i, err)
		}
		if i == 0 {
			first = at
		}
		trace = append(trace, traced{at.Sub(first), number(t, row[1]), number(t, row[2])})
	}
	return trace
}

func number(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// mooncake reads the trace of Moonshot's conversation service.
func mooncake(t *testing.T, file string) (trace []traced) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var r struct {
			At     int64 `json:"timestamp_ms"`
			Input  int64 `json:"input_length"`
			Output int64 `json:"output_length"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v: %q", file, err, line)
		}
		trace = append(trace, traced{time.Duration(r.At) * time.Millisecond, r.Input, r.Output})
	}
	if len(trace) < 100 {
		t.Fatalf("%s has %d rows", file, len(trace))
	}
	return trace
}
