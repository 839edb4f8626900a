package metric

import (
	"time"

	"github.com/weirhq/weir/internal/event"
)

var latencyTime = duration{
	name: "latency", meaning: "whole time of a request", over: "answers and timeouts", of: latency,
}

func latencies() family { return latencyTime.family() }

// latency is the time of a whole answer. A failure has none: one that fails at
// once would make its variant look fast. A timeout has the time that was waited
// for it: to leave it out would make the variant that is too slow look faster
// than it is. What it would have taken is longer, so these are lower bounds
// (censored), which the error rate says more about.
func latency(e *event.Event) time.Duration {
	if e.Outcome == event.OK || e.Outcome == event.Timeout {
		return e.Total
	}
	return 0
}
