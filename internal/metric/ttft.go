package metric

import (
	"time"

	"github.com/weirhq/weir/internal/event"
)

var firstTokenTime = duration{
	name: "ttft", meaning: "time to the first visible token", over: "streams that had one or timed out before it", of: firstToken,
}

func firstTokens() family { return firstTokenTime.family() }

// firstToken is the time to the first visible token of a stream; of one that
// timed out before it, the time that was waited.
func firstToken(e *event.Event) time.Duration {
	if e.FirstToken <= 0 && e.Stream && e.Outcome == event.Timeout {
		return e.Total
	}
	return e.FirstToken
}
