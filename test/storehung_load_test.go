//go:build proof

package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// steady is an upstream that always takes the same time.
type steady struct {
	*httptest.Server
	asked atomic.Int64
}

func newSteady(t *testing.T) *steady {
	t.Helper()
	s := &steady{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.chat))
	t.Cleanup(s.Close)
	return s
}

// chat uses what tokens says of the request's id.
func (s *steady) chat(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Stream   bool
		Messages []struct{ Content string }
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Messages) != 1 {
		refuse(w, http.StatusBadRequest, "not_understood", fmt.Sprint(err))
		return
	}
	s.asked.Add(1)
	time.Sleep(10 * time.Millisecond)
	input, output := tokens(in.Messages[0].Content)
	usage := fmt.Sprintf(`{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d}`, input, output, input+output)
	if !in.Stream {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",`+
			`"message":{"role":"assistant","content":"Yes."}}],"usage":%s}`, usage)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	const chunk = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":`
	for range 5 {
		_, _ = fmt.Fprint(w, chunk+`[{"index":0,"delta":{"content":"yes "},"finish_reason":null}]}`+"\n\n")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(2 * time.Millisecond)
	}
	_, _ = fmt.Fprint(w, chunk+`[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\n"+chunk+`[],"usage":`+usage+"}\n\ndata: [DONE]\n\n")
}

// steadyLoad asks at a constant rate. Latencies count from when a request was due.
type steadyLoad struct {
	base   string
	rate   int
	sent   int64
	errors []error
}

func newSteadyLoad(t *testing.T, base string, rate int) *steadyLoad {
	manyConnections(t)
	return &steadyLoad{base: base, rate: rate}
}

// idOf is the id of the n-th request of a run.
func idOf(n int64) string { return fmt.Sprint("h", n) }

// window is what was seen in a while.
type window struct {
	requests          int
	errors            []error
	p50, p99, slowest time.Duration
}

// window asks for some seconds, and waits until the answers are there.
func (l *steadyLoad) window(t *testing.T, seconds int) (v window) {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	var took []time.Duration
	began := time.Now()
	for i := range seconds * l.rate {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(l.rate))
		time.Sleep(time.Until(due))
		n := l.sent
		l.sent++
		wg.Go(func() {
			id := idOf(n)
			body := fmt.Sprintf(`{"model":"support","stream":%t,"messages":[{"role":"user","content":%q}]}`, n%2 == 0, id)
			a, err := ask(t.Context(), l.base, []byte(body), http.Header{"X-Request-Id": {id}, "X-User-Id": {fmt.Sprint("u", n%997)}})
			if err == nil && a.text == "" {
				err = fmt.Errorf("%s was answered with nothing", id)
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(due))
			if err != nil {
				v.errors = append(v.errors, err)
			}
		})
	}
	wg.Wait()
	l.errors = append(l.errors, v.errors...)
	slices.Sort(took)
	v.requests = len(took)
	v.p50, v.p99, v.slowest = took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	return v
}

// medianOf is the median of a figure of windows.
func medianOf(windows []window, of func(window) time.Duration) time.Duration {
	all := make([]time.Duration, len(windows))
	for i, v := range windows {
		all[i] = of(v)
	}
	slices.Sort(all)
	return all[len(all)/2]
}
