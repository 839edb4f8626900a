package admin

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/store"
)

// patched applies a unified diff of one file, as patch would; it trusts nothing.
func patched(t *testing.T, before, diff string) string {
	t.Helper()
	old, at := linesOf(before), 0
	var out []string
	for _, line := range linesOf(diff) {
		var from, removed, to, added int
		switch {
		case strings.HasPrefix(line, "--- ") || strings.HasPrefix(line, "+++ "):
		case strings.HasPrefix(line, "@@"):
			if _, err := fmt.Sscanf(line, "@@ -%d,%d +%d,%d @@", &from, &removed, &to, &added); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if removed == 0 {
				from++
			}
			out, at = append(out, old[at:from-1]...), from-1
			if added == 0 {
				to++
			}
			if len(out) != to-1 {
				t.Fatalf("%q: at line %d of the new file", line, len(out)+1)
			}
		case line[0] == '+':
			out = append(out, line[1:])
		default:
			if old[at] != line[1:] {
				t.Fatalf("line %d is %q, the diff says %q", at+1, old[at], line[1:])
			}
			if line[0] == ' ' {
				out = append(out, old[at])
			}
			at++
		}
	}
	return strings.Join(append(out, old[at:]...), "\n")
}

// Applying the diff of two texts to the first gives the second.
func TestUnifiedLeadsFromOneTextToTheOther(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	text := func() string {
		var lines []string
		for range r.IntN(40) {
			lines = append(lines, fmt.Sprint("line ", r.IntN(12)))
		}
		return strings.Join(lines, "\n")
	}
	for range 3000 {
		a, b := text(), text()
		if r.IntN(2) == 0 { // most edits are small
			b = strings.Replace(a, "line 3", "another", 1)
		}
		diff := unified([]store.File{{Name: "f", Text: a}}, []store.File{{Name: "f", Text: b}})
		if (diff == "") != (a == b) {
			t.Fatalf("%q and %q: %q", a, b, diff)
		}
		if got := patched(t, a, diff); got != b {
			t.Fatalf("%q\n%s\ngave %q, want %q", a, diff, got, b)
		}
	}
}

func TestUnifiedOfLargeTextsEnds(t *testing.T) {
	a := strings.Repeat("x\n", 30_000)
	b := "first\n" + strings.Repeat("y\n", 30_000) + "last\n"
	if diff := unified([]store.File{{Name: "f", Text: a}}, []store.File{{Name: "f", Text: b}}); patched(t, a, diff) != strings.TrimSuffix(b, "\n") {
		t.Error("the diff of large texts is wrong")
	}
}

func TestDiffOfDocumentsOfSeveralFiles(t *testing.T) {
	models := store.File{Name: "models.yaml", Text: "models: {m: {vendor: simulated}}\n"}
	routes := store.File{Name: "routes.yaml", Text: "routes: {r: {baseline: m}}\n"}
	more := store.File{Name: "more.yaml", Text: "routes: {s: {baseline: m, unit: [user, key]}}\n"}
	now := &InForce{Revision: store.Revision{Files: []store.File{models, routes}}}
	d := diff(now, []store.File{routes, models, more})
	if len(d.Changes) != 1 || d.Changes[0].Path != "routes.s" || d.Changes[0].Before != "" || !strings.Contains(d.Changes[0].After, `"unit":["user","key"]`) || !strings.Contains(d.Text, "+++ more.yaml\n@@ -0,0 +1,1 @@\n+routes") {
		t.Errorf("%+v\n%s", d, d.Text)
	}
	back := diff(&InForce{Revision: store.Revision{Files: []store.File{models, routes, more}}}, []store.File{models, routes})
	if len(back.Changes) != 1 || back.Changes[0].After != "" || !strings.Contains(back.Text, "@@ -1,1 +0,0 @@\n-routes") {
		t.Errorf("%+v\n%s", back, back.Text)
	}
	// What was made of the environment has no files, and says something all the same.
	env := diff(&InForce{Document: canonical([]store.File{models, routes})}, []store.File{models, routes})
	if !env.Equal {
		t.Errorf("%+v", env)
	}
}
