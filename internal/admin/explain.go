package admin

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// ExplainRequest is what a request would carry that assignment reads.
type ExplainRequest struct {
	Route    string            `json:"route"`
	Unit     string            `json:"unit,omitempty" doc:"the unit's id; when left out it is taken from headers and key, as the route says"`
	Kind     string            `json:"kind,omitempty" enum:"user,session,key" doc:"of the unit; the route's when left out"`
	Headers  map[string]string `json:"headers,omitempty"`
	Key      string            `json:"key,omitempty" doc:"name of the caller's key"`
	Groups   []string          `json:"groups,omitempty" doc:"of that key"`
	Forced   string            `json:"forced,omitempty" doc:"the variant asked for with x-weir-variant"`
	MayForce bool              `json:"may_force,omitempty" doc:"that key has the scope force; where no keys are declared everybody has"`
	At       time.Time         `json:"at,omitzero" doc:"by the definitions in force at this time; now when left out. Pins of conversations are not known"`
}

// Explanation is the assignment that such a request gets, and how it comes about.
type Explanation struct {
	Revision    string            `json:"revision" doc:"of the definitions in force"`
	Route       string            `json:"route"`
	Unit        string            `json:"unit,omitempty"`
	Kind        string            `json:"kind,omitempty"`
	Experiment  string            `json:"experiment,omitempty"`
	Epoch       int               `json:"epoch,omitempty"`
	Variant     string            `json:"variant"`
	Model       string            `json:"model" doc:"by its name in the definitions"`
	Reason      string            `json:"reason" enum:"outside,chance,override,forced,pinned,no_unit"`
	Enrolled    bool              `json:"enrolled" doc:"it enters the statistics"`
	Probability float64           `json:"probability" doc:"that this unit got this variant by chance; 1 where nothing was drawn"`
	Doubt       string            `json:"doubt,omitempty" doc:"an expression that failed and counted as false"`
	Parameters  []string          `json:"parameters,omitempty" doc:"that the variant decides, and how"`
	Steps       []experiment.Step `json:"steps" doc:"each question that was asked, and the answer"`
	At          time.Time         `json:"at,omitzero" doc:"the time that was asked about"`
	Number      int               `json:"revision_number,omitempty" doc:"of the revision in force then"`
	Since       time.Time         `json:"revision_time,omitzero" doc:"when that revision came into force"`
}

func (c *call) explain(b *ExplainRequest) (Explanation, error) {
	if !b.At.IsZero() {
		return c.explainAt(b)
	}
	set, _ := c.server.inForce()
	return Explain(set, b, c.server.cfg.State.Keys() == nil)
}

// explainAt asks the definitions that were in force at a time. Assignment is a
// pure function of them, so the answer is what requests got.
func (c *call) explainAt(b *ExplainRequest) (Explanation, error) {
	d, err := c.server.definitions()
	if err != nil {
		return Explanation{}, err
	}
	if b.At.After(c.server.cfg.Now()) {
		return Explanation{}, fault.New(fault.Invalid, "invalid_parameter", "%s is yet to come", b.At.UTC().Format(time.RFC3339)).At("at")
	}
	ctx, done := c.ask()
	defer done()
	set, revision, err := d.At(ctx, b.At)
	if errors.Is(err, store.ErrNotFound) {
		return Explanation{}, fault.New(fault.NotFound, "revision_not_found", "no definitions were kept yet at %s", b.At.UTC().Format(time.RFC3339)).
			At("at").Mend("GET /api/v1/revisions lists them")
	}
	if err != nil {
		return Explanation{}, failedDefinitions("find the definitions of that time", err)
	}
	x, err := Explain(set, b, c.server.cfg.State.Keys() == nil)
	x.At, x.Number, x.Since = b.At, revision.Number, revision.Time
	return x, err
}

// Explain asks the very function that requests are assigned with. It is the same
// for definitions that run and for those that do not. Without keys every caller
// may force a variant.
func Explain(set *experiment.Set, b *ExplainRequest, withoutKeys bool) (Explanation, error) {
	r := set.Routes[b.Route]
	if r == nil {
		return Explanation{}, unknownRoute(b.Route, set)
	}
	if b.Kind != "" && !slices.Contains([]string{"user", "session", "key"}, b.Kind) {
		return Explanation{}, fault.New(fault.Invalid, "invalid_parameter", "there is no kind of unit %q", short(b.Kind, 50)).At("kind").Mend("kinds are user, session and key")
	}
	header := http.Header{}
	for name, value := range b.Headers {
		header.Set(name, value)
	}
	forced := cmp.Or(b.Forced, header.Get("X-Weir-Variant"))
	if _, known := r.Find(forced); forced != "" && !known {
		return Explanation{}, unknownVariant(forced, r)
	}
	unit, from := b.unit(r, header)
	in := experiment.Input{Unit: unit, Key: b.Key, Groups: b.Groups, Header: header.Get, Forced: forced,
		MayForce: b.MayForce || withoutKeys}
	t := set.Explain(r, &in)
	a := &t.Assignment
	x := Explanation{Revision: set.Revision, Route: r.Name, Unit: unit.ID, Kind: unit.Kind, Variant: a.Variant.Name, Model: a.Variant.Model,
		Reason: a.Reason.String(), Enrolled: a.Enrolled, Probability: a.Probability, Doubt: a.Doubt, Parameters: a.Variant.Decides(), Steps: t.Steps}
	if a.Experiment != nil {
		x.Experiment, x.Epoch = a.Experiment.Name, a.Experiment.Epoch
	}
	if from != "" {
		x.Steps = slices.Insert(x.Steps, min(1, len(x.Steps)), experiment.Step{Name: "unit", Text: from})
	}
	return x, nil
}

// unit is the one asked about, or the first of the route's sources that a header
// or the key fills; other sources are in a body that is not here.
func (b *ExplainRequest) unit(r *experiment.Route, header http.Header) (u experiment.Unit, from string) {
	if b.Unit != "" {
		return experiment.Unit{Kind: b.kind(r), ID: b.Unit}, ""
	}
	for _, s := range r.Unit {
		switch {
		case s.From == "header" && header.Get(s.Name) != "":
			return experiment.Unit{Kind: s.Kind, ID: header.Get(s.Name)}, fmt.Sprintf("%s %q, from header %s", s.Kind, header.Get(s.Name), s.Name)
		case s.From == "key" && b.Key != "":
			return experiment.Unit{Kind: s.Kind, ID: b.Key}, fmt.Sprintf("%s %q, the caller's key", s.Kind, b.Key)
		}
	}
	return experiment.Unit{}, ""
}

// kind is that of a unit given by its id alone: what the route randomises.
func (b *ExplainRequest) kind(r *experiment.Route) string {
	switch {
	case b.Kind != "":
		return b.Kind
	case r.Experiment != nil:
		return r.Experiment.Kind
	case len(r.Unit) > 0:
		return r.Unit[0].Kind
	}
	return "user"
}

// unknownVariant is what the gateway would answer too.
func unknownVariant(name string, r *experiment.Route) error {
	known := r.Variants()
	e := fault.New(fault.Invalid, "unknown_variant", "route %q has no variant %q in force", r.Name, short(name, 100)).At("forced")
	if near := fault.Nearest(name, known); near != "" {
		return e.Mend("did you mean %q?", near)
	}
	return e.Mend("it has: %s", strings.Join(known, ", "))
}

func unknownRoute(name string, set *experiment.Set) error {
	known := slices.Sorted(maps.Keys(set.Routes))
	e := fault.New(fault.NotFound, "route_not_found", "there is no route %q", short(name, 100)).At("route")
	if near := fault.Nearest(name, known); near != "" {
		return e.Mend("did you mean %q?", near)
	}
	if len(known) == 0 {
		return e.Mend("none is defined")
	}
	return e.Mend("there are: %s", short(strings.Join(known, ", "), 300))
}
