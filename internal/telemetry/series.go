package telemetry

import (
	"sync/atomic"
	"time"
)

// Series is everything counted for one route, variant, model and API path,
// resolved to handles. A snapshot keeps it; its fields are never nil.
type Series struct {
	Success, Errors     *Counter   // llm_requests_total by status
	Duration, Latency   *Histogram // the same observations: see End
	TTFT, TPOT          *Histogram // streamed answers only
	TokensIn, TokensOut *Counter
	Cost                *Money // of what has a price

	// Parts of TokensIn and TokensOut: families of their own, so that no sum adds them twice.
	TokensCached, TokensCacheWrite, TokensReasoning *Counter

	llm      *LLM
	key      seriesKey
	outcomes [outcomes]atomic.Pointer[Counter]
}

// seriesKey names a bundle; its parts are clean.
type seriesKey struct{ route, variant, model, endpoint string }

// Series returns the handles for these names, the same bundle each time. The
// endpoint is the API path (/v1/chat/completions), never a replica. All four
// come from definitions and from Weir's own list of paths, not from callers.
func (l *LLM) Series(route, variant, model, endpoint string) *Series {
	k := seriesKey{clean(route), clean(variant), clean(model), clean(endpoint)}
	l.mu.RLock()
	s := l.series[k]
	l.mu.RUnlock()
	if s != nil {
		return s
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.series[k]; s != nil {
		return s
	}
	if k != otherSeries && len(l.series) >= l.most {
		l.Requests.dropped.With(l.Requests.def.name).Inc()
		k = otherSeries
		if s := l.series[k]; s != nil {
			return s
		}
	}
	s = l.resolve(k)
	l.series[k] = s
	return s
}

// otherSeries is the bundle beyond the cap.
var otherSeries = seriesKey{Other, Other, Other, Other}

// resolve finds the handles. Both statuses and directions are shown from the
// start, at zero, so that the first error is a rise and not a new series, which
// rate() would not see.
func (l *LLM) resolve(k seriesKey) *Series {
	status, in, out := [2]string{"success", "error"}, "input", "output"
	if k == otherSeries {
		status, in, out = [2]string{Other, Other}, Other, Other
	}
	r, v, m := k.route, k.variant, k.model
	return &Series{
		Cost:      &Money{find: func() *MicroCounter { return l.Cost.With(r, v, m, v) }},
		Success:   l.Requests.With(r, v, m, v, status[0]),
		Errors:    l.Requests.With(r, v, m, v, status[1]),
		Duration:  l.Duration.With(r, v, m, v),
		Latency:   l.Latency.With(r, v, m, v, k.endpoint),
		TTFT:      l.TTFT.With(r, v, m, v),
		TPOT:      l.TPOT.With(r, v, m, v),
		TokensIn:  l.Tokens.With(r, v, m, v, in),
		TokensOut: l.Tokens.With(r, v, m, v, out),

		TokensCached:     l.Cached.With(r, v, m),
		TokensCacheWrite: l.CacheWrite.With(r, v, m),
		TokensReasoning:  l.Reasoning.With(r, v, m),

		llm: l,
		key: k,
	}
}

// Outcome returns the counter of weir_requests_total for that outcome. It is
// made at its first use, since most routes never see most outcomes, and is one
// atomic load from then on.
func (s *Series) Outcome(o Outcome) *Counter {
	if o >= outcomes {
		return s.llm.Outcomes.With(s.key.route, s.key.variant, o.String())
	}
	if c := s.outcomes[o].Load(); c != nil {
		return c
	}
	c := s.llm.Outcomes.With(s.key.route, s.key.variant, o.String())
	s.outcomes[o].Store(c)
	return c
}

// End counts the end of one exchange: its outcome, its status, and its time in
// both histograms, failures included. It is the one place where they are kept in
// step. What was refused or invalid never was the model's: it has its outcome and
// nothing else.
func (s *Series) End(o Outcome, took time.Duration) {
	s.Outcome(o).Inc()
	if o.beforeModel() {
		return
	}
	if o.Against() {
		s.Errors.Inc()
	} else {
		s.Success.Inc()
	}
	s.Duration.Observe(took)
	s.Latency.Observe(took)
}
