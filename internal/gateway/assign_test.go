package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
)

func TestSplitIsStickyAndSeenFromTheUpstream(t *testing.T) {
	r := newRig(t, setup{})
	variant := map[string]string{}
	for round := range 3 {
		for u := range 60 {
			user := fmt.Sprintf("user-%d", u)
			a := r.chat("ab", u%2 == 0, "X-User-Id", user)
			v := a.header.Get("X-Weir-Variant")
			if a.status != 200 || v == "" || v != a.header.Get("X-Model-Version") || a.header.Get("X-Weir-Reason") != "chance" || a.header.Get("X-Weir-Experiment") != "test" {
				t.Fatalf("%s: %d %v", user, a.status, a.header)
			}
			if round == 0 {
				variant[user] = v
			} else if variant[user] != v {
				t.Errorf("%s had %s and then %s", user, variant[user], v)
			}
		}
	}
	control, treatment := 0, 0
	for _, v := range variant {
		if v == "control" {
			control += 3
		} else {
			treatment += 3
		}
	}
	if r.up.Count() != control || r.second.Count() != treatment || control == 0 || treatment == 0 {
		t.Errorf("the headers say %d and %d, the upstreams %d and %d", control, treatment, r.up.Count(), r.second.Count())
	}
	for _, e := range r.events.wait(t, 180) {
		if a := e.Assignments[0]; !a.Enrolled || a.Probability != 0.5 || e.UnitKind != "user" || len(e.Unit) != 16 {
			t.Fatalf("%+v", e)
		}
	}
}

func TestUnitSources(t *testing.T) {
	r := newRig(t, setup{})
	byHeader := r.post(chatPath, chatBody("ab", false, `"user":"other"`), "X-User-Id", "u7").header.Get("X-Weir-Variant")
	byBody := r.post(chatPath, chatBody("ab", false, `"user":"u7"`)).header.Get("X-Weir-Variant")
	if byHeader != byBody {
		t.Errorf("u7 by header is %s, by body %s", byHeader, byBody)
	}
	a := r.chat("ab", false)
	if a.header.Get("X-Weir-Variant") != "control" || a.header.Get("X-Weir-Reason") != "no_unit" {
		t.Errorf("without a unit: %v", a.header)
	}
	if e := r.last(3); e.Assignments[0].Enrolled || e.Unit != "" {
		t.Errorf("%+v", e)
	}
}

func TestForcedVariantNeedsItsScope(t *testing.T) {
	token, digest := newKey(t)
	weak, weakDigest := newKey(t)
	keys := []access.Key{{Name: "strong", SHA256: digest, Scopes: access.Call | access.Force | access.Read}, {Name: "weak", SHA256: weakDigest, Scopes: access.Call}}
	r := newRig(t, setup{keys: keys})
	a := r.chat("ab", false, "Authorization", "Bearer "+token, "X-Weir-Variant", "treatment", "X-User-Id", "u")
	if a.status != 200 || a.header.Get("X-Weir-Variant") != "treatment" || a.header.Get("X-Weir-Reason") != "forced" {
		t.Errorf("%d %v", a.status, a.header)
	}
	if e := r.last(1); e.Assignments[0].Enrolled || e.Key != "strong" {
		t.Errorf("%+v", e)
	}
	if a := r.chat("ab", false, "Authorization", "Bearer "+token, "X-Weir-Variant", "treatmint"); a.status != 400 || a.code() != "unknown_variant" || !strings.Contains(a.body, "treatment") {
		t.Errorf("unknown variant: %d %s", a.status, a.body)
	}
	if a := r.chat("ab", false, "Authorization", "Bearer "+weak, "X-Weir-Variant", "treatment"); a.status != 403 || a.code() != "force_not_allowed" {
		t.Errorf("without the scope: %d %s", a.status, a.body)
	}
	a = r.chat("ab", false, "Authorization", "Bearer "+weak, "X-User-Id", "u")
	if a.status != 200 || a.header.Get("X-Weir-Variant") != "" || a.header.Get("X-Model-Version") != "" {
		t.Errorf("a key without scope read is told the variant: %v", a.header)
	}
}

func newKey(t *testing.T) (token, digest string) {
	t.Helper()
	token, digest, err := access.NewToken(randomBytes{})
	if err != nil {
		t.Fatal(err)
	}
	return token, digest
}

func TestExposeAndBlind(t *testing.T) {
	for expose, want := range map[experiment.Expose]bool{experiment.Always: true, experiment.Never: false} {
		r := newRig(t, setup{route: func(x *experiment.Route) { x.Expose, x.Blind = expose, true }})
		for _, stream := range []bool{false, true} {
			a := r.chat("ab", stream, "X-User-Id", "u")
			if got := a.header.Get("X-Weir-Variant") != ""; got != want {
				t.Errorf("expose %v: header present: %v", expose, got)
			}
			for _, d := range a.events() {
				var m struct{ Model string }
				if err := json.Unmarshal([]byte(d), &m); err != nil || m.Model != "ab" {
					t.Errorf("blind, stream %v: %s (%v)", stream, d, err)
				}
			}
			if stream && !a.done() {
				t.Error("blind stream lost its end")
			}
		}
	}
}

func TestOverrideIsOpenOrNeedsForce(t *testing.T) {
	when, err := experiment.Compile(`header["x-user-group"] == "beta-testers"`)
	if err != nil {
		t.Fatal(err)
	}
	_, digest := newKey(t)
	for _, open := range []bool{true, false} {
		r := newRig(t, setup{route: func(x *experiment.Route) {
			x.Overrides = []experiment.Override{{When: when, Variant: "candidate", Open: open}}
			x.Expose = experiment.Always
		}})
		a := r.chat("ab", false, "X-User-Group", "beta-testers", "X-User-Id", "u")
		if a.header.Get("X-Weir-Variant") != "treatment" || a.header.Get("X-Weir-Reason") != "override" {
			t.Errorf("open %v, caller with every scope: %v", open, a.header)
		}
		snap := r.snap
		token, d := newKey(t)
		if snap.Keys, err = access.NewKeyring([]access.Key{{Name: "k", SHA256: d, Scopes: access.Call}, {Name: "o", SHA256: digest, Scopes: access.Call}}); err != nil {
			t.Fatal(err)
		}
		if err := r.gw.Apply(snap); err != nil {
			t.Fatal(err)
		}
		a = r.chat("ab", false, "X-User-Group", "beta-testers", "X-User-Id", "u", "Authorization", "Bearer "+token)
		if got := a.header.Get("X-Weir-Reason") == "override"; got != open {
			t.Errorf("open %v, caller without force: %v", open, a.header)
		}
	}
}

// A conversation stays where it began although the boundary moves; a stopped
// variant breaks the pin at once.
func TestPinHoldsAConversation(t *testing.T) {
	r := newRig(t, setup{})
	user, conv := "", []string{"X-Weir-Conversation", "c1"}
	for i := 0; user == ""; i++ { // somebody in the treatment
		if a := r.chat("ab", false, "X-User-Id", fmt.Sprint(i)); a.header.Get("X-Weir-Variant") == "treatment" {
			user = fmt.Sprint(i)
		}
	}
	first := r.chat("ab", false, append(conv, "X-User-Id", user)...)
	pin := first.header.Get("X-Weir-Pin")
	if pin == "" {
		t.Fatal("no pin for the conversation")
	}
	snap := r.snap
	apply := func(change func(*experiment.Experiment)) {
		set := testSet(t, nil, false)
		change(set.Routes["ab"].Experiment)
		snap.Set = set
		if err := r.gw.Apply(snap); err != nil {
			t.Fatal(err)
		}
	}
	apply(func(e *experiment.Experiment) { // everybody is in the control now
		arms, err := experiment.Split([]*experiment.Variant{e.Arms[0].Variant, e.Arms[1].Variant}, []float64{100, 0})
		if err != nil {
			t.Fatal(err)
		}
		arms[0], arms[1] = withRole(arms[0], e.Arms[0]), withRole(arms[1], e.Arms[1])
		e.Arms = arms
		e.Arms[1].Empty = true
	})
	if a := r.chat("ab", false, append(conv, "X-User-Id", user)...); a.header.Get("X-Weir-Variant") != "control" {
		t.Errorf("without the pin: %v", a.header)
	}
	apply(func(*experiment.Experiment) {})
	a := r.chat("ab", false, append(conv, "X-User-Id", user, "X-Weir-Pin", pin)...)
	if a.header.Get("X-Weir-Variant") != "treatment" || a.header.Get("X-Weir-Reason") != "pinned" {
		t.Errorf("with the pin: %v", a.header)
	}
	begun := r.events.all()[len(r.events.all())-1].Begun
	if begun.IsZero() || time.Since(begun) > time.Minute {
		t.Errorf("the conversation began at %v", begun)
	}
	if a := r.chat("ab", false, "X-Weir-Conversation", "another", "X-User-Id", user, "X-Weir-Pin", pin); a.header.Get("X-Weir-Reason") == "pinned" {
		t.Error("the pin held another conversation")
	}
	apply(func(e *experiment.Experiment) { e.Arms[1].Stopped = true })
	if a := r.chat("ab", false, append(conv, "X-User-Id", user, "X-Weir-Pin", pin)...); a.header.Get("X-Weir-Variant") != "control" {
		t.Errorf("a stopped variant held its pin: %v", a.header)
	}
}

func withRole(to, from experiment.Arm) experiment.Arm {
	to.Baseline, to.Candidate = from.Baseline, from.Candidate
	return to
}

func TestCookieIsMintedForBrowsersOnly(t *testing.T) {
	r := newRig(t, setup{route: func(x *experiment.Route) {
		x.Unit, x.Cookie = []experiment.UnitSource{{From: "cookie", Kind: "session"}}, true
		if x.Experiment != nil {
			x.Experiment.Kind = "session"
		}
	}})
	if a := r.chat("ab", false); a.header.Get("Set-Cookie") != "" || a.header.Get("X-Weir-Reason") != "no_unit" {
		t.Errorf("an SDK got %v", a.header)
	}
	a := r.chat("ab", false, "Origin", "http://localhost:3000")
	c := cookieOf(t, a.header)
	if c == nil || c.Name != "llm-session" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge <= 0 || c.MaxAge > 3600 || c.Secure {
		t.Fatalf("cookie %+v", c)
	}
	v := a.header.Get("X-Weir-Variant")
	for range 5 {
		b := r.chat("ab", true, "Origin", "http://localhost:3000", "Cookie", c.Name+"="+c.Value)
		if b.header.Get("X-Weir-Variant") != v || b.header.Get("Set-Cookie") != "" {
			t.Errorf("the same session got %v", b.header)
		}
	}
	forged := c.Value[:len(c.Value)-2] + "xx"
	if b := r.chat("ab", false, "Origin", "http://localhost:3000", "Cookie", c.Name+"="+forged); b.header.Get("Set-Cookie") == "" {
		t.Error("a forged cookie was accepted")
	}
}

func cookieOf(t *testing.T, h http.Header) *http.Cookie {
	t.Helper()
	res := http.Response{Header: h}
	if list := res.Cookies(); len(list) == 1 {
		return list[0]
	}
	return nil
}

// Detail 1 of the slice: the variant's parameter wins, the caller's others stay,
// of two output limits the smaller holds.
func TestParametersOfTheVariantWin(t *testing.T) {
	r := newRig(t, setup{route: func(x *experiment.Route) {
		x.Baseline.Parameters = map[string]json.RawMessage{"temperature": []byte("0.3"), "max_tokens": []byte("100")}
	}})
	for _, c := range []struct{ given, want, absent, said string }{
		{`"temperature":1.5,"top_p":0.9`, `"temperature":0.3|"top_p":0.9|"max_tokens":100`, "", "temperature: variant over caller"},
		{`"max_tokens":50`, `"max_tokens":50|"temperature":0.3`, "", "max_tokens: caller (smaller)"},
		{`"max_tokens":500`, `"max_tokens":100`, "", "max_tokens: variant (smaller)"},
		{`"max_completion_tokens":50`, `"max_completion_tokens":50`, `"max_tokens"`, "max_tokens: caller (smaller)"},
		{`"max_completion_tokens":500`, `"max_tokens":100`, `"max_completion_tokens"`, "max_tokens: variant (smaller)"},
		{`"max_tokens":50,"max_completion_tokens":5000`, `"max_tokens":50`, `"max_completion_tokens"`, "max_tokens: caller (smaller)"},
		{`"max_tokens":5000,"max_completion_tokens":50`, `"max_completion_tokens":50`, `"max_tokens"`, "max_tokens: caller (smaller)"},
		{`"max_tokens":500,"max_completion_tokens":5000`, `"max_tokens":100`, `"max_completion_tokens"`, "max_tokens: variant (smaller)"},
	} {
		n := r.up.Count()
		if a := r.post(chatPath, chatBody("r", false, c.given)); a.status != 200 {
			t.Fatal(a.status, a.body)
		}
		body := string(r.up.Requests()[n].Body)
		for want := range strings.SplitSeq(c.want, "|") {
			if !strings.Contains(body, want) {
				t.Errorf("%s: the upstream got %s, want %s", c.given, body, want)
			}
		}
		if c.absent != "" && strings.Contains(body, c.absent) {
			t.Errorf("%s: the upstream got %s", c.given, body)
		}
		if e := r.last(n + 1); !strings.Contains(strings.Join(e.Parameters, ";"), c.said) {
			t.Errorf("%s: the event says %v", c.given, e.Parameters)
		}
	}
}

// Of two limits of the caller's the smaller is sent, also where the variant has none.
func TestSmallerLimitOfTheCallerIsSent(t *testing.T) {
	r := newRig(t, setup{})
	for i, c := range []struct{ given, want, absent string }{
		{`"max_tokens":50,"max_completion_tokens":60`, `"max_tokens":50`, `"max_completion_tokens"`},
		{`"max_tokens":60,"max_completion_tokens":50`, `"max_completion_tokens":50`, `"max_tokens"`},
		{`"max_tokens":50,"max_completion_tokens":50`, `"max_tokens":50,"max_completion_tokens":50`, "two"},
	} {
		r.post(chatPath, chatBody("r", false, c.given))
		if body := string(r.up.Requests()[i].Body); !strings.Contains(body, c.want) || strings.Contains(body, c.absent) {
			t.Errorf("%s: the upstream got %s", c.given, body)
		}
	}
}

func TestEnvironmentModeSpeaksTheSeedsLanguage(t *testing.T) {
	when, _ := experiment.Compile(`header["x-user-group"] == "beta-testers"`)
	r := newRig(t, setup{env: true, route: func(x *experiment.Route) {
		x.Overrides = []experiment.Override{{When: when, Variant: "candidate", Open: true}}
	}})
	if !r.gw.Ready() {
		t.Error("it is not ready")
	}
	a := r.post(chatPath, `{"prompt":"Hello","user_id":"test123"}`, "X-User-Group", "beta-testers")
	var reply struct {
		ModelVersion string `json:"model_version"`
	}
	if err := json.Unmarshal([]byte(a.body), &reply); err != nil || a.status != 200 || reply.ModelVersion != "treatment" || a.header.Get("X-Model-Version") != "treatment" {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	var sent map[string]any
	if err := json.Unmarshal(r.second.Requests()[0].Body, &sent); err != nil {
		t.Fatal(err)
	}
	if sent["prompt"] != nil || sent["user_id"] != nil || sent["max_tokens"] != 512.0 || sent["temperature"] != 0.7 || sent["messages"] == nil || sent["model"] != "model-b-id" {
		t.Errorf("the upstream got %v", sent)
	}
	a = r.post(chatPath, `{"prompt":"Hello"}`)
	if a.header.Get("X-Weir-Reason") != "no_unit" || a.header.Get("X-Model-Version") != "control" {
		t.Errorf("without user_id: %v", a.header)
	}
	if e := r.last(2); e.Outcome != event.OK || e.Route != "default" {
		t.Errorf("%+v", e)
	}
	if a := r.post(chatPath, `{"prompt":5}`); a.status != 400 {
		t.Errorf("a prompt that is no text: %d %s", a.status, a.body)
	}
}

func TestModelsListsWhatTheKeyMayUse(t *testing.T) {
	token, digest := newKey(t)
	r := newRig(t, setup{keys: []access.Key{{Name: "k", SHA256: digest, Scopes: access.Call, Routes: []string{"ab"}}}})
	get := func(path string) answer {
		req, _ := http.NewRequest(http.MethodGet, r.url+path, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return answer{res.StatusCode, res.Header, readAll(t, res.Body), nil}
	}
	if a := get("/v1/models"); a.status != 200 || !strings.Contains(a.body, `"ab"`) || strings.Contains(a.body, `"r"`) || strings.Contains(a.body, "vllm/") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := get("/v1/models/ab"); a.status != 200 || !strings.Contains(a.body, `"ab"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := get("/v1/models/r"); a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := r.chat("r", false, "Authorization", "Bearer "+token); a.status != 404 || a.code() != "model_not_found" {
		t.Errorf("a route of others: %d %s", a.status, a.body)
	}
	if n := r.up.Count() + r.second.Count(); n != 0 {
		t.Errorf("listing asked the models %d times", n)
	}
}

func TestPinnedModelsAreNeverExperimentedOn(t *testing.T) {
	r := newRig(t, setup{})
	for _, name := range []string{"vllm/b", "vllm/model-b-id"} {
		a := r.post(chatPath, chatBody(name, false), "X-User-Id", "u")
		if a.status != 200 || a.header.Get("X-Weir-Reason") != "outside" || a.header.Get("X-Weir-Variant") != "pinned" {
			t.Errorf("%s: %d %v", name, a.status, a.header)
		}
	}
	if r.second.Count() != 2 || r.up.Count() != 0 {
		t.Errorf("model a was asked %d times, b %d", r.up.Count(), r.second.Count())
	}
}
