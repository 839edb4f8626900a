package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

var streamParams = []param{
	{name: "after", kind: "string", about: "begin behind the event with this id, as far back as events are kept; Last-Event-ID does the same"},
}

// stream sends events as they are recorded, one server-sent event each, with the
// event's id. A reader slower than the traffic loses the oldest and is told how
// many, as an event `dropped`; the gateway never waits for it.
func (c *call) stream() error {
	q, err := c.eventQuery()
	if err != nil {
		return err
	}
	select {
	case c.server.streams <- struct{}{}:
		defer func() { <-c.server.streams }()
	default:
		e := fault.New(fault.Unavailable, "too_many_streams", "%d streams are open already", maxStreams)
		e.RetryAfter = 10 * time.Second
		return e
	}
	after := c.query("after")
	if after == "" {
		after = c.r.Header.Get("Last-Event-ID")
	}
	f := c.server.cfg.Events.Follow(after)
	defer f.Close()
	out := c.beginStream()
	if c.r.Method == http.MethodHead {
		return nil
	}
	return c.relay(out, f, &q)
}

// relay writes what the follower reads until the reader leaves, may read no
// longer, or the server closes.
func (c *call) relay(out *sse, f *event.Follower, q *store.EventQuery) error {
	ctx, stop := context.WithCancel(c.r.Context())
	defer stop()
	defer context.AfterFunc(c.server.open, stop)()
	for {
		wait, cancel := context.WithTimeout(ctx, c.server.clocks.ping)
		events, lost, err := f.Next(wait)
		cancel()
		if ctx.Err() != nil || c.authorise() != nil { // a key may be revoked while a stream is open
			return nil
		}
		if err != nil {
			out.comment("ping")
		}
		out.dropped(lost)
		for _, e := range events {
			if q.Matches(e) && !c.server.forgotten.hides(e) {
				out.event(e)
			}
		}
		if out.flush() != nil {
			return nil
		}
	}
}

// beginStream sends the header of the answer.
func (c *call) beginStream() *sse {
	c.begun = true
	h := c.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	c.w.WriteHeader(http.StatusOK)
	out := &sse{w: c.w, rc: http.NewResponseController(c.w), within: c.server.clocks.stream}
	_ = out.rc.SetReadDeadline(time.Time{})
	out.comment("events of weir")
	_ = out.flush()
	return out
}

// sse writes server-sent events. The first error stays: later writes do nothing.
type sse struct {
	w      http.ResponseWriter
	rc     *http.ResponseController
	within time.Duration // for one write
	err    error
}

func (s *sse) print(format string, args ...any) {
	if s.err == nil {
		_ = s.rc.SetWriteDeadline(time.Now().Add(s.within))
		_, s.err = fmt.Fprintf(s.w, format, args...)
	}
}

func (s *sse) comment(text string) { s.print(": %s\n\n", text) }

func (s *sse) dropped(n uint64) {
	if n > 0 {
		s.print("event: dropped\ndata: {\"dropped\":%d}\n\n", n)
	}
}

// event sends e. JSON has no raw line breaks, so one data line holds it; the id
// is ours and holds none either.
func (s *sse) event(e *event.Event) {
	data, err := json.Marshal(e)
	if err != nil {
		s.err = err
		return
	}
	s.print("id: %s\ndata: %s\n\n", e.ID, escapeControls(data))
}

func (s *sse) flush() error {
	if s.err == nil {
		s.err = s.rc.Flush()
	}
	return s.err
}
