package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/upstream"
)

// refusal is an error of the upstream's own.
func refusal(status int, code, message string) chaos.Script {
	return chaos.Script{Status: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: fmt.Sprintf(`{"error":{"message":%q,"type":"its_type","param":"messages","code":%q}}`, message, code)}
}

// Who is not told which variant answers does not learn it from an error either:
// neither from Weir's words nor from the model's. Operators do.
func TestErrorsDoNotTellWhatAnswered(t *testing.T) {
	const length = "the context is 8192 tokens long"
	r := newRig(t, setup{
		keys:   []access.Key{{Name: "k", SHA256: access.Digest("good"), Scopes: access.Call}},
		models: func(a, _ *upstream.Model) { a.Name, a.ID = "weights-seven", "maker/weights-7b" },
		route: func(x *experiment.Route) {
			x.Baseline.Model, x.Retries = "weights-seven", 0
			if x.Experiment != nil {
				x.Experiment.Arms[0].Variant.Model = "weights-seven"
			}
		},
	})
	ask := func(stream bool) answer { return r.chat("r", stream, "Authorization", "Bearer good") }
	for n, c := range []struct {
		script chaos.Script
		status int
		want   string
	}{
		{chaos.Script{Status: 503}, 503, `"the model answered 503"`},
		{chaos.Script{Status: 401}, 502, `"code":"upstream_auth"`},
		{refusal(429, "rate_limit_exceeded", "over the limit for weights-7b in organization org-1"), 429, `"type":"its_type","param":"messages","code":"rate_limit_exceeded"`},
		{refusal(404, "model_not_found", "no model maker/weights-7b here"), 404, `"code":"model_not_found"`},
		{refusal(400, "made_up", "organization org-1 may not"), 400, `"the model refused the request: it answered 400"`},
		{refusal(400, "context_length_exceeded", length), 400, length},
		{refusal(400, "context_length_exceeded", "maker/weights-7b takes no more"), 400, `"code":"context_length_exceeded"`},
	} {
		r.up.SetScript(c.script)
		a := ask(false)
		if a.status != c.status || !strings.Contains(a.body, c.want) {
			t.Errorf("%d: %d %s, want %s", n, a.status, a.body, c.want)
		}
		inDialect(t, a.body, a)
		for _, name := range []string{"weights", "maker", "vllm", "org-1"} {
			if strings.Contains(a.body, name) {
				t.Errorf("%d: names %q: %s", n, name, a.body)
			}
		}
	}
	if e := r.events.at(t, 0); !strings.Contains(e.Error, "weights-seven") {
		t.Errorf("the operator does not learn which: %q", e.Error)
	}
	good, _, _ := strings.Cut(string(pieces("fine", 4)), "\n\n")
	r.up.SetScript(chaos.Script{Raw: []byte(good + "\n\n" + `data: {"error":{"message":"maker/weights-7b crashed","type":"server_error","code":"crashed"}}` + "\n\n")})
	if a := ask(true); a.code() != "crashed" || strings.Contains(a.body, "weights") || !strings.Contains(a.body, "inside its stream") {
		t.Errorf("in a stream: %s", a.body)
	}
}

// Why a model cannot be asked: its name learns who may know what answers, that of
// a secret only the operator.
func TestModelThatCannotBeAsked(t *testing.T) {
	noSecret := func(a, _ *upstream.Model) {
		a.Name, a.KeyName, a.KeyErr = "a", "file:/etc/weir/vendor.key", errors.New("no such file")
	}
	noID := func(a, _ *upstream.Model) { a.ID, a.Endpoints = "", []string{"http://127.0.0.1:1/v1"} }
	for _, c := range []struct {
		name, token, code, want string
		models                  func(a, b *upstream.Model)
	}{
		{"no secret", "app", "model_unavailable", "the model is not configured", noSecret},
		{"no secret", "reader", "model_unavailable", "the model is not configured", noSecret},
		{"no id", "app", "model_unknown", `"the model cannot be asked"`, noID},
		{"no id", "reader", "model_unknown", `model \"a\"`, noID},
	} {
		r := newRig(t, setup{models: c.models, route: retries(0), keys: []access.Key{
			{Name: "app", SHA256: access.Digest("app"), Scopes: access.Call}, {Name: "reader", SHA256: access.Digest("reader"), Scopes: access.Call | access.Read}}})
		a := r.chat("r", false, "Authorization", "Bearer "+c.token)
		if a.code() != c.code || strings.Contains(a.body, "vendor.key") || !strings.Contains(a.body, c.want) {
			t.Errorf("%s, %s: %d %s", c.name, c.token, a.status, a.body)
		}
		if e := r.last(1); !strings.Contains(e.Error, `model "a"`) || strings.Contains(e.Error, "vendor.key") != (c.name == "no secret") {
			t.Errorf("%s, %s: the operator reads %q", c.name, c.token, e.Error)
		}
	}
}

// An endpoint is blamed for what it did, not for what was asked of it.
func TestEndpointIsBlamedForItsOwn(t *testing.T) {
	for script, want := range map[string]int64{"status=400": 0, "status=404": 0, "status=401": 0, "error-in-200": 0, "status=429": 1, "status=500": 1,
		"rst": 1, "silent": 1, "cut-after=3": 1, "error-in-200=3": 0} {
		r := newRig(t, setup{route: retries(0), models: clocks(upstream.Clocks{FirstToken: 200 * time.Millisecond})})
		r.up.SetScript(chaos.MustParse(script))
		r.chat("r", true)
		r.last(1)
		for until := time.Now().Add(5 * time.Second); r.gw.InFlight() > 0 && time.Now().Before(until); {
			time.Sleep(time.Millisecond)
		}
		if n := r.snap.Pools["a"].Endpoints[0].Failures(); n != want {
			t.Errorf("%s: %d failures, want %d", script, n, want)
		}
	}
}

// A step that spoils the request is Weir's defect, and no model's.
func TestRequestThatAStepBroke(t *testing.T) {
	spoil := func(_ context.Context, x *gateway.Exchange) (chat.Frames, error) {
		return nil, x.Request.Edit(func(turn *chat.Turn) error {
			turn.Fields = append(turn.Fields, chat.Field{Name: "bad", Value: []byte("{")})
			return nil
		})
	}
	r := newRig(t, steps(gateway.Steps{Render: []gateway.Step{spoil}}))
	a := r.chat("r", false)
	if e := r.last(1); a.status != 500 || a.code() != "internal_error" || e.Outcome != event.Interrupted || len(e.Attempts) != 1 || r.up.Count() != 0 {
		t.Errorf("%d %s: %+v", a.status, a.body, e)
	}
}

// fails is a driver with a trouble of its own.
type fails struct{}

func (fails) Chat(context.Context, *upstream.Call) (*upstream.Reply, error) {
	return nil, errors.New("a trouble that has no name")
}
func (fails) Close() {}

// Nothing was truncated when there was no answer yet.
func TestUnknownDriverErrorIsNotATruncation(t *testing.T) {
	r := newRig(t, setup{})
	r.snap.Pools["a"] = upstream.NewPool(r.snap.Pools["a"].Model, fails{})
	if err := r.gw.Apply(r.snap); err != nil {
		t.Fatal(err)
	}
	a := r.chat("r", false)
	if e := r.last(1); a.status != 502 || a.code() != "upstream_error" || e.Outcome != event.UpstreamError || e.Attempts[0].Result != "error" {
		t.Errorf("%d %s: %+v", a.status, a.body, e)
	}
}

// The total is that of the variant's own model, also while a fallback is asked.
func TestTotalClockTellsItsOwnTime(t *testing.T) {
	r := newRig(t, setup{route: retries(1, "b"), models: func(a, b *upstream.Model) {
		a.Clocks.Total, b.Clocks.Total = 400*time.Millisecond, time.Minute
	}})
	r.up.SetScript(chaos.MustParse("status=503"))
	r.second.SetScript(chaos.MustParse("silent"))
	if a := r.chat("r", false); a.code() != "timeout_total" || !strings.Contains(a.body, "total clock of 400ms") {
		t.Errorf("%d %s", a.status, a.body)
	}
}
