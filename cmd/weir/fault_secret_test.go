package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/client"
)

// paid is a model that needs a secret, and a route to it.
const paid = `  paid: {vendor: openai-compatible, model: id-p, endpoints: ["%s/v1"], key: %s, price: {input: 0, output: 0}}
`

func withPaid(a, p, key string) string {
	text := strings.Replace(twoModelsOf(a, a), "routes:\n", fmt.Sprintf(paid, p, key)+"routes:\n  paid: {baseline: paid}\n  either: {baseline: paid, fallback: [a]}\n", 1)
	return text
}

// F4: without its secret a model is out, and says so everywhere; the others serve.
func TestF4MissingSecretIsOneModelsTrouble(t *testing.T) {
	for _, key := range []string{"env:C4N4RY_KEY", "file:c4n4ry.key"} {
		t.Run(key[:3], func(t *testing.T) {
			a, p := model(t, ""), model(t, "")
			l := newLive(t, withPaid(a.URL(), p.URL(), key))
			for n, stream := range []bool{false, true} {
				g := l.ask("paid", stream)
				if g.status != http.StatusServiceUnavailable || g.code() != "model_unavailable" || strings.Contains(g.body, key) { // which secret is the operator's to know
					t.Errorf("its route: %d %s", g.status, g.body)
				}
				for _, route := range []string{"a", "b", "either"} {
					if g := l.ask(route, stream); g.status != 200 || g.done() != stream {
						t.Errorf("route %s: %d %s", route, g.status, g.body)
					}
				}
				if p.Count() != 0 || a.Count() != 3*(n+1) {
					t.Errorf("the model without its key was asked %d times, the other %d", p.Count(), a.Count())
				}
			}
			l.shows("paid", false, key)
			l.ready(true)
			code, out, _ := runs(l.env, "doctor", "--offline", "-c", l.file)
			if code != exitFindings || !strings.Contains(out, `model "paid"`) || !strings.Contains(out, key) {
				t.Errorf("the doctor ends with %d and says\n%s", code, out)
			}
			l.provide(key)
			if r := l.s.reload(); !r.Applied {
				t.Fatal(r)
			}
			if g := l.ask("paid", true); g.status != 200 || !g.done() {
				t.Errorf("with its secret: %d %s", g.status, g.body)
			}
			if got := p.Requests()[0].Header.Get("Authorization"); got != "Bearer s3cr3t" {
				t.Errorf("the model was asked with %q", got)
			}
			l.shows("paid", true, key)
		})
	}
}

// F4: never green while every answer is a 503.
func TestF4WithoutAnySecretItIsNotReady(t *testing.T) {
	p := model(t, "")
	l := newLive(t, listenFree("")+fmt.Sprintf("models:\n"+paid+"routes:\n  paid: {baseline: paid}\n", p.URL(), "env:C4N4RY_KEY"))
	l.ready(false)
	if g := l.ask("paid", false); g.status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", g.status, g.body)
	}
	if g := l.get(l.s.data.url() + "/healthz"); g.status != 200 {
		t.Errorf("/healthz: %d %s: the process is well", g.status, g.body)
	}
	l.provide("env:C4N4RY_KEY")
	if r := l.s.reload(); !r.Applied {
		t.Fatal(r)
	}
	l.ready(true)
}

// provide gives the secret that was missing.
func (l *live) provide(key string) {
	l.t.Helper()
	kind, name, _ := strings.Cut(key, ":")
	if kind == "file" {
		if err := os.WriteFile(filepath.Join(filepath.Dir(l.file), name), []byte("s3cr3t\n"), 0o600); err != nil {
			l.t.Fatal(err)
		}
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.env[name] = "s3cr3t"
}

// shows checks what is said of a model: by the API, and by weir_model_up.
func (l *live) shows(name string, ready bool, key string) {
	l.t.Helper()
	list, err := l.admin().Models(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	var found client.Model
	for _, m := range list {
		if m.Name != name && !m.Ready {
			l.t.Errorf("model %s is not ready either: %s", m.Name, m.Reason)
		}
		if m.Name == name {
			found = m
		}
	}
	if found.Ready != ready || found.Key != key || !ready && !strings.Contains(found.Reason, key) {
		l.t.Errorf("the API shows %+v", found)
	}
	want := map[bool]float64{true: 1}[ready]
	if got := l.metric(fmt.Sprintf(`weir_model_up{model=%q}`, name)); got != want {
		l.t.Errorf("weir_model_up is %v, want %v", got, want)
	}
}

// ready checks /readyz, on both listeners that have it.
func (l *live) ready(want bool) {
	l.t.Helper()
	for _, url := range []string{l.s.data.url(), l.s.metrics.url()} {
		if g := l.get(url + "/readyz"); (g.status == 200) != want {
			l.t.Errorf("%s/readyz: %d %s", url, g.status, g.body)
		}
	}
}
