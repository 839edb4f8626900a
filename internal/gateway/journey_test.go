package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/event"
)

func TestOneRequestComesBackWhole(t *testing.T) {
	for _, stream := range []bool{false, true} {
		r := newRig(t, setup{})
		a := r.chat("r", stream, "X-User-Id", "u1", "X-Request-Id", "mine")
		if a.status != 200 || a.err != nil {
			t.Fatalf("stream %v: %d %s %v", stream, a.status, a.body, a.err)
		}
		if a.text(t) == "" || a.done() != stream {
			t.Errorf("stream %v: answer %q", stream, a.body)
		}
		if a.header.Get("X-Weir-Variant") != "baseline" || a.header.Get("X-Request-Id") != "mine" || a.header.Get("X-Weir-Request-Id") == "" {
			t.Errorf("stream %v: headers %v", stream, a.header)
		}
		e := r.last(1)
		if e.Outcome != event.OK || e.Route != "r" || e.Model != "a" || !e.UsageKnown || e.Usage.Output == 0 || e.ID != a.header.Get("X-Weir-Request-Id") {
			t.Errorf("stream %v: event %+v", stream, e)
		}
		if stream && e.FirstToken <= 0 {
			t.Errorf("no time to first token: %+v", e)
		}
	}
}

func TestUpstreamSeesItsOwnModelAndKeyOnly(t *testing.T) {
	r := newRig(t, setup{})
	a := r.post(chatPath, chatBody("r", true, `"temperature":0.5`, `"x_unknown":{"deep":[1,2]}`), "Authorization", "Bearer client-credential", "Cookie", "c=1", "Traceparent", "00-x")
	if a.status != 200 {
		t.Fatal(a.status, a.body)
	}
	got := r.up.Requests()[0]
	var body map[string]json.RawMessage
	if err := json.Unmarshal(got.Body, &body); err != nil {
		t.Fatal(err)
	}
	if string(body["model"]) != `"model-a-id"` || string(body["x_unknown"]) != `{"deep":[1,2]}` || string(body["temperature"]) != "0.5" {
		t.Errorf("the upstream got %s", got.Body)
	}
	if !strings.Contains(string(body["stream_options"]), `"include_usage":true`) {
		t.Errorf("usage was not asked for: %s", got.Body)
	}
	if h := got.Header.Get("Authorization"); h != "Bearer upstream-secret-a" {
		t.Errorf("the upstream got Authorization %q", h)
	}
	if got.Header.Get("Cookie") != "" || got.Header.Get("Traceparent") != "00-x" {
		t.Errorf("the upstream got headers %v", got.Header)
	}
	for _, d := range a.events() {
		if strings.Contains(d, `"choices":[]`) {
			t.Errorf("the client got the usage event it did not ask for: %s", d)
		}
	}
}
