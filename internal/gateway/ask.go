package gateway

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/upstream"
)

// ask takes the request upstream: rounds of attempts.
func (x *Exchange) ask(ctx context.Context) error {
	x.recordBegin()
	for x.Round = 1; x.Round <= MaxRounds; x.Round++ {
		frames, err := x.attempt(ctx)
		if err != nil {
			return err
		}
		again := false
		for _, round := range x.plan.steps.Rounds {
			if frames, again, err = round(ctx, x, frames); err != nil {
				return err
			}
			if again {
				break
			}
		}
		if !again {
			x.answer = frames
			return nil
		}
		x.guarded(x.tally)
		x.meter.nextRound()
		x.clock.stop()
	}
	return fault.New(fault.Upstream, "too_many_rounds", "the answer was not complete after %d rounds", MaxRounds)
}

// attempt asks until an answer has begun, at most as often as the plan allows.
// Nothing has reached the client yet: after the first byte there is no second try.
func (x *Exchange) attempt(ctx context.Context) (chat.Frames, error) {
	var last *failure
	total := x.start.Add(x.plan.total)
	at := place{}
	for n := 1; n <= x.plan.attempts; n++ {
		if n > 1 {
			var ok bool
			if at, ok = x.elsewhere(at, last, n == x.plan.attempts); !ok || !pause(ctx, at.again) || time.Now().After(total) {
				break
			}
		}
		frames, f := x.try(ctx, &at, n, total)
		if f == nil {
			return frames, nil
		}
		last = f
		if ctx.Err() != nil {
			break
		}
	}
	if ctx.Err() != nil { // what failed before would have been tried again
		last = x.failed(ctx, last.err)
	}
	x.settle(last.outcome, last.err)
	x.passOn = last.body
	return nil, last.err
}

// place is where an attempt goes.
type place struct {
	target   int // index into the plan's targets
	endpoint *upstream.Endpoint
	again    bool // the very same endpoint once more
}

// elsewhere chooses where to try next: another endpoint of the model, else the
// next model of the fallback list, else the same endpoint once more where that can
// help. The last attempt is for the fallback, where one is declared: a second
// endpoint may be down for the same reason as the first.
func (x *Exchange) elsewhere(at place, f *failure, last bool) (place, bool) {
	t := &x.plan.targets[at.target]
	switch {
	case f.again == never:
		return at, false
	case last && at.target+1 < len(x.plan.targets):
		return place{target: at.target + 1}, true
	case f.again != otherModel && len(t.pool.Endpoints) > 1:
		return place{target: at.target, endpoint: at.endpoint}, true
	case at.target+1 < len(x.plan.targets):
		return place{target: at.target + 1}, true
	case f.again == anywhere:
		return place{target: at.target, endpoint: at.endpoint, again: true}, true
	}
	return at, false
}

// pause waits a little before the same endpoint is asked again, jittered so
// that many do not come back together.
func pause(ctx context.Context, same bool) bool {
	if !same {
		return ctx.Err() == nil
	}
	t := time.NewTimer(25*time.Millisecond + rand.N(50*time.Millisecond))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// try is one attempt at one endpoint. Its frames are those of an answer that
// has begun: what came before its first token is held, so that a failure until
// then is still a failure the client need not see.
func (x *Exchange) try(ctx context.Context, at *place, n int, total time.Time) (chat.Frames, *failure) {
	t := &x.plan.targets[at.target]
	began := time.Now()
	if err := t.pool.Ready(); err != nil {
		return nil, &failure{err: x.unasked(err), outcome: event.UpstreamError, again: otherModel}
	}
	if n == 1 && x.Round == 1 {
		x.overhead += began.Sub(x.received)
	}
	limits := t.model.Clocks.WithDefaults()
	actx, clk := startClock(ctx, limits, total, x.plan.total)
	x.clock = clk
	x.enterHeader(limits)
	if !at.again {
		at.endpoint = t.pool.Pick(at.endpoint)
	}
	x.hold(at.endpoint)
	frames, f := x.call(actx, t, at.endpoint, n)
	if f == nil {
		frames, f = x.peek(actx, frames, t.model.MaxEvent, limits)
	}
	took := time.Since(began)
	a := event.Attempt{Model: t.model.Name, Endpoint: at.endpoint.URL, Result: "ok", Status: 200, After: began.Sub(x.start), Took: took}
	if f != nil {
		clk.stop()
		x.leave(f.blames())
		x.meter.bodyID, x.meter.answeredAs = "", ""
		a.Result, a.Status = f.result, f.status
		x.attempts = append(x.attempts, a)
		t.counts.Attempt(f.result).Inc()
		return nil, f
	}
	x.attempts = append(x.attempts, a)
	t.counts.AttemptOK.Inc()
	return frames, nil
}

// hold counts the exchange at the endpoint that it is about to ask, and no longer
// at the one of an earlier round.
func (x *Exchange) hold(e *upstream.Endpoint) {
	x.leave(false)
	e.Begin()
	x.at = e
}

// leave counts it there no more.
func (x *Exchange) leave(failed bool) {
	if x.at != nil {
		x.at.End(failed)
		x.at = nil
	}
}

// enterHeader sets the clock for the wait for a response header. An answer that
// is not streamed has its header only when it is whole, so there only a clock
// that the definition names bounds it.
func (x *Exchange) enterHeader(limits upstream.Clocks) {
	d := limits.Header
	if x.Stream && (d <= 0 || limits.FirstToken <= d) {
		x.clock.enter("first_token", limits.FirstToken)
		return
	}
	x.clock.enter("header", d)
}

// call sends the request and takes the reply apart.
func (x *Exchange) call(ctx context.Context, t *target, e *upstream.Endpoint, n int) (chat.Frames, *failure) {
	id, err := t.pool.ModelID(ctx)
	if err != nil {
		return nil, x.failed(ctx, err)
	}
	x.meter.attempt()
	x.meter.heard = x.listener()
	x.served = served{target: t, rate: t.rates.at(id, x.start), model: t.model.Name, vendor: t.model.Vendor.Name, id: id, endpoint: e.URL, fallback: t != &x.plan.targets[0], simulated: t.simulated}
	if x.served.rate.Deny {
		return nil, unpriced(t.model)
	}
	reply, err := t.do(ctx, x.path.op, &upstream.Call{Request: x.Request, Stream: x.Stream, Model: id, Endpoint: e, RequestID: x.ID, Attempt: n, Header: x.forwarded()})
	if err != nil {
		if f := x.brokenEdit(err); f != nil {
			return nil, f
		}
		f := x.failed(ctx, err)
		x.meter.asked = mayHaveBeenRead(f, err)
		return nil, f
	}
	if reply.Status == http.StatusNotFound {
		t.pool.Forget(id)
	}
	if reply.Status/100 != 2 {
		return nil, refusedBy(reply, t.model)
	}
	x.meter.asked = true
	return &watched{Frames: reply.Frames, x: x}, nil
}

// forwarded are the caller's headers that travel on: tracing, nothing else.
func (x *Exchange) forwarded() map[string][]string {
	var h map[string][]string
	for _, name := range [...]string{"Traceparent", "Tracestate", "Baggage"} {
		if v := x.r.Header[name]; v != nil {
			if h == nil {
				h = make(map[string][]string, 3)
			}
			h[name] = v
		}
	}
	return h
}

// peek reads up to the first frame that a reader would see. Vendors answer 200
// and then send an error: until here that is still an error of this attempt.
func (x *Exchange) peek(ctx context.Context, in chat.Frames, most int, limits upstream.Clocks) (chat.Frames, *failure) {
	if x.Stream {
		x.clock.enter("first_token", limits.FirstToken)
	}
	if most <= 0 {
		most = defaultMaxHeld
	}
	var kept []chat.Frame
	for {
		f, err := in.Next()
		most -= len(f.Raw)
		full := len(kept) >= maxHeld || most < 0
		switch {
		case err != nil:
			_ = in.Close()
			if err == io.EOF {
				err = chat.ErrIncomplete
			}
			return nil, x.failed(ctx, err)
		case f.Kind == chat.Failure, f.Kind == chat.Whole && x.Stream, f.Kind == chat.Malformed && !x.Stream:
			fail := x.wrongAnswer(&f)
			_ = in.Close()
			return nil, fail
		case f.Kind == chat.Comment && full: // a ping more or less
		case begins(&f) || full:
			if x.Stream {
				x.clock.idle()
			}
			return chat.Replay(append(kept, f), in), nil
		default:
			kept = append(kept, chat.Keep(f))
		}
	}
}

// begins reports whether a frame is the beginning, or already the end, of what a
// reader sees.
func begins(f *chat.Frame) bool {
	return f.Kind == chat.Whole || f.Kind == chat.Done || f.Visible || f.Reasoning || f.Finish != ""
}

// maxHeld bounds the frames held back before the first token, and
// defaultMaxHeld their bytes, where the model's definition does not say how large
// one event may be. Pings may go on and on; of them the first are enough.
const (
	maxHeld        = 64
	defaultMaxHeld = 4 << 20
)

// wrongAnswer is a 200 that is not an answer.
func (x *Exchange) wrongAnswer(f *chat.Frame) *failure {
	msg, code := "the model answered with an error inside a 200", "upstream_error"
	switch {
	case f.Kind == chat.Whole:
		msg, code = "the model answered without the stream that was asked for", "upstream_protocol"
	case f.Kind == chat.Malformed:
		msg, code = "the model's answer is not JSON", "upstream_protocol"
	}
	return &failure{err: fault.New(fault.Upstream, code, "%s", msg), outcome: event.UpstreamError, again: anywhere, result: "error_in_200", status: 200}
}
