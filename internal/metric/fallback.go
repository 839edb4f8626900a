package metric

import "github.com/weirhq/weir/internal/event"

// fallbacks are requests that another model had to answer, over all. They stay
// with the variant that needed it.
func fallbacks() family {
	return family{
		metrics:  []Metric{share("fallback_rate", "fallback", "requests that a fallback model had to take, of all")},
		measures: []Measure{count("fallback", func(e *event.Event) bool { return e.Fallback })},
	}
}
