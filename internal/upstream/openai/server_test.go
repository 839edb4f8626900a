package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/upstream"
	"github.com/weirhq/weir/internal/upstream/upstreamtest"
)

const llama = "meta-llama/Llama-3.1-8B-Instruct"

// server is a small model server: a millisecond a token, usage on streams only
// for who asks, 404 for models it does not have.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	seen   []http.Header
	bodies []string
	left   chan time.Time // when a client went away in the middle of an answer
	made   atomic.Int64   // connections so far
	live   atomic.Int64   // connections now
}

func newServer(t testing.TB) *server {
	s := &server{left: make(chan time.Time, 8)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, r *http.Request) {
		s.note(r, "")
		_, _ = w.Write(openai.Models([]openai.ModelInfo{{ID: llama}}))
	})
	mux.HandleFunc("POST /v1/embeddings", func(w http.ResponseWriter, r *http.Request) {
		s.read(r)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openai.ComposeEmbedding(llama, [][]float32{{1, 0}, {0, 1}}, chat.Usage{Input: 2}))
	})
	mux.HandleFunc("POST /v1/chat/completions", s.chat)
	s.Server = httptest.NewUnstartedServer(mux)
	s.Config.ConnState = s.count
	s.Start()
	t.Cleanup(s.Server.Close)
	return s
}

func (s *server) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.made.Add(1)
		s.live.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.live.Add(-1)
	}
}

func (s *server) note(r *http.Request, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen, s.bodies = append(s.seen, r.Header), append(s.bodies, body)
}

// last gives what the server received last.
func (s *server) last() (http.Header, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[len(s.seen)-1], s.bodies[len(s.bodies)-1]
}

func (s *server) requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

func (s *server) read(r *http.Request) string {
	b, _ := io.ReadAll(r.Body)
	s.note(r, string(b))
	return string(b)
}

type asked struct {
	Model         string
	Stream        bool
	MaxTokens     int                          `json:"max_tokens"`
	StreamOptions struct{ Include_usage bool } `json:"stream_options"`
}

func (s *server) chat(w http.ResponseWriter, r *http.Request) {
	var a asked
	if err := json.Unmarshal([]byte(s.read(r)), &a); err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if a.Model != llama {
		w.WriteHeader(404)
		fmt.Fprintf(w, `{"error":{"message":"The model %s does not exist.","type":"NotFoundError","param":"model","code":404}}`, a.Model)
		return
	}
	c := &chat.Completion{ID: "chatcmpl-1", Model: llama, Created: 1, Usage: chat.Usage{Input: 5, Output: int64(max(1, a.MaxTokens))}}
	for range max(1, a.MaxTokens) {
		c.Text = append(c.Text, " word")
	}
	frames := openai.Codec{}.Compose(c, a.Stream, a.StreamOptions.Include_usage)
	if a.Stream {
		w.Header().Set("Content-Type", "text/event-stream")
	} else if !s.work(r, a.MaxTokens) {
		return
	}
	for {
		f, err := frames.Next()
		if err != nil {
			return
		}
		_, _ = w.Write(f.Raw)
		if a.Stream {
			w.(http.Flusher).Flush()
			if f.Visible && !s.work(r, 1) {
				return
			}
		}
	}
}

// work takes its time, and tells when the client left meanwhile.
func (s *server) work(r *http.Request, tokens int) bool {
	select {
	case <-time.After(time.Duration(tokens) * time.Millisecond):
		return true
	case <-r.Context().Done():
		select {
		case s.left <- time.Now():
		default: // nobody asks
		}
		return false
	}
}

// modelAt is a definition of a model at an address.
func modelAt(address string) upstream.Model {
	return upstream.Model{
		Name:      "llama",
		ID:        llama,
		Vendor:    upstream.Vendor{Name: "vllm", Driver: "openai", StreamOptions: true},
		Endpoints: []string{address},
	}
}

// open makes a driver and its one endpoint.
func open(t testing.TB, m upstream.Model) (*Driver, *upstream.Endpoint) {
	t.Helper()
	d, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d, upstream.NewEndpoint(m.Bases()[0])
}

// overTransport takes a driver's wires away, so that plain endpoints are spoken
// to as those with TLS are, and as all are where there are no wires.
func overTransport(d *Driver) {
	for _, t := range d.targets {
		t.wire = nil
	}
}

// bothWays runs a test of a plain endpoint over the wire and over the transport.
func bothWays(t *testing.T, test func(t *testing.T, prepare func(*Driver))) {
	t.Run("wire", func(t *testing.T) { test(t, func(*Driver) {}) })
	t.Run("transport", func(t *testing.T) { test(t, overTransport) })
}

// onDial gives each new connection of a driver to f, which may put another in
// its place.
func onDial(d *Driver, f func(net.Conn) net.Conn) {
	dial := d.transport.DialContext
	seen := func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return f(c), nil
	}
	d.transport.DialContext = seen
	for _, t := range d.targets {
		if t.wire != nil {
			t.wire.dial = seen
		}
	}
}

const hello = `{"model":"route","messages":[{"role":"user","content":"Hello"}],"max_tokens":4}`

// callOf makes a call of a chat body.
func callOf(t testing.TB, e *upstream.Endpoint, stream bool, body string) *upstream.Call {
	t.Helper()
	return &upstream.Call{Request: upstreamtest.Request(t, chat.OpChat, body), Stream: stream, Model: llama, Endpoint: e, RequestID: "id-1", Attempt: 1}
}

// answer asks and reads the whole answer.
func answer(t testing.TB, d *Driver, c *upstream.Call) string {
	t.Helper()
	r, err := d.Chat(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if r.Frames == nil {
		return fmt.Sprintf("%d: %s", r.Status, r.Body)
	}
	var all strings.Builder
	for {
		f, err := r.Frames.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all.Write(f.Raw)
	}
	if err := r.Frames.Close(); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// at starts a server that answers everything with h, and a driver for it.
func at(t testing.TB, h http.HandlerFunc) (*Driver, *upstream.Endpoint) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return open(t, modelAt(s.URL+"/v1"))
}

func TestContract(t *testing.T) {
	bothWays(t, func(t *testing.T, prepare func(*Driver)) {
		upstreamtest.Run(t, func(t *testing.T) (upstream.Driver, *upstream.Endpoint, string) {
			s := newServer(t)
			d, err := New(modelAt(s.URL + "/v1"))
			if err != nil {
				t.Fatal(err)
			}
			prepare(d)
			return d, upstream.NewEndpoint(s.URL + "/v1"), llama
		})
	})
}

// has tells whether a class is among those that an error may have.
func has(err error, classes ...upstream.Class) bool {
	e, ok := err.(*upstream.Error)
	return ok && slices.Contains(classes, e.Class)
}
