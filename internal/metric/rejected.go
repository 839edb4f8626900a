package metric

import "github.com/weirhq/weir/internal/event"

// rejections are requests that the upstream answered with a 4xx after assignment:
// a parameter it does not know, a context that is too long for it. Another
// variant's model may have taken them.
func rejections() family {
	return family{
		metrics:  []Metric{share("rejected_rate", "rejected", "requests that the upstream rejected (4xx: a parameter, a length), of all")},
		measures: []Measure{ended("rejected", event.Rejected)},
	}
}
