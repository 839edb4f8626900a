package test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// oracle is an upstream that knows what it was asked, when, and what each answer
// used, and what the clients read to the end: all that can be known of a Weir that
// is killed, from outside.
type oracle struct {
	*httptest.Server
	mu       sync.Mutex
	begun    map[string]time.Time // by the caller's own id
	finished map[string]bool      // the client read the terminal frame, or the whole body
}

func newOracle(t *testing.T) *oracle {
	t.Helper()
	o := &oracle{begun: map[string]time.Time{}, finished: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", o.chat)
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

// tokens is what a request uses: a function of its id, so that nothing needs to be kept.
func tokens(id string) (input, output int) {
	h := fnv.New64a()
	_, _ = io.WriteString(h, id)
	v := h.Sum64()
	return 1 + int(v%997), 1 + int(v>>32%31)
}

// chat answers after a while, in pieces with a while between them.
func (o *oracle) chat(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Stream   bool
		Messages []struct{ Content string }
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Messages) != 1 {
		refuse(w, http.StatusBadRequest, "not_understood", fmt.Sprint(err))
		return
	}
	id := in.Messages[0].Content
	o.mu.Lock()
	o.begun[id] = time.Now()
	o.mu.Unlock()
	input, output := tokens(id)
	usage := map[string]int{"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}
	time.Sleep(rand.N(60 * time.Millisecond))
	if input%5 == 0 { // so that some are under way for long when Weir is killed
		time.Sleep(500 * time.Millisecond)
	}
	if !in.Stream {
		reply(w, http.StatusOK, map[string]any{
			"id": "chatcmpl-" + id, "object": "chat.completion", "created": 1699564800, "model": "m", "usage": usage,
			"choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": id}}},
		})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(choices []any, usage any) {
		data, err := json.Marshal(map[string]any{
			"id": "chatcmpl-" + id, "object": "chat.completion.chunk", "created": 1699564800, "model": "m", "choices": choices, "usage": usage,
		})
		if err != nil {
			panic(err) // it is made of text and numbers
		}
		_, _ = fmt.Fprintf(w, "data: %s\n\n", data)
		_ = http.NewResponseController(w).Flush()
	}
	for i := range output {
		send([]any{map[string]any{"index": 0, "delta": map[string]any{"content": fmt.Sprint(i, " ")}, "finish_reason": nil}}, nil)
		time.Sleep(rand.N(4 * time.Millisecond))
	}
	send([]any{map[string]any{"index": 0, "delta": map[string]any{}, "finish_reason": "stop"}}, nil)
	send([]any{}, usage)
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}

// done notes that a client has its answer.
func (o *oracle) done(id string) {
	o.mu.Lock()
	o.finished[id] = true
	o.mu.Unlock()
}

// underWay are the requests since the last call whose answers no client has, with
// how long they had been with the upstream at a moment.
func (o *oracle) underWay(at time.Time) map[string]time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	since := map[string]time.Duration{}
	for id, began := range o.begun {
		if !o.finished[id] {
			since[id] = at.Sub(began)
		}
	}
	clear(o.begun)
	return since
}
