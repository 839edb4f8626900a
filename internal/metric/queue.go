package metric

import (
	"time"

	"github.com/weirhq/weir/internal/event"
)

// queueTime is observed where there was a wait: a logarithm of none does not
// exist, and where Weir has no queue it is not measured.
var queueTime = duration{
	name: "queue", meaning: "wait for a place in Weir", over: "requests that waited",
	of: func(e *event.Event) time.Duration { return e.QueueWait },
}

func queues() family { return queueTime.family() }
