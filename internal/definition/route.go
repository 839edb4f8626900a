package definition

import (
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/experiment"
)

// RouteSpec is one entry of `routes`.
type RouteSpec struct {
	Baseline  *VariantSpec   `json:"baseline,omitzero" needed:"yes" doc:"How the route answers unless an experiment says otherwise. The name of a model alone will do."`
	Unit      []string       `json:"unit,omitempty" form:"list of sources" default:"header:x-user-id user" doc:"Where to find who is asking, the first that is present: header:NAME, user, safety_identifier, metadata:NAME, cookie or key. All of one kind."`
	UnitKind  string         `json:"unit_kind,omitzero" enum:"user session key" doc:"What the unit is. Left out: from the sources; a header or metadata field is taken for a user."`
	Overrides []OverrideSpec `json:"overrides,omitempty" doc:"Requests that are sent to a named variant, outside the statistics. The first that holds decides."`
	Fallback  []string       `json:"fallback,omitempty" form:"list of names" doc:"Models to ask, in this order, when the variant's own does not answer before the first byte."`
	Retries   *int           `json:"retries,omitzero" default:"1" doc:"Further attempts before the first byte, fallbacks included: 0 or 1."`
	Expose    string         `json:"expose,omitzero" default:"trusted" enum:"always trusted never" doc:"Who is told in headers which variant answered. trusted: callers on loopback while there are no keys, and keys with scope read."`
	Blind     bool           `json:"blind,omitzero" doc:"Put the route's name into the field model of answers, so that they do not give the variant away."`
	Token     bool           `json:"feedback_token,omitzero" doc:"Send x-weir-feedback-token with each reply: whoever has it, a browser for instance, may say something of that one request at /v1/feedback, without a key."`
}

// VariantSpec is one way to answer.
type VariantSpec struct {
	Model      string     `json:"model,omitzero" form:"name" doc:"The name of a model, one of models."`
	Parameters Parameters `json:"parameters,omitempty" name:"PARAMETER" doc:"Parameters of the request that this variant decides: they win over the caller's. Of two output-token limits the smaller holds."`
}

func (v *VariantSpec) short(text string) { v.Model = text }

// OverrideSpec sends some requests to a named variant.
type OverrideSpec struct {
	When    string `json:"when,omitzero" form:"expression" needed:"yes" doc:"Whom it is for: header[\"x-user-group\"] == \"beta-testers\", group(\"staff\")."`
	Variant string `json:"variant,omitzero" form:"name" needed:"yes" doc:"Its name: baseline, candidate, or that of a variant of the route's experiment."`
	Open    bool   `json:"open,omitzero" doc:"Anyone may use it. Otherwise the caller's key needs scope force."`
}

var exposes = map[string]experiment.Expose{"trusted": experiment.Trusted, "always": experiment.Always, "never": experiment.Never}

func (c *compiler) routes() map[string]*experiment.Route {
	list := make(map[string]*experiment.Route, len(c.doc.Routes))
	for _, name := range names(c.doc.Routes) {
		if c.doc.whole("routes", name) {
			list[name] = c.route(name, c.doc.Routes[name])
		}
	}
	c.experiments(list)
	for _, name := range names(list) {
		c.overrides(list[name])
		c.fallbacks(list[name])
	}
	return list
}

func (c *compiler) route(name string, s *RouteSpec) *experiment.Route {
	at := path("routes", name)
	c.name(at, name, true)
	r := &experiment.Route{
		Name: name, Baseline: &experiment.Variant{Name: "baseline", Model: s.Baseline.Model, Parameters: s.Baseline.Parameters},
		Unit: c.units(at, s), Fallback: s.Fallback, Retries: *s.Retries, Expose: exposes[s.Expose], Blind: s.Blind,
		Cookie: slices.Contains(s.Unit, "cookie"), Token: s.Token,
	}
	if s.Baseline.Model == "" {
		c.fail(with(at, "baseline"), "add model: NAME, one of models", "has no model")
	} else {
		defined(c, c.modelPlace(with(at, "baseline")), "model", s.Baseline.Model, c.doc.Models)
	}
	c.parameters(with(at, "baseline", "parameters"), s.Baseline.Parameters)
	if r.Retries < 0 || r.Retries > 1 {
		c.fail(with(at, "retries"), "write 0 or 1", "%d is out of range", r.Retries)
	}
	return r
}

// modelPlace is where a variant's model stands, in its long form or its short.
func (c *compiler) modelPlace(at []string) []string {
	if long := with(at, "model"); c.doc.written(long) {
		return long
	}
	return at
}

// overrides come after the experiments, whose variants they name.
func (c *compiler) overrides(r *experiment.Route) {
	for i, s := range c.doc.Routes[r.Name].Overrides {
		at := path("routes", r.Name, "overrides", step(i))
		when := c.expression(with(at, "when"), s.When)
		c.overrideVariant(with(at, "variant"), r, s.Variant)
		r.Overrides = append(r.Overrides, experiment.Override{When: when, Variant: s.Variant, Open: s.Open})
	}
}

func (c *compiler) overrideVariant(at []string, r *experiment.Route, name string) {
	known := []string{"baseline"}
	candidate := false
	if r.Experiment != nil {
		for _, a := range r.Experiment.Arms {
			known = append(known, a.Variant.Name)
			candidate = candidate || a.Candidate
		}
	}
	switch {
	case slices.Contains(known, name) || name == "candidate" && candidate:
	case r.Experiment == nil && name == "candidate":
		c.warn(at, "add an experiment, or remove the override", "no experiment is in force on this route: these requests get the baseline")
	case r.Experiment == nil:
		c.fail(at, "without an experiment there is only baseline", "there is no variant %q", name)
	default:
		slices.Sort(known)
		c.fail(at, nearOrAll(name, slices.Compact(known)), "the route's experiment has no variant %q", name)
	}
}

// fallbacks checks the list, and warns where it would let one variant answer
// for another: analysis is by assigned variant, so an error of the one would be
// hidden, and its latency and cost told, by the other.
func (c *compiler) fallbacks(r *experiment.Route) {
	for i, name := range r.Fallback {
		at := path("routes", r.Name, "fallback", step(i))
		if !defined(c, at, "model", name, c.doc.Models) {
			continue
		}
		if slices.Contains(r.Fallback[:i], name) {
			c.fail(at, "list each model once", "%s is listed twice", name)
			continue
		}
		if r.Experiment == nil {
			if name == r.Baseline.Model {
				c.warn(at, "name another model: a retry asks the same one again anyway", "%s is the model that it would stand in for", name)
			}
			continue
		}
		if own := answeredBy(r.Experiment, name); own != nil {
			c.warn(at, "name a model that is no part of the experiment, or accept that fallback_rate must be watched",
				"%s answers for %s in experiment %s: what fails in the other variants would be answered by this one",
				name, strings.Join(own, ", "), r.Experiment.Name)
		}
	}
	if r.Retries == 0 && len(r.Fallback) > 0 {
		c.warn(path("routes", r.Name, "fallback"), "set retries: 1", "is never used: retries is 0")
	}
}

// answeredBy names the variants that a model answers for, when there are others
// that it does not.
func answeredBy(e *experiment.Experiment, model string) []string {
	var own []string
	for _, a := range e.Arms {
		if a.Variant.Model == model {
			own = append(own, a.Variant.Name)
		}
	}
	if len(own) == len(e.Arms) {
		return nil
	}
	return own
}
