//go:build tools

package test

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// upstreamKey is what aimock asks for and Weir is given. A client's own key would
// be refused there, alone or beside it.
const upstreamKey = "sk-upstream-0123456789"

// aimock is @copilotkit/aimock as upstream: a mock of OpenAI's API that other
// people wrote, with a journal of what reached it.
type aimock struct {
	*process
	url string
}

var aimockListening = regexp.MustCompile(`listening on (http://\S+)`)

// startAimock runs it with the fixtures of test/clients.
func startAimock(t *testing.T) *aimock {
	t.Helper()
	cli := packaged(t, "@copilotkit/aimock/dist/cli.js")
	fixtures, err := filepath.Abs("clients/fixtures.json")
	if err != nil {
		t.Fatal(err)
	}
	m := &aimock{process: start(t, "aimock", []string{"AIMOCK_API_KEYS=" + upstreamKey},
		tool(t, "node"), cli, "--port", "0", "--fixtures", fixtures, "--metrics", "--validate-on-load")}
	m.await(t, "listening", func() bool {
		if found := aimockListening.FindStringSubmatch(m.out.String()); found != nil {
			m.url = found[1]
		}
		return m.url != ""
	})
	return m
}

// arrived is one entry of the journal.
type arrived struct {
	Method, Path string
	Headers      map[string]string
	Body         json.RawMessage
	Response     struct{ Status int }
}

// journal gives what arrived since the last reset. What is asked for in the
// definitions, the list of models, is left out.
func (m *aimock) journal(t *testing.T) []arrived {
	t.Helper()
	var list []arrived
	if err := json.Unmarshal(m.control(t, http.MethodGet, "/__aimock/journal"), &list); err != nil {
		t.Fatalf("read aimock's journal: %v", err)
	}
	return slices.DeleteFunc(list, func(a arrived) bool { return a.Method == http.MethodGet })
}

func (m *aimock) reset(t *testing.T) {
	t.Helper()
	m.control(t, http.MethodPost, "/__aimock/reset/journal")
}

func (m *aimock) control(t *testing.T, method, path string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, m.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+upstreamKey)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s of aimock: %s %v: %s", method, path, resp.Status, err, body)
	}
	return body
}

// left counts the answers whose connection was closed before their end.
func (m *aimock) left(t *testing.T) float64 {
	t.Helper()
	return scrape(t, m.url).sum("aimock_requests_total", map[string]string{"status": "destroyed"})
}
