package metric

import "github.com/weirhq/weir/internal/event"

// failures are requests that count against the variant, over all.
func failures() family {
	return family{
		metrics:  []Metric{share("error_rate", "error", "requests that count against the variant, of all")},
		measures: []Measure{count("error", func(e *event.Event) bool { return e.Outcome.Against() })},
	}
}
