package metric

import (
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// SlowShare gives the metric "share slower than X" of a time ("latency", "ttft",
// "tpot", "queue"), and the measure that has to be kept for it. Both are zero for
// another base or when X is not positive.
//
// What has no such time says what it can. A timeout is slow. A request that the
// client left before the time was known had waited at least so long: past X it is
// slow, and before X nobody knows, so it is no observation. Other failures are
// none either.
func SlowShare(base string, slowerThan time.Duration) (Metric, Measure) {
	slow := slowBy[base]
	if slow == nil || slowerThan <= 0 {
		return Metric{}, Measure{}
	}
	m, _ := Find(base + slowShare)
	m.Measure, m.SlowerThan = base+slowMark+slowerThan.String(), slowerThan
	m.Meaning = strings.Replace(m.Meaning, "slower_than", slowerThan.String(), 1)
	return m, Measure{Name: m.Measure, Of: func(e *event.Event) (x, y int64) { return slow(e, slowerThan) }}
}

const (
	slowShare = "_slow_share"
	slowMark  = "_slow_"
)

// Slow gives the base of a metric that is a share slower than X.
func (m Metric) Slow() (base string, ok bool) { return strings.CutSuffix(m.Name, slowShare) }

// parseSlow reads the name of a measure that SlowShare made.
func parseSlow(name string) (base string, x time.Duration, ok bool) {
	base, text, ok := strings.Cut(name, slowMark)
	if !ok || slowBy[base] == nil {
		return "", 0, false
	}
	x, err := time.ParseDuration(text)
	return base, x, err == nil && x > 0 && x.String() == text
}

// slowBy says, by base, whether a request was slower than x.
var slowBy = map[string]func(e *event.Event, x time.Duration) (int64, int64){
	"latency": func(e *event.Event, x time.Duration) (int64, int64) {
		if e.Outcome == event.OK {
			return observed(e.Total, x)
		}
		return censored(e, x)
	},
	"ttft": func(e *event.Event, x time.Duration) (int64, int64) {
		switch {
		case e.FirstToken > 0:
			return observed(e.FirstToken, x)
		case e.Stream:
			return censored(e, x)
		}
		return 0, 0
	},
	"tpot": func(e *event.Event, x time.Duration) (int64, int64) {
		switch {
		case e.PerToken > 0:
			return observed(e.PerToken, x)
		case e.Outcome == event.Timeout && e.FirstToken > 0: // it began, and stood still
			return 1, 1
		}
		return 0, 0
	},
	// Nobody is let in without a place: all that came through the queue were observed.
	"queue": func(e *event.Event, x time.Duration) (int64, int64) {
		if len(e.Attempts) == 0 && e.QueueWait <= 0 {
			return 0, 0
		}
		return observed(e.QueueWait, x)
	},
}

func observed(d, x time.Duration) (int64, int64) { return one(d > x), 1 }

// censored is a request whose time is not known, but that it waited.
func censored(e *event.Event, x time.Duration) (int64, int64) {
	switch {
	case e.Outcome == event.Timeout:
		return 1, 1
	case e.Outcome == event.Cancelled && e.Total > x:
		return 1, 1
	}
	return 0, 0
}
