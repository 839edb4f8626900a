package metric

import (
	"time"

	"github.com/weirhq/weir/internal/event"
)

// Going on: the score that says that a conversation went on after an exchange,
// who says so, and within what time of its end.
const (
	Continued       = "continued"
	ContinuedSource = "weir"
	ContinuedWithin = 30 * time.Minute
)

// continuations are exchanges after which the conversation went on, over those
// that have an id of one. Without ids nothing is measured: never 0.
func continuations() family {
	m := share("continuation_rate", "continuation", "exchanges after which the conversation went on within 30 minutes, of those in a conversation")
	m.Direction = Up
	m.Doubt = "a conversation also goes on because an answer was not what was wanted"
	return family{
		metrics: []Metric{m},
		measures: []Measure{{Name: "continuation", Of: func(e *event.Event) (x, y int64) {
			return 0, one(e.Conversation != "")
		}}},
	}
}
