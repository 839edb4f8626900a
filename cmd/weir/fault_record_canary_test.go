package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// guarded are definitions that hold or ask for every kind of secret there is.
const guarded = `
listen: {data: 127.0.0.1:0, admin: 127.0.0.1:0, telemetry: 127.0.0.1:0, secret: env:LISTEN, previous_secret: env:LISTEN_BEFORE}
models:
  m: {vendor: openai, model: id-m, endpoints: ["%[1]s/v1"], metrics: ["%[1]s/metrics"], key: env:PROVIDER, headers: {x-tenant-token: env:HEADER}, price: {input: 3, output: 15}}
  f: {vendor: openai, model: id-f, endpoints: ["%[1]s/v1"], key: file:provider.key, price: {input: 3, output: 15}}
  gone: {vendor: openai, model: id-g, endpoints: ["http://127.0.0.1:1/v1"], key: env:PROVIDER, price: {input: 3, output: 15}}
routes:
  m: {baseline: m, unit: [header:x-user-id, user]}
  f: {baseline: f, unit: [cookie]}
  gone: {baseline: gone}
keys:
  caller: {sha256: %[2]s, scopes: [call, read]}
  operator: {sha256: %[3]s, scopes: [read, operate, admin]}
telemetry: {servers: {interval: 1s}, otlp: {endpoint: "%[4]s", interval: 1s, headers: {authorization: env:OTLP}}}
reports:
  weekly: {period: weekly, to: env:WEBHOOK}
`

// canaries are secrets by where they are planted. Each is long, and none is within
// another, so that finding one says which it is.
type canaries map[string]string

func (c canaries) at(place string) string {
	if c[place] == "" {
		c[place] = "c4n4ry-" + strings.ReplaceAll(place, " ", "-") + "-8f14e45fceea167a5a36dedd4bea2543"
	}
	return c[place]
}

// found tells which canaries are in a text, as they are or as somebody might write them.
func (c canaries) found(text []byte) (places []string) {
	for place, secret := range c {
		quoted, _ := json.Marshal(secret)
		for _, form := range []string{secret, url.QueryEscape(secret), string(quoted[1 : len(quoted)-1]),
			base64.StdEncoding.EncodeToString([]byte(secret))[:24], hex.EncodeToString([]byte(secret))} {
			if bytes.Contains(text, []byte(form)) {
				places = append(places, place)
				break
			}
		}
	}
	slices.Sort(places)
	return places
}

// X1: secrets are planted wherever one can be given. Whatever is asked, and however
// it fails, none comes out again: not in what Weir says, shows or keeps.
func TestX1CanariesDoNotComeOut(t *testing.T) {
	c := canaries{}
	m := model(t, "")
	l := prepare(t, "")
	collector := &collected{}
	at := httptest.NewServer(collector)
	t.Cleanup(at.Close)
	l.write(fmt.Sprintf(guarded, m.URL(), access.Digest(c.at("key of a caller")), access.Digest(c.at("key of an operator")), at.URL))
	for name, place := range map[string]string{"PROVIDER": "key of a provider", "HEADER": "header to a provider", "LISTEN": "listen secret", "LISTEN_BEFORE": "listen secret before",
		"OTLP": "header of otlp", "WEBHOOK": "webhook"} {
		l.env[name] = c.at(place)
	}
	l.env["WEBHOOK"] = at.URL + "/hook/" + c.at("webhook")
	mustDo(t, os.WriteFile(filepath.Join(filepath.Dir(l.file), "provider.key"), []byte(c.at("file of a key")), 0o600))
	l.loud = true
	mustDo(t, l.serve(serverOptions{}))
	l.asksAll(c, m)
	l.kept()

	l.searches(c)
	next := l.again(serverOptions{openStore: refusing}) // and what the store refuses is written beside it
	next.asksAll(c, m)
	eventually(t, "something is set aside", func() bool { return next.metric("weir_record_set_aside_total") > 0 })
	next.searches(c)
	next.ends()
	collector.mu.Lock()
	defer collector.mu.Unlock()
	if len(collector.bodies) == 0 {
		t.Error("nothing was sent to the collector: there is nothing to search")
	}
	if places := c.found(collector.bodies); len(places) > 0 {
		t.Errorf("traces or metrics that were sent hold secrets: %s", places)
	}
	if len(c) < 20 {
		t.Errorf("only %d secrets were planted", len(c))
	}
	// The search finds what is there: the models got their keys.
	var arrived bytes.Buffer
	for _, r := range m.Requests() {
		fmt.Fprintln(&arrived, r.Header)
	}
	if places := c.found(arrived.Bytes()); !slices.Contains(places, "key of a provider") || !slices.Contains(places, "file of a key") || slices.Contains(places, "key of a caller") {
		t.Errorf("the models got %v", places)
	}
}

// collected is an OpenTelemetry collector, and all that it was sent but for headers.
type collected struct {
	mu     sync.Mutex
	bodies []byte
}

func (s *collected) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer
	_, _ = b.ReadFrom(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, b.Bytes()...)
}

// refusing opens a store that refuses some events, and takes others.
func refusing(path string) (store.Store, error) {
	db, err := openStore(path)
	if err != nil {
		return nil, err
	}
	return &picky{db}, nil
}

type picky struct{ store.Store }

func (p *picky) Apply(ctx context.Context, b *store.Batch) error {
	for _, e := range b.Events {
		if e.Route == "f" && e.Outcome == event.UpstreamError {
			return fmt.Errorf("apply a batch: event %s is refused", e.ID)
		}
	}
	return p.Store.Apply(ctx, b)
}

// asksAll makes requests of every kind, with secrets in all that a caller can send.
func (l *live) asksAll(c canaries, m *chaos.Upstream) {
	l.t.Helper()
	key := "Bearer " + c.at("key of a caller")
	scripts := []string{"", "status=500;body=" + c.at("body of a failure"), "status=401;body={\"error\":{\"message\":\"" + c.at("message of a refusal") + "\"}}", "status=429;retry-after=" + c.at("retry-after"),
		"cut-after=2", "malformed-event", "error-in-200", "header=x-provider: " + c.at("header of an answer"), "text=" + c.at("text of an answer"), "redirect=http://127.0.0.1:1/" + c.at("redirect"), "wrong-content-length", "refuse"}
	for _, script := range scripts {
		m.SetScript(chaos.MustParse(script))
		for _, route := range []string{"m", "f", "gone", "none-such", "openai/id-f"} {
			for _, stream := range []bool{false, true} {
				l.asksWith(c, route, stream, "Authorization", key)
			}
		}
	}
	m.SetScript(chaos.MustParse(""))
	l.asksWith(c, "m", false)
	l.asksWith(c, "m", false, "Authorization", "Bearer "+c.at("key that is none"))
	l.asksWith(c, "m", false, "X-Api-Key", c.at("key in another header"))
	l.asksWith(c, "m", false, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("u:"+c.at("password"))))
	for _, body := range []string{"{", `{"model":"m","` + c.at("key of a member") + `":`, `{"model":"` + c.at("name of a model") + `","messages":[]}`, c.at("body that is none")} {
		post(l.client, l.s.data.url(), body, "Authorization", key)
	}
	l.get(l.s.data.url() + "/v1/" + c.at("path") + "?key=" + c.at("query of a caller"))
	l.get(l.s.adminListener.url() + "/api/v1/events?key=" + c.at("query of an operator"))
	l.get(l.s.adminListener.url() + "/api/v1/" + c.at("path of an operator"))
	l.s.reload()
}

// asksWith asks with secrets in the body, the query and the headers.
func (l *live) asksWith(c canaries, route string, stream bool, headers ...string) {
	body := fmt.Sprintf(`{"model":%q,"stream":%v,"user":%q,"metadata":{"conversation_id":%q,"note":%q},"messages":[{"role":"user","content":%q}]}`,
		route, stream, c.at("user"), c.at("conversation"), c.at("metadata"), c.at("question"))
	headers = append(headers, "X-User-Id", c.at("unit"), "X-Weir-Conversation", c.at("conversation header"), "Cookie", "llm-session="+c.at("cookie"),
		"X-Weir-Pin", c.at("pin"), "X-Other", c.at("header of a caller"), "User-Agent", c.at("user agent"), "Traceparent", c.at("traceparent"), "Baggage", "k="+c.at("baggage"))
	req, err := http.NewRequest(http.MethodPost, l.s.data.url()+"/v1/chat/completions?key="+c.at("query of a caller"), strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	g := do(l.client, req)
	if places := slices.DeleteFunc(c.found(fmt.Append(nil, g.header, g.body)), func(p string) bool { return !slices.Contains(ofOperators, p) }); len(places) > 0 {
		l.t.Errorf("an answer holds secrets: %s: %d %s", places, g.status, g.body)
	}
}

// ofOperators are the places of secrets that no caller may see.
var ofOperators = []string{"key of a provider", "file of a key", "header to a provider", "listen secret", "listen secret before", "header of otlp", "webhook", "key of an operator"}

// searches looks for secrets in all that Weir says, shows and keeps.
func (l *live) searches(c canaries) {
	l.t.Helper()
	look := func(where string, text []byte) {
		if places := c.found(text); len(places) > 0 {
			l.t.Errorf("%s holds secrets: %s", where, places)
		}
	}
	look("the log", []byte(l.log.String()))
	if !strings.Contains(l.log.String(), "level=DEBUG") {
		l.t.Error("the log is not that of everything")
	}
	look("/metrics", []byte(l.get(l.s.metrics.url()+"/metrics").body))
	for _, page := range l.pages() {
		req, err := http.NewRequest(http.MethodGet, page, nil)
		mustDo(l.t, err)
		req.Header.Set("Authorization", "Bearer "+c.at("key of an operator"))
		if g := do(l.client, req); !strings.HasSuffix(page, ":backup") {
			look("GET "+strings.TrimPrefix(page, l.s.adminListener.url()), []byte(g.body))
		}
	}
	for _, args := range [][]string{{"doctor", "-c", l.file}, {"validate", "-c", l.file}, {"doctor", "--offline", "-c", l.file, "-o", "json"}, {"logs", "-o", "json"}, {"get", "models", "-o", "yaml"}, {"describe", "store"}, {"diff", "-c", l.file}} {
		env := map[string]string{"WEIR_ADMIN": l.s.adminListener.url(), "WEIR_KEY": c.at("key of an operator")}
		for k, v := range l.env {
			env[k] = v
		}
		_, out, said := runs(env, args...)
		look("weir "+strings.Join(args, " "), []byte(out+said))
	}
	files := 0
	err := filepath.WalkDir(l.folder(), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		look(strings.TrimPrefix(name, l.folder()), text)
		files++
		return err
	})
	if err != nil || files < 5 {
		l.t.Errorf("%d files were searched, %v", files, err)
	}
}

// pages are all that can be looked at on the admin listener, one event among it.
func (l *live) pages() (pages []string) {
	l.t.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	mustDo(l.t, json.Unmarshal([]byte(l.get(l.s.adminListener.url()+"/openapi.json").body), &doc))
	id := "none"
	if newest, _, err := l.s.ring.Recent(event.Query{Limit: 1}); err == nil && len(newest) > 0 {
		id = newest[0].ID
	}
	for path, methods := range doc.Paths {
		if methods["get"] != nil && !strings.Contains(path, "stream") {
			path = strings.NewReplacer("{name}", "m", "{id}", id, "{number}", "1", "{period}", "weekly").Replace(path)
			pages = append(pages, l.s.adminListener.url()+path)
		}
	}
	if len(pages) < 15 {
		l.t.Fatalf("the API has only %d pages: %v", len(pages), pages)
	}
	return append(pages, l.s.adminListener.url()+"/", l.s.adminListener.url()+"/api/v1/models?wide=true", l.s.adminListener.url()+"/api/v1/routes?wide=true",
		l.s.adminListener.url()+"/api/v1/events?limit=1000")
}
