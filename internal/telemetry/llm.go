package telemetry

import "sync"

// The buckets of the llm_* families, in seconds. They are those of the
// documents the product was asked from, with a tail to the 120 s at which a
// request's total clock ends: without it a p95 could not be told above 10 s.
var (
	durationBounds = []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 30, 60, 120}
	latencyBounds  = []float64{.1, .5, 1, 2, 5, 10, 30, 60, 120}
	ttftBounds     = []float64{.05, .1, .2, .5, 1, 2, 5, 10, 20, 40, 60, 120}
	tpotBounds     = []float64{.005, .01, .02, .03, .05, .075, .1, .2, .5, 1}
)

// LLM holds the families about requests to models. Every llm_* family carries
// route, variant, model and model_version, which is the variant under the name
// older boards ask for. Shadow traffic is not counted here.
type LLM struct {
	Requests *CounterFamily   // llm_requests_total{…,status}
	Duration *HistogramFamily // llm_request_duration_seconds
	Latency  *HistogramFamily // llm_request_latency_seconds{…,endpoint}: what Duration holds, split by API path
	TTFT     *HistogramFamily // llm_ttft_seconds
	TPOT     *HistogramFamily // llm_tpot_seconds
	Tokens   *CounterFamily   // llm_tokens_total{…,direction}
	Outcomes *CounterFamily   // weir_requests_total{route,variant,outcome}

	Cost *MicroCounterFamily // llm_request_cost_dollars, and under that name with _total: one sum

	Cached     *CounterFamily // weir_cached_tokens_total{route,variant,model}
	CacheWrite *CounterFamily // weir_cache_write_tokens_total
	Reasoning  *CounterFamily // weir_reasoning_tokens_total

	mu     sync.RWMutex
	series map[seriesKey]*Series
	most   int // bundles kept
}

// NewLLM declares the families in the registry.
func NewLLM(r *Registry) *LLM {
	with := func(more ...string) []string {
		return append([]string{"route", "variant", "model", "model_version"}, more...)
	}
	l := &LLM{
		Requests: r.Counter("llm_requests_total",
			"Requests that reached a model. Status is error for all that counts against the variant, else success.", with("status")...),
		Duration: r.Histogram("llm_request_duration_seconds",
			"Time from a request's arrival to the end of its answer, in seconds, failures included.", durationBounds, with()...),
		Latency: r.Histogram("llm_request_latency_seconds",
			"The observations of llm_request_duration_seconds, by API path.", latencyBounds, with("endpoint")...),
		TTFT: r.Histogram("llm_ttft_seconds",
			"Time from a request's arrival to the first visible token of a streamed answer, in seconds.", ttftBounds, with()...),
		TPOT: r.Histogram("llm_tpot_seconds",
			"Time per output token after the first of a streamed answer, in seconds.", tpotBounds, with()...),
		Tokens: r.Counter("llm_tokens_total",
			"Tokens, by direction: input or output. Cached and reasoning tokens are within these.", with("direction")...),
		Outcomes: r.Counter("weir_requests_total",
			"Requests by how they ended; each has exactly one outcome.", "route", "variant", "outcome"),
		Cost: r.MicroCounter(costName,
			"What requests cost, in US dollars. Where no price is known there is no series.", with()...),
		Cached: r.Counter("weir_cached_tokens_total",
			"Input tokens that the vendor read from its cache: a part of llm_tokens_total.", "route", "variant", "model"),
		CacheWrite: r.Counter("weir_cache_write_tokens_total",
			"Input tokens that the vendor wrote into its cache: a part of llm_tokens_total.", "route", "variant", "model"),
		Reasoning: r.Counter("weir_reasoning_tokens_total",
			"Output tokens of reasoning: a part of llm_tokens_total.", "route", "variant", "model"),

		series: map[seriesKey]*Series{},
		// A bundle has two series of Requests and of Tokens, so at this many they are full,
		// and a bundle beyond is `other` as a whole rather than in parts.
		most: max(r.seriesCap/2, 1),
	}
	// Clients for Python append _total to a counter's name, queries in the field ask for
	// the bare one.
	r.Alias(costName+"_total", l.Cost)
	return l
}

const costName = "llm_request_cost_dollars"

// Retain forgets what a reload removed: the series of every route, variant and
// model for which keep says no. Call it when the last request of the old
// snapshot has ended; a count that comes later is kept, but is not seen unless the
// same names return (see Group.Forget).
//
// weir_requests_total has no model: for its series keep is asked with model "",
// and also about the variant under which requests without one were counted.
func (l *LLM) Retain(keep func(route, variant, model string) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k := range l.series {
		if !keep(k.route, k.variant, k.model) {
			delete(l.series, k) // With must run again to show its series
		}
	}
	full := func(v []string) bool { return keep(v[0], v[1], v[2]) }
	l.Requests.Retain(full)
	l.Duration.Retain(full)
	l.Latency.Retain(full)
	l.TTFT.Retain(full)
	l.TPOT.Retain(full)
	l.Tokens.Retain(full)
	l.Cost.Retain(full)
	l.Cached.Retain(full)
	l.CacheWrite.Retain(full)
	l.Reasoning.Retain(full)
	l.Outcomes.Retain(func(v []string) bool { return keep(v[0], v[1], "") })
}
