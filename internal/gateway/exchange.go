package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/upstream"
)

// Exchange is one request on its journey. The exported fields are for steps;
// each is filled by the step of the journey that it belongs to.
type Exchange struct {
	ID         string            // Weir's own, a UUIDv7
	Principal  *access.Principal // admit
	Request    *chat.Request     // admit
	Stream     bool              // admit: the caller asked for a stream
	Route      *experiment.Route // assign
	Assignment experiment.Assignment
	AnsweredBy string // "" for the upstream, else the stage that answered by itself
	Round      int    // of the upstream, from 1

	g        *Gateway
	state    *state // the snapshot this exchange stays on
	path     path
	w        http.ResponseWriter
	r        *http.Request
	start    time.Time
	received time.Time // when the whole request had been read
	body     *buffer   // pooled; given back in end

	plan         *plan
	pin          *experiment.Pin
	unit         experiment.Unit
	conversation string
	reservations []Reservation

	answer   chat.Frames
	meter    reading
	bill     bill
	kept     kept
	tags     []string
	attempts []event.Attempt
	served   served
	clock    *clock
	at       *upstream.Endpoint // where the exchange counts as under way

	outcome     event.Outcome
	settled     bool // outcome is final: the first one that is known stays
	recorded    bool
	failure     error
	clockName   string
	parameters  []string
	headersSent bool
	status      int
	overhead    time.Duration
	rp          *routePlan
	members     *[]chat.Span
	copied      *copied // nil: what is said is not kept
	begun       int64   // of the conversation, unix seconds; 0: none
	newSession  bool
	passOn      []byte // the upstream's own error body
	headerSlab  [16]string
	slabUsed    int
}

// served is what answered.
type served struct {
	target    *target
	rate      *rate  // of what was asked
	model     string // name in definitions
	vendor    string
	id        string // the vendor's model id that was asked for
	endpoint  string
	fallback  bool
	simulated bool
}

// Variant is the variant that was assigned.
func (x *Exchange) Variant() *experiment.Variant { return x.Assignment.Variant }

// begin starts the exchange: its id, its clock, and the headers every answer has.
func (g *Gateway) begin(w http.ResponseWriter, r *http.Request, p path) *Exchange {
	now := time.Now()
	g.inFlight.Add(1)
	x := &Exchange{g: g, state: g.state.Load(), path: p, w: w, r: r, start: now, ID: event.NewID(now)}
	x.set("X-Weir-Request-Id", x.ID)
	if id := x.clientID(); id != "" {
		x.set("X-Request-Id", id)
	}
	return x
}

// header reads a header of the request. The name must be canonical: looking it
// up is then a look into the map, and a request has many of them looked up.
func (x *Exchange) header(name string) string { return headerOf(x.r, name) }

func headerOf(r *http.Request, name string) string {
	if v := r.Header[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// clientID is the caller's own id of the request, "" when there is none to keep.
func (x *Exchange) clientID() string {
	if id := x.header("X-Request-Id"); len(id) <= maxClientID {
		return id
	}
	return ""
}

// maxClientID bounds the caller's own request id that is echoed and kept.
const maxClientID = 200

// set sets a response header without an allocation of its own. The name must be canonical.
func (x *Exchange) set(name, value string) {
	if x.slabUsed == len(x.headerSlab) {
		x.w.Header()[name] = []string{value}
		return
	}
	i := x.slabUsed
	x.slabUsed++
	x.headerSlab[i] = value
	x.w.Header()[name] = x.headerSlab[i : i+1 : i+1]
}

// fail ends the exchange with err, unless it ended before: an error answer, or
// once the answer has begun an in-band event.
func (x *Exchange) fail(err error) {
	if !x.settled {
		x.settle(classify(x, err), err)
	}
	x.refuse(err)
}

// settle fixes the outcome. The first ending is the one that counts.
func (x *Exchange) settle(o event.Outcome, err error) {
	if x.settled {
		return
	}
	x.settled, x.outcome, x.failure = true, o, err
}

// gone reports whether the client left.
func (x *Exchange) gone() bool {
	ctx := x.r.Context()
	return ctx.Err() != nil && !stopped(ctx) && context.Cause(ctx) != nil
}
