package admin

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The reference page lists every call with its scope, and no other.
func TestReferenceListsEveryCall(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "<!-- calls -->\n")
	if !found {
		t.Fatal("the page has no table of calls")
	}
	table, _, _ := strings.Cut(rest, "\n\n")
	listed := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([A-Z]+ [^`]+)` \\| ([a-z]+) \\| [^|]+ \\|$").FindAllStringSubmatch(table, -1) {
		listed[row[1]] = row[2]
	}
	f := start(t, nil)
	for _, e := range f.server.table() {
		if e.hidden {
			continue
		}
		call := fmt.Sprintf("%s %s", e.method, e.path)
		if listed[call] != string(e.scope) {
			t.Errorf("%s needs scope %s; the page says %q", call, e.scope, listed[call])
		}
		delete(listed, call)
	}
	for call := range listed {
		t.Errorf("the page lists %s, which there is not", call)
	}
	for _, bound := range []string{fmt.Sprintf("%d when left out", defaultPage), "five minutes", "twelve hours", "last 2,000 requests", "p = 0.001"} {
		if !strings.Contains(string(text), bound) {
			t.Errorf("the page does not say %q", bound)
		}
	}
	if linkTTL.Minutes() != 5 || sessionTTL.Hours() != 12 || splitEvents != 2000 || wrongSplit != 0.001 {
		t.Error("a bound has changed: mend the page")
	}
}
