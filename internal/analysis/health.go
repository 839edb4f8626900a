package analysis

import (
	"fmt"
	"math"
	"slices"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// Past these, the experiment itself is in doubt.
const (
	noUnitShare   = 0.01 // of requests that could not be assigned
	multipleShare = 0.01 // of units seen in two variants
	unequalShare  = 0.2  // difference of conditions between variants
	srmFocus      = 10000
	srmLeast      = 8 // expected units below which the split says nothing
)

// health asks whether the groups can be compared at all.
func (a *analysis) health() {
	a.shares()
	a.exposure()
	a.responses()
	a.conditions()
	a.models()
}

func (a *analysis) check(c Check) {
	a.r.Health = append(a.r.Health, c)
}

// shares tests whether units came to the variants as planned. Looking all the time
// needs a test that allows it; chi-square is for the look.
func (a *analysis) shares() {
	if len(a.variants) < 2 {
		return
	}
	counts, weights := make([]int64, len(a.variants)), make([]float64, len(a.variants))
	for i, v := range a.variants {
		counts[i], weights[i] = a.enrolled[i].Units, v.Weight
	}
	c := Check{Name: "split", OK: true, P: none, Method: "chi-square on units"}
	chi := stats.SRM(counts, weights)
	if math.IsNaN(chi.P) || chi.Least < srmLeast {
		c.Said = fmt.Sprintf("too few units to test the split (%d expected of each variant at least)", srmLeast)
		a.check(c)
		return
	}
	anytime := stats.NewSRMSequential(weights, srmFocus)
	anytime.Add(counts)
	p, now := chi.P, "as planned"
	if !a.r.Clock.Rung {
		p, c.Method = anytime.P(), "anytime-valid test on units (Dirichlet mixture)"
	}
	a.evidence.SRM, c.P, c.OK = p, Number(p), p >= srmAlpha
	if !c.OK {
		now = "not as planned"
	}
	c.Said = fmt.Sprintf("units are split %s (chi-square %s; always-valid %s; alarm below 0.001)", now, pIs(chi.P, chi.Log10P), pIs(anytime.P(), 0))
	a.check(c)
	if !c.OK {
		a.warn(Warning{Code: "split", Text: "Units are not split as planned: no effect in this report can be trusted."})
	}
}

// exposure asks whether units stay in their variant and requests have a unit.
func (a *analysis) exposure() {
	t := a.in.Traffic
	if t.Requests > 0 {
		share := float64(t.NoUnit) / float64(t.Requests)
		c := Check{Name: "no_unit", OK: share <= noUnitShare, P: none,
			Said: fmt.Sprintf("%s of requests had no unit (%s of %s) and were served the baseline, not enrolled", percent(share), thousands(t.NoUnit), thousands(t.Requests))}
		a.check(c)
		if !c.OK {
			a.warn(Warning{Code: "no_unit", Text: percent(share) + " of requests had no " + a.unitKind() + " and take no part: have the application send one."})
		}
	}
	several, units := int64(0), int64(0)
	for _, e := range a.enrolled {
		units += e.Units
	}
	for _, v := range a.plan.Variants {
		several += t.Multiple[v.Name]
	}
	if units > 0 {
		share := float64(several) / float64(units)
		c := Check{Name: "multiple_exposure", OK: share <= multipleShare, P: none,
			Said: fmt.Sprintf("%s of units were seen in more than one variant (%s of %s)", percent(share), thousands(several), thousands(units))}
		a.check(c)
		if !c.OK {
			a.warn(Warning{Code: "multiple_exposure", Text: percent(share) + " of units were seen in more than one variant: the groups are mixed, and differences look smaller than they are."})
		}
	}
	if t.Overrides > 0 {
		a.check(Check{Name: "overrides", OK: true, P: none, Said: thousands(t.Overrides) + " requests chose their variant by an override, and are left out"})
	}
	if t.LeftOut > 0 {
		a.warn(Warning{Code: "left_out", Text: thousands(t.LeftOut) + " units beyond the cap on units are left out, in each variant alike."})
	}
}

func (a *analysis) unitKind() string {
	if a.plan.UnitKind == "" {
		return "unit"
	}
	return a.plan.UnitKind
}

// responses asks whether as many units have an outcome in one variant as in the
// other: those who answer are not all, and who answers may depend on the answer.
func (a *analysis) responses() {
	g := a.plan.Primary
	if g == nil || len(a.variants) < 2 || g.Metric.Kind == metric.Quantile {
		return
	}
	k := a.known[key(g.Metric)]
	c := Check{Name: "outcomes", OK: true, P: none, Method: "pooled z on units with an outcome"}
	least := 1.0
	thumbs := g.Metric.Measure == "thumbs_up"
	if thumbs {
		c.Method += ", and the response rate by unit"
	}
	for i := range a.candidates() {
		p := unlike(outcomes(k.values[0], a.enrolled[0]), a.enrolled[0].Units, outcomes(k.values[i+1], a.enrolled[i+1]), a.enrolled[i+1].Units)
		if thumbs {
			p *= 2 // two tests share alpha
		}
		least = math.Min(least, p)
		if thumbs { // those who give one choose themselves, request by request
			base, cand := a.in.Sums[a.variants[0].Name]["thumbs_response"], a.in.Sums[a.variants[i+1].Name]["thumbs_response"]
			if p := 2 * stats.RatioDifference(base, cand, responseAlpha, stats.TwoSided).P; p < least {
				least = p
			}
		}
	}
	least = math.Min(1, least*float64(len(a.candidates())))
	var parts []string
	for i, v := range a.variants {
		if n := a.enrolled[i].Units; n > 0 {
			parts = append(parts, percent(float64(outcomes(k.values[i], a.enrolled[i]))/float64(n))+" in "+v.Name)
		}
	}
	if parts == nil {
		return
	}
	a.evidence.Response, c.P, c.OK = least, Number(least), least >= responseAlpha
	c.Said = "units with an outcome on " + g.Metric.Name + ": " + list(parts)
	a.check(c)
	if !c.OK {
		a.warn(Warning{Code: "outcomes", Metric: g.Metric.Name, Text: "The variants differ in how many units have an outcome on " + g.Metric.Name + ": those compared may not be alike."})
	}
}

// unlike is the p-value of a difference of two shares: the pooled z, or Fisher's
// exact test where few are expected.
func unlike(sa, na, sb, nb int64) float64 {
	s, n := float64(sa+sb), float64(na+nb)
	if na == 0 || nb == 0 || s == 0 || s == n {
		return 1
	}
	if min(s, n-s)*float64(min(na, nb))/n < stats.FewExpected {
		return stats.Fisher(sa, na, sb, nb).P
	}
	z := (float64(sb)/float64(nb) - float64(sa)/float64(na)) / math.Sqrt(s/n*(1-s/n)*(1/float64(na)+1/float64(nb)))
	return stats.NormalTail(z, stats.TwoSided).P
}

func outcomes(v value, e Enrolled) int64 { return min(v.units, e.Units) }

// conditions asks whether the variants worked under the same load: equal groups
// are not equal conditions.
func (a *analysis) conditions() {
	if len(a.variants) < 2 {
		return
	}
	for _, what := range []struct {
		name, said string
		metric     metric.Metric
		least      float64 // below which a difference is nothing
	}{
		{"cached_tokens", "share of input tokens from the vendor's cache", metric.Metric{Kind: metric.Mean, Measure: "cached_tokens", Unit: "share", Scale: 1}, 0.05},
		{"queue_wait", "wait in Weir's queue", metric.Metric{Kind: metric.Geometric, Measure: "log_queue", Unit: "seconds", Scale: 1e-6}, 0.01},
	} {
		base := valueOf(what.metric, a.variants[0].Name, a.in.Sums[a.variants[0].Name], nil)
		for _, v := range a.candidates() {
			cand := valueOf(what.metric, v.Name, a.in.Sums[v.Name], nil)
			if math.IsNaN(base.est) || math.IsNaN(cand.est) {
				continue
			}
			most := math.Max(base.est, cand.est)
			unequal := most >= what.least && math.Abs(base.est-cand.est) > unequalShare*most
			c := Check{Name: what.name, OK: !unequal, P: none, Said: fmt.Sprintf("%s: %s in %s, %s in %s", what.said,
				inUnit(base.est, what.metric.Unit, false), base.variant, inUnit(cand.est, what.metric.Unit, false), v.Name)}
			a.check(c)
			if unequal {
				a.warn(Warning{Code: "unequal_load", Variant: v.Name, Text: "Latency is compared at unequal load: " + c.Said + "."})
			}
		}
	}
}

// models asks whether what answered stayed the same, as the vendor names it.
func (a *analysis) models() {
	for _, v := range a.plan.Variants {
		var seen []Served
		for _, s := range a.in.Served {
			if s.Variant == v.Name {
				seen = append(seen, s)
			}
		}
		if len(seen) < 2 {
			continue
		}
		slices.SortStableFunc(seen, func(x, y Served) int { return x.First.Compare(y.First) })
		var names []string
		for _, s := range seen {
			n := s.Model
			if s.Fingerprint != "" {
				n += " (" + s.Fingerprint + ")"
			}
			names = append(names, fmt.Sprintf("%s from %s, %s requests", n, s.First.UTC().Format("2006-01-02"), thousands(s.Requests)))
		}
		a.check(Check{Name: "served_model", P: none, Said: "what answered for " + v.Name + " changed: " + list(names)})
		a.warn(Warning{Code: "served_model", Variant: v.Name, Text: "What answered for " + v.Name + " changed during the experiment: " + list(names) + ". The result is of a mixture."})
	}
}
