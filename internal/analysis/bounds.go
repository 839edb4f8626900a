package analysis

import (
	"fmt"
	"math"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// States of a bound for one candidate.
const (
	BoundHarm     = "harm"      // shown to be worse, by more than is tolerated as far as can be told
	BoundFails    = "fails"     // at the look: worse by more than the margin
	BoundNotShown = "not_shown" // at the look: not shown to hold
	BoundProven   = "proven"    // at the look: shown to hold
	BoundNoHarm   = "no_harm"   // no harm is shown; that is not the proof of safety
)

// What is looked at before harm can be told: few requests show anything.
const (
	harmRequests = 20 // of the candidate, before events are split
	harmUnits    = 50 // of each variant, before a mean's confidence sequence
	harmFocus    = 20 // concentration of the event split: quick to see rates that double
)

// bounds evaluates each bound for each candidate. Alpha of harm is shared by all
// of them; proofs share nothing, since each has to hold.
func (a *analysis) bounds() {
	a.evidence.Candidates = make([]Candidate, len(a.candidates()))
	for i, v := range a.candidates() {
		a.evidence.Candidates[i].Name = v.Name
	}
	share := a.plan.Harm / math.Max(1, float64(len(a.plan.Bounds)*a.plan.declared()))
	for _, b := range a.plan.Bounds {
		k := a.known[key(b.Metric)]
		for i := range a.candidates() {
			a.bound(b, i, k, share)
		}
	}
}

func (a *analysis) bound(b Bound, i int, k read, alpha float64) {
	base, cand, n := k.values[0], k.values[i+1], k.numbers[i]
	e := &a.evidence.Candidates[i]
	r := BoundReading{Bound: b, Variant: cand.variant, State: BoundNoHarm, Said: "no harm is shown", P: none, Alpha: alpha,
		Candidate: Number(cand.est), Baseline: Number(base.est)}
	g := gap(b.Metric, n, b.Margin.Absolute)
	h := a.harmOf(b, i, base, cand, alpha)
	r.P, r.Method = Number(h.p), h.method
	if h.why != "" {
		r.Said = h.why
	}
	switch {
	case h.shown:
		r.State = BoundHarm
		e.Harms = append(e.Harms, Harm{Metric: b.Metric.Name, Action: action(b), Why: r.Said, Size: h.size})
	case b.Prove:
		p := Proof{Gap: g, Margin: b.Margin}
		if b.Max != nil {
			_, high, _ := cand.interval(b.Metric, a.alpha, a.nStar, a.fixed)
			p.Limit, p.Past = b.Max, !(high < *b.Max)
		}
		e.Proofs = append(e.Proofs, p)
		r.State, r.Said = a.proof(p)
	}
	a.r.Bounds = append(a.r.Bounds, r)
}

func action(b Bound) string {
	if b.Action == "" {
		return "rollback"
	}
	return b.Action
}

// proof tells a bound that has to be shown to hold. Before the look nothing is shown.
func (a *analysis) proof(p Proof) (state, said string) {
	c := Candidate{Proofs: []Proof{p}}
	failed, sizes := c.failed()
	switch {
	case !a.fixed:
		return BoundNoHarm, "no harm is shown; whether it holds is told at the look"
	case failed != nil:
		return BoundFails, "fails: " + list(sizes) + ", past the margin of " + p.Margin.text(p.Gap.Metric.Unit)
	case c.unproven() != nil:
		return BoundNotShown, "not shown: " + list(c.unproven())
	}
	return BoundProven, "holds: " + p.Gap.within() + ", within the margin of " + p.Margin.text(p.Gap.Metric.Unit)
}

// harmReading is what the clock of harm says of a bound.
type harmReading struct {
	shown  bool
	why    string
	size   string // "dearer by 200 %"
	method string
	p      float64
}

// harmOf asks whether harm is shown, at any time: an absolute limit crossed, or
// the candidate worse than the baseline, by more than the margin as far as can be
// estimated. A tolerated difference is no harm, however surely it is there.
func (a *analysis) harmOf(b Bound, i int, base, cand value, alpha float64) harmReading {
	common := ""
	if h := a.limit(b, cand, alpha); h.shown {
		if !(base.est > *b.Max) {
			return h
		}
		// What is wrong with both is not the candidate's doing, and going back to the
		// baseline mends nothing. Beyond that the two are compared as ever.
		common = fmt.Sprintf("both are past the limit of %s (%s, the baseline %s): the cause is common, and nothing is rolled back for it",
			inUnit(*b.Max, b.Metric.Unit, false), inUnit(cand.est, b.Metric.Unit, false), inUnit(base.est, b.Metric.Unit, false))
		a.warn(Warning{Code: "common_cause", Metric: b.Metric.Name, Variant: cand.variant, Text: b.Metric.Name + ": " + common + "."})
	}
	if b.Metric.Direction == metric.None {
		return harmReading{method: "a metric without a direction has no harm", p: math.NaN()}
	}
	h := harmReading{}
	if b.Metric.Kind == metric.Rate && b.Metric.Direction == metric.Down {
		h = a.split(b, i, base, cand, alpha)
	} else {
		h = a.drift(b, base, cand, alpha)
	}
	g, past := worse(b, base, cand)
	h.shown, h.why = h.shown && past, common
	if h.shown {
		h.size = g.sized()
		h.why = fmt.Sprintf("%s %s against %s", b.Metric.Name, inUnit(cand.est, b.Metric.Unit, false), inUnit(base.est, b.Metric.Unit, false))
		if !math.IsNaN(h.p) {
			h.why += fmt.Sprintf(" (always-valid %s, alarm below %s)", pIs(h.p, math.Inf(-1)), probability(alpha, 0))
		}
	}
	return h
}

// worse is by how much the candidate is worse, and whether that is more than the
// bound tolerates, from the estimates alone: when all of its requests fail and none
// of the baseline's, there is no variance to make an interval of, and no doubt.
func worse(b Bound, base, cand value) (g Gap, past bool) {
	g = Gap{Metric: b.Metric, Estimate: cand.est - base.est, Absolute: true}
	margin := b.Margin.Value
	switch {
	case b.Margin.Absolute:
	case base.est == 0: // a share of nothing is nothing
		margin = 0
	default:
		g.Estimate, g.Absolute = g.Estimate/math.Abs(base.est), false
	}
	if b.Metric.Direction == metric.Down {
		g.Estimate = -g.Estimate
	}
	return g, g.Estimate < -margin
}

// limit asks whether `max` is crossed: the confidence sequence of the candidate's
// own value lies above it.
func (a *analysis) limit(b Bound, v value, alpha float64) harmReading {
	if b.Max == nil || v.reason != "" || v.units < harmUnits {
		return harmReading{p: math.NaN()}
	}
	s := stats.SequentialOneSided(v.est-*b.Max, v.se, v.units, alpha, a.harmStar()/2, stats.Greater)
	low, p, method := s.Interval.Low+*b.Max, s.P, "one-sided asymptotic confidence sequence against the limit"
	if b.Metric.Kind == metric.Rate && v.se == 0 { // all units alike: there is no variance to go by, but a rate has its own
		low = stats.BernoulliSequence(int64(math.Round(v.est*float64(v.units))), v.units, 2*alpha, a.harmStar()/2).Low
		p, method = math.NaN(), "confidence sequence of a rate by unit against the limit"
	}
	if !(low > *b.Max) {
		return harmReading{p: p}
	}
	return harmReading{shown: true, p: p, method: method,
		why: fmt.Sprintf("%s %s, past the limit of %s", b.Metric.Name, inUnit(v.est, b.Metric.Unit, false), inUnit(*b.Max, b.Metric.Unit, false))}
}

// split asks of the units that had an event whether the candidate has more than
// its share of them.
func (a *analysis) split(b Bound, i int, base, cand value, alpha float64) harmReading {
	h := harmReading{method: "event split on units with an event, one-sided, always valid", p: math.NaN()}
	wa, wb := a.variants[0].Weight, a.variants[i+1].Weight
	if !(wa > 0 && wb > 0) || cand.n < harmRequests {
		return h
	}
	share := wb / (wa + wb)
	s := stats.NewEventSplit(share, harmFocus)
	s.Add(base.hits, cand.hits, share)
	h.p = s.HarmP()
	h.shown = h.p < alpha
	return h
}

// drift asks whether a mean is worse, by a confidence sequence with one bound.
func (a *analysis) drift(b Bound, base, cand value, alpha float64) harmReading {
	h := harmReading{method: "one-sided asymptotic confidence sequence of the difference", p: math.NaN()}
	if base.reason != "" || cand.reason != "" || base.units < harmUnits || cand.units < harmUnits {
		return h
	}
	d, se := cand.est-base.est, math.Hypot(base.se, cand.se)
	if b.Metric.Kind == metric.Rate && se == 0 {
		return a.apart(b, base, cand, alpha)
	}
	if b.Metric.Kind == metric.Geometric {
		d, se = math.Log(cand.est/base.est), math.Hypot(base.logSE, cand.logSE)
	}
	worse := stats.Greater
	if b.Metric.Direction == metric.Up {
		worse = stats.Less
	}
	s := stats.SequentialOneSided(d, se, base.units+cand.units, alpha, a.harmStar(), worse)
	h.p = s.P
	h.shown = h.p < alpha
	return h
}

// apart asks of a rate that has no variance on either side, such as all thumbs up
// with the baseline and all down with the candidate: each side's own confidence
// sequence by unit has half of alpha, and they must not meet.
func (a *analysis) apart(b Bound, base, cand value, alpha float64) harmReading {
	h := harmReading{method: "confidence sequences of both rates by unit", p: math.NaN()}
	of := func(v value) stats.Interval {
		return stats.BernoulliSequence(int64(math.Round(v.est*float64(v.units))), v.units, alpha, a.harmStar()/2)
	}
	one, two := of(base), of(cand)
	if b.Metric.Direction == metric.Up {
		one, two = two, one
	}
	h.shown = one.High < two.Low
	return h
}

// harmStar tunes the sequences of harm: narrowest at twice the floor, 2,000 at most.
func (a *analysis) harmStar() float64 { return math.Min(2*float64(a.plan.MinUnits), 2000) }
