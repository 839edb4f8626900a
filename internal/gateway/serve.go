package gateway

import (
	"context"
	"net/http"
)

// serve takes one request through the journey. end runs on every ending.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request, p path) {
	x := g.begin(w, r, p)
	defer g.end(x)
	if err := g.journey(r.Context(), x); err != nil {
		x.fail(err)
	}
}

// journey is the life of a request. Each step fills what is its own.
func (g *Gateway) journey(ctx context.Context, x *Exchange) error {
	if err := g.admit(x); err != nil { // who, and what was asked
		return err
	}
	if err := g.assign(x); err != nil { // route, unit → variant
		return err
	}
	if sampled(x.ID, x.state.snapshot.Bodies) {
		x.copied = &copied{}
	}
	if err := x.prepare(ctx); err != nil { // prompt, retrieval, compression, rails, cache
		return err
	}
	if x.answer == nil {
		if err := x.reserve(ctx); err != nil { // released in end
			return err
		}
		if err := x.ask(ctx); err != nil { // rounds of attempts
			return err
		}
	}
	for _, t := range x.plan.steps.RailsOut {
		x.answer = t(ctx, x, x.answer)
	}
	return x.deliver(ctx)
}

// prepare runs the steps before the upstream until one answers by itself.
func (x *Exchange) prepare(ctx context.Context) error {
	s := &x.plan.steps
	for _, stage := range [...]struct {
		name  string
		steps []Step
	}{{"prompt", s.Render}, {"retrieval", s.Retrieve}, {"compression", s.Compress}, {"rail", s.RailsIn}, {"cache", s.Cache}} {
		if err := run(ctx, x, stage.name, stage.steps); err != nil || x.answer != nil {
			return err
		}
	}
	return nil
}

// reserve takes the reservations; what was taken is settled in end.
func (x *Exchange) reserve(ctx context.Context) error {
	for _, take := range x.plan.steps.Reserve {
		res, err := take(ctx, x)
		if err != nil {
			return err
		}
		x.reservations = append(x.reservations, res)
	}
	return nil
}
