package admin

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/experiment"
)

// RouteList is every route in force.
type RouteList struct {
	Revision string         `json:"revision" doc:"of the definitions in force"`
	Routes   []Route        `json:"routes" doc:"by name"`
	Window   *TrafficWindow `json:"window,omitempty" doc:"of the traffic; with wide=true"`
}

// Route is a name that applications put in model, and what answers to it.
type Route struct {
	Name       string       `json:"name"`
	Baseline   Variant      `json:"baseline"`
	Unit       []UnitSource `json:"unit" doc:"where the unit comes from: the first that is present"`
	Overrides  []Override   `json:"overrides"`
	Fallback   []string     `json:"fallback" doc:"models that are tried in turn before the first byte"`
	Retries    int          `json:"retries" doc:"further attempts before the first byte, fallbacks included"`
	Expose     string       `json:"expose" enum:"trusted,always,never" doc:"who is told which variant answered"`
	Blind      bool         `json:"blind" doc:"model in the reply is the route's name"`
	Experiment string       `json:"experiment,omitempty" doc:"the one in force"`

	Traffic []VariantTraffic `json:"traffic,omitempty" doc:"what went where, by variant; with wide=true"`
	Split   *Split           `json:"split,omitempty" doc:"whether the experiment's arms got the units they should; with wide=true"`
}

// Variant is one way to answer.
type Variant struct {
	Name       string                     `json:"name"`
	Model      string                     `json:"model" doc:"by its name in the definitions"`
	Parameters map[string]json.RawMessage `json:"parameters,omitempty" doc:"these win over the caller's"`
}

// UnitSource is one place a unit may come from.
type UnitSource struct {
	From string `json:"from" enum:"header,user,safety_identifier,metadata,cookie,key"`
	Name string `json:"name,omitempty" doc:"of the header or the metadata field"`
	Kind string `json:"kind" enum:"user,session,key"`
}

// Override sends some requests to a named variant, outside the statistics.
type Override struct {
	When    string `json:"when"`
	Variant string `json:"variant"`
	Open    bool   `json:"open" doc:"for anyone; else the caller needs the scope force"`
}

// ExperimentList is every experiment in force.
type ExperimentList struct {
	Revision    string       `json:"revision" doc:"of the definitions in force"`
	Experiments []Experiment `json:"experiments" doc:"by route"`
}

// Experiment is a route's variants and how units are shared among them.
type Experiment struct {
	Name     string `json:"name"`
	Route    string `json:"route"`
	Epoch    int    `json:"epoch"`
	Salt     string `json:"salt"`
	Unit     string `json:"unit" enum:"user,session,key" doc:"the kind that is randomised"`
	TwoEnded bool   `json:"two_ended" doc:"a canary share: the two groups are equal in size, the middle is served the baseline and not enrolled"`
	Audience string `json:"audience,omitempty" doc:"an expression; everyone when absent"`
	Hash     string `json:"hash" doc:"of the specification"`
	Arms     []Arm  `json:"arms"`

	Phase   string    `json:"phase" enum:"open,draft,running,paused,decided,archived" doc:"open: it declares no primary metric, shares units out as long as it is defined, and is never decided"`
	Since   time.Time `json:"since,omitzero" doc:"when it came into that phase"`
	Primary string    `json:"primary,omitempty" doc:"the metric that decides"`
	Verdict string    `json:"verdict,omitempty" doc:"what it came to"`
	Why     string    `json:"why,omitempty" doc:"of the last move"`
}

// Arm is a variant and the range of the hash that it owns, both ends included.
type Arm struct {
	Variant     Variant `json:"variant"`
	Probability float64 `json:"probability"`
	From        string  `json:"from,omitempty" doc:"16 hex digits; absent when it owns nothing"`
	To          string  `json:"to,omitempty" doc:"16 hex digits, included"`
	Baseline    bool    `json:"baseline"`
	Candidate   bool    `json:"candidate"`
	Stopped     bool    `json:"stopped" doc:"its range is served the baseline and leaves the analysis"`
}

// inForce gives the set, and its routes by name.
func (s *Server) inForce() (*experiment.Set, []*experiment.Route) {
	set := s.cfg.State.Set()
	if set == nil {
		set = &experiment.Set{}
	}
	routes := make([]*experiment.Route, 0, len(set.Routes))
	for _, name := range slices.Sorted(maps.Keys(set.Routes)) {
		routes = append(routes, set.Routes[name])
	}
	return set, routes
}

func (c *call) listRoutes() (RouteList, error) {
	set, routes := c.server.inForce()
	list := RouteList{Revision: set.Revision, Routes: []Route{}}
	for _, r := range routes {
		list.Routes = append(list.Routes, routeOf(r))
	}
	wide, err := c.flag("wide")
	if err != nil || !wide {
		return list, err
	}
	return list, c.widen(&list, routes)
}

// widen adds what went where, and whether it should have.
func (c *call) widen(list *RouteList, routes []*experiment.Route) error {
	ctx, done := c.ask()
	defer done()
	rows, w, err := c.traffic(ctx)
	if err != nil {
		return err
	}
	list.Window = w
	for i, r := range routes {
		list.Routes[i].Traffic = byVariant(rows, r.Name, variantNames(r))
		if r.Experiment != nil {
			list.Routes[i].Split = c.split(r.Experiment, w.From, w.To)
		}
	}
	return nil
}

func (c *call) listExperiments() (ExperimentList, error) {
	set, _ := c.server.inForce()
	if c.server.cfg.Plans != nil {
		set = c.server.cfg.Plans.Defined()
	}
	list := ExperimentList{Revision: set.Revision, Experiments: []Experiment{}}
	for _, name := range slices.Sorted(maps.Keys(set.Routes)) {
		if e := set.Routes[name].Experiment; e != nil {
			list.Experiments = append(list.Experiments, c.server.lived(experimentOf(e)))
		}
	}
	return list, nil
}

// lived adds where an experiment is in its life.
func (s *Server) lived(e Experiment) Experiment {
	e.Phase = "open"
	if s.cfg.Plans == nil {
		return e
	}
	p, err := s.cfg.Plans.Plan(e.Name)
	if err != nil || p.Primary == nil {
		return e
	}
	state := s.cfg.Plans.State(p)
	e.Phase, e.Since, e.Primary, e.Why = string(state.Phase), state.Changed, p.Primary.Metric.Name, state.Why
	if state.Verdict != nil {
		e.Verdict = string(state.Verdict.Verdict)
	}
	return e
}

var exposeNames = map[experiment.Expose]string{experiment.Trusted: "trusted", experiment.Always: "always", experiment.Never: "never"}

func routeOf(r *experiment.Route) Route {
	v := Route{Name: r.Name, Baseline: variantOf(r.Baseline), Unit: []UnitSource{}, Overrides: []Override{},
		Fallback: append([]string{}, r.Fallback...), Retries: r.Retries, Expose: exposeNames[r.Expose], Blind: r.Blind}
	for _, u := range r.Unit {
		v.Unit = append(v.Unit, UnitSource(u))
	}
	for _, o := range r.Overrides {
		v.Overrides = append(v.Overrides, Override{o.When.String(), o.Variant, o.Open})
	}
	if r.Experiment != nil {
		v.Experiment = r.Experiment.Name
	}
	return v
}

// variantNames are those that requests of the route may get now, by the names
// that events have.
func variantNames(r *experiment.Route) []string {
	names := []string{r.Baseline.Name}
	if r.Experiment != nil {
		for i := range r.Experiment.Arms {
			if name := r.Experiment.Arms[i].Variant.Name; !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func variantOf(v *experiment.Variant) Variant {
	return Variant{Name: v.Name, Model: v.Model, Parameters: v.Parameters}
}

func experimentOf(e *experiment.Experiment) Experiment {
	v := Experiment{Name: e.Name, Route: e.Route, Epoch: e.Epoch, Salt: e.Salt, Unit: e.Kind, TwoEnded: e.TwoEnded, Hash: e.Hash, Arms: []Arm{}}
	if e.Audience != nil {
		v.Audience = e.Audience.String()
	}
	for _, a := range e.Arms {
		arm := Arm{Variant: variantOf(a.Variant), Probability: a.Probability, Baseline: a.Baseline, Candidate: a.Candidate, Stopped: a.Stopped}
		if !a.Empty {
			arm.From, arm.To = fmt.Sprintf("%016x", a.From), fmt.Sprintf("%016x", a.To)
		}
		v.Arms = append(v.Arms, arm)
	}
	return v
}
