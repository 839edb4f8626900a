package gateway

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/internal/upstream"
)

// clockError is the cause with which an attempt is cancelled when one of its
// clocks ran out.
type clockError struct {
	name   string // "header", "first_token", "idle", "total"
	after  time.Duration
	client bool // it was the client that was waited for, not the model
}

func (e *clockError) Error() string { return fmt.Sprintf("%s clock ran out after %s", e.name, e.after) }

// clock watches one attempt with a single timer. The phase's deadline moves
// often (with every read of a stream), the timer only when it must fire
// earlier: when it fires too early it arms itself again.
type clock struct {
	ctx    context.Context // the attempt's, cancelled with a *clockError
	cancel context.CancelCauseFunc
	start  time.Time // of the attempt
	total  time.Time
	whole  time.Duration // what the total allows the exchange
	limits upstream.Clocks

	deadline atomic.Int64 // of the phase, ns since start; 0: only the total
	idling   atomic.Bool
	held     atomic.Bool // the client is waited for: the idle clock stands still
	mu       sync.Mutex
	timer    *time.Timer
	armed    time.Time
	phase    string
	allowed  time.Duration
	done     bool
}

// startClock begins an attempt under the total deadline of its exchange, which
// may take whole.
func startClock(parent context.Context, limits upstream.Clocks, total time.Time, whole time.Duration) (context.Context, *clock) {
	ctx, cancel := context.WithCancelCause(parent)
	c := &clock{ctx: ctx, cancel: cancel, start: time.Now(), total: total, whole: whole, limits: limits}
	return ctx, c
}

// enter begins a phase that may last d from the start of the attempt (0: only
// the total bounds it).
func (c *clock) enter(phase string, d time.Duration) { c.until(phase, d, d) }

// idle begins the phase in which every read may take as long as the idle clock.
func (c *clock) idle() {
	c.until("idle", time.Since(c.start)+c.limits.Idle, c.limits.Idle)
	c.idling.Store(true)
}

// touch notes that something was read. Only the idle phase lives from read to
// read: pings do not put off the first token.
func (c *clock) touch() {
	if c.idling.Load() {
		c.deadline.Store(int64(time.Since(c.start) + c.limits.Idle))
	}
}

// hold stops the idle clock while the client is waited for, and resume lets it
// begin anew: how slowly an answer is read says nothing about the model. The
// total goes on.
func (c *clock) hold() {
	if c != nil {
		c.held.Store(true)
	}
}

func (c *clock) resume() {
	if c != nil {
		c.touch()
		c.held.Store(false)
	}
}

// until sets the phase's deadline, as time since the start of the attempt.
func (c *clock) until(phase string, at, allowed time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		return
	}
	c.phase, c.allowed = phase, allowed
	c.deadline.Store(int64(max(at, 0)))
	next := c.next()
	if c.timer == nil {
		c.armed = next
		c.timer = time.AfterFunc(time.Until(next), c.fire)
	} else if next.Before(c.armed) {
		c.armed = next
		c.timer.Reset(time.Until(next))
	}
}

// next is the nearest deadline.
func (c *clock) next() time.Time {
	if d := c.deadline.Load(); d > 0 {
		if at := c.start.Add(time.Duration(d)); at.Before(c.total) {
			return at
		}
	}
	return c.total
}

func (c *clock) fire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		return
	}
	held := c.held.Load()
	if held {
		c.touch()
	}
	next := c.next()
	if wait := time.Until(next); wait > 0 {
		c.armed = next
		c.timer.Reset(wait)
		return
	}
	c.done = true
	if next.Equal(c.total) {
		c.cancel(&clockError{"total", c.whole, held})
	} else {
		c.cancel(&clockError{c.phase, c.allowed, false})
	}
}

// stop ends the watch and releases the attempt's context.
func (c *clock) stop() {
	if c == nil {
		return
	}
	c.mu.Lock()
	c.done = true
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	c.cancel(nil)
}
