package analysis

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// When a result rests on few.
const (
	fewUnits = 30
	topShare = 0.15 // of the requests by the busiest 1 % of units; alike units would have 1 %
)

// costRise is the rise of cost that is told even where no bound was named.
const costRise = 0.2

func (a *analysis) warn(w Warning) { a.r.Warnings = append(a.r.Warnings, w) }

// doubts are what goes with the numbers.
func (a *analysis) doubts() {
	if a.in.Simulated {
		a.warn(Warning{Code: "simulated", Text: "Some answers were simulated: this shows how Weir works, not how models do."})
	}
	for _, w := range a.in.Coverage {
		a.warn(Warning{Code: "incomplete", Text: "The record is not complete: " + w + "."})
	}
	if h := a.in.Held; h != "" {
		a.warn(Warning{Code: "held", Text: sentence(h)})
	}
	for _, n := range a.in.Notes {
		a.warn(Warning{Code: "note", Text: sentence(n)})
	}
	if low := a.plan.lowered(); low != "" && a.plan.Primary != nil {
		a.warn(Warning{Code: "lowered", Text: low})
	}
	for i := range a.r.Metrics {
		a.doubtsOf(&a.r.Metrics[i])
	}
	a.top()
	a.costs()
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	s = capital(s)
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// capital makes the first letter a great one.
func capital(s string) string {
	if s == "" {
		return s
	}
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// doubtsOf are the doubts of one metric.
func (a *analysis) doubtsOf(r *Reading) {
	k := a.known[key(r.Metric)]
	if r.Metric.Doubt != "" {
		a.warn(Warning{Code: "doubt", Metric: r.Metric.Name, Text: r.Metric.Name + ": " + r.Metric.Doubt + "."})
	}
	if r.Role != RoleExplore {
		for _, v := range k.values {
			switch {
			case v.units > 0 && v.units < fewUnits:
				a.warn(Warning{Code: "few_units", Metric: r.Metric.Name, Variant: v.variant,
					Text: fmt.Sprintf("%s: %d units in %s; below %d intervals are rough.", r.Metric.Name, v.units, v.variant, fewUnits)})
			case v.effective > 0 && v.effective < fewUnits && r.Metric.Kind != metric.Quantile:
				a.warn(Warning{Code: "few_weigh", Metric: r.Metric.Name, Variant: v.variant,
					Text: fmt.Sprintf("%s: %s units in %s weigh as much as %s alike ones: a few dominate.", r.Metric.Name, thousands(v.units), v.variant, digits(v.effective))})
			}
		}
	}
	if empty := nothingIn(k.values); empty != "" && len(r.Comparisons) > 0 {
		a.warn(Warning{Code: string(stats.Undefined), Metric: r.Metric.Name, Text: r.Metric.Name + ": " + empty + "."})
	}
	for _, c := range r.Comparisons {
		fits, _ := c.fits()
		if strings.HasPrefix(fits.Reason, noObservation) {
			continue // told once, for all variants
		}
		if fits.Status != string(stats.OK) {
			a.warn(Warning{Code: fits.Status, Metric: r.Metric.Name, Variant: c.Variant, Text: fmt.Sprintf("%s of %s: %s: %s.", r.Metric.Name, c.Variant, fits.Status, fits.Reason)})
		}
	}
}

// top says whether the result rests on the busiest units, and what it is without them.
func (a *analysis) top() {
	heavy := false
	for _, v := range a.variants {
		s, ok := a.in.Shape[v.Name]
		if !ok || s.Top <= topShare {
			continue
		}
		heavy = true
		a.warn(Warning{Code: "top_units", Variant: v.Name,
			Text: fmt.Sprintf("The busiest 1 %% of units in %s made %s of its requests: what they do decides, and intervals are too narrow.", v.Name, percent(s.Top))})
	}
	g := a.plan.Primary
	if !heavy || g == nil || g.Metric.Kind == metric.Quantile {
		return
	}
	rest := func(v Variant) value {
		if s, ok := a.in.Shape[v.Name]; ok && s.LeftOut != nil {
			return valueOf(g.Metric, v.Name, s.LeftOut, nil)
		}
		return valueOf(g.Metric, v.Name, a.in.Sums[v.Name], nil)
	}
	base := rest(a.baseline())
	for i, v := range a.candidates() {
		cand := rest(v)
		n := compare(g.Metric, base, cand, a.alpha)
		if !a.fixed {
			n = n.interim(base.units+cand.units, a.alpha, a.nStar)
		}
		without, with := gap(g.Metric, n, !relativeFits(g.Metric)), gap(g.Metric, a.primary[i], !relativeFits(g.Metric))
		if without.Undefined != "" {
			continue
		}
		a.warn(Warning{Code: "leave_top_out", Metric: g.Metric.Name, Variant: v.Name,
			Text: fmt.Sprintf("%s without the busiest 1 %% of units: %s is %s (%s); with them %s.", g.Metric.Name, v.Name, without.by(), without.within(), with.by())})
	}
}

// costs tells a rise of cost that nobody set a bound to.
func (a *analysis) costs() {
	for _, r := range a.r.Metrics {
		if r.Metric.Unit != "dollars" || r.Role == RoleBound {
			continue
		}
		for _, c := range r.Comparisons {
			if c.Relative.Status == string(stats.OK) && c.Relative.Low > costRise {
				a.warn(Warning{Code: "cost", Metric: r.Metric.Name, Variant: c.Variant,
					Text: fmt.Sprintf("%s costs more: %s rises by %s (%s to %s), and no bound was set to it.", c.Variant, r.Metric.Name,
						percent(float64(c.Relative.Value)), percent(float64(c.Relative.Low)), percent(float64(c.Relative.High)))})
			}
		}
	}
}
