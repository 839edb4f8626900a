package metric

import "github.com/weirhq/weir/internal/event"

// timeouts are requests for which a clock ran out, over all. They are errors too.
func timeouts() family {
	return family{
		metrics:  []Metric{share("timeout_rate", "timeout", "requests for which a clock ran out, of all")},
		measures: []Measure{ended("timeout", event.Timeout)},
	}
}
