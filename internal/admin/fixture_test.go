package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/upstream"
)

var started = time.Unix(1700000000, 0).UTC()

// state is a running gateway that is none.
type state struct {
	mu    sync.Mutex
	set   *experiment.Set
	keys  *access.Keyring
	pools map[string]*upstream.Pool
	last  *Reload
	bad   *Reload // what the next reload gives
	panic string
}

var _ State = (*state)(nil)

func (s *state) Set() *experiment.Set { return s.set }

func (s *state) Keys() *access.Keyring {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys
}

func (s *state) setKeys(k *access.Keyring) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = k
}

func (s *state) Pools() map[string]*upstream.Pool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.panic != "" {
		panic(s.panic)
	}
	return s.pools
}

func (s *state) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Status{Version: "1.2.3", Started: started, Mode: "file", Source: "weir.yaml", LastReload: s.last,
		Listeners: []Listener{{Name: "admin", Address: "127.0.0.1:8081"}}}
}

func (s *state) panics(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.panic = text
}

// fail makes reloads fail, also the last one.
func (s *state) fail(ps definition.Problems) { s.failed(Reload{Problems: ps}) }
func (s *state) failWith(err error)          { s.failed(Reload{Err: err}) }

func (s *state) failed(r Reload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.At, r.Revision = started, s.set.Revision
	s.last, s.bad = &r, &r
}

func (s *state) reload() Reload {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bad != nil {
		return *s.bad
	}
	return Reload{At: started, Applied: true, Revision: s.set.Revision}
}

// fixture is an admin server on a port of its own.
type fixture struct {
	t       *testing.T
	server  *Server
	state   *state
	ring    *event.Ring
	url     string
	port    string
	log     *syncBuffer
	reloads int
}

func newRing() *event.Ring { return event.NewRing(64) }

func start(t *testing.T, change func(*Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, state: &state{set: testSet(t)}, log: &syncBuffer{}}
	cfg := Config{State: f.state, Events: newRing(), Log: slog.New(slog.NewJSONHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	cfg.Reload = func(ctx context.Context) Reload {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("a reload has no end")
		}
		f.reloads++
		return f.state.reload()
	}
	if change != nil {
		change(&cfg)
	}
	f.ring = cfg.Events
	var err error
	if f.server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	hs := httptest.NewServer(f.server.Handler())
	t.Cleanup(func() {
		_ = f.server.Close()
		hs.Close()
	})
	f.url = hs.URL
	_, f.port, _ = net.SplitHostPort(strings.TrimPrefix(hs.URL, "http://"))
	return f
}

func testSet(t *testing.T) *experiment.Set {
	t.Helper()
	a := &experiment.Variant{Name: "a", Model: "big"}
	b := &experiment.Variant{Name: "b", Model: "small", Parameters: map[string]json.RawMessage{"temperature": json.RawMessage("0.3")}}
	arms, err := experiment.Split([]*experiment.Variant{a, b}, []float64{90, 10})
	if err != nil {
		t.Fatal(err)
	}
	arms[0].Baseline = true
	audience, err := experiment.Compile(`header["x-country"] != "atlantis"`)
	if err != nil {
		t.Fatal(err)
	}
	when, err := experiment.Compile(`group("staff")`)
	if err != nil {
		t.Fatal(err)
	}
	support := &experiment.Route{Name: "support", Baseline: a, Fallback: []string{"small"}, Retries: 1,
		Unit:      []experiment.UnitSource{{From: "header", Name: "x-user-id", Kind: "user"}, {From: "key", Kind: "user"}},
		Overrides: []experiment.Override{{When: when, Variant: "b"}},
		Experiment: &experiment.Experiment{Name: "cheaper", Route: "support", Epoch: 1, Salt: "cheaper/1", Kind: "user", Arms: arms,
			Audience: audience, Hash: "fedcba9876543210"}}
	plain := &experiment.Route{Name: "plain", Baseline: a, Expose: experiment.Always, Blind: true}
	return &experiment.Set{Revision: "0123456789abcdef", Routes: map[string]*experiment.Route{"support": support, "plain": plain}}
}

// record records events from..to-1, event i at i seconds.
func (f *fixture) record(from, to int) {
	for i := from; i < to; i++ {
		f.ring.Record(&event.Event{ID: fmt.Sprintf("%08d", i), Route: []string{"even", "odd"}[i%2], Time: time.Unix(int64(i), 0).UTC()})
	}
}

// fullEvent has every field filled.
func fullEvent() *event.Event {
	return &event.Event{ID: "full", ClientID: "c", BodyID: "b", Project: "default", Time: started, Revision: "r", Path: "/v1/chat/completions", Route: "support",
		Assignments:  []event.Assignment{{Experiment: "e", Epoch: 1, Variant: "v", Reason: "chance", Enrolled: true, Probability: 0.5, Doubt: "d"}},
		Conversation: "h", Begun: started, UnitKind: "user", Unit: "h", Key: "k", Model: "m", Vendor: "v", ServedModel: "s", Endpoint: "e",
		Attempts: []event.Attempt{{Model: "m", Endpoint: "e", Status: 200, Result: "ok", Took: time.Second}}, Fallback: true, Parameters: []string{"temperature: variant"},
		Stream: true, Outcome: event.Timeout, AnsweredBy: "cache", Status: 504, Code: "timeout", Clock: "total", Error: "e", Usage: chat.Usage{Input: 1, Output: 2, Cached: 3, CacheWrite: 4, Reasoning: 5},
		UsageKnown: true, Finish: "stop", Refusal: true, Frames: 1, Malformed: 1, FirstToken: 1, FirstThought: 1, PerToken: 1, Total: 1, Overhead: 1, Simulated: true}
}

// request makes one as a program would: JSON where there is a body or a change.
func (f *fixture) request(method, path, body string, header ...string) *http.Request {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] != "" {
			req.Header.Set(header[i], header[i+1])
		}
	}
	return req
}

func (f *fixture) do(req *http.Request) (*http.Response, string) {
	f.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return resp, string(body)
}

func (f *fixture) get(path string) (*http.Response, string) {
	f.t.Helper()
	return f.do(f.request("GET", path, ""))
}

// body is that of a GET that must be answered.
func (f *fixture) body(path string) string {
	f.t.Helper()
	resp, body := f.get(path)
	if resp.StatusCode != 200 {
		f.t.Fatalf("GET %s: %s %s", path, resp.Status, body)
	}
	return body
}

// serveOn serves a request as if it had come in on a local address.
func (f *fixture) serveOn(req *http.Request, local string) *httptest.ResponseRecorder {
	f.t.Helper()
	addr, err := net.ResolveTCPAddr("tcp", local)
	if err != nil {
		f.t.Fatal(err)
	}
	w := httptest.NewRecorder()
	f.server.Handler().ServeHTTP(w, req.WithContext(context.WithValue(req.Context(), http.LocalAddrContextKey, net.Addr(addr))))
	return w
}

// token is the token of the key of that name.
func (f *fixture) token(name string) string { return "c4n4ry-token-of-" + name }

// keyring makes one of names and their scopes, in turn.
func (f *fixture) keyring(namesAndScopes ...string) *access.Keyring {
	f.t.Helper()
	var keys []access.Key
	var failed error
	for i := 0; i < len(namesAndScopes); i += 2 {
		scope, err := access.ParseScope(namesAndScopes[i+1])
		failed = errors.Join(failed, err)
		keys = append(keys, access.Key{Name: namesAndScopes[i], SHA256: access.Digest(f.token(namesAndScopes[i])), Scopes: scope})
	}
	ring, err := access.NewKeyring(keys)
	if err := errors.Join(failed, err); err != nil {
		f.t.Fatal(err)
	}
	return ring
}

func decode[T any](t *testing.T, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return v
}

// syncBuffer is a log that handlers write and tests read.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// keysOf makes a keyring of names and their scopes, which are put together with
// commas.
func keysOf(scopes map[string]string) (*access.Keyring, error) {
	var keys []access.Key
	for name, list := range scopes {
		key := access.Key{Name: name, SHA256: access.Digest("c4n4ry-token-of-" + name)}
		for one := range strings.SplitSeq(list, ",") {
			scope, err := access.ParseScope(one)
			if err != nil {
				return nil, err
			}
			key.Scopes |= scope
		}
		keys = append(keys, key)
	}
	return access.NewKeyring(keys)
}
