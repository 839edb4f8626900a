package definition

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/weirhq/weir/internal/experiment"
)

// ExperimentSpec is one entry of `experiments`.
type ExperimentSpec struct {
	Route     string              `json:"route,omitzero" form:"name" needed:"yes" doc:"The route whose requests take part."`
	Candidate *VariantSpec        `json:"candidate,omitzero" doc:"A canary: this variant against the route's baseline. The name of a model alone will do. It goes with share, and excludes variants."`
	Share     *Share              `json:"share,omitzero" doc:"Of a canary: the share of units that get the candidate, 0 to 50%. As many others are enrolled with the baseline, and the rest get the baseline without being counted, so raising the share only ever adds units." example:"5%"`
	Variants  map[string]*ArmSpec `json:"variants,omitempty" name:"VARIANT" doc:"Two or more variants that share all units by weight. It excludes candidate."`
	Audience  string              `json:"audience,omitzero" form:"expression" doc:"Who takes part. Left out: everyone. The others get the baseline." example:"group(\"staff\")"`
	Epoch     *int                `json:"epoch,omitzero" default:"1" doc:"Counts new beginnings: raise it to draw all units again. Weights of three or more variants can only change so."`
	Salt      string              `json:"salt,omitzero" doc:"What the draw is made with, beside the epoch. Left out: the experiment's name. Two experiments never share one."`
	Primary   *GoalSpec           `json:"primary,omitzero" doc:"The one metric that decides. With it the experiment is a plan: it begins when somebody starts it (weir experiment start), is decided once, and its route is served the baseline before. Left out: units are shared at once, and reports describe without deciding. The name of a metric alone will do."`
	Bounds    []*BoundSpec        `json:"bounds,omitempty" doc:"Metrics that must not get worse. Left out, with a primary metric: error_rate, cancel_rate and fallback_rate, each with a margin of 2pp."`
	Metrics   []*MetricSpec       `json:"metrics,omitempty" doc:"Further metrics of its reports. They decide nothing."`
	Decision  DecisionSpec        `json:"decision,omitzero" doc:"When it may be decided, and how sure that must be."`
	Segments  []string            `json:"segments,omitempty" form:"list of names" doc:"Names of tags, at most five: reports show the primary metric by their values too, for exploring."`
	AA        bool                `json:"aa,omitzero" doc:"An A/A test: all variants answer alike, and a difference found is a false alarm."`
	Stopped   []string            `json:"stopped,omitempty" form:"list of names" doc:"Variants that are stopped: their units get the baseline and leave the analysis from then on."`
}

// ArmSpec is one variant of an experiment.
type ArmSpec struct {
	Weight     *Share     `json:"weight,omitzero" needed:"yes" doc:"Its part of the units. The weights of an experiment sum to 1 or to 100." example:"50"`
	Model      string     `json:"model,omitzero" form:"name" doc:"The name of a model, one of models. Left out: the model of the route's baseline."`
	Parameters Parameters `json:"parameters,omitempty" name:"PARAMETER" doc:"As for a baseline."`
	Baseline   bool       `json:"baseline,omitzero" doc:"This variant is the route's baseline, whose model and parameters it has. Left out: the variant named baseline, or the only one that is equal to it."`
}

// experiments compiles the experiments onto their routes.
func (c *compiler) experiments(routes map[string]*experiment.Route) {
	salts := map[string]string{}
	for _, name := range names(c.doc.Experiments) {
		if !c.doc.whole("experiments", name) {
			continue
		}
		at, s := path("experiments", name), c.doc.Experiments[name]
		c.name(at, name, false)
		defined(c, with(at, "route"), "route", s.Route, c.doc.Routes)
		r := routes[s.Route]
		if r == nil {
			continue
		}
		if r.Experiment != nil {
			c.fail(with(at, "route"), "one experiment for each route: give one of them another route, or remove it",
				"the route %s has the experiment %s already", r.Name, r.Experiment.Name)
			continue
		}
		e := c.experiment(at, name, s, r)
		if other := salts[e.Salt]; other != "" {
			c.fail(with(at, "salt"), "leave it out, or give each its own", "has the salt of experiment %s: the same units would come first in both", other)
		}
		salts[e.Salt] = name
		r.Experiment = e
		c.plans = append(c.plans, c.plan(at, s, e))
	}
}

func (c *compiler) experiment(at []string, name string, s *ExperimentSpec, r *experiment.Route) *experiment.Experiment {
	e := &experiment.Experiment{Name: name, Route: r.Name, Epoch: *s.Epoch, Salt: s.salt(name)}
	if len(r.Unit) > 0 {
		e.Kind = r.Unit[0].Kind
	}
	if e.Epoch < 1 {
		c.fail(with(at, "epoch"), "count from 1", "%d is out of range", e.Epoch)
	}
	if s.Audience != "" {
		e.Audience = c.expression(with(at, "audience"), s.Audience)
	}
	switch {
	case s.Candidate != nil && s.Variants != nil:
		c.fail(at, "keep candidate and share for a canary, or variants for an experiment by weights", "candidate and variants are both given")
	case s.Candidate != nil:
		c.canary(at, s, r, e)
	case s.Variants != nil:
		c.split(at, s, r, e)
	default:
		c.fail(at, "add candidate and share for a canary, or variants for an experiment by weights", "has nothing to compare")
	}
	c.stopped(at, s, e)
	e.Hash = fingerprint(e, s.Audience)
	return e
}

// salt joins in the epoch, so that raising it draws all units again.
func (s *ExperimentSpec) salt(name string) string {
	if s.Salt != "" {
		name = s.Salt
	}
	return experiment.DefaultSalt(name, *s.Epoch)
}

// canary compiles a two-ended share.
func (c *compiler) canary(at []string, s *ExperimentSpec, r *experiment.Route, e *experiment.Experiment) {
	switch {
	case s.Share == nil:
		c.fail(at, "add share: 5%", "has a candidate and no share")
		return
	case *s.Share > 1:
		c.fail(with(at, "share"), "write 5% or 0.05", "%s is more than everybody", plain(float64(*s.Share)))
		return
	case *s.Share > 0.5:
		c.fail(with(at, "share"), "write at most 50%; to serve it to everyone, make it the baseline of the route",
			"%s leaves no equal group of baseline to compare with", percent(*s.Share))
		return
	case *s.Share == 0:
		c.warn(with(at, "share"), "raise it to begin", "is 0: nobody takes part")
	}
	e.TwoEnded = true
	candidate := c.variant(with(at, "candidate"), "candidate", s.Candidate.Model, s.Candidate.Parameters, r)
	if !s.AA && same(candidate, r.Baseline) {
		c.sameAnswer(with(at, "candidate"))
	}
	arms, err := experiment.TwoEnded(r.Baseline, candidate, float64(*s.Share))
	if err != nil {
		c.fail(with(at, "share"), "", "%s", err)
	}
	e.Arms = arms
}

func percent(s Share) string { return plain(float64(s)*100) + "%" }

// variant compiles a variant, whose model is the baseline's when it names none.
func (c *compiler) variant(at []string, name, model string, parameters Parameters, r *experiment.Route) *experiment.Variant {
	if model == "" {
		model = r.Baseline.Model
	} else {
		defined(c, c.modelPlace(at), "model", model, c.doc.Models)
	}
	c.parameters(with(at, "parameters"), parameters)
	return &experiment.Variant{Name: name, Model: model, Parameters: parameters}
}

func (c *compiler) sameAnswer(at []string) {
	c.warn(at, "say aa: true of an A/A test, which checks that no difference is found; otherwise give it a model or parameters of its own",
		"answers just as the baseline does")
}

// same reports whether two variants answer alike.
func same(a, b *experiment.Variant) bool {
	return a.Model == b.Model && bytes.Equal(parameterText(a.Parameters), parameterText(b.Parameters))
}

func parameterText(p map[string]json.RawMessage) []byte {
	if len(p) == 0 {
		return nil
	}
	text, _ := json.Marshal(p) // sorts the names
	return text
}

// stopped marks the variants that are stopped.
func (c *compiler) stopped(at []string, s *ExperimentSpec, e *experiment.Experiment) {
	var known []string
	running := 0
	for _, a := range e.Arms {
		if !a.Baseline {
			known = append(known, a.Variant.Name)
		}
	}
	for i, name := range s.Stopped {
		where := with(at, "stopped", step(i))
		if slices.ContainsFunc(e.Arms, func(a experiment.Arm) bool { return a.Baseline && a.Variant.Name == name }) {
			c.fail(where, "stop the others, or remove the experiment", "%s is the baseline, which everyone falls back to", name)
			continue
		}
		if len(e.Arms) > 0 {
			c.known(where, "variant", name, known)
		}
	}
	for i := range e.Arms {
		a := &e.Arms[i]
		a.Stopped = slices.Contains(s.Stopped, a.Variant.Name) && !a.Baseline
		if !a.Stopped && !a.Baseline {
			running++
		}
	}
	if len(e.Arms) > 0 && running == 0 {
		c.warn(with(at, "stopped"), "remove the experiment, or let one run", "every variant is stopped: everyone gets the baseline")
	}
}

// fingerprint hashes all that the experiment is, so that a changed one is told
// from the same one loaded again. What models are is not part of it.
func fingerprint(e *experiment.Experiment, audience string) string {
	type arm struct {
		Name, Model string
		Parameters  json.RawMessage
		Weight      float64
		Stopped     bool
	}
	spec := struct {
		Name, Route, Salt, Kind, Audience string
		Epoch                             int
		TwoEnded                          bool
		Arms                              []arm
	}{e.Name, e.Route, e.Salt, e.Kind, audience, e.Epoch, e.TwoEnded, nil}
	for _, a := range e.Arms {
		spec.Arms = append(spec.Arms, arm{a.Variant.Name, a.Variant.Model, parameterText(a.Variant.Parameters), a.Probability, a.Stopped})
	}
	return hash(write(spec))
}
