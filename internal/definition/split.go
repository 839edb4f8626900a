package definition

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/experiment"
)

// split compiles variants that share the units by weight. The baseline comes
// first and the others in order of their names, so that moving lines about in
// the file moves no unit.
func (c *compiler) split(at []string, s *ExperimentSpec, r *experiment.Route, e *experiment.Experiment) {
	if s.Share != nil {
		c.fail(with(at, "share"), "give each variant a weight", "belongs to a candidate; variants have weights")
	}
	order := names(s.Variants)
	if len(order) < 2 {
		c.fail(with(at, "variants"), "add another, or write candidate and share", "one variant is nothing to compare")
		return
	}
	for _, name := range order {
		c.name(with(at, "variants", name), name, false)
	}
	good := c.weights(at, s, order)
	baseline := c.baseline(at, s, order, r)
	variants, weights := []*experiment.Variant{r.Baseline}, []float64{0}
	for _, name := range order {
		weight := float64(*s.Variants[name].Weight)
		if name == baseline {
			weights[0] = weight
			continue
		}
		where := with(at, "variants", name)
		v := c.variant(where, name, s.Variants[name].Model, s.Variants[name].Parameters, r)
		if baseline != "" && !s.AA && same(v, r.Baseline) {
			c.sameAnswer(where)
		}
		variants, weights = append(variants, v), append(weights, weight)
	}
	if !good || baseline == "" {
		return
	}
	// One variant, two names for it: who is outside gets what the baseline's units get.
	r.Baseline.Name = baseline
	arms, err := experiment.Split(variants, weights)
	if err != nil {
		c.fail(with(at, "variants"), "", "%s", err)
		return
	}
	for i := range arms {
		arms[i].Candidate = arms[i].Candidate || i > 0 && arms[i].Variant.Name == experiment.CandidateName
	}
	e.Arms = arms
}

// weights checks that they sum to 1 or to 100: a set that falls short would feed
// the last variant unseen.
func (c *compiler) weights(at []string, s *ExperimentSpec, order []string) bool {
	sum, parts := 0.0, make([]string, 0, len(order))
	for _, name := range order {
		w := float64(*s.Variants[name].Weight)
		sum += w
		parts = append(parts, plain(w))
	}
	if math.Abs(sum-1) <= 0.001+1e-9 || math.Abs(sum-100) <= 1e-6 {
		return true
	}
	goal := 100.0
	if sum < 2 {
		goal = 1
	}
	hint := fmt.Sprintf("make them sum to %s", plain(goal))
	last := order[len(order)-1]
	if rest := goal - sum + float64(*s.Variants[last].Weight); rest >= 0 {
		hint += fmt.Sprintf(", as with weight %s for %s", plain(math.Round(rest*1e6)/1e6), last)
	}
	c.fail(with(at, "variants"), hint, "the weights %s sum to %s, not to 1 or 100", strings.Join(parts, " + "), plain(math.Round(sum*1e6)/1e6))
	return false
}

// baseline finds the variant that is the route's baseline: the one marked so,
// else the one named so, else the only one that answers like it.
func (c *compiler) baseline(at []string, s *ExperimentSpec, order []string, r *experiment.Route) string {
	var marked, alike []string
	for _, name := range order {
		v := s.Variants[name]
		if v.Baseline {
			marked = append(marked, name)
		}
		model := orElse(v.Model, r.Baseline.Model)
		if same(&experiment.Variant{Model: model, Parameters: v.Parameters}, r.Baseline) {
			alike = append(alike, name)
		}
	}
	if len(marked) == 0 && slices.Contains(order, "baseline") {
		marked = []string{"baseline"}
	}
	switch {
	case len(marked) > 1:
		c.fail(with(at, "variants", marked[1], "baseline"), "mark one", "%s is marked as the baseline too", marked[0])
		return ""
	case len(marked) == 1 && marked[0] != "baseline" && slices.Contains(order, "baseline"):
		c.fail(with(at, "variants", "baseline"), "give it another name", "is named baseline, and %s is the baseline", marked[0])
		return ""
	case len(marked) == 1:
		return c.markedBaseline(with(at, "variants", marked[0]), marked[0], s.Variants[marked[0]], r)
	case len(alike) == 1:
		return alike[0]
	case len(alike) == 0:
		c.fail(with(at, "variants"), "mark the variant that is served today with baseline: true, or make its model and parameters those of routes."+r.Name+".baseline",
			"none of the variants is the baseline of the route")
	default:
		c.fail(with(at, "variants"), "mark one of them with baseline: true", "%s all answer as the route's baseline does", strings.Join(alike, ", "))
	}
	return ""
}

// markedBaseline checks that a variant marked as the baseline is what the route
// serves: two kinds of baseline could not be told apart in a report.
func (c *compiler) markedBaseline(at []string, name string, v *ArmSpec, r *experiment.Route) string {
	if v.Model != "" && v.Model != r.Baseline.Model {
		c.fail(with(at, "model"), "leave it out, or change the route's baseline",
			"is marked as the baseline, but the route's baseline has the model %s", r.Baseline.Model)
	}
	if v.Parameters != nil && string(parameterText(v.Parameters)) != string(parameterText(r.Baseline.Parameters)) {
		c.fail(with(at, "parameters"), "leave them out, or change the route's baseline",
			"is marked as the baseline, but the route's baseline has other parameters")
	}
	if name == "candidate" {
		c.fail(at, "give it another name", "candidate is the baseline here")
	}
	return name
}
