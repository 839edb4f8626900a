package metric

import "github.com/weirhq/weir/internal/event"

// refusals are answers in which the model refuses, over those that were looked
// at. What says so is the vendor, in a field of its own, or how the answer begins
// (Refuses).
func refusals() family {
	m := share("refusal_rate", "refusal", "answers in which the model refuses, of those that were looked at")
	m.Doubt = refusalDoubt
	return family{
		metrics: []Metric{m},
		measures: []Measure{{Name: "refusal", Of: func(e *event.Event) (x, y int64) {
			if !read(e) {
				return 0, 0
			}
			return one(e.Refusal), 1
		}}},
	}
}
