package metric

import "github.com/weirhq/weir/internal/event"

// truncations are answers that stopped in the middle. There are two: the upstream
// died, which is an error too, and the limit on tokens was reached (the finish
// reason `length`), which is a whole answer to Weir and half a one to the reader.
func truncations() family {
	return family{
		metrics: []Metric{
			share("truncation_rate", "truncation", "answers cut off: the upstream died in the middle, or the token limit was reached; of all requests"),
		},
		measures: []Measure{count("truncation", func(e *event.Event) bool {
			return e.Outcome == event.Truncated || e.Outcome == event.OK && e.Finish == "length"
		})},
	}
}
