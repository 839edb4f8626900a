package admin

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/upstream"
)

// noDriver stands where a pool needs one.
type noDriver struct{}

func (noDriver) Close() {}

func pool(m upstream.Model) *upstream.Pool { return upstream.NewPool(m, noDriver{}) }

func TestModelsSayWhyOneIsNotReady(t *testing.T) {
	f := start(t, nil)
	f.state.pools = map[string]*upstream.Pool{
		"small": pool(upstream.Model{Name: "small", Vendor: upstream.Vendor{Name: "vllm", Driver: "openai"}, ID: "tiny", Context: 8192,
			Endpoints: []string{"http://one:8000/v1", "http://two:8000/v1"}}),
		"big": pool(upstream.Model{Name: "big", Vendor: upstream.Vendor{Name: "openai", Driver: "openai", BaseURL: "https://api.example.com/v1"},
			KeyName: "env:BIG_KEY", KeyErr: errors.New("environment variable BIG_KEY is not set")}),
	}
	f.state.pools["small"].Endpoints[1].Begin()
	f.state.pools["small"].Endpoints[0].End(true)
	list := decode[ModelList](t, f.body("/api/v1/models"))
	if len(list.Models) != 2 || list.Models[0].Name != "big" {
		t.Fatalf("%+v", list)
	}
	big, small := list.Models[0], list.Models[1]
	if big.Ready || !strings.Contains(big.Reason, "env:BIG_KEY is not set") || big.Key != "env:BIG_KEY" || big.ID != "" || big.Endpoints[0].URL != "https://api.example.com/v1" {
		t.Errorf("big: %+v", big)
	}
	if !small.Ready || small.Reason != "" || small.ID != "tiny" || len(small.Endpoints) != 2 || small.Endpoints[1].InFlight != 1 || small.Endpoints[0].Failures != 1 {
		t.Errorf("small: %+v", small)
	}
}

func TestRoutesAndExperiments(t *testing.T) {
	f := start(t, nil)
	routes := decode[RouteList](t, f.body("/api/v1/routes"))
	if routes.Revision != "0123456789abcdef" || len(routes.Routes) != 2 || routes.Routes[0].Name != "plain" || routes.Routes[0].Expose != "always" || !routes.Routes[0].Blind {
		t.Fatalf("%+v", routes)
	}
	support := routes.Routes[1]
	if support.Experiment != "cheaper" || support.Baseline.Model != "big" || support.Unit[0] != (UnitSource{"header", "x-user-id", "user"}) ||
		support.Overrides[0] != (Override{`group("staff")`, "b", false}) || support.Fallback[0] != "small" || support.Retries != 1 || support.Expose != "trusted" {
		t.Errorf("%+v", support)
	}
	e := decode[ExperimentList](t, f.body("/api/v1/experiments")).Experiments[0]
	if e.Name != "cheaper" || e.Unit != "user" || !strings.Contains(e.Audience, "atlantis") || e.Arms[0].From != "0000000000000000" || e.Arms[1].To != "ffffffffffffffff" ||
		len(e.Arms[0].To) != 16 || e.Arms[1].Probability != 0.1 || !e.Arms[0].Baseline || string(e.Arms[1].Variant.Parameters["temperature"]) != "0.3" {
		t.Errorf("%+v", e)
	}
}

func TestBeforeAnythingIsInForce(t *testing.T) {
	f := start(t, nil)
	f.state.set = nil
	if got := f.body("/api/v1/routes"); got != `{"revision":"","routes":[]}`+"\n" {
		t.Error(got)
	}
	f.body("/api/v1/status")
	f.body("/")
	f.problem("POST", "/api/v1/explain", `{"route":"support"}`, 404)
}

func explained(f *fixture, body string) Explanation {
	f.t.Helper()
	resp, answer := f.do(f.request("POST", "/api/v1/explain", body))
	if resp.StatusCode != 200 {
		f.t.Fatalf("%s: %s %s", body, resp.Status, answer)
	}
	return decode[Explanation](f.t, answer)
}

// What is explained is what requests get: Set.Assign is asked the same.
func TestExplainAgreesWithAssign(t *testing.T) {
	f := start(t, nil)
	r := f.state.set.Routes["support"]
	seen := map[string]bool{}
	for _, unit := range idsFromTo(0, 60) {
		a := f.state.set.Assign(r, &experiment.Input{Unit: experiment.Unit{Kind: "user", ID: unit}, MayForce: true})
		x := explained(f, `{"route":"support","unit":"`+unit+`"}`)
		if x.Variant != a.Variant.Name || x.Model != a.Variant.Model || x.Reason != "chance" || !x.Enrolled || x.Probability != a.Probability || x.Experiment != "cheaper" || len(x.Steps) < 3 {
			t.Errorf("unit %s: explained %+v, assigned %+v", unit, x, a)
		}
		seen[x.Variant] = true
	}
	if len(seen) != 2 {
		t.Errorf("60 units saw only %v", seen)
	}
}

func TestExplainReadsWhatARequestCarries(t *testing.T) {
	f := start(t, nil)
	for _, row := range []struct{ name, body, variant, reason, step string }{
		{"the unit in a header", `{"route":"support","headers":{"X-User-ID":"u9"}}`, "", "chance", `user "u9", from header x-user-id`},
		{"the key as unit", `{"route":"support","key":"shop"}`, "", "chance", `user "shop", the caller's key`},
		{"no unit", `{"route":"support"}`, "a", "no_unit", "none: the request carries none"},
		{"outside the audience", `{"route":"support","unit":"u1","headers":{"x-country":"atlantis"}}`, "a", "outside", "is false"},
		{"another kind of unit", `{"route":"support","unit":"u1","kind":"session"}`, "a", "no_unit", "is not a user"},
		{"an override", `{"route":"support","unit":"u1","groups":["staff"]}`, "b", "override", "matches"},
		{"forced", `{"route":"support","unit":"u1","forced":"b"}`, "b", "forced", "was asked for: b"},
		{"forced by the header", `{"route":"support","unit":"u1","headers":{"x-weir-variant":"b"}}`, "b", "forced", "was asked for: b"},
		{"no experiment", `{"route":"plain","unit":"u1"}`, "a", "outside", "none in force"},
	} {
		x := explained(f, row.body)
		var steps string
		for _, s := range x.Steps {
			steps += s.String() + "\n"
		}
		if row.variant != "" && x.Variant != row.variant || x.Reason != row.reason || !strings.Contains(steps, row.step) {
			t.Errorf("%s: %+v", row.name, x)
		}
	}
}

func TestExplainSaysWhatTheVariantDecides(t *testing.T) {
	f := start(t, nil)
	f.state.set.Routes["support"].Experiment.Arms[1].Variant.Parameters["max_tokens"] = json.RawMessage("200")
	x := explained(f, `{"route":"support","unit":"u1","forced":"b"}`)
	if want := []string{"max_tokens: 200, or the caller's limit where that is smaller", "temperature: 0.3, whatever the caller sends"}; !slices.Equal(x.Parameters, want) {
		t.Errorf("got %q, want %q", x.Parameters, want)
	}
	if x := explained(f, `{"route":"plain"}`); x.Parameters != nil {
		t.Errorf("of a variant without parameters: %q", x.Parameters)
	}
}

// Where keys are declared, forcing is explained for a key that may only if it is
// said to.
func TestExplainForcedWithKeys(t *testing.T) {
	f := start(t, nil)
	f.state.setKeys(f.keyring("reader", "read"))
	for body, reason := range map[string]string{
		`{"route":"support","unit":"u1","forced":"b"}`:                  "chance",
		`{"route":"support","unit":"u1","forced":"b","may_force":true}`: "forced",
	} {
		_, answer := f.do(f.request("POST", "/api/v1/explain", body, "Authorization", "Bearer "+f.token("reader")))
		if x := decode[Explanation](t, answer); x.Reason != reason {
			t.Errorf("%s: %s", body, answer)
		}
	}
}

func TestExplainRefuses(t *testing.T) {
	f := start(t, nil)
	if p := f.problem("POST", "/api/v1/explain", `{"route":"suport"}`, 404); p.Code != "route_not_found" || !strings.Contains(p.Next, "support") {
		t.Errorf("%+v", p)
	}
	if p := f.problem("POST", "/api/v1/explain", `{"route":"support","kind":"person"}`, 400); p.Param != "kind" {
		t.Errorf("%+v", p)
	}
	if p := f.problem("POST", "/api/v1/explain", `{"route":"support","forced":"candidat"}`, 400); p.Code != "unknown_variant" || !strings.Contains(p.Next, `"candidate"`) {
		t.Errorf("%+v", p)
	}
	if p := f.problem("POST", "/api/v1/explain", `{"route":"support","forced":"nonsense"}`, 400); !strings.Contains(p.Next, "it has: baseline, ") {
		t.Errorf("%+v", p)
	}
	if p := f.problem("POST", "/api/v1/explain", `{"rout":"support"}`, 400); p.Code != "invalid_body" || !strings.Contains(p.Detail, "rout") {
		t.Errorf("%+v", p)
	}
}

// Secrets that Weir or its callers hold appear in no answer and no log: X1 of the
// list of faults.
func TestSecretsAppearNowhere(t *testing.T) {
	f := start(t, func(c *Config) { c.Pprof = true })
	f.state.setKeys(f.keyring("reader", "read", "operator", "operate"))
	f.state.pools = map[string]*upstream.Pool{"m": pool(upstream.Model{Name: "m", Key: "c4n4ry-vendor-key", Header: map[string]string{"X-Secret": "c4n4ry-vendor-header"},
		Endpoints: []string{"http://user:c4n4ry-password@host/v1?token=c4n4ry-query"}, KeyName: "env:KEY", KeyErr: errors.New("c4n4ry-cause")})}
	f.ring.Record(&event.Event{ID: "1"})
	var all strings.Builder
	for _, key := range []string{"reader", "operator", "unknown"} {
		for _, e := range f.server.table() {
			path := strings.NewReplacer("{id}", "1", "{profile}", "goroutine").Replace(e.path)
			if e.id == "streamEvents" || e.id == "profile" {
				continue // one has no end, the other no text of callers
			}
			for _, query := range []string{"", "?key=c4n4ry-url-key"} {
				body := ""
				if e.id == "explain" {
					body = `{"route":"support","unit":"u","headers":{"authorization":"c4n4ry-header"}}`
				}
				req := f.request(e.method, path+query, body, "Authorization", "Bearer "+f.token(key), "X-Api-Key", "c4n4ry-api-key", "Cookie", "c4n4ry-cookie")
				resp, answer := f.do(req)
				_ = resp.Header.Write(&all)
				_, _ = io.WriteString(&all, answer)
			}
		}
	}
	f.state.panics("no secret")
	f.do(f.request("GET", "/api/v1/models?", "", "Authorization", "Bearer "+f.token("reader")))
	if f.log.String() == "" {
		t.Error("nothing was logged: the test shows nothing")
	}
	for name, text := range map[string]string{"answers": all.String(), "the log": f.log.String()} {
		if i := strings.Index(text, "c4n4ry"); i >= 0 {
			t.Errorf("%s hold a secret: ...%s", name, text[max(0, i-100):min(len(text), i+60)])
		}
	}
	if !json.Valid(f.server.doc) {
		t.Error("the document is not JSON")
	}
}
