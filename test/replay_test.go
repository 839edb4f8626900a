package test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// replay is an upstream in OpenAI's format that answers with recorded texts, by
// model and prompt. It keeps what it served, and so is the oracle of who got what:
// nothing that Weir says of itself is needed.
type replay struct {
	*httptest.Server
	recorded map[string]map[string]string // by model, then prompt

	mu     sync.Mutex
	served []served
}

// served is one request that the upstream answered.
type served struct {
	model, prompt string
	stream        bool
	header        http.Header
	body          []byte // as it arrived
}

// newReplay serves recordings, by model and then prompt, until the test ends.
func newReplay(t *testing.T, recorded map[string]map[string]string) *replay {
	t.Helper()
	r := &replay{recorded: recorded}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", r.chat)
	mux.HandleFunc("GET /v1/models", r.models)
	r.Server = httptest.NewServer(mux)
	t.Cleanup(r.Close)
	return r
}

// take gives what was served since the last take.
func (r *replay) take() []served {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.served
	r.served = nil
	return taken
}

func (r *replay) models(w http.ResponseWriter, _ *http.Request) {
	type entry struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	var list []entry
	for id := range r.recorded {
		list = append(list, entry{id, "model", 1699564800, "replay"})
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.ID, b.ID) })
	reply(w, http.StatusOK, map[string]any{"object": "list", "data": list})
}

func (r *replay) chat(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	var in struct {
		Model    string
		Stream   bool
		Messages []struct{ Role, Content string }
		Options  struct {
			IncludeUsage bool `json:"include_usage"`
		} `json:"stream_options"`
	}
	if err := json.Unmarshal(body, &in); err != nil || len(in.Messages) == 0 {
		refuse(w, http.StatusBadRequest, "not_understood", fmt.Sprintf("cannot read %.200q: %v", body, err))
		return
	}
	texts, ok := r.recorded[in.Model]
	if !ok {
		refuse(w, http.StatusNotFound, "model_not_found", fmt.Sprintf("the model %q does not exist", in.Model))
		return
	}
	prompt := in.Messages[len(in.Messages)-1].Content
	text, ok := texts[prompt]
	if !ok {
		refuse(w, http.StatusNotFound, "no_recording", fmt.Sprintf("%s was never asked %q", in.Model, prompt))
		return
	}
	r.mu.Lock()
	r.served = append(r.served, served{in.Model, prompt, in.Stream, req.Header.Clone(), body})
	r.mu.Unlock()
	answer := recording{model: in.Model, prompt: prompt, text: text}
	if in.Stream {
		answer.stream(w, in.Options.IncludeUsage)
		return
	}
	answer.whole(w)
}

// recording is one recorded answer.
type recording struct{ model, prompt, text string }

// id is the same whenever the same is asked.
func (a recording) id() string {
	return fmt.Sprintf("chatcmpl-%016x", a.hash())
}

func (a recording) hash() uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, a.model+"\x00"+a.prompt)
	return h.Sum64()
}

// usage counts words: what matters is that it can be told whether it arrived.
func (a recording) usage() map[string]int {
	in, out := len(strings.Fields(a.prompt)), len(strings.Fields(a.text))
	return map[string]int{"prompt_tokens": in, "completion_tokens": out, "total_tokens": in + out}
}

// unknownField is there to arrive as it is written.
var unknownField = json.RawMessage(`{"n":[1.50,1e2,12345678901234567890],"s":"\u00e9"}`)

// wire is the answer as it leaves the upstream.
func (a recording) wire(stream, usage bool) []byte {
	w := httptest.NewRecorder()
	if stream {
		a.stream(w, usage)
	} else {
		a.whole(w)
	}
	return w.Body.Bytes()
}

func (a recording) whole(w http.ResponseWriter) {
	reply(w, http.StatusOK, map[string]any{
		"id": a.id(), "object": "chat.completion", "created": 1699564800, "model": a.model, "x_replay": unknownField,
		"choices": []any{map[string]any{
			"index": 0, "finish_reason": "stop", "logprobs": nil,
			"message": map[string]any{"role": "assistant", "content": a.text, "refusal": nil},
		}},
		"usage": a.usage(),
	})
}

func (a recording) stream(w http.ResponseWriter, usage bool) {
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(chunk any) {
		data, err := json.Marshal(chunk)
		if err != nil {
			panic(err) // it is made of text and numbers
		}
		_, _ = fmt.Fprintf(w, "data: %s\n\n", data)
	}
	chunk := func(delta map[string]any, finish any) map[string]any {
		return map[string]any{
			"id": a.id(), "object": "chat.completion.chunk", "created": 1699564800, "model": a.model, "x_replay": unknownField,
			"choices": []any{map[string]any{"index": 0, "delta": delta, "finish_reason": finish}},
		}
	}
	send(chunk(map[string]any{"role": "assistant", "content": ""}, nil))
	for i, piece := range a.pieces() {
		send(chunk(map[string]any{"content": piece}, nil))
		if i%3 == 0 { // several events at once and events one by one, both happen
			_ = http.NewResponseController(w).Flush()
		}
	}
	send(chunk(map[string]any{}, "stop"))
	if usage {
		last := chunk(nil, nil)
		last["choices"], last["usage"] = []any{}, a.usage()
		send(last)
	}
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}

// pieces cuts the text into one to sixteen characters at a time, never inside one.
func (a recording) pieces() []string {
	var pieces []string
	seed := a.hash()
	for rest := []rune(a.text); len(rest) > 0; {
		seed = seed*6364136223846793005 + 1442695040888963407 // Knuth's MMIX generator
		n := min(1+int(seed>>60), len(rest))
		pieces, rest = append(pieces, string(rest[:n])), rest[n:]
	}
	return pieces
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	reply(w, status, map[string]any{"error": map[string]any{"message": message, "type": "invalid_request_error", "param": nil, "code": code}})
}
