package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
)

// deliver writes the answer. The record of the exchange is made before its last
// byte: before the body, or before the terminal frame of a stream.
func (x *Exchange) deliver(ctx context.Context) error {
	f, err := x.answer.Next()
	switch {
	case err != nil:
		return x.broken(ctx, err)
	case x.Stream == (f.Kind == chat.Whole), lost(&f):
		return unreadable()
	case f.Kind == chat.Whole:
		return x.deliverWhole(&f)
	case !x.Stream:
		return unreadable()
	}
	return x.deliverStream(ctx, f)
}

// lost reports whether what a frame held was taken away because a transform could
// not read it. To go on without it would pass for the whole answer.
func lost(f *chat.Frame) bool { return f.Kind == chat.Malformed && len(f.Raw) == 0 }

func unreadable() *fault.Error {
	return fault.New(fault.Upstream, "upstream_protocol", "the model's answer is not of its format")
}

func (x *Exchange) deliverWhole(f *chat.Frame) error {
	ended := time.Now()
	x.meter.end = ended
	x.settle(event.OK, nil)
	x.status = http.StatusOK
	x.overhead += time.Since(ended)
	x.copied.add(f.Raw)
	x.close()
	x.set("Content-Type", "application/json")
	x.set("Content-Length", strconv.Itoa(len(f.Raw)))
	x.writeHead(http.StatusOK)
	_, _ = x.w.Write(f.Raw)
	return nil
}

// deliverStream relays frames as they come, a flush whenever none is at hand.
func (x *Exchange) deliverStream(ctx context.Context, f chat.Frame) (err error) {
	got := time.Now()
	x.set("Content-Type", "text/event-stream; charset=utf-8")
	x.set("Cache-Control", "no-cache")
	x.set("X-Accel-Buffering", "no") // proxies that buffer would hold tokens back
	x.writeHead(http.StatusOK)
	out := outlet{x: x, control: http.NewResponseController(x.w)}
	first := true
	for ; err == nil; f, err = x.answer.Next() {
		if lost(&f) {
			return unreadable()
		}
		x.noteEnd(&f)
		flushed, taken := out.send(&f)
		if !taken {
			return nil
		}
		if flushed && first {
			x.overhead += time.Since(got)
			first = false
		}
		if f.Kind == chat.Failure {
			return nil
		}
	}
	if errors.Is(err, io.EOF) {
		if x.meter.end.IsZero() {
			x.meter.end = time.Now()
		}
		x.settle(event.OK, nil)
		x.close()
		out.arm() // net/http still has to end the body
		return nil
	}
	return x.broken(ctx, err)
}

// noteEnd records the exchange when f ends the stream.
func (x *Exchange) noteEnd(f *chat.Frame) {
	if f.Kind == chat.Failure {
		x.settle(event.UpstreamError, fault.New(fault.Upstream, "upstream_error", "the model sent an error inside its stream"))
	}
	if f.Kind == chat.Done || f.Kind == chat.Failure {
		x.meter.end = time.Now()
		x.settle(event.OK, nil)
		x.close()
	}
}

// broken ends an exchange whose answer broke off.
func (x *Exchange) broken(ctx context.Context, err error) error {
	if x.gone() {
		left := clientLeft().With(err)
		x.settle(event.Cancelled, left)
		return left
	}
	if x.clock == nil { // a step's own answer
		x.settle(event.Interrupted, err)
		return err
	}
	f := x.failed(x.clock.ctx, err)
	x.settle(f.outcome, f.err)
	return f.err
}

// refuse answers with an error: of the upstream's own making where that is to be
// passed on, else ours. Once the answer has begun it is an in-band event, and
// never the dialect's terminal marker.
func (x *Exchange) refuse(err error) {
	if x.headersSent {
		x.close()
		if x.Stream && !x.gone() {
			control := http.NewResponseController(x.w)
			_ = control.SetWriteDeadline(time.Now().Add(x.g.cfg.WriteGrace))
			_, _ = x.w.Write(openai.Codec{}.Error(err, x.ID, true))
			_ = control.Flush()
		}
		return
	}
	status := openai.Status(err)
	body := x.passOn
	switch {
	case !isError(body):
		body = openai.Codec{}.Error(err, x.ID, false)
	case x.concealed():
		body = x.retold(body, status)
	}
	if d := fault.From(err).RetryAfter; d > 0 {
		x.set("Retry-After", strconv.Itoa(int((d+time.Second-1)/time.Second)))
	}
	if x.body == nil {
		leaveUnread(x.w, x.r)
	}
	x.set("Content-Type", "application/json")
	x.set("Content-Length", strconv.Itoa(len(body)))
	x.status = status
	x.copied.add(body)
	x.close()
	x.writeHead(status)
	_, _ = x.w.Write(body)
}

// writeHead sends the status line and headers.
func (x *Exchange) writeHead(status int) {
	if n := len(x.attempts); n > 1 && x.exposed() {
		x.set("X-Weir-Attempts", strconv.Itoa(n))
	}
	x.headersSent, x.status = true, status
	if x.plan == nil {
		x.boundWrites()
	}
	x.w.WriteHeader(status)
}

// boundWrites sets when a client that does not take its answer is left: a little
// after the exchange's own end. It is set as soon as that end is known, since the
// server's own bound, anew for each request, may be shorter than an answer takes;
// an outlet sets it nearer while a stream is written.
func (x *Exchange) boundWrites() {
	at := time.Now()
	if x.plan != nil {
		at = x.start.Add(x.plan.total)
	}
	_ = http.NewResponseController(x.w).SetWriteDeadline(at.Add(x.g.cfg.WriteGrace))
}

// isError reports whether an upstream's body is an error of the dialect's own
// shape, so that it can be passed on as it came.
func isError(body []byte) bool {
	if len(body) == 0 {
		return false
	}
	f, err := openai.NewWhole(body).Next()
	return err == nil && f.Kind == chat.Failure
}
