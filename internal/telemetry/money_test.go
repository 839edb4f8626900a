package telemetry

import (
	"sync"
	"testing"
)

// Both names hold the same money, whichever path of the API it was spent on.
func TestCostUnderBothNames(t *testing.T) {
	r := New()
	l := NewLLM(r)
	l.Series("chat", "a", "m", "/v1/chat/completions").Cost.Add(1_250_000)
	l.Series("chat", "a", "m", "/v1/completions").Cost.Add(250_000)
	for _, name := range []string{"llm_request_cost_dollars", "llm_request_cost_dollars_total"} {
		if got := sampleOf(t, r, name, "chat", "a", "m", "a").Value; got != 1.5 {
			t.Errorf("%s: %v dollars, want 1.5", name, got)
		}
	}
}

func TestCostOfAModelWithoutAPriceIsNotZeroButAbsent(t *testing.T) {
	r := New()
	l := NewLLM(r)
	free, unpriced := l.Series("chat", "a", "free", "/"), l.Series("chat", "b", "unpriced", "/")
	unpriced.End(OutcomeOK, 0)
	free.Cost.Add(0)
	if got := sampleOf(t, r, "llm_request_cost_dollars", "chat", "a", "free", "a").Value; got != 0 {
		t.Errorf("a model that costs nothing shows %v", got)
	}
	if hasSeries(r, "llm_request_cost_dollars", "chat", "b", "unpriced", "b") {
		t.Error("a model without a price shows a cost")
	}
}

func TestCostNeverFalls(t *testing.T) {
	r := New()
	cost := NewLLM(r).Series("chat", "a", "m", "/").Cost
	cost.Add(5)
	cost.Add(-3)
	if got := sampleOf(t, r, "llm_request_cost_dollars", "chat", "a", "m", "a").Value; got != 5e-6 {
		t.Errorf("%v, want 5e-06", got)
	}
}

func TestCostIsOneSumForAllWhoAdd(t *testing.T) {
	r := New()
	cost := NewLLM(r).Series("chat", "a", "m", "/").Cost
	var adding sync.WaitGroup
	for range 16 {
		adding.Go(func() {
			for range 1000 {
				cost.Add(1)
			}
		})
	}
	adding.Wait()
	if got := sampleOf(t, r, "llm_request_cost_dollars", "chat", "a", "m", "a").Value; got != .016 {
		t.Errorf("%v dollars, want 0.016", got)
	}
}

func TestCostForgottenWithItsRoute(t *testing.T) {
	r := New()
	l := NewLLM(r)
	l.Series("gone", "a", "m", "/").Cost.Add(7)
	l.Retain(func(route, _, _ string) bool { return route != "gone" })
	for _, name := range []string{"llm_request_cost_dollars", "llm_request_cost_dollars_total"} {
		if hasSeries(r, name, "gone", "a", "m", "a") {
			t.Errorf("%s still shows the route", name)
		}
	}
	l.Series("gone", "a", "m", "/").Cost.Add(1)
	if got := sampleOf(t, r, "llm_request_cost_dollars", "gone", "a", "m", "a").Value; got != 8e-6 {
		t.Errorf("the route came back with %v dollars, want 8e-06: nothing may be reset", got)
	}
}
