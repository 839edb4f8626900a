package analysis

import (
	"fmt"
	"math"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// course is how the experiment went: looks, days and segments. None of it decides.
func (a *analysis) course() {
	a.r.Looks = append(a.r.Looks, plotLooks(a.in.Looks)...)
	a.days()
	a.segments()
}

// Sequence is the primary metric's estimate with its always-valid interval at the
// time of the report, one for each candidate: keep them, and hand them in with
// the next Input, so that their course can be shown.
func (r Report) Sequence() []Look {
	return begin(r.Inputs).sequence()
}

func (a *analysis) sequence() (looks []Look) {
	g := a.plan.Primary
	if g == nil {
		return nil
	}
	a.enrol()
	a.clock()
	a.fixed = false
	_, k := a.reading(g.Metric, RolePrimary, a.plan.Alpha/float64(a.plan.declared()), a.in.Sums, a.in.Clusters)
	for i, v := range a.candidates() {
		e := k.numbers[i].abs
		if relativeFits(g.Metric) {
			e = k.numbers[i].rel
		}
		if e.Status == stats.OK {
			looks = append(looks, Look{Time: a.in.Times.Now, Variant: v.Name, Metric: g.Metric.Name,
				Units: a.enrolled[0].Units + a.enrolled[i+1].Units, Estimate: e.Estimate, Sequence: e.Interval})
		}
	}
	return looks
}

// days are counts and means: a day has no interval, since it decides nothing.
func (a *analysis) days() {
	for _, r := range a.r.Metrics {
		if r.Metric.Kind == metric.Quantile || r.Metric.Kind == metric.PerUnit {
			continue
		}
		for _, d := range a.in.Days {
			if d.Measure != r.Metric.Measure {
				continue
			}
			row := DayReading{Day: d.Day.UTC(), Variant: d.Variant, Metric: r.Metric.Name, N: d.N, Mean: none}
			if d.N > 0 {
				mean := float64(d.Sum) / float64(d.N) * scaleOf(r.Metric)
				if r.Metric.Kind == metric.Geometric {
					mean = math.Exp(mean)
				}
				row.Mean = Number(mean)
			}
			a.r.Days = append(a.r.Days, row)
		}
	}
}

// segments read the primary metric in each declared segment, adjusted over all.
func (a *analysis) segments() {
	g := a.plan.Primary
	if g == nil || g.Metric.Kind == metric.Quantile {
		return
	}
	for _, s := range a.in.Segments {
		r, k := a.reading(g.Metric, RoleExplore, a.plan.Alpha, s.Sums, nil)
		row := SegmentReading{Name: s.Name, Value: s.Value, Comparisons: r.Comparisons}
		for _, v := range k.values {
			row.Units += v.units
		}
		a.r.Segments = append(a.r.Segments, row)
	}
	var list []*Comparison
	for i := range a.r.Segments {
		for j := range a.r.Segments[i].Comparisons {
			list = append(list, &a.r.Segments[i].Comparisons[j])
		}
	}
	adjust(list, a.plan.Alpha)
}

// decide hands the evidence to the rule.
func (a *analysis) decide() {
	e := &a.evidence
	if g := a.plan.Primary; g != nil {
		for i := range a.candidates() {
			absolute := g.Minimum.Absolute
			switch {
			case g.Mode == NoWorse:
				absolute = g.Margin.Absolute
			case g.Minimum.Value == 0:
				absolute = !relativeFits(g.Metric)
			}
			e.Candidates[i].Primary = gap(g.Metric, a.primary[i], absolute)
			if g.Metric.Direction != metric.Up && g.Metric.Direction != metric.Down {
				e.Candidates[i].Primary.Undefined = "the metric has no direction, so nothing is better"
			}
			if g.Gain != nil {
				gain := gap(*g.Gain, a.gain[i], !relativeFits(*g.Gain))
				gain.P = math.Min(1, gain.P*float64(a.plan.declared()))
				e.Candidates[i].Gain = &gain
			}
		}
	}
	a.r.Outcome = Decide(*e)
	if a.r.Clock.Rung && a.r.Verdict == RollBack {
		a.r.Clock.Rung = false // harm was heard; the look was not taken
	}
	if c := a.costLine(); c != "" && a.r.Clock.Rung {
		a.r.Sentence += " " + c
	}
}

// costLine tells the cost of what was looked at, where no bound speaks of it.
func (a *analysis) costLine() string {
	var line string
	for _, r := range a.r.Metrics {
		if r.Metric.Unit != "dollars" || r.Metric.Kind != metric.Mean {
			continue
		}
		if r.Role != RoleExplore {
			return ""
		}
		for i, c := range r.Comparisons {
			if (a.r.Variant == "" || c.Variant == a.r.Variant) && line == "" && c.Relative.Status == string(stats.OK) {
				g := gap(r.Metric, a.known[key(r.Metric)].numbers[i], false)
				line = fmt.Sprintf("%s: %s (%s interval: %s).", r.Metric.Name, g.by(), percent(c.Confidence), g.within())
			}
		}
	}
	return line
}

// methods tells how the numbers were made.
func (a *analysis) methods() (lines []string) {
	lines = append(lines, "Variants are compared by "+a.unitKind()+" as assigned (intention to treat): fallbacks, retries, time-outs and cache hits stay with their variant.")
	if a.fixed {
		lines = append(lines, fmt.Sprintf("Intervals are fixed ones of %s, for the one look at which they cover.", percent(1-a.alpha)))
	} else {
		lines = append(lines, fmt.Sprintf("Intervals are asymptotic confidence sequences of %s, which hold at all looks together (Waudby-Smith and others 2024), narrowest at %s units.", percent(1-a.alpha), thousands(int64(a.nStar))))
	}
	if a.alpha != a.plan.Alpha {
		lines = append(lines, fmt.Sprintf("What is exploratory has intervals of %s.", percent(1-a.plan.Alpha)))
	}
	if a.plan.declared() > 1 {
		lines = append(lines, "Each candidate is compared with the baseline; the primary metric's p-values are adjusted by Holm, intervals by Bonferroni.")
	}
	if a.plan.Looks == 2 {
		lines = append(lines, fmt.Sprintf("Two looks with O'Brien and Fleming's bounds; this one spends below %s.", pIs(a.evidence.Alpha, 0)))
	}
	seen := map[string]bool{}
	for _, r := range a.r.Metrics {
		for _, c := range r.Comparisons {
			if m := c.Absolute.Method; !seen[m] {
				seen[m] = true
				lines = append(lines, r.Metric.Name+" and the like: "+m+".")
			}
		}
	}
	if len(a.plan.Bounds) > 0 {
		lines = append(lines, fmt.Sprintf("Harm is heard at any time, at %s in all, shared by the bounds and candidates: events are split over units with an event (Lindon and Malek 2022), means by one-sided confidence sequences.", percent(a.plan.Harm)))
	}
	return append(lines, "Exploratory metrics and segments are adjusted by Benjamini and Hochberg and decide nothing.")
}
