package gateway_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/telemetry"
)

// X1, as far as the gateway goes: keys, prompts, answers and who the user is
// appear in no log line, event, metric or error body, however a request ends.
func TestSecretsAndContentStayInside(t *testing.T) {
	token, digest := newKey(t)
	var log strings.Builder
	r := newRig(t, setup{
		keys: []access.Key{{Name: "app", SHA256: digest, Scopes: access.Call}},
		config: func(c *gateway.Config) {
			c.Log = slog.New(slog.NewTextHandler(&lockedWriter{w: &log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
		},
	})
	body := strings.Replace(chatBody("ab", true), "hello", "canary-prompt", 1)
	var bodies strings.Builder
	for _, script := range []string{"", "status=500", "status=401", "rst", "error-in-200", "error-in-200=3", "cut-after=3", "malformed-event", "body=canary-answer", "text=canary-answer"} {
		for _, up := range []*chaos.Upstream{r.up, r.second} {
			up.SetScript(chaos.MustParse(script))
		}
		for u := range 4 {
			a := r.post(chatPath, body, "Authorization", "Bearer "+token, "X-User-Id", fmt.Sprintf("canary-user-%d", u), "X-Weir-Conversation", "canary-conversation")
			if a.status != 200 {
				bodies.WriteString(a.body)
			}
		}
	}
	r.post(chatPath, `{"model":"canary-prompt`, "Authorization", "Bearer "+token)
	r.post(chatPath, body, "Authorization", "Bearer canary-wrong-key")
	events, err := json.Marshal(r.events.wait(t, 42))
	if err != nil {
		t.Fatal(err)
	}
	var metrics strings.Builder
	r.reg.Gather(func(f telemetry.Family) { fmt.Fprintf(&metrics, "%+v\n", f) })
	for where, text := range map[string]string{"the log": log.String(), "an event": string(events), "metrics": metrics.String(), "an error body": bodies.String()} {
		if text == "" {
			t.Errorf("%s is empty: nothing was looked at", where)
		}
		for _, secret := range []string{token, digest, "upstream-secret-a", "upstream-secret-b", "canary-prompt", "canary-answer", "canary-user", "canary-conversation", "canary-wrong-key"} {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s holds %q: …%s…", where, secret, text[max(0, i-80):min(len(text), i+80)])
			}
		}
	}
}

// What was sent is told back to the caller alone: events and logs keep what was
// wrong with it, and where.
func TestEventsDoNotQuoteTheBody(t *testing.T) {
	r := newRig(t, setup{})
	for n, body := range []string{
		`{"model":"r","messages":"canary"}`,
		`{"model":"r","messages":[{"role":"user","content":"x"}],"user":["canary"]}`,
		`{"model":"r","messages":[{"role":"user","content":"x"}],"user":"\canary"}`,
		`{"model":"r","messages":[{"role":"user","content":"x"}],"max_tokens":"canary"}`,
		`{"model":"canary","messages":[{"role":"user","content":"x"}]}`,
		`{"model":"r","messages":[{"role":"user","content":"x"}],"n":4111111111}`,
	} {
		a := r.post(chatPath, body)
		e := r.last(n + 1)
		if a.status/100 != 4 || e.Code == "" || e.Error == "" {
			t.Errorf("%s: %d %s, event %+v", body, a.status, a.body, e)
		}
		if kept := e.Error + r.logs.String(); strings.Contains(kept, "canary") || strings.Contains(kept, "4111") {
			t.Errorf("%s: kept %q", body, e.Error)
		}
	}
}
