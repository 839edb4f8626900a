package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/access"
)

// invalid are changes to good definitions that make bad ones, and what is said of
// them: where, what, and what was probably meant.
var invalid = []struct{ name, old, by, want string }{
	{"a typo in a section", "routes:", "routs:", `weir.yaml:5:1: unknown section "routs"; did you mean "routes"?`},
	{"a typo in a field", "  a: {baseline: a, unit:", "  a: {baseline: a, untis:", `weir.yaml:6:20: routes.a: unknown field "untis"; did you mean "unit"?`},
	{"an unknown field", "baseline: b,", "baseline: b, colour: red,", `weir.yaml:7:20: routes.b: unknown field "colour"`},
	{"a typo in a model", "baseline: b,", "baseline: c,", `weir.yaml:7:17: routes.b.baseline: there is no model "c"`},
	{"a typo in a vendor", "vendor: vllm, model: id-b", "vendor: vlm, model: id-b", `did you mean "vllm"?`},
	{"a wrong type", "price: {input: 0, output: 0}}\nroutes", "price: {input: free, output: 0}}\nroutes", "weir.yaml:4:87: models.b.price.input: must be a number"},
	{"broken YAML", "routes:", "routes: {{", "weir.yaml:"},
	{"a tab", "  a: {baseline", "\ta: {baseline", "weir.yaml:6:1: this is not YAML: a tab stands"},
	{"a field twice", "  b: {baseline: b", "  a: {baseline: b", `weir.yaml:7:3: "a" is written twice`},
	{"a bad key", "routes:", "keys: {k: {sha256: nothex}}\nroutes:", "weir.yaml:5:20: keys.k.sha256"},
	{"an open listener", "data: 127.0.0.1:0", "data: 0.0.0.0:0", "weir.yaml:1:"},
}

// twoModelsOf are good definitions with models that nobody asks.
func twoModelsOf(a, b string) string {
	return listenFree("") + strings.TrimPrefix(fmt.Sprintf(twoModels, a, b), "\n")
}

// F1, at the start: exit code 2, the place, and what was meant.
func TestF1BadDefinitionsDoNotStart(t *testing.T) {
	good := twoModelsOf("http://127.0.0.1:1", "http://127.0.0.1:1")
	for _, c := range invalid {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			l := prepare(t, change(t, good, c.old, c.by))
			code, out, said := runs(l.env, "serve", "-c", l.file)
			if code != exitUsage || !strings.Contains(said, c.want) || out != "" {
				t.Errorf("exit code %d, want 2 and %q:\n%s%s", code, c.want, out, said)
			}
		})
	}
}

func change(t *testing.T, text, old, by string) string {
	t.Helper()
	changed := strings.Replace(text, old, by, 1)
	if changed == text {
		t.Fatalf("%q is not in\n%s", old, text)
	}
	return changed
}

// F1, at a reload: what is wrong is refused whole, the last good definitions stay
// in force, and log, metric, status and the answer to the reload say so.
func TestF1BadDefinitionsAreNotApplied(t *testing.T) {
	a, b := model(t, ""), model(t, "")
	good := twoModelsOf(a.URL(), b.URL())
	l := newLive(t, good)
	refused, applied := 0.0, l.metric(`weir_config_reloads_total{result="success"}`)
	first := l.s.inForce.Load()
	for _, c := range invalid {
		// A good change comes with the bad one: half of it would be a third thing.
		l.write(change(t, strings.Replace(good, "routes:\n", "routes:\n  c: {baseline: a}\n", 1), strings.Replace(c.old, "routes:", "routes:\n  c: {baseline: a}", 1), c.by))
		_, err := l.admin().Reload(context.Background())
		var e *client.Error
		if !errors.As(err, &e) || e.Status != 422 || !strings.Contains(err.Error(), "stays in force") {
			t.Errorf("%s: the reload answered %v", c.name, err)
		}
		refused++
		if l.s.inForce.Load() != first {
			t.Fatalf("%s: other definitions are in force", c.name)
		}
		st, err := l.admin().Status(context.Background())
		if err != nil || st.LastReload == nil || st.LastReload.Applied || st.LastReload.Error == "" || st.Revision != first.compiled.Revision {
			t.Errorf("%s: the status is %+v, %v", c.name, st, err)
		}
		for route, want := range map[string]int{"a": 200, "b": 200, "c": 404} {
			if g := l.ask(route, false); g.status != want {
				t.Errorf("%s: route %s: %d %s", c.name, route, g.status, g.body)
			}
		}
	}
	// The watcher may have seen some of the files too.
	if n := l.metric(`weir_config_reloads_total{result="error"}`); n < refused {
		t.Errorf("%v refusals are counted, want %v or more", n, refused)
	}
	if n := l.metric(`weir_config_reloads_total{result="success"}`); n != applied {
		t.Errorf("%v loads are counted as good, want %v", n, applied)
	}
	if log := l.log.String(); !strings.Contains(log, "the last good ones stay in force") || !strings.Contains(log, "did you mean") {
		t.Errorf("the log says:\n%s", log)
	}
	l.write(strings.Replace(good, "routes:\n", "routes:\n  c: {baseline: a}\n", 1))
	eventually(t, "the good definitions are seen and applied", func() bool { return l.ask("c", false).status == 200 })
	st, err := l.admin().Status(context.Background())
	if err != nil || st.LastReload == nil || !st.LastReload.Applied || st.Revision == first.compiled.Revision {
		t.Errorf("the status is %+v, %v", st, err)
	}
}

// F1: a file that is gone, empty, or cut off while it is written is no definitions.
func TestF1FileThatBreaks(t *testing.T) {
	a, b := model(t, ""), model(t, "")
	good := twoModelsOf(a.URL(), b.URL())
	l := newLive(t, good)
	first := l.s.inForce.Load()
	for n := 0; n < len(good); n += 7 {
		l.write(good[:n])
		if r := l.s.reload(); r.Applied && l.s.inForce.Load().compiled.Set.Routes["a"] == nil {
			t.Fatalf("the first %d bytes were applied", n)
		}
	}
	l.write(good)
	if r := l.s.reload(); !r.Applied {
		t.Fatal(r.Problems, r.Err)
	}
	if err := os.Remove(l.file); err != nil {
		t.Fatal(err)
	}
	if r := l.s.reload(); r.Applied || r.Err == nil {
		t.Errorf("without the file: %+v", r)
	}
	if g := l.ask("a", true); g.status != 200 || !g.done() {
		t.Errorf("%d %s", g.status, g.body)
	}
	if l.s.inForce.Load().compiled.Revision != first.compiled.Revision {
		t.Error("other definitions are in force")
	}
}

// three is an experiment with three variants.
const three = "experiments: {e: {route: a, epoch: %d, variants: {x: {weight: %d, model: a}, y: {weight: %d, model: b}, z: {weight: 20, model: b, parameters: {temperature: 0}}}}}\n"

// F1: a change that would spoil a running experiment is refused like one that is
// wrong, with the way to make it.
func TestF1FrozenWeightsAreRefused(t *testing.T) {
	good := twoModelsOf("http://127.0.0.1:1", "http://127.0.0.1:1")
	l := newLive(t, good+fmt.Sprintf(three, 1, 40, 40))
	first := l.s.revision()
	l.write(good + fmt.Sprintf(three, 1, 50, 30))
	r := l.s.reload()
	if r.Applied || r.Err == nil || !strings.Contains(r.Err.Error(), "raise its epoch to 2") || l.s.revision() != first {
		t.Errorf("%+v", r)
	}
	if log := l.log.String(); !strings.Contains(log, "raise its epoch to 2") {
		t.Errorf("the log says:\n%s", log)
	}
	l.write(good + fmt.Sprintf(three, 2, 50, 30))
	if r := l.s.reload(); !r.Applied || l.s.revision() == first {
		t.Errorf("with a new epoch: %+v", r)
	}
}

// T5: a key that is taken out of the file is refused within a second, of which a
// busy machine gets three, and on the admin listener too.
func TestT5KeyTakenOutOfTheFile(t *testing.T) {
	m := model(t, "")
	good := twoModelsOf(m.URL(), m.URL())
	key := func(name string) string {
		return fmt.Sprintf("  %s: {sha256: %s, scopes: [call, read]}\n", name, access.Digest("token-"+name))
	}
	l := newLive(t, good+"keys:\n"+key("stays")+key("goes"))
	status := func(name string) (data, admin int) {
		req, err := http.NewRequest(http.MethodGet, l.s.adminListener.url()+"/api/v1/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer token-"+name)
		return l.ask("a", false, "Authorization", "Bearer token-"+name).status, do(l.client, req).status
	}
	if data, admin := status("goes"); data != 200 || admin != 200 {
		t.Fatalf("before: %d and %d", data, admin)
	}
	l.write(good + "keys:\n" + key("stays"))
	written := time.Now()
	for {
		data, admin := status("goes")
		if data == 401 && admin == 401 {
			break
		}
		if time.Since(written) > 3*time.Second {
			t.Fatalf("%s after the key was taken out: %d and %d", time.Since(written), data, admin)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if data, admin := status("stays"); data != 200 || admin != 200 {
		t.Errorf("the other key: %d and %d", data, admin)
	}
}
