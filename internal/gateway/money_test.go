package gateway_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/upstream"
)

// dollars is a price in US dollars per million tokens.
func dollars(input, output float64) *meter.Price {
	in, out := meter.Micro(input*1e6), meter.Micro(output*1e6)
	return &meter.Price{Input: in, Output: out, CachedInput: in / 2, CacheWrite: in * 2}
}

// priced is a tariff in which the models a and b have prices of their own.
func priced() *meter.Tariff {
	return &meter.Tariff{Models: map[string]meter.Terms{
		"a": {Vendor: "vllm", Price: dollars(2, 10)},
		"b": {Vendor: "vllm", Price: dollars(20, 100)},
	}}
}

// openAI makes the two models OpenAI's, whose tokens can be counted.
func openAI(a, b *upstream.Model) {
	v, _ := upstream.VendorByName("openai")
	a.Vendor, a.ID, b.Vendor, b.ID = v, "gpt-4o", v, "gpt-4o"
}

// What the model reports is what is billed: whole or streamed, the last usage of
// several, zero as a value, cached tokens at their own price.
func TestReportedTokensAreBilled(t *testing.T) {
	for _, c := range []struct {
		name, script string
		stream       bool
		want         chat.Usage
		cost         meter.Micro
	}{
		{"whole", "usage=1000/500", false, chat.Usage{Input: 1000, Output: 500}, 7000},
		{"streamed", "usage=1000/500", true, chat.Usage{Input: 1000, Output: 500}, 7000},
		{"the last of two", "usage=1000/500;two-usage", true, chat.Usage{Input: 1000, Output: 500}, 7000},
		{"on the finish", "usage=1000/500;usage-nonempty-choices", true, chat.Usage{Input: 1000, Output: 500}, 7000},
		{"running", "usage=1000/5;continuous-usage;tokens=5", true, chat.Usage{Input: 1000, Output: 5}, 2050},
		{"zero", "usage=0/0", true, chat.Usage{}, 0},
		{"cached and reasoning", "usage=1000/500/800/400", false, chat.Usage{Input: 1000, Output: 500, Cached: 800, Reasoning: 400}, 6200},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{tariff: priced()})
			r.up.SetScript(chaos.MustParse(c.script))
			if a := r.chat("r", c.stream); a.status != 200 {
				t.Fatal(a.status, a.body)
			}
			e := r.last(1)
			if e.Usage != c.want || e.Cost != c.cost || e.CostBasis != meter.Priced || e.PriceFrom != "definitions" ||
				e.UsageSource != meter.Reported || e.UsageError != 0 || !e.UsageKnown {
				t.Errorf("%+v, %d %s from %q, %s", e.Usage, e.Cost, e.CostBasis, e.PriceFrom, e.UsageSource)
			}
			if got := r.sum("llm_request_cost_dollars", "a"); fmt.Sprintf("%.6f", got) != fmt.Sprintf("%.6f", float64(c.cost)/1e6) {
				t.Errorf("llm_request_cost_dollars is %v, want %d micro-dollars", got, c.cost)
			}
		})
	}
}

// Eight tokens of text; a request of one message with the word hello is 4 + 1 + 3.
const eightTokens = "one two three four five six seven eight"

func TestUnreportedTokensAreCounted(t *testing.T) {
	for _, c := range []struct {
		name   string
		script chaos.Script
		stream bool
	}{
		{"whole", chaos.Script{Text: eightTokens, NoUsage: true}, false},
		{"streamed", chaos.Script{Text: eightTokens, NoUsage: true}, true},
		{"whole, in parts", chaos.Script{Body: `{"choices":[{"message":{"role":"assistant","content":[{"type":"text","text":"` + eightTokens + `"}]},"finish_reason":"stop"}]}`}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, setup{models: openAI, tariff: priced()})
			r.up.SetScript(c.script)
			if a := r.chat("r", c.stream); a.status != 200 {
				t.Fatal(a.status, a.body)
			}
			e := r.last(1)
			if e.Usage != (chat.Usage{Input: 8, Output: 8}) || e.UsageSource != meter.Counted || e.UsageKnown || e.CostBasis != meter.Priced || e.Cost != 96 {
				t.Errorf("%+v by %s, %d %s", e.Usage, e.UsageSource, e.Cost, e.CostBasis)
			}
			if r.sum("weir_usage_missing_total", "a") != 1 || r.sum("weir_usage_estimated_total", "a") != 0 {
				t.Error("the missing usage is not counted, or is counted as an estimate")
			}
		})
	}
}

// Of a model whose tokenizer is not public it is an estimate, and says so.
func TestEstimatesAreFlagged(t *testing.T) {
	r := newRig(t, setup{tariff: priced()})
	r.up.SetScript(chaos.Script{Text: eightTokens, NoUsage: true})
	r.chat("r", true)
	e := r.last(1)
	if e.UsageSource != meter.Guessed || e.UsageError <= 0 || e.CostBasis != meter.Estimated || e.Usage.Output < 6 || e.Usage.Output > 10 {
		t.Errorf("%+v by %s ± %v, %s", e.Usage, e.UsageSource, e.UsageError, e.CostBasis)
	}
	if r.sum("weir_usage_estimated_total", "a") != 1 {
		t.Error("the estimate is not counted")
	}
}

// Images and tools cannot be counted: what they are part of is a guess.
func TestWhatCannotBeCountedIsAGuess(t *testing.T) {
	r := newRig(t, setup{models: openAI, tariff: priced()})
	r.up.SetScript(chaos.Script{Text: eightTokens, NoUsage: true})
	for n, c := range []struct {
		name, body string
		off        float64
	}{
		{"an image", `{"model":"r","messages":[{"role":"user","content":[{"type":"text","text":"hello"},{"type":"image_url","image_url":{"url":"data:,"}}]}]}`, 1},
		{"tools", chatBody("r", false, `"tools":[{"type":"function","function":{"name":"f"}}]`), 0.3},
		{"a call", `{"model":"r","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]}`, 0.3},
		{"a long text", `{"model":"r","messages":[{"role":"user","content":"` + strings.Repeat("hello world ", 20_000) + `"}]}`, 0.1},
		{"a text that is longer than is taken apart", `{"model":"r","messages":[{"role":"user","content":"` + strings.Repeat("hello world ", 200_000) + `"}]}`, 0.3},
	} {
		if a := r.post(chatPath, c.body); a.status != 200 {
			t.Fatal(c.name, a.status, a.body)
		}
		e := r.last(n + 1)
		if e.UsageSource != meter.Guessed || e.UsageError != c.off || e.Usage.Input == 0 {
			t.Errorf("%s: %+v by %s ± %v", c.name, e.Usage, e.UsageSource, e.UsageError)
		}
		// "hello world " is two tokens.
		if words := int64(strings.Count(c.body, "hello world ")); words > 0 && (e.Usage.Input < 19*words/10 || e.Usage.Input > 23*words/10) {
			t.Errorf("%s: %d tokens of %d", c.name, e.Usage.Input, 2*words)
		}
	}
}

func TestEmbeddingsAreCounted(t *testing.T) {
	r := newRig(t, setup{models: openAI, tariff: priced()})
	r.up.SetScript(chaos.MustParse(`body={"object":"list","data":[],"model":"x"}`))
	for n, c := range []struct {
		input  string
		tokens int64
	}{{`"hello world"`, 2}, {`["hello","hello world"]`, 3}, {`[1,2,3]`, 3}, {`[[1,2],[3]]`, 3}} {
		if a := r.post("/v1/embeddings", `{"model":"r","input":`+c.input+`}`); a.status != 200 {
			t.Fatal(a.status, a.body)
		}
		if e := r.last(n + 1); e.Usage != (chat.Usage{Input: c.tokens}) || e.UsageSource != meter.Counted {
			t.Errorf("%s: %+v by %s", c.input, e.Usage, e.UsageSource)
		}
	}
}

// Every round of an exchange is billed, each once, reported or not.
func TestRoundsAreSummed(t *testing.T) {
	again := func(rounds int) gateway.Round {
		return func(_ context.Context, x *gateway.Exchange, answer chat.Frames) (chat.Frames, bool, error) {
			if x.Round == rounds {
				return answer, false, nil
			}
			for {
				if _, err := answer.Next(); err != nil {
					break
				}
			}
			return nil, true, answer.Close()
		}
	}
	s := steps(gateway.Steps{Rounds: []gateway.Round{again(3)}})
	s.models, s.tariff = openAI, priced()
	r := newRig(t, s)
	r.up.Enqueue(chaos.MustParse("usage=100/10"), chaos.Script{Text: eightTokens, NoUsage: true}, chaos.MustParse("usage=300/30"))
	if a := r.chat("r", false); a.status != 200 {
		t.Fatal(a.status, a.body)
	}
	e := r.last(1)
	if e.Usage != (chat.Usage{Input: 408, Output: 48}) || e.Cost != 408*2+48*10 || e.UsageSource != meter.Counted || e.UsageKnown || e.CostBasis != meter.Priced {
		t.Errorf("%+v by %s, %d %s", e.Usage, e.UsageSource, e.Cost, e.CostBasis)
	}
	if n := len(r.events.begins); n != 1 {
		t.Errorf("%d begins for one exchange", n)
	}
}

// A fallback is billed at the price of what answered, and what failed before it
// is not billed.
func TestFallbackIsBilledAtItsOwnPrice(t *testing.T) {
	r := newRig(t, setup{route: retries(1, "b"), tariff: priced()})
	r.up.SetScript(chaos.MustParse("status=503"))
	r.second.SetScript(chaos.MustParse("usage=10/1"))
	r.chat("r", false)
	if e := r.last(1); e.Model != "b" || e.Cost != 300 || !e.Fallback {
		t.Errorf("%s, %d", e.Model, e.Cost)
	}
	if r.sum("llm_request_cost_dollars", "a") != 0 || r.sum("llm_request_cost_dollars", "b") == 0 {
		t.Error("the money is counted with the wrong model")
	}
}

// Who answers with an error, or is not reached at all, bills nothing.
func TestNothingUsedCostsNothing(t *testing.T) {
	for _, script := range []string{"refuse", "status=500", "status=400", "error-in-200", "status=429"} {
		r := newRig(t, setup{route: retries(0), models: openAI, tariff: priced()})
		r.up.SetScript(chaos.MustParse(script))
		r.chat("r", true)
		if e := r.last(1); e.Cost != 0 || e.CostBasis != meter.Priced || e.Usage != (chat.Usage{}) || e.UsageSource != "" {
			t.Errorf("%s: %d %s, %+v by %q", script, e.Cost, e.CostBasis, e.Usage, e.UsageSource)
		}
	}
	r := newRig(t, setup{tariff: priced()})
	r.post(chatPath, `{"model":"nothing","messages":[]}`)
	if e := r.last(1); e.CostBasis != "" {
		t.Errorf("no model was asked: %q", e.CostBasis)
	}
}

// F3: a model without a price is visible, and never a silent zero.
func TestF3Unpriced(t *testing.T) {
	book, err := meter.Parse([]byte(`{"as_of":"2026-01-01","prices":[{"vendor":"vllm","model":"other","from":"2024-01-01","input":4,"output":8}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		policy meter.Policy
		status int
		cost   meter.Micro
		basis  meter.Basis
	}{
		{meter.Untracked, 200, 0, meter.Unpriced},
		{"", 200, 0, meter.Unpriced},
		{meter.Estimate, 200, 1000*4 + 500*8, meter.Estimated},
		{meter.Deny, 503, 0, meter.Priced},
	} {
		t.Run(string(c.policy), func(t *testing.T) {
			r := newRig(t, setup{tariff: &meter.Tariff{Book: book, Models: map[string]meter.Terms{"a": {Vendor: "vllm", Unpriced: c.policy}}}})
			r.up.SetScript(chaos.MustParse("usage=1000/500"))
			a := r.chat("r", false)
			e := r.last(1)
			if a.status != c.status || e.Cost != c.cost || e.CostBasis != c.basis {
				t.Errorf("%d, %d %s: %s", a.status, e.Cost, e.CostBasis, a.body)
			}
			unpriced := r.sum("weir_unpriced_requests_total", "a")
			if want := map[bool]float64{true: 1}[c.basis == meter.Unpriced]; unpriced != want {
				t.Errorf("weir_unpriced_requests_total is %v, want %v", unpriced, want)
			}
			if c.policy == meter.Deny && (a.code() != "model_unpriced" || e.Outcome != event.Refused || r.up.Count() != 0) {
				t.Errorf("denied: %s, %s, %d asked", a.code(), e.Outcome, r.up.Count())
			}
			if c.policy != meter.Deny && e.Usage != (chat.Usage{Input: 1000, Output: 500}) {
				t.Errorf("the tokens are lost with the price: %+v", e.Usage)
			}
		})
	}
}

// Where the route has another model with a price, that one answers.
func TestF3DeniedModelFallsBack(t *testing.T) {
	r := newRig(t, setup{route: retries(1, "b"), tariff: &meter.Tariff{Models: map[string]meter.Terms{
		"a": {Vendor: "vllm", Unpriced: meter.Deny}, "b": {Vendor: "vllm", Price: dollars(1, 1)}}}})
	if a := r.chat("r", false); a.status != 200 || r.up.Count() != 0 {
		t.Errorf("%d %s, %d asked", a.status, a.body, r.up.Count())
	}
	if e := r.last(1); e.Model != "b" || e.Attempts[0].Result != "unpriced" {
		t.Errorf("%+v", e.Attempts)
	}
}

// An id that was asked from the endpoint finds its price in the list.
func TestPriceOfAnIDThatWasAsked(t *testing.T) {
	book, err := meter.Parse([]byte(`{"as_of":"2026-01-01","prices":[{"vendor":"vllm","model":"chaos-1","from":"2024-01-01","input":1,"output":1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, setup{models: func(a, _ *upstream.Model) { a.ID = "" },
		tariff: &meter.Tariff{Book: book, Models: map[string]meter.Terms{"a": {Vendor: "vllm", Unpriced: meter.Deny}}}})
	r.up.SetScript(chaos.MustParse("usage=1000/500"))
	r.chat("r", false)
	if e := r.last(1); e.Cost != 1500 || e.PriceFrom != "vllm/chaos-1@2024-01-01" || e.ServedModel != "chaos-1" {
		t.Errorf("%d from %q for %s: %s", e.Cost, e.PriceFrom, e.ServedModel, e.Error)
	}
}

func TestSimulatedModelsCostNothing(t *testing.T) {
	r := newRig(t, setup{tariff: &meter.Tariff{Models: map[string]meter.Terms{"a": {Free: true}}}})
	r.chat("r", false)
	if e := r.last(1); e.Cost != 0 || e.CostBasis != meter.Priced || e.PriceFrom != "simulated" {
		t.Errorf("%d %s from %q", e.Cost, e.CostBasis, e.PriceFrom)
	}
}

// A model that is priced shows a sum of 0 before its first request, so that the
// first is a rise; one that is not shows none.
func TestMoneyIsShownFromTheStart(t *testing.T) {
	r := newRig(t, setup{tariff: &meter.Tariff{Models: map[string]meter.Terms{"a": {Price: dollars(1, 1)}, "b": {}}}})
	if a, b := r.has("llm_request_cost_dollars", "a"), r.has("llm_request_cost_dollars", "b"); !a || b {
		t.Errorf("shown: %v, %v", a, b)
	}
}

// The begin of an exchange is recorded before a model is asked, once, and says of
// it what the event says.
func TestBeginIsRecordedFirst(t *testing.T) {
	r := newRig(t, setup{route: retries(1, "b"), tariff: priced()})
	r.up.SetScript(chaos.MustParse("silent"))
	c := r.dial()
	c.request(chatPath, chatBody("ab", true))
	if err := r.up.WaitCount(1, 5*time.Second); err != nil {
		if err = r.second.WaitCount(1, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	r.events.mu.Lock()
	n := len(r.events.begins)
	r.events.mu.Unlock()
	if n != 1 || r.events.count() != 0 {
		t.Errorf("%d begins, %d events while the model is asked", n, r.events.count())
	}
	c.leave(false)
	r.events.wait(t, 1)

	r.up.SetScript(chaos.MustParse("status=503"))
	if a := r.post(chatPath, chatBody("r", false), "X-User-Id", "ada", "X-Weir-Conversation", "c1", "X-Weir-Tags", "team=search"); a.status != 200 {
		t.Fatal(a.status, a.body)
	}
	e, b := r.last(2), r.events.begins[1]
	if len(r.events.begins) != 2 || len(e.Attempts) != 2 {
		t.Fatalf("%d begins, %d attempts", len(r.events.begins), len(e.Attempts))
	}
	i := b.Interrupted()
	for what, same := range map[string]bool{
		"id": i.ID == e.ID, "project": i.Project == e.Project, "time": i.Time.Equal(e.Time), "revision": i.Revision == e.Revision,
		"path": i.Path == e.Path, "route": i.Route == e.Route, "assignment": len(i.Assignments) == 1 && i.Assignments[0] == e.Assignments[0],
		"conversation": i.Conversation == e.Conversation && e.Conversation != "", "unit": i.Unit == e.Unit && e.Unit != "", "kind": i.UnitKind == e.UnitKind,
		"key": i.Key == e.Key, "tags": strings.Join(i.Tags, ",") == "team=search", "stream": i.Stream == e.Stream,
	} {
		if !same {
			t.Errorf("%s: the begin says %+v, the event %+v", what, b, e)
		}
	}
	if b.Model != "a" || e.Model != "b" {
		t.Errorf("the begin names %q, the event %q", b.Model, e.Model)
	}
	r.post(chatPath, `{"model":"nothing","messages":[]}`)
	r.post(chatPath, `{`)
	if r.events.wait(t, 4); len(r.events.begins) != 2 {
		t.Error("a request that asks no model has a begin")
	}
}

// Steps that answer by themselves ask no model.
func TestNoBeginAndNoCostWithoutAModel(t *testing.T) {
	s := steps(gateway.Steps{Cache: []gateway.Step{func(_ context.Context, x *gateway.Exchange) (chat.Frames, error) {
		return x.Request.Codec.Compose(&chat.Completion{Text: []string{"hi"}}, x.Stream, false), nil
	}}})
	s.tariff = priced()
	r := newRig(t, s)
	r.chat("r", false)
	if e := r.last(1); len(r.events.begins) != 0 || e.CostBasis != "" || e.Cost != 0 {
		t.Errorf("%d begins, %d %q", len(r.events.begins), e.Cost, e.CostBasis)
	}
}

func TestCallersTraceIsKept(t *testing.T) {
	r := newRig(t, setup{})
	const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for n, sent := range []string{good, "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "no trace", good + "-more"} {
		r.chat("r", false, "Traceparent", sent)
		want := ""
		if sent == good {
			want = good
		}
		if e := r.last(n + 1); e.Traceparent != want {
			t.Errorf("%q was kept as %q", sent, e.Traceparent)
		}
	}
}

func TestFingerprintOfTheModel(t *testing.T) {
	r := newRig(t, setup{})
	r.up.SetScript(chaos.MustParse(`body={"choices":[{"message":{"content":"hi"}}],"system_fingerprint":"fp_44709d6fcb"}`))
	r.chat("r", false)
	if e := r.last(1); e.Fingerprint != "fp_44709d6fcb" {
		t.Errorf("%q", e.Fingerprint)
	}
}
