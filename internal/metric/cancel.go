package metric

import "github.com/weirhq/weir/internal/event"

// cancels are requests that the client left, over all. They are no errors, but
// who has to wait leaves.
func cancels() family {
	return family{
		metrics:  []Metric{share("cancel_rate", "cancel", "requests that the client left before the end, of all")},
		measures: []Measure{ended("cancel", event.Cancelled)},
	}
}
