package metric

import "github.com/weirhq/weir/internal/event"

// share makes a metric that is a share of requests, less of which is better.
func share(name, measure, meaning string) Metric {
	return Metric{Name: name, Meaning: meaning, Kind: Rate, Direction: Down, Unit: "share", Measure: measure, Scale: 1}
}

// count makes the measure of those among all requests for which something holds.
func count(name string, holds func(*event.Event) bool) Measure {
	return Measure{Name: name, Of: func(e *event.Event) (x, y int64) { return one(holds(e)), 1 }}
}

// ended makes the measure of requests with an outcome, over all.
func ended(name string, as event.Outcome) Measure {
	return count(name, func(e *event.Event) bool { return e.Outcome == as })
}

func one(holds bool) int64 {
	if holds {
		return 1
	}
	return 0
}
