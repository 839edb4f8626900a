//go:build tools

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/telemetry"
)

// TestDocsMetrics: what a running Weir shows is what the page lists.
func TestDocsMetrics(t *testing.T) {
	w := serve(t, "models: {m: {vendor: simulated}}\nroutes: {r: {baseline: m}}\n")
	listed := map[string]bool{}
	for _, f := range exposed() {
		listed[f.Name] = true
	}
	for name := range scrape(t, w.telemetry) {
		ours := strings.HasPrefix(name, "weir_") || strings.HasPrefix(name, "llm_")
		if ours && !listed[name] {
			t.Errorf("%s is exposed, and reference/metrics.md does not list it", name)
		}
	}
	family := regexp.MustCompile(`\b(llm|weir)_[a-z_]+[a-z]\b`)
	for _, p := range pages(t) {
		if !strings.HasPrefix(p.name, "docs/how-to/") && !strings.HasPrefix(p.name, "docs/tutorial/") && p.name != "docs/reference/http.md" {
			continue
		}
		for _, name := range family.FindAllString(p.text, -1) {
			bare := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(name, "")
			if !listed[name] && !listed[bare] {
				t.Errorf("%s names the family %s, which does not exist", p.name, name)
			}
		}
	}
}

// fieldRow begins a row of a table of fields.
var fieldRow = regexp.MustCompile("^\\| (`[^|]*`) \\|")

// TestDocsFields: the tables of fields name each field, in the order of the code.
func TestDocsFields(t *testing.T) {
	for name, value := range map[string]any{"event": event.Event{}, "assignment": event.Assignment{}, "attempt": event.Attempt{}, "usage": chat.Usage{}} {
		var want []string
		for i := range reflect.TypeOf(value).NumField() {
			tag, _, _ := strings.Cut(reflect.TypeOf(value).Field(i).Tag.Get("json"), ",")
			want = append(want, tag)
		}
		_, rest, found := strings.Cut(readDoc(t, "docs/reference/events.md"), "<!-- fields: "+name+" -->\n")
		if !found {
			t.Errorf("events.md has no table of the fields of %s", name)
			continue
		}
		table, _, _ := strings.Cut(rest, "\n\n")
		var have []string
		for line := range strings.Lines(table) {
			if row := fieldRow.FindStringSubmatch(line); row != nil {
				have = append(have, strings.Split(strings.ReplaceAll(row[1], "`", ""), ", ")...)
			}
		}
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Equal(have, want) {
			t.Errorf("%s: events.md lists %q, the code has %q", name, have, want)
		}
	}
}

// TestDocsHTTP: the page on the data plane names every path, outcome and reason,
// says of each outcome whether it counts, and knows every header that the gateway
// reads or sets.
func TestDocsHTTP(t *testing.T) {
	text := readDoc(t, "docs/reference/http.md")
	for _, path := range gateway.Paths() {
		if !strings.Contains(text, "`"+path+"`") {
			t.Errorf("the path %s is not there", path)
		}
	}
	for o := telemetry.Outcome(0); o.String() != "unknown"; o++ {
		against := "no"
		if o.Against() {
			against = "yes"
		}
		row := regexp.MustCompile(`(?m)^\| ` + "`" + o.String() + "`" + ` \|.*\| ([a-z]*) \|$`).FindStringSubmatch(text)
		if row == nil || row[1] != against {
			t.Errorf("outcome %s: the row says %q, want that it counts against the variant: %s", o, row, against)
		}
	}
	for r := experiment.Outside; r <= experiment.NoUnit; r++ {
		if !strings.Contains(text, "`"+r.String()+"`") {
			t.Errorf("the reason %s is not there", r)
		}
	}
	header := regexp.MustCompile(`"(X-[A-Z][A-Za-z-]+|Traceparent|Tracestate|Baggage|Retry-After)"`)
	for _, name := range goFiles(t, "internal/gateway") {
		for _, found := range header.FindAllStringSubmatch(readDoc(t, name), -1) {
			if h := strings.ToLower(found[1]); !strings.Contains(text, h) && h != "x-accel-buffering" {
				t.Errorf("%s knows the header %s, and http.md does not", name, h)
			}
		}
	}
}

// TestDocsHash: the test vectors of the page on assignment are those of the code.
func TestDocsHash(t *testing.T) {
	rows := regexp.MustCompile("(?m)^\\| `(.*)` \\| `(.*)` \\| `(.*)` \\| `([0-9a-f]{16})` \\|$").FindAllStringSubmatch(readDoc(t, "docs/explanation/assignment.md"), -1)
	if len(rows) < 4 {
		t.Errorf("%d test vectors, want at least 4", len(rows))
	}
	for _, r := range rows {
		if got := fmt.Sprintf("%016x", experiment.Hash(r[1], r[2], r[3])); got != r[4] {
			t.Errorf("salt %q, kind %q, unit %q: the page says %s, the code %s", r[1], r[2], r[3], r[4], got)
		}
	}
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func goFiles(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			names = append(names, filepath.Join(folder, e.Name()))
		}
	}
	return names
}
