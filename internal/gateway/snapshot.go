package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/telemetry"
	"github.com/weirhq/weir/internal/upstream"
)

// Snapshot is everything that is in force. It is immutable once applied; an
// exchange stays on the one it began with.
type Snapshot struct {
	Set         *experiment.Set
	Keys        *access.Keyring // nil: no keys are declared
	Pools       map[string]*upstream.Pool
	Signer      *experiment.Signer // of cookies and pins
	Environment bool               // started from the environment: the seed's bodies and replies
	CookieTTL   time.Duration      // 0: experiment.SessionTTL
	Secure      bool               // the data listener speaks TLS: cookies are Secure
	Tariff      *meter.Tariff      // what the models cost; nil: no price is known
	Bodies      float64            // the share of exchanges whose bodies are recorded
}

// state is a snapshot with everything looked up that can be.
type state struct {
	snapshot Snapshot
	routes   map[string]*routePlan
	names    []string // of routes, for suggestions and listings
	created  int64
	able     bool // a model can be asked
}

// routePlan is a route with the plans of its variants.
type routePlan struct {
	route  *experiment.Route
	plans  map[*experiment.Variant]*plan
	embeds map[*experiment.Variant]*plan // the same for embeddings
	pinned bool                          // a `vendor/model` name
	series *telemetry.RouteSeries
}

// plan is one variant on one route, ready to be asked.
type plan struct {
	variant    *experiment.Variant
	targets    []target // the variant's model, then the route's fallbacks
	attempts   int      // at most, on the wire, per round
	parameters []parameter
	steps      Steps
	total      time.Duration
}

// target is a model to ask.
type target struct {
	pool      *upstream.Pool
	model     *upstream.Model
	chat      upstream.Chat
	embed     upstream.Embed
	series    [2]*telemetry.Series // by path
	counts    *telemetry.ModelSeries
	rates     *rates
	simulated bool
}

// parameter is one that the variant names.
type parameter struct {
	name  string
	value json.RawMessage
	limit int64 // of an output-token limit; -1 for other parameters
}

// Apply puts a snapshot in force for requests that arrive from now on.
func (g *Gateway) Apply(s Snapshot) error {
	if s.CookieTTL <= 0 {
		s.CookieTTL = experiment.SessionTTL
	}
	st := &state{snapshot: s, routes: map[string]*routePlan{}, created: time.Now().Unix()}
	for _, name := range slices.Sorted(maps.Keys(s.Set.Routes)) {
		rp, err := g.planRoute(&st.snapshot, s.Set.Routes[name])
		if err != nil {
			return err
		}
		st.routes[name] = rp
		st.names = append(st.names, name)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Pools)) {
		st.able = st.able || s.Pools[name].Ready() == nil
		if s.Environment { // every request is for the one route
			continue
		}
		if err := g.planPinned(st, s.Pools[name]); err != nil {
			return err
		}
	}
	g.state.Store(st)
	return nil
}

// planPinned makes the `vendor/model` names of a model: by its name in
// definitions and by the vendor's id. They are never experimented on.
func (g *Gateway) planPinned(st *state, p *upstream.Pool) error {
	m := &p.Model
	for i, name := range []string{m.Vendor.Name + "/" + m.Name, m.Vendor.Name + "/" + m.ID} {
		if _, taken := st.routes[name]; taken || (i == 1 && m.ID == "") {
			continue
		}
		r := &experiment.Route{Name: name, Baseline: &experiment.Variant{Name: "pinned", Model: m.Name}}
		rp, err := g.planRoute(&st.snapshot, r)
		if err != nil {
			return err
		}
		rp.pinned = true
		st.routes[name] = rp
		if i == 0 {
			st.names = append(st.names, name)
		}
	}
	return nil
}

func (g *Gateway) planRoute(s *Snapshot, r *experiment.Route) (*routePlan, error) {
	rp := &routePlan{route: r, plans: map[*experiment.Variant]*plan{}, embeds: map[*experiment.Variant]*plan{}, series: g.cfg.Weir.Route(r.Name)}
	variants := []*experiment.Variant{r.Baseline}
	if r.Experiment != nil {
		for _, a := range r.Experiment.Arms {
			variants = append(variants, a.Variant)
		}
	}
	for _, v := range variants {
		if rp.plans[v] != nil {
			continue
		}
		p, err := g.planVariant(s, r, v)
		if err != nil {
			return nil, fmt.Errorf("plan route %q, variant %q: %w", r.Name, v.Name, err)
		}
		rp.embeds[v] = p.forEmbeddings()
		p.parameters = slices.DeleteFunc(p.parameters, parameter.ofEmbeddings)
		rp.plans[v] = p
	}
	return rp, nil
}

func (g *Gateway) planVariant(s *Snapshot, r *experiment.Route, v *experiment.Variant) (*plan, error) {
	p := &plan{variant: v, steps: g.cfg.Steps(r, v), attempts: 1 + r.Retries}
	for i, name := range append([]string{v.Model}, r.Fallback...) {
		pool := s.Pools[name]
		if pool == nil {
			return nil, fmt.Errorf("model %q has no pool", name)
		}
		if i > 0 && name == v.Model {
			continue
		}
		t := target{pool: pool, model: &pool.Model, counts: g.cfg.Weir.Model(name), simulated: pool.Model.Vendor.Driver == "simulated"}
		t.rates = &rates{tariff: s.Tariff, model: name}
		t.chat, _ = pool.Driver.(upstream.Chat)
		if t.model.Vendor.Embeddings { // the driver could ask, the vendor would not answer
			t.embed, _ = pool.Driver.(upstream.Embed)
		}
		for j, at := range paths {
			t.series[j] = g.cfg.Telemetry.Series(r.Name, v.Name, name, at.name)
			if t.model.ID != "" && t.rates.at(t.model.ID, time.Now()).Basis != meter.Unpriced {
				t.series[j].Cost.Add(0) // so that the first request is a rise, and not a new series
			}
		}
		p.targets = append(p.targets, t)
	}
	p.total = p.targets[0].model.Clocks.WithDefaults().Total
	for _, name := range slices.Sorted(maps.Keys(v.Parameters)) {
		p.parameters = append(p.parameters, newParameter(name, v.Parameters[name]))
	}
	if r.Blind {
		p.steps.RailsOut = append(slices.Clip(p.steps.RailsOut), member("model", quote(r.Name), true))
	}
	if s.Environment {
		p.steps.RailsOut = append(slices.Clip(p.steps.RailsOut), member("model_version", quote(v.Name), false))
	}
	return p, nil
}

// plan is the plan of a variant for what a path asks.
func (rp *routePlan) plan(op chat.Op, v *experiment.Variant) *plan {
	if op == chat.OpEmbed {
		return rp.embeds[v]
	}
	return rp.plans[v]
}

// forEmbeddings is the plan for vectors. It has no fallback: those of another
// model lie in another space, and would be compared with the ones stored before.
func (p *plan) forEmbeddings() *plan {
	e := *p
	e.targets = p.targets[:1:1]
	e.parameters = nil
	for _, v := range p.parameters {
		if v.ofEmbeddings() {
			e.parameters = append(e.parameters, v)
		}
	}
	return &e
}

// capable says whether the variant's own model can be asked this at all.
func (p *plan) capable(op chat.Op) error {
	t := &p.targets[0]
	switch {
	case op == chat.OpEmbed && t.embed == nil:
		return unsupported(t.model, "embeddings")
	case op == chat.OpChat && t.chat == nil:
		return unsupported(t.model, "conversations")
	}
	return nil
}

// do asks the capability that the path needs.
func (t *target) do(ctx context.Context, op chat.Op, c *upstream.Call) (*upstream.Reply, error) {
	if op == chat.OpEmbed {
		if t.embed == nil {
			return nil, unsupported(t.model, "embeddings")
		}
		return t.embed.Embed(ctx, c)
	}
	if t.chat == nil {
		return nil, unsupported(t.model, "conversations")
	}
	return t.chat.Chat(ctx, c)
}
