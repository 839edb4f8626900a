package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/chaos"
)

// soon bounds a wait for what comes at once on an idle machine.
const soon = 15 * time.Second

// live is a Weir in this process, over real sockets, from a file that can be
// changed under it.
type live struct {
	t    *testing.T
	s    *server
	file string
	log  *written
	loud bool // the log tells everything

	mu     sync.Mutex
	env    map[string]string
	client *http.Client
}

// twoModels are definitions with two scripted models, as a and b.
const twoModels = `
models:
  a: {vendor: vllm, model: id-a, endpoints: ["%s/v1"], price: {input: 0, output: 0}}
  b: {vendor: vllm, model: id-b, endpoints: ["%s/v1"], price: {input: 0, output: 0}}
routes:
  a: {baseline: a, unit: [header:x-user-id]}
  b: {baseline: b, unit: [header:x-user-id]}
`

// listenFree is the section listen with free ports and more.
func listenFree(more string) string {
	return "listen: {data: 127.0.0.1:0, admin: 127.0.0.1:0, telemetry: 127.0.0.1:0" + more + "}\n"
}

// newLive starts a Weir with definitions.
func newLive(t *testing.T, definitions string, env ...string) *live {
	t.Helper()
	l := prepare(t, definitions, env...)
	if err := l.serve(serverOptions{}); err != nil {
		t.Fatal(err)
	}
	return l
}

// prepare makes the file, and starts nothing.
func prepare(t *testing.T, definitions string, env ...string) *live {
	t.Helper()
	l := &live{t: t, file: filepath.Join(t.TempDir(), "weir.yaml"), log: &written{}, env: map[string]string{},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}}
	for i := 0; i+1 < len(env); i += 2 {
		l.env[env[i]] = env[i+1]
	}
	l.write(definitions)
	return l
}

func (l *live) serve(o serverOptions) (err error) {
	l.t.Helper()
	log := silently(l.log)
	if l.loud {
		log = slog.New(slog.NewTextHandler(l.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	if l.s, err = newServer(source{path: l.file, env: l.variable}, o, log); err != nil {
		return err
	}
	watching, stop := context.WithCancel(context.Background())
	failed := l.s.start()
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.s.watch(watching)
	}()
	l.t.Cleanup(func() {
		stop()
		<-done
		l.client.CloseIdleConnections()
		l.s.finish()
		select {
		case err := <-failed:
			l.t.Error(err)
		default:
		}
		if l.t.Failed() {
			log := l.log.String()
			l.t.Logf("the end of the log:\n%s", log[max(0, len(log)-4000):])
		}
	})
	return nil
}

func (l *live) variable(name string) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, ok := l.env[name]
	return v, ok
}

// write replaces the definitions at once, as editors and deployments do.
func (l *live) write(definitions string) {
	l.t.Helper()
	next := l.file + ".next"
	if err := os.WriteFile(next, []byte(definitions), 0o600); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Rename(next, l.file); err != nil {
		l.t.Fatal(err)
	}
}

// admin is a client of the admin listener.
func (l *live) admin() *client.Client { return client.New(l.s.adminListener.url()) }

// got is an answer.
type got struct {
	status int
	header http.Header
	body   string
	err    error
}

// done reports whether a stream came to its end.
func (g got) done() bool { return strings.Contains(g.body, "data: [DONE]") }

// code is the code of an error, in band or not.
func (g got) code() string {
	var e struct{ Error struct{ Code string } }
	body := g.body
	if strings.HasPrefix(g.header.Get("Content-Type"), "text/event-stream") {
		body = body[strings.LastIndex("\n"+body, "\ndata: "):]
		body = strings.TrimPrefix(body, "data: ")
	}
	_ = json.NewDecoder(strings.NewReader(body)).Decode(&e)
	return e.Error.Code
}

// question is a request body for a route.
func question(route string, stream bool) string {
	return fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":"hello"}]}`, route, stream)
}

// ask posts a question; headers come in pairs.
func ask(c *http.Client, url, route string, stream bool, headers ...string) got {
	req, err := http.NewRequest(http.MethodPost, url+"/v1/chat/completions", strings.NewReader(question(route, stream)))
	if err != nil {
		return got{err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return do(c, req)
}

func do(c *http.Client, req *http.Request) got {
	res, err := c.Do(req)
	if err != nil {
		return got{err: err, header: http.Header{}}
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return got{res.StatusCode, res.Header, string(b), err}
}

func (l *live) ask(route string, stream bool, headers ...string) got {
	return ask(l.client, l.s.data.url(), route, stream, headers...)
}

func (l *live) get(url string) got {
	l.t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	return do(l.client, req)
}

// metric is the value of a series of /metrics, written as there; NaN is 0.
func (l *live) metric(series string) float64 {
	l.t.Helper()
	for line := range strings.Lines(l.get(l.s.metrics.url() + "/metrics").body) {
		if rest, ok := strings.CutPrefix(line, series+" "); ok {
			var v float64
			_, _ = fmt.Sscan(rest, &v)
			return v
		}
	}
	l.t.Fatalf("/metrics has no series %s", series)
	return 0
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(soon); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, soon)
		}
	}
}

// model starts a scripted model.
func model(t *testing.T, script string) *chaos.Upstream {
	t.Helper()
	u, err := chaos.NewUpstream(chaos.UpstreamConfig{Script: chaos.MustParse(script), Keep: 512})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close() })
	return u
}

// runs is one command line in this process, and what it said.
func runs(env map[string]string, args ...string) (code int, out, err string) {
	var o, e bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &o, err: &e, env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	code = a.run(args)
	return code, o.String(), e.String()
}

// silently is a log into a buffer.
func silently(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
