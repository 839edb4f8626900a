package analysis

import (
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/stats"
)

// The clock of harm. It is fed each request of a step as it ends, in memory, and
// tells after each whether the candidate does harm. What is looked at so often
// must allow it: events are split over units (stats.EventSplit), never over
// requests, since a client that always fails would be counted as many.

// Bounds of the clock of harm.
const (
	tripRequests = 50   // of the candidate, the window
	tripLeast    = 10   // requests in it, before anything is said
	tripUnits    = 5    // failing units in it
	tripShare    = 0.5  // of its units failing
	tripTimes    = 5    // as many as the baseline's, over the same time
	tripBaseline = 5000 // requests of the baseline that are remembered for that
	failingUnits = 100_000
)

// HarmConfig is what a clock of harm goes by.
type HarmConfig struct {
	Share float64 // of the candidate, of both variants' units; it may change
	Alpha float64 // false alarms over the whole life of the clock, for this bound
	// Limit is the share of failing units past which something is wrong, whichever
	// variant it is; 0 is none. When both are past it, the candidate is not the cause.
	Limit float64
	Units int // with an event, that are remembered; 0 is 100,000
}

// Ended is a request that ended.
type Ended struct {
	Candidate bool
	Unit      uint64 // hash of the unit
	Failed    bool
	Time      time.Time
}

// Alarm is what the clock of harm says.
type Alarm string

// The alarms, in the order in which they are looked for.
const (
	AlarmNone   Alarm = ""
	AlarmCommon Alarm = "common_cause" // both variants fail: hold and tell somebody, roll nothing back
	AlarmTrip   Alarm = "tripwire"     // most of what the candidate did last failed: roll back
	AlarmSplit  Alarm = "event_split"  // more units fail with the candidate than chance allows: roll back
)

// HarmState is the clock after a request.
type HarmState struct {
	Alarm    Alarm   `json:"alarm"`
	Why      string  `json:"why,omitempty"`
	P        float64 `json:"p_value"`  // of the event split, always valid
	Requests int64   `json:"requests"` // of the candidate
	Failing  [2]int  `json:"failing"`  // units with an event: of the baseline, of the candidate
	Full     bool    `json:"full,omitempty"`
}

// HarmClock is the clock of one bound in one step. It is not safe for use by
// several goroutines. A new step is a new clock.
type HarmClock struct {
	cfg       HarmConfig
	split     *stats.EventSplit   // nil until there is a share to split by
	failed    map[uint64]struct{} // units with an event, of either variant
	failing   [2]int
	full      bool
	requests  int64
	candidate *window
	baseline  *window
	alarm     HarmState // the first that asked for a rollback: it stays
}

// NewHarmClock starts a clock.
func NewHarmClock(cfg HarmConfig) *HarmClock {
	if cfg.Units <= 0 {
		cfg.Units = failingUnits
	}
	return &HarmClock{cfg: cfg, failed: map[uint64]struct{}{},
		candidate: newWindow(tripRequests), baseline: newWindow(tripBaseline)}
}

// Add counts a request and says how things stand. An alarm that asks for a
// rollback stays; a common cause passes when it has passed.
func (c *HarmClock) Add(e Ended) HarmState {
	c.count(e)
	if c.alarm.Alarm != AlarmNone {
		return c.alarm
	}
	s := HarmState{P: c.p(), Requests: c.requests, Failing: c.failing, Full: c.full}
	s.Alarm, s.Why = c.look(s.P)
	if s.Alarm == AlarmTrip || s.Alarm == AlarmSplit {
		c.alarm = s
	}
	return s
}

func (c *HarmClock) count(e Ended) {
	if e.Candidate {
		c.requests++
		c.candidate.add(e)
		c.baseline.forget(c.candidate.oldest())
	} else {
		c.baseline.add(e)
		if c.candidate.n > 0 {
			c.baseline.forget(c.candidate.oldest())
		}
	}
	if e.Failed {
		c.event(e)
	}
}

// event counts a unit's first event. When the memory is full none is counted any
// more, on either side: the evidence stays as it is, and stays valid.
func (c *HarmClock) event(e Ended) {
	if _, known := c.failed[e.Unit]; known {
		return
	}
	if len(c.failed) >= c.cfg.Units {
		c.full = true
		return
	}
	c.failed[e.Unit] = struct{}{}
	base, cand := int64(1), int64(0)
	if e.Candidate {
		base, cand = 0, 1
	}
	c.failing[cand]++
	if !(c.cfg.Share > 0 && c.cfg.Share < 1) { // one variant has all: nothing is compared
		return
	}
	if c.split == nil {
		c.split = stats.NewEventSplit(c.cfg.Share, harmFocus)
	}
	c.split.Add(base, cand, c.cfg.Share)
}

// p is the event split's, 1 while there is none.
func (c *HarmClock) p() float64 {
	if c.split == nil {
		return 1
	}
	return c.split.HarmP()
}

// look takes the questions in their order.
func (c *HarmClock) look(p float64) (Alarm, string) {
	cand, base := c.candidate.failingShare(), c.baseline.failingShare()
	if l := c.cfg.Limit; l > 0 && c.candidate.n >= tripLeast && c.baseline.n >= tripLeast && cand > l && base > l {
		return AlarmCommon, fmt.Sprintf("units fail in both variants: %s with the candidate, %s with the baseline; limit %s", percent(cand), percent(base), percent(l))
	}
	if c.candidate.n >= tripLeast && c.candidate.failing >= tripUnits && cand >= tripShare && cand >= tripTimes*base {
		return AlarmTrip, fmt.Sprintf("%d of the %d units of the candidate's last %d requests fail (%s of the baseline's over the same time)",
			c.candidate.failing, len(c.candidate.units), c.candidate.n, percent(base))
	}
	if c.requests >= harmRequests && p < c.cfg.Alpha {
		return AlarmSplit, fmt.Sprintf("%d units fail with the candidate, %d with the baseline, where it has %s of the units (always-valid %s, alarm below %s)",
			c.failing[1], c.failing[0], percent(c.cfg.Share), pIs(p, 0), probability(c.cfg.Alpha, 0))
	}
	return AlarmNone, ""
}

// window is the last requests of a variant, by unit.
type window struct {
	ring    []Ended
	from, n int
	units   map[uint64]tally
	failing int // units of which at least half the requests failed
}

type tally struct{ n, failed int }

func (t tally) fails() bool { return t.n > 0 && 2*t.failed >= t.n }

func newWindow(size int) *window {
	return &window{ring: make([]Ended, size), units: map[uint64]tally{}}
}

func (w *window) add(e Ended) {
	if w.n == len(w.ring) {
		w.drop()
	}
	w.ring[(w.from+w.n)%len(w.ring)] = e
	w.n++
	w.change(e, 1)
}

// drop forgets the oldest.
func (w *window) drop() {
	w.change(w.ring[w.from], -1)
	w.from = (w.from + 1) % len(w.ring)
	w.n--
}

// forget drops what was before a time.
func (w *window) forget(before time.Time) {
	for w.n > 0 && w.ring[w.from].Time.Before(before) {
		w.drop()
	}
}

func (w *window) oldest() time.Time { return w.ring[w.from].Time }

func (w *window) change(e Ended, by int) {
	t := w.units[e.Unit]
	if t.fails() {
		w.failing--
	}
	t.n += by
	if e.Failed {
		t.failed += by
	}
	if t.n == 0 {
		delete(w.units, e.Unit)
		return
	}
	w.units[e.Unit] = t
	if t.fails() {
		w.failing++
	}
}

// failingShare is the share of units that fail.
func (w *window) failingShare() float64 {
	if len(w.units) == 0 {
		return 0
	}
	return float64(w.failing) / float64(len(w.units))
}
