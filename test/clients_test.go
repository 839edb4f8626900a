//go:build tools

package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"
)

const clientDefinitions = `
models:
  mock-a: {vendor: openai-compatible, endpoint: "%[1]s", model: gpt-mock-a, key: env:UPSTREAM_KEY, price: {input: 1, output: 2}}
  no-key: {vendor: openai-compatible, endpoint: "%[1]s", model: gpt-mock-b, key: env:WRONG_KEY, price: {input: 1, output: 2}}
  vector: {vendor: openai-compatible, endpoint: "%[1]s", model: text-embedding-3-small, key: env:UPSTREAM_KEY, price: {input: 1, output: 0}}
routes:
  assistant: {baseline: {model: mock-a}}
  locked: {baseline: {model: no-key}}
  vectors: {baseline: {model: vector}}
`

// TestClients sends the same requests with two clients that OpenAI publishes,
// through Weir to aimock, and holds aimock's journal against what was sent.
func TestClients(t *testing.T) {
	up := startAimock(t)
	token, keys := newKey(t)
	w := serve(t, fmt.Sprintf(clientDefinitions, up.url)+keys, "UPSTREAM_KEY="+upstreamKey, "WRONG_KEY=sk-nobody")
	for _, c := range []struct {
		name string
		send func(t *testing.T, name string) []raw
	}{
		{"npm openai", func(t *testing.T, name string) []raw { return runScript(t, name, w.data, token) }},
		{"openai-go", func(t *testing.T, name string) []raw { return runGo(t, name, w.data, token) }},
	} {
		for _, name := range slices.Sorted(maps.Keys(arrivals)) {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				up.reset(t)
				left := up.left(t)
				cancelled := outcomes(t, w, "cancelled")
				replies := c.send(t, name)
				for _, r := range replies {
					r.check(t)
				}
				checkJournal(t, up.journal(t), arrivals[name])
				if name == "abort" {
					checkLeft(t, up, w, left+1, cancelled+1)
				}
			})
		}
	}
}

// newKey makes a key for a client with the command that people use.
func newKey(t *testing.T) (token, definitions string) {
	t.Helper()
	out, errs, code := run(t, nil, "", weirBinary, "key", "create", "app", "--scopes", "call,read")
	if code != 0 {
		t.Fatalf("weir key create: exit %d: %s", code, errs)
	}
	found := regexp.MustCompile(`weir_[A-Za-z0-9_-]+`).FindString(errs)
	if found == "" {
		t.Fatalf("weir key create printed no token: %q", errs)
	}
	return found, out
}

// runScript runs test/clients/NAME.mjs, which fails when the library did not
// give it what it should, and gives the replies as they came.
func runScript(t *testing.T, name, base, token string) []raw {
	t.Helper()
	packaged(t, "openai/package.json")
	script, err := filepath.Abs(filepath.Join("clients", name+".mjs"))
	if err != nil {
		t.Fatal(err)
	}
	out, errs, code := run(t, []string{"WEIR_URL=" + base, "WEIR_KEY=" + token}, "", tool(t, "node"), script)
	if code != 0 {
		t.Fatalf("%s.mjs: exit %d\n%s", name, code, errs)
	}
	var replies []raw
	if err := json.Unmarshal([]byte(out), &replies); err != nil {
		t.Fatalf("%s.mjs reported %q: %v", name, out, err)
	}
	return replies
}

// checkLeft waits until the upstream saw the client leave. The answer it was
// giving would have taken most of a minute.
func checkLeft(t *testing.T, up *aimock, w *weir, left, cancelled float64) {
	t.Helper()
	for range 100 {
		if up.left(t) == left && outcomes(t, w, "cancelled") == cancelled {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("10 s after the client left, aimock counts %v connections closed on it, want %v; Weir counts %v requests cancelled, want %v",
		up.left(t), left, outcomes(t, w, "cancelled"), cancelled)
}

func outcomes(t *testing.T, w *weir, outcome string) float64 {
	t.Helper()
	return scrape(t, w.telemetry).sum("weir_requests_total", map[string]string{"outcome": outcome})
}
