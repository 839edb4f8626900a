package metric

import "github.com/weirhq/weir/internal/event"

// tokens are of requests whose number is known, reported or estimated.
func tokens() family {
	metric := func(name, meaning string) Metric {
		return Metric{Name: name, Meaning: meaning + ", of a request", Kind: Mean, Direction: None, Unit: "tokens", Measure: name, Scale: 1}
	}
	measure := func(name string, of func(*event.Event) int64) Measure {
		return Measure{Name: name, Of: func(e *event.Event) (x, y int64) {
			if !usageKnown(e) {
				return 0, 0
			}
			return of(e), 1
		}}
	}
	return family{
		metrics: []Metric{
			metric("input_tokens", "tokens of what was asked, cached ones too"),
			metric("output_tokens", "tokens of the answer, reasoning too"),
			metric("reasoning_tokens", "tokens of the answer that nobody sees"),
		},
		measures: []Measure{
			measure("input_tokens", func(e *event.Event) int64 { return e.Usage.Input }),
			measure("output_tokens", func(e *event.Event) int64 { return e.Usage.Output }),
			measure("reasoning_tokens", func(e *event.Event) int64 { return e.Usage.Reasoning }),
		},
	}
}

func usageKnown(e *event.Event) bool { return e.UsageSource != "" || e.UsageKnown }
