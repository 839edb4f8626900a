package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/event"
)

func TestTags(t *testing.T) {
	r := newRig(t, setup{keys: []access.Key{
		{Name: "plain", SHA256: access.Digest("plain"), Scopes: access.Call, Project: "search"},
		{Name: "tagged", SHA256: access.Digest("tagged"), Scopes: access.Call, Tags: []string{"env=prod", "team=search"}},
	}})
	for n, c := range []struct{ token, header, want, project string }{
		{"plain", "", "", "search"},
		{"plain", "b=2, a=1", "a=1,b=2", "search"},
		{"tagged", "", "env=prod,team=search", "default"},
		{"tagged", "team=ads,job=7", "env=prod,job=7,team=search", "default"},
	} {
		if a := r.chat("r", false, "Authorization", "Bearer "+c.token, "X-Weir-Tags", c.header); a.status != 200 {
			t.Fatal(a.status, a.body)
		}
		e := r.last(n + 1)
		if got := strings.Join(e.Tags, ","); got != c.want || e.Project != c.project {
			t.Errorf("%s with %q: %s in %s, want %s in %s", c.token, c.header, got, e.Project, c.want, c.project)
		}
		if h := r.up.Requests()[n].Header; h.Get("X-Weir-Tags") != "" {
			t.Error("the tags went on to the model")
		}
	}
}

func TestTagsThatAreNone(t *testing.T) {
	r := newRig(t, setup{})
	for n, header := range []string{"team", "team=a b", "a=1,a=2", "a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1", strings.Repeat("x", 10_000), "a=\"q\""} {
		a := r.chat("r", false, "X-Weir-Tags", header)
		if a.status != 400 || a.code() != "invalid_tags" || len(a.body) > 500 {
			t.Errorf("%q: %d %s", header, a.status, a.body)
		}
		if e := r.last(n + 1); e.Outcome != event.Invalid || e.Tags != nil {
			t.Errorf("%q: %s, %q", header, e.Outcome, e.Tags)
		}
	}
	if r.up.Count() != 0 {
		t.Error("a model was asked")
	}
}

// O4: callers who make up values cannot make up rows of the ledger without end.
func TestO4MadeUpTags(t *testing.T) {
	r := newRig(t, setup{})
	seen := map[string]bool{}
	const made = 1200
	for i := range made {
		r.chat("r", false, "X-Weir-Tags", fmt.Sprintf("job=%d", i))
	}
	for _, e := range r.events.wait(t, made) {
		seen[e.Tags[0]] = true
	}
	if len(seen) != 1001 || !seen["job=other"] || !seen["job=0"] {
		t.Errorf("%d values of one tag", len(seen))
	}
	r.chat("r", false, "X-Weir-Tags", "job=0")
	if e := r.last(made + 1); !slices.Equal(e.Tags, []string{"job=0"}) {
		t.Errorf("a value that was known became %q", e.Tags)
	}
	for i := range 70 {
		r.chat("r", false, "X-Weir-Tags", fmt.Sprintf("name%d=x", i))
	}
	if e := r.last(made + 71); !slices.Equal(e.Tags, []string{"other=other"}) {
		t.Errorf("the seventieth name is %q", e.Tags)
	}
}
