//go:build tools

package test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// requests of TestMillionNames, and how many names that nobody has seen before
// each of them has.
const (
	namedRequests = 50_000
	namesEach     = 20
)

// TestMillionNames: users, tags, conversations, headers, paths and models are the
// callers' to choose. A million different ones must not grow what is scraped.
func TestMillionNames(t *testing.T) {
	w := serve(t, "models: {m: {vendor: simulated, options: {first_token: 1ms, tokens_per_second: 2000, length: 3}}}\n"+
		"routes: {r: {unit: [header:x-user-id, user], baseline: m, retries: 0}}\n")
	before := scrape(t, w.telemetry)
	const workers = 16
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	var asking sync.WaitGroup
	for i := range workers {
		asking.Go(func() {
			random := rand.New(rand.NewPCG(uint64(i), 1_000_000))
			for range namedRequests / workers {
				askWithNames(t, client, w, random)
			}
		})
	}
	asking.Wait()
	if size := len(get(t, w.telemetry+"/metrics")); size > 2<<20 {
		t.Errorf("/metrics has %d bytes after %d names", size, namedRequests*namesEach)
	}
	after := scrape(t, w.telemetry)
	if n := after.sum("weir_requests_total", nil) - before.sum("weir_requests_total", nil); n < namedRequests*.85 { // unknown paths are not counted
		t.Errorf("%v of %d requests were counted: the test did not test", n, namedRequests)
	}
	for name, f := range after {
		ours := strings.HasPrefix(name, "weir_") || strings.HasPrefix(name, "llm_")
		if n := len(f.GetMetric()); ours && n > 100 {
			t.Errorf("%s has %d series", name, n)
		}
	}
	const memory = "process_resident_memory_bytes" // Linux only
	if grown := after.sum(memory, nil) - before.sum(memory, nil); grown > 256<<20 {
		t.Errorf("the process has grown by %.0f MiB", grown/(1<<20))
	}
}

// askWithNames sends one request in which everything that can be is new.
func askWithNames(t *testing.T, client *http.Client, w *weir, random *rand.Rand) {
	name := func() string { return fmt.Sprintf("n%016x", random.Uint64()) }
	model, path := "r", "/v1/chat/completions"
	switch random.IntN(10) {
	case 0:
		model = name()
	case 1:
		model = "m/" + name()
	case 2:
		path = "/v1/" + name()
	}
	body := fmt.Sprintf(`{"model": %q, "user": %q, "metadata": {%q: %q}, "messages": [{"role": "user", "name": %q, "content": %q}]}`,
		model, name(), name(), name(), name(), name())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.data+path, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	tags := make([]string, 4)
	for i := range tags {
		tags[i] = name() + "=" + name()
	}
	for header, value := range map[string]string{
		"Content-Type": "application/json", "X-User-Id": name(), "X-Request-Id": name(), "X-Weir-Conversation": name(),
		"X-Weir-Tags": strings.Join(tags, ","), "X-" + name(): name(), "User-Agent": name(),
	} {
		req.Header.Set(header, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
}
