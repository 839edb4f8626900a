package record

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
)

// Measure is a number that is read from each event of an experiment and kept, by
// unit. Metrics are computed from measures: `error` over its requests is the
// error rate. Which are kept is decided when an event is written; what was not
// kept cannot be had later.
type Measure struct {
	Name string
	// Of gives what an event adds: to the sum, and to the number of observations or
	// the denominator. An event that says nothing gives y 0 and is not counted.
	Of func(e *event.Event) (x, y int64)
	// Distribution keeps x / 1,000,000 in sketches, for quantiles, and not as sums
	// of units. x is not negative then.
	Distribution bool
}

// Standard is what is kept when nothing else is declared. Times are kept twice:
// as logarithms in micro-units, whose means compare well between variants since
// latencies are skewed, and as distributions in seconds.
func Standard() []Measure {
	return []Measure{
		{Name: "error", Of: failed},
		{Name: "cost", Of: cost},
		{Name: "output_tokens", Of: output},
		{Name: "log_latency", Of: logarithm(latency)},
		{Name: "log_ttft", Of: logarithm(firstToken)},
		{Name: "log_tpot", Of: logarithm(perToken)},
		{Name: "latency", Of: micros(latency), Distribution: true},
		{Name: "ttft", Of: micros(firstToken), Distribution: true},
		{Name: "tpot", Of: micros(perToken), Distribution: true},
	}
}

// failed counts what counts against the variant, over all requests.
func failed(e *event.Event) (x, y int64) {
	if e.Outcome.Against() {
		return 1, 1
	}
	return 0, 1
}

// cost is in micro-dollars, over the requests that have a price.
func cost(e *event.Event) (x, y int64) {
	if e.CostBasis != meter.Priced && e.CostBasis != meter.Estimated {
		return 0, 0
	}
	return int64(e.Cost), 1
}

// output is the tokens of answers, over those whose number is known.
func output(e *event.Event) (x, y int64) {
	if e.UsageSource == "" && !e.UsageKnown {
		return 0, 0
	}
	return e.Usage.Output, 1
}

// latency is the time of a whole answer. A failure has none: one that fails at
// once would make its variant look fast.
func latency(e *event.Event) time.Duration {
	if e.Outcome != event.OK {
		return 0
	}
	return e.Total
}

func firstToken(e *event.Event) time.Duration { return e.FirstToken }

func perToken(e *event.Event) time.Duration { return e.PerToken }

// logarithm gives ln(seconds) in micro-units.
func logarithm(of func(*event.Event) time.Duration) func(*event.Event) (x, y int64) {
	return func(e *event.Event) (x, y int64) {
		d := of(e)
		if d <= 0 {
			return 0, 0
		}
		return int64(math.Round(math.Log(d.Seconds()) * 1e6)), 1
	}
}

// micros gives microseconds, so that the distribution is in seconds.
func micros(of func(*event.Event) time.Duration) func(*event.Event) (x, y int64) {
	return func(e *event.Event) (x, y int64) {
		d := of(e)
		if d <= 0 {
			return 0, 0
		}
		return max(d.Microseconds(), 1), 1
	}
}

// measures splits a declaration into sums and distributions, by name: the order
// in which values are kept.
func measures(all []Measure) (sums, distributions []Measure, err error) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Measure) int { return strings.Compare(a.Name, b.Name) })
	for i, m := range all {
		switch {
		case m.Name == "" || m.Of == nil:
			return nil, nil, fmt.Errorf("measure %q: it needs a name and a function", m.Name)
		case strings.Contains(m.Name, ":"):
			return nil, nil, fmt.Errorf("measure %q: its name holds a colon, which is for what is computed from scores", m.Name)
		case i > 0 && m.Name == all[i-1].Name:
			return nil, nil, fmt.Errorf("measure %q is declared twice", m.Name)
		case m.Distribution:
			distributions = append(distributions, m)
		default:
			sums = append(sums, m)
		}
	}
	return sums, distributions, nil
}
