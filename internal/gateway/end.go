package gateway

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
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
	for i := len(x.reservations) - 1; i >= 0; i-- {
		r := x.reservations[i]
		x.guarded(func() { r.Settle(x, x.outcome, x.meter.usage()) })
	}
	e := x.event()
	x.count(e)
	x.guarded(func() { x.g.cfg.Recorder.Record(e) }) // without its record the answer still goes out
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
		ID: x.ID, BodyID: m.bodyID, Project: "default", Time: x.start, Path: x.path.name, Stream: x.Stream,
		Outcome: x.outcome, Status: x.status, Clock: x.clockName, Parameters: x.parameters,
		Model: x.served.model, Vendor: x.served.vendor, ServedModel: x.served.id, Endpoint: x.served.endpoint, Fallback: x.served.fallback, Simulated: x.served.simulated,
		Attempts: x.attempts, AnsweredBy: x.AnsweredBy,
		Usage: m.usage(), UsageKnown: m.known, Finish: m.finish, Refusal: m.refusal, Frames: m.frames, Malformed: m.malformed,
		Total: m.end.Sub(x.start), Overhead: x.overhead,
	}
	if x.outcome == event.Cancelled {
		e.Status = openai.Status(clientLeft()) // whatever had been sent by then
	}
	if id := x.header("X-Request-Id"); len(id) <= maxClientID {
		e.ClientID = id
	}
	if x.state != nil {
		e.Revision = x.state.snapshot.Set.Revision
	}
	if x.Principal != nil {
		e.Key = x.Principal.Name
	}
	if x.failure != nil {
		f := fault.From(x.failure)
		e.Code, e.Error = f.Code, f.Error()
	}
	if x.Stream && !m.firstVisible.IsZero() {
		e.FirstToken = m.firstVisible.Sub(x.received)
		if n := m.usage().Output; n > 1 && x.outcome == event.OK {
			e.PerToken = m.end.Sub(m.firstVisible) / time.Duration(n-1)
		}
	}
	if !m.firstThought.IsZero() {
		e.FirstThought = m.firstThought.Sub(x.received)
	}
	x.eventAssignment(e)
	return e
}

func (x *Exchange) eventAssignment(e *event.Event) {
	if x.Route == nil {
		return
	}
	a := &x.Assignment
	e.Route = x.Route.Name
	if a.Variant == nil {
		return
	}
	kept := event.Assignment{Variant: a.Variant.Name, Reason: a.Reason.String(), Enrolled: a.Enrolled, Probability: a.Probability, Doubt: a.Doubt}
	if a.Experiment != nil {
		kept.Experiment, kept.Epoch = a.Experiment.Name, a.Experiment.Epoch
	}
	e.Assignments = []event.Assignment{kept}
	if a.Unit.ID != "" {
		e.UnitKind, e.Unit = a.Unit.Kind, x.g.hasher.hash(a.Unit.Kind, a.Unit.ID)
	}
	if x.conversation != "" {
		e.Conversation = x.g.hasher.hash("conversation", x.conversation)
		if x.begun > 0 {
			e.Begun = time.Unix(x.begun, 0).UTC()
		}
	}
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
	t := &x.plan.targets[0]
	for i := range x.plan.targets {
		if x.plan.targets[i].model.Name == x.served.model {
			t = &x.plan.targets[i]
		}
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
	if e.Malformed > 0 {
		t.counts.MalformedFrames.Add(uint64(e.Malformed))
	}
	if !e.UsageKnown && e.Status == http.StatusOK && e.AnsweredBy == "" {
		t.counts.UsageMissing.Inc()
	}
	x.rp.series.Overhead.Observe(e.Overhead)
}
