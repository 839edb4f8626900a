//go:build tools

package test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// checkJournal holds what arrived against what should have.
func checkJournal(t *testing.T, got []arrived, want []arrival) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d requests reached the upstream, want %d:\n%+v", len(got), len(want), got)
		return
	}
	for i, a := range got {
		checkHeaders(t, a)
		path := want[i].path
		if path == "" {
			path = "/v1/chat/completions"
		}
		if a.Path != path || a.Response.Status != want[i].status {
			t.Errorf("request %d: %s answered %d, want %s answered %d", i+1, a.Path, a.Response.Status, path, want[i].status)
		}
		if body := unmarked(t, a.Body); !sameJSON(body, []byte(want[i].body)) {
			t.Errorf("request %d arrived as\n%s\nwant\n%s", i+1, body, want[i].body)
		}
	}
}

// unmarked takes off the mark that aimock puts on a body in its journal.
func unmarked(t *testing.T, body []byte) []byte {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatalf("aimock's journal holds the body %q: %v", body, err)
	}
	delete(members, "_endpointType")
	plain, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// headersThatMayArrive are all that an upstream gets to see.
var headersThatMayArrive = strings.Fields("host user-agent content-length content-type accept accept-encoding authorization x-request-id")

// checkHeaders holds what arrived against what may: nothing of the client's own.
func checkHeaders(t *testing.T, a arrived) {
	t.Helper()
	for name, value := range a.Headers {
		if !slices.Contains(headersThatMayArrive, strings.ToLower(name)) {
			t.Errorf("%s %s arrived with the header %s: %s", a.Method, a.Path, name, value)
		}
		if strings.Contains(value, "of-the-client") || strings.Contains(value, "weir_") {
			t.Errorf("%s %s arrived with something of the client's: %s: %s", a.Method, a.Path, name, value)
		}
	}
}
