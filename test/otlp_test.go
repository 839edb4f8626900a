package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// otlpReceiver keeps the spans that it is sent, and every byte.
type otlpReceiver struct {
	url string

	mu    sync.Mutex
	spans []otlpSpan
	raw   []byte
}

// otlpSpan is what this test reads of a span. The exporter's own tests hold the
// whole document against OTLP's schema.
type otlpSpan struct {
	TraceID string `json:"traceId"`
	Name    string `json:"name"`
}

type otlpTraces struct {
	ResourceSpans []struct {
		ScopeSpans []struct {
			Spans []otlpSpan `json:"spans"`
		} `json:"scopeSpans"`
	} `json:"resourceSpans"`
}

func receiveOTLP(t *testing.T) *otlpReceiver {
	r := &otlpReceiver{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.raw = append(r.raw, body...)
		if req.URL.Path != "/v1/traces" {
			return
		}
		var got otlpTraces
		if err := json.Unmarshal(body, &got); err != nil {
			t.Errorf("decode a trace: %v", err)
		}
		for _, resource := range got.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// TestOTLP: a request of a caller that has a trace is found in that trace, with an
// attempt below it, and what was said and who asked is in nothing that is sent.
func TestOTLP(t *testing.T) {
	r := receiveOTLP(t)
	w := serve(t, fmt.Sprintf("models: {m: {vendor: simulated, options: {first_token: 5ms, tokens_per_second: 900, length: 10}}}\n"+
		"routes: {r: {unit: [header:x-user-id], baseline: m}}\ntelemetry: {otlp: {endpoint: %s, interval: 1s}}\n", r.url))
	const id = "0af7651916cd43dd8448eb211c80319c"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.data+"/v1/chat/completions",
		strings.NewReader(`{"model": "r", "stream": true, "messages": [{"role": "user", "content": "whispered"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-User-Id": "ada-lovelace", "X-Weir-Tags": "team=lovers", "Traceparent": "00-" + id + "-b7ad6b7169203331-01",
	} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", resp.Status, answer)
	}
	var names []string
	w.await(t, "traced", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		names = nil
		for _, s := range r.spans {
			if s.TraceID == id {
				names = append(names, s.Name)
			}
		}
		return len(names) >= 2
	})
	if got := strings.Join(names, ", "); got != "attempt 1, chat m" && got != "chat m, attempt 1" {
		t.Errorf("the spans are %s", got)
	}
	w.stop(t) // the last metrics go out
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range []string{"whispered", "ada-lovelace", "lovers"} {
		if bytes.Contains(r.raw, []byte(secret)) {
			t.Errorf("%q was sent", secret)
		}
	}
	if !bytes.Contains(r.raw, []byte("gen_ai.client.token.usage")) {
		t.Error("no metrics were sent")
	}
}
