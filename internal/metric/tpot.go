package metric

import (
	"time"

	"github.com/weirhq/weir/internal/event"
)

var perTokenTime = duration{
	name: "tpot", meaning: "time per token after the first", over: "streams that ended well, with two tokens or more",
	of: func(e *event.Event) time.Duration { return e.PerToken },
}

func perTokens() family { return perTokenTime.family() }
