package gateway

import (
	"cmp"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/telemetry"
)

// end runs on every ending, a panic included: everything that was taken is given
// back, and there is exactly one outcome and one record.
func (g *Gateway) end(x *Exchange) {
	if p := recover(); p != nil {
		x.panicked(p)
	}
	if x.answer != nil {
		x.guarded(func() { _ = x.answer.Close() })
	}
	x.clock.stop()
	x.leave(blamed(x.outcome))
	if !x.settled {
		x.settle(event.Interrupted, fault.New(fault.Internal, "internal_error", "the journey ended without an outcome"))
	}
	x.close()
	x.recordBody()
	if x.rp != nil {
		x.rp.series.InFlight.Add(-1)
	}
	g.inFlight.Add(-1)
	if x.members != nil {
		// Spans are views into the body: left behind, they would keep it from being freed.
		m := x.Request.Head.Members
		clear(m[:cap(m)])
		*x.members = m[:0]
		heads.Put(x.members)
	}
	if x.body != nil {
		x.body.release()
	}
}

// panicked turns a defect into an error of this one request.
func (x *Exchange) panicked(p any) {
	err := fault.New(fault.Internal, "internal_error", "internal error").With(fmt.Errorf("panic: %v", p))
	x.g.log.panicked(x.ID, p, debug.Stack())
	if !x.settled {
		x.settle(event.Interrupted, err)
	}
	defer func() { _ = recover() }() // the answer itself may be what is broken
	x.refuse(err)
}

// close settles what was reserved and writes the record, once. It runs before
// the last byte of the answer.
func (x *Exchange) close() {
	if x.recorded {
		return
	}
	x.recorded = true
	if x.meter.end.IsZero() {
		x.meter.end = time.Now()
	}
	x.guarded(x.tally)
	for i := len(x.reservations) - 1; i >= 0; i-- {
		r := x.reservations[i]
		x.guarded(func() { r.Settle(x, x.outcome, x.usage()) })
	}
	e := x.event()
	x.count(e)
	if x.Principal != nil || x.g.strangers.allow(e.Time) {
		x.guarded(func() { x.g.cfg.Recorder.Record(e) }) // without its record the answer still goes out
	}
	x.g.log.ended(e)
}

// guarded calls what a feature brought along on the way out: a panic there must
// not keep the rest from ending.
func (x *Exchange) guarded(call func()) {
	defer func() {
		if p := recover(); p != nil {
			x.g.log.panicked(x.ID, p, debug.Stack())
		}
	}()
	call()
}

// event tells what happened.
func (x *Exchange) event() *event.Event {
	m := &x.meter
	e := &event.Event{
		ID: x.ID, BodyID: m.bodyID, Project: access.DefaultProject, Time: x.start, Path: x.path.name, Stream: x.Stream,
		Outcome: x.outcome, Status: x.status, Clock: x.clockName, Parameters: x.parameters,
		Model: x.served.model, Vendor: x.served.vendor, ServedModel: cmp.Or(m.answeredAs, x.served.id), Endpoint: x.served.endpoint, Fallback: x.served.fallback, Simulated: x.served.simulated,
		Attempts: x.attempts, AnsweredBy: x.AnsweredBy,
		Tags: x.tags, Fingerprint: m.fingerprint, Finish: m.finish, Refusal: m.refusal, Frames: m.frames, Malformed: m.malformed,
		Total: m.end.Sub(x.start), Overhead: x.overhead,
	}
	if x.outcome == event.Cancelled {
		e.Status = openai.Status(clientLeft()) // whatever had been sent by then
	}
	e.ClientID = x.clientID()
	if trace := x.header("Traceparent"); traceparent(trace) {
		e.Traceparent = trace
	}
	if x.state != nil {
		e.Revision = x.state.snapshot.Set.Revision
	}
	if x.Principal != nil {
		e.Key, e.Project = x.Principal.Name, x.Principal.Project
	}
	x.enter(e)
	if x.failure != nil {
		f := fault.From(x.failure)
		e.Code, e.Error = f.Code, f.Error()
	}
	if x.Stream && !m.firstVisible.IsZero() {
		e.FirstToken = m.firstVisible.Sub(x.received)
		if n := e.Usage.Output; n > 1 && x.outcome == event.OK {
			e.PerToken = m.end.Sub(m.firstVisible) / time.Duration(n-1)
		}
	}
	if !m.firstThought.IsZero() {
		e.FirstThought = m.firstThought.Sub(x.received)
	}
	x.eventText(e)
	x.eventAssignment(e)
	return e
}

// traceparent reports whether a header is one, as W3C Trace Context writes it
// (https://www.w3.org/TR/trace-context/): what is none is not kept.
func traceparent(s string) bool {
	if len(s) != len("00-0123456789abcdef0123456789abcdef-0123456789abcdef-01") || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return false
	}
	return strings.Trim(s, "0123456789abcdef-") == ""
}

// eventAssignment tells who asked, and what was assigned.
func (x *Exchange) eventAssignment(e *event.Event) {
	if x.Route == nil {
		return
	}
	e.Route = x.Route.Name
	k := x.identity()
	e.Assignments, e.UnitKind, e.Unit, e.Conversation, e.Begun = k.assignments, k.unitKind, k.unit, k.conversation, k.begun
}

// count moves the numbers that are scraped.
func (x *Exchange) count(e *event.Event) {
	if x.plan == nil {
		route := ""
		if x.Route != nil {
			route = x.Route.Name
		}
		x.g.cfg.Telemetry.Outcomes.With(route, "", e.Outcome.String()).Inc()
		return
	}
	t := x.served.target
	if t == nil {
		t = &x.plan.targets[0]
	}
	s := t.series[x.path.index]
	s.End(e.Outcome, e.Total)
	if e.FirstToken > 0 {
		s.TTFT.Observe(e.FirstToken)
	}
	if e.PerToken > 0 {
		s.TPOT.Observe(e.PerToken)
	}
	s.TokensIn.Add(uint64(max(e.Usage.Input, 0)))
	s.TokensOut.Add(uint64(max(e.Usage.Output, 0)))
	x.countMoney(e, t, s)
	if e.Malformed > 0 {
		t.counts.MalformedFrames.Add(uint64(e.Malformed))
	}
	if !e.UsageKnown && e.Status == http.StatusOK && e.AnsweredBy == "" {
		t.counts.UsageMissing.Inc()
	}
	x.rp.series.Overhead.Observe(e.Overhead)
}

// countMoney moves the numbers of money, and of what is not known of it.
func (x *Exchange) countMoney(e *event.Event, t *target, s *telemetry.Series) {
	s.TokensCached.Add(uint64(max(e.Usage.Cached, 0)))
	s.TokensCacheWrite.Add(uint64(max(e.Usage.CacheWrite, 0)))
	s.TokensReasoning.Add(uint64(max(e.Usage.Reasoning, 0)))
	if e.UsageSource == meter.Guessed {
		t.counts.UsageEstimated.Inc()
	}
	switch {
	case e.CostBasis == meter.Unpriced:
		t.counts.Unpriced.Inc()
	case x.bill.rounds > 0:
		s.Cost.Add(int64(e.Cost))
	}
}
