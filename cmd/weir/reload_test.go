package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chaos"
)

// T5, with definitions: a key that is taken out is refused, and taking out the
// last one does not open the door instead.
func TestKeysDoNotGoAwayByReload(t *testing.T) {
	a, b := model(t, ""), model(t, "")
	open := twoModelsOf(a.URL(), b.URL())
	keys := func(names ...string) string {
		s := open + "keys:\n"
		for _, n := range names {
			s += fmt.Sprintf("  %s: {sha256: %s, scopes: [call]}\n", n, access.Digest("token-"+n))
		}
		return s
	}
	l := newLive(t, keys("one", "two"))
	with := func(name string) int { return l.ask("a", false, "Authorization", "Bearer token-"+name).status }
	if with("one") != 200 || with("two") != 200 || l.ask("a", false).status != 401 {
		t.Fatal("the keys do not hold before anything happened")
	}
	l.write(keys("two"))
	eventually(t, "the revoked key is refused", func() bool { return with("one") == 401 })
	l.write(open)
	eventually(t, "the reload is refused", func() bool { return strings.Contains(l.log.String(), "there were keys and now there are none") })
	if l.ask("a", false).status != 401 || with("two") != 200 {
		t.Error("a reload without keys was applied")
	}
}

// A secret in a file that changes takes effect without a restart, and one that
// cannot be used stops its own model only.
func TestSecretFilesRotate(t *testing.T) {
	a, b := model(t, ""), model(t, "")
	definitions := strings.Replace(twoModelsOf(a.URL(), b.URL()), "model: id-a,", "model: id-a, key: file:a.key,", 1)
	l := prepare(t, definitions)
	secret := filepath.Join(filepath.Dir(l.file), "a.key")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(secret, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("first\n")
	if err := l.serve(serverOptions{}); err != nil {
		t.Fatal(err)
	}
	sent := func() string {
		l.ask("a", false)
		all := a.Requests()
		return all[len(all)-1].Header.Get("Authorization")
	}
	if got := sent(); got != "Bearer first" {
		t.Fatalf("the model got %q", got)
	}
	put("second\n")
	eventually(t, "the new secret is sent", func() bool { return sent() == "Bearer second" })
	put("broken\nin two\n")
	eventually(t, "the model says that it cannot serve", func() bool { return l.ask("a", false).status == 503 })
	if g := l.ask("b", false); g.status != 200 {
		t.Errorf("the other model: %d %s", g.status, g.body)
	}
	put("third\n")
	eventually(t, "the model is back", func() bool { return sent() == "Bearer third" })
}

// Numbers of what was taken out go away, not at once but with the next change.
func TestRemovedModelsAreForgotten(t *testing.T) {
	a, b := model(t, ""), model(t, "")
	both := twoModelsOf(a.URL(), b.URL())
	l := newLive(t, both)
	l.ask("b", false)
	scrape := func() string { return l.get(l.s.metrics.url() + "/metrics").body }
	if !strings.Contains(scrape(), `weir_model_up{model="b"} 1`) || !strings.Contains(scrape(), `route="b"`) {
		t.Fatal("model b is not counted")
	}
	var one []string
	for line := range strings.Lines(both) {
		if !strings.Contains(line, "  b: ") {
			one = append(one, line)
		}
	}
	l.write(strings.Join(one, ""))
	eventually(t, "model b is not said to be up", func() bool { return !strings.Contains(scrape(), `weir_model_up{model="b"}`) })
	l.write(strings.Join(one, "") + "# again\n")
	eventually(t, "route b is forgotten", func() bool { return !strings.Contains(scrape(), `route="b"`) })
	l.write(both)
	eventually(t, "and counted again when it is back", func() bool {
		return l.ask("b", false).status == 200 && strings.Contains(scrape(), `weir_model_up{model="b"} 1`)
	})
}

// An id that was asked for is asked for again when the endpoint does not know it
// any more.
func TestAskedModelIDIsForgotten(t *testing.T) {
	a, b := model(t, ""), model(t, "")
	l := newLive(t, strings.Replace(twoModelsOf(a.URL(), b.URL()), "model: id-a, ", "", 1))
	l.ask("a", false)
	asked := func() (n int) {
		for _, r := range a.Requests() {
			if strings.HasSuffix(r.Path, "/models") {
				n++
			}
		}
		return n
	}
	if asked() != 1 {
		t.Fatalf("the endpoint was asked %d times for its model", asked())
	}
	a.SetScript(scriptOf(t, "status=404"))
	l.ask("a", false)
	a.SetScript(scriptOf(t, ""))
	eventually(t, "the id is asked for again", func() bool { return l.ask("a", false).status == 200 })
	if asked() != 2 {
		t.Errorf("the endpoint was asked %d times for its model", asked())
	}
}

func scriptOf(t *testing.T, text string) chaos.Script {
	t.Helper()
	s, err := chaos.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
