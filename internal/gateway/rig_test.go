package gateway_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
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
	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/telemetry"
	"github.com/weirhq/weir/internal/upstream"
	"github.com/weirhq/weir/internal/upstream/openai"
)

// rig is a gateway over real sockets: scripted upstreams below it, a plain HTTP
// client above.
type rig struct {
	t      *testing.T
	gw     *gateway.Gateway
	server *httptest.Server
	url    string
	up     *chaos.Upstream // of model "a", the baseline's
	second *chaos.Upstream // of model "b", the candidate's and the fallback's
	events *recorder
	logs   *bytes.Buffer
	snap   gateway.Snapshot
	weir   *telemetry.Weir
	reg    *telemetry.Registry
	stop   context.CancelCauseFunc
	client *http.Client
}

// recorder keeps all events.
type recorder struct {
	mu     sync.Mutex
	events []*event.Event
	begins []*event.Begin
	scores []*event.Score
	change chan struct{}
}

func (r *recorder) Record(rec event.Record) {
	r.mu.Lock()
	switch rec := rec.(type) {
	case *event.Event:
		r.events = append(r.events, rec)
	case *event.Begin:
		r.begins = append(r.begins, rec)
	case *event.Score:
		r.scores = append(r.scores, rec)
	}
	r.mu.Unlock()
	select {
	case r.change <- struct{}{}:
	default:
	}
}

func (r *recorder) all() []*event.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*event.Event(nil), r.events...)
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.events)
}

// at waits for the event of that number, from 0.
func (r *recorder) at(t *testing.T, i int) *event.Event {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		r.mu.Lock()
		if len(r.events) > i {
			defer r.mu.Unlock()
			return r.events[i]
		}
		r.mu.Unlock()
		select {
		case <-r.change:
		case <-time.After(time.Millisecond):
		}
	}
	t.Fatalf("event %d was not recorded", i)
	return nil
}

// wait waits until n events were recorded and gives them.
func (r *recorder) wait(t *testing.T, n int) []*event.Event {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		if all := r.all(); len(all) >= n {
			return all
		}
		select {
		case <-r.change:
		case <-deadline:
			t.Fatalf("%d events were recorded, want %d", len(r.all()), n)
		}
	}
}

// setup changes a rig before it starts.
type setup struct {
	config func(*gateway.Config)
	models func(a, b *upstream.Model)
	route  func(*experiment.Route)
	keys   []access.Key
	tariff *meter.Tariff
	bodies float64 // share of exchanges whose bodies are kept
	env    bool
}

// newRig starts a gateway with route "r" (model a, falling back to nothing, one
// retry), and route "ab" with a 50/50 experiment over models a and b.
func newRig(t *testing.T, s setup) *rig {
	t.Helper()
	r := &rig{t: t, events: &recorder{change: make(chan struct{}, 1)}, logs: &bytes.Buffer{}, reg: telemetry.New()}
	r.up, r.second = newUpstream(t), newUpstream(t)
	r.weir = telemetry.NewWeir(r.reg)
	cfg := gateway.Config{Recorder: r.events, Telemetry: telemetry.NewLLM(r.reg), Weir: r.weir,
		Log: slog.New(slog.NewTextHandler(&lockedWriter{w: r.logs}, nil))}
	if s.config != nil {
		s.config(&cfg)
	}
	var err error
	if r.gw, err = gateway.New(cfg); err != nil {
		t.Fatal(err)
	}
	a := upstream.Model{Name: "a", ID: "model-a-id", Endpoints: []string{r.up.URL() + "/v1"}, Key: "upstream-secret-a", KeyName: "env:A"}
	b := upstream.Model{Name: "b", ID: "model-b-id", Endpoints: []string{r.second.URL() + "/v1"}, Key: "upstream-secret-b", KeyName: "env:B"}
	if s.models != nil {
		s.models(&a, &b)
	}
	r.snap = gateway.Snapshot{Set: testSet(t, s.route, s.env), Pools: pools(t, a, b), Signer: experiment.NewSigner([]byte("a secret of at least thirty-two bytes")), Environment: s.env, Tariff: s.tariff, Bodies: s.bodies}
	if s.keys != nil {
		if r.snap.Keys, err = access.NewKeyring(s.keys); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.gw.Apply(r.snap); err != nil {
		t.Fatal(err)
	}
	r.listen()
	return r
}

func (r *rig) listen() {
	base, stop := context.WithCancelCause(context.Background())
	r.stop = stop
	r.server = httptest.NewUnstartedServer(r.gw.Handler())
	r.server.Config.BaseContext = func(net.Listener) context.Context { return base }
	r.server.Config.MaxHeaderBytes = 64 << 10
	r.server.Config.ReadHeaderTimeout = time.Second
	r.server.Start()
	r.url = r.server.URL
	r.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 30 * time.Second}
	r.t.Cleanup(func() {
		r.client.CloseIdleConnections()
		r.server.Close()
		stop(nil)
	})
}

func newUpstream(t *testing.T) *chaos.Upstream {
	t.Helper()
	u, err := chaos.NewUpstream(chaos.UpstreamConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close() })
	return u
}

func pools(t *testing.T, models ...upstream.Model) map[string]*upstream.Pool {
	t.Helper()
	vendor, err := upstream.VendorByName("vllm")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*upstream.Pool{}
	for _, m := range models {
		if m.Vendor.Name == "" {
			m.Vendor = vendor
		}
		d, err := openai.New(m)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Close)
		all[m.Name] = upstream.NewPool(m, d)
	}
	return all
}

func testSet(t *testing.T, change func(*experiment.Route), env bool) *experiment.Set {
	t.Helper()
	sources := []experiment.UnitSource{{From: "header", Name: "X-User-Id", Kind: "user"}, {From: "user", Kind: "user"}}
	control := &experiment.Variant{Name: "control", Model: "a"}
	treatment := &experiment.Variant{Name: "treatment", Model: "b"}
	arms, err := experiment.Split([]*experiment.Variant{control, treatment}, []float64{50, 50})
	if err != nil {
		t.Fatal(err)
	}
	arms[0].Baseline, arms[1].Candidate = true, true
	plain := &experiment.Route{Name: "r", Baseline: &experiment.Variant{Name: "baseline", Model: "a"}, Unit: sources, Retries: 1}
	ab := &experiment.Route{Name: "ab", Baseline: control, Unit: sources, Retries: 1}
	if env {
		ab.Name, plain.Name = "default", "unused"
	}
	ab.Experiment = &experiment.Experiment{Name: "test", Route: ab.Name, Epoch: 1, Salt: "salt", Kind: "user", Arms: arms}
	if change != nil {
		change(plain)
		change(ab)
	}
	return &experiment.Set{Revision: "rev", Routes: map[string]*experiment.Route{plain.Name: plain, ab.Name: ab}}
}

// lockedWriter lets handlers log at once.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// chatBody is a request for a route.
func chatBody(route string, stream bool, more ...string) string {
	b := `{"model":"` + route + `","messages":[{"role":"user","content":"hello"}]`
	if stream {
		b += `,"stream":true`
	}
	for _, m := range more {
		b += "," + m
	}
	return b + "}"
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // reading the body
}

// text is the concatenated content of a stream, or the message of a whole answer.
func (a answer) text(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for _, data := range a.events() {
		var chunk struct {
			Choices []struct {
				Delta, Message struct{ Content string }
			}
		}
		if err := json.Unmarshal([]byte(data), &chunk); err != nil {
			t.Fatalf("the answer holds %q, which is no JSON: %v", data, err)
		}
		for _, c := range chunk.Choices {
			out.WriteString(c.Delta.Content + c.Message.Content)
		}
	}
	return out.String()
}

// events are the data of a stream without [DONE], or the one body.
func (a answer) events() []string {
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream") {
		return []string{a.body}
	}
	var list []string
	for _, line := range strings.Split(a.body, "\n") {
		if data, ok := strings.CutPrefix(strings.TrimRight(line, "\r"), "data:"); ok {
			if data = strings.TrimSpace(data); data != "[DONE]" {
				list = append(list, data)
			}
		}
	}
	return list
}

func (a answer) done() bool {
	for line := range strings.Lines(a.body) {
		if data, ok := strings.CutPrefix(line, "data:"); ok && strings.TrimSpace(data) == "[DONE]" {
			return true
		}
	}
	return false
}

// code is the code of an error answer, in band or not.
func (a answer) code() string {
	list := a.events()
	if len(list) == 0 {
		return ""
	}
	var e struct{ Error struct{ Code string } }
	_ = json.Unmarshal([]byte(list[len(list)-1]), &e)
	return e.Error.Code
}

func (r *rig) post(path, body string, headers ...string) answer {
	r.t.Helper()
	return r.postContext(context.Background(), path, body, headers...)
}

func (r *rig) postContext(ctx context.Context, path, body string, headers ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := r.client.Do(req)
	if err != nil {
		return answer{err: err, header: http.Header{}}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(b), err}
}

const chatPath = "/v1/chat/completions"

// chat posts a conversation to a route.
func (r *rig) chat(route string, stream bool, headers ...string) answer {
	r.t.Helper()
	return r.post(chatPath, chatBody(route, stream), headers...)
}

// last is the newest event, after n were recorded.
func (r *rig) last(n int) *event.Event {
	r.t.Helper()
	all := r.events.wait(r.t, n)
	if len(all) != n {
		r.t.Fatalf("%d events were recorded, want %d", len(all), n)
	}
	return all[n-1]
}

// randomBytes is a source of randomness for keys.
type randomBytes struct{}

func (randomBytes) Read(p []byte) (int, error) { return rand.Read(p) }

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
