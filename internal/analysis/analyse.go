package analysis

import (
	"math"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// formVersion is the version of a report's form.
const formVersion = 1

// Analyse makes the report. It reads from the top down as a person reads one: who
// takes part, whether the groups can be compared, what each metric says, what
// bounds say, what follows.
func Analyse(in Input) Report {
	a := begin(in)
	a.enrol()
	a.clock()
	a.readings()
	a.bounds()
	a.health()
	a.course()
	a.doubts()
	a.decide()
	a.r.Methods = a.methods()
	return a.r
}

// Recompute makes a report again from the inputs that it carries: the same, to
// the last byte, or something was changed.
func Recompute(r Report) Report { return Analyse(r.Inputs) }

// analysis is a report in the making.
type analysis struct {
	in       Input
	plan     Plan
	variants []Variant // in force, the baseline first
	enrolled []Enrolled
	r        Report

	fixed bool    // the look is taken: intervals are those of one look
	alpha float64 // of what decides: of this look, shared by the candidates
	nStar float64 // units, of two variants, at which always-valid intervals are narrowest

	primary  []numbers // by candidate
	gain     []numbers
	evidence Evidence
	known    map[string]read // metrics that have been read
}

// read is a metric that has been read: its value in each variant, the baseline's
// first, and the numbers of each candidate.
type read struct {
	values  []value
	numbers []numbers
}

func begin(in Input) *analysis {
	in.Plan = in.Plan.Usual()
	in.Times.Started, in.Times.Now = in.Times.Started.UTC(), in.Times.Now.UTC()
	p := in.Plan
	a := &analysis{in: in, plan: p, variants: p.inForce(), known: map[string]read{}}
	a.r = Report{Version: formVersion, Experiment: p.Experiment, Route: p.Route, Epoch: p.Epoch, UnitKind: p.UnitKind,
		Started: in.Times.Started, Now: in.Times.Now, Simulated: in.Simulated, Inputs: in,
		Enrolment: []Enrolment{}, Health: []Check{}, Warnings: []Warning{}, Metrics: []Reading{}, Bounds: []BoundReading{},
		Looks: []PlotLook{}, Days: []DayReading{}, Segments: []SegmentReading{}, Served: in.Served}
	if a.r.Served == nil {
		a.r.Served = []Served{}
	}
	return a
}

// candidates are all in force but the baseline.
func (a *analysis) candidates() []Variant {
	if len(a.variants) == 0 {
		return nil
	}
	return a.variants[1:]
}

func (a *analysis) baseline() Variant {
	if len(a.variants) == 0 {
		return Variant{}
	}
	return a.variants[0]
}

// clock reads the decision clock and with it which intervals are shown: the fixed
// ones at the look and for what was looked at, else those that hold at any time.
func (a *analysis) clock() {
	c := newClock(a.in, a.enrolled)
	a.r.Clock = c
	total := int64(0)
	for _, e := range a.enrolled {
		total += e.Units
	}
	d := a.in.Decided
	a.fixed = c.Rung || d != nil && d.Units > 0 && d.Units == total
	look := lookAlpha(a.plan, a.in.First, c)
	a.alpha = look / float64(a.plan.declared())
	a.nStar = 2 * float64(max(a.plan.MinUnits, a.plan.Units))
	a.evidence = Evidence{AA: a.plan.AA, Decided: d, Clock: c, SRM: 1, Response: 1, Alpha: look, Confidence: 1 - a.alpha, Lowered: a.plan.lowered()}
}

// lookAlpha is what this look may spend: all of it, or what O'Brien and Fleming's
// bounds give to the first or second of two equal ones. Where the second comes at
// more or less than twice the units of the first, it may spend what the first has
// left over: the less they share, the less that is.
func lookAlpha(p Plan, first *FirstLook, c Clock) float64 {
	if p.Looks != 2 {
		return p.Alpha
	}
	equal := stats.OBrienFleming([]float64{0.5, 1}, p.Alpha, 2)
	switch {
	case c.Look != 2 && !c.over():
		return equal[0]
	case first == nil || first.Units <= 0 || c.Units <= first.Units:
		return equal[1]
	}
	share := float64(first.Units) / float64(c.Units)
	return stats.SpendAlpha([]float64{share, 1}, p.Alpha, 2, func(t, alpha float64) float64 {
		if t < 1 {
			return equal[0] / 2 // of one side
		}
		return alpha
	})[1]
}

// readings reads every metric once: the primary, the gain, those of bounds, and
// what is explored.
func (a *analysis) readings() {
	if g := a.plan.Primary; g != nil {
		a.evidence.Metric, a.evidence.Mode, a.evidence.Minimum, a.evidence.Margin = g.Metric.Name, g.Mode, g.Minimum, g.Margin
		a.r.Ask = g.ask()
		a.primary = a.read(g.Metric, RolePrimary).numbers
		a.holm()
		if g.Gain != nil {
			a.gain = a.read(*g.Gain, RoleGain).numbers
		}
	}
	for _, b := range a.plan.Bounds {
		a.read(b.Metric, RoleBound)
	}
	for _, m := range a.plan.Metrics {
		a.read(m, RoleExplore)
	}
	a.explore()
}

// ask tells what the primary metric must show.
func (g Goal) ask() string {
	way := map[metric.Direction]string{metric.Up: "higher", metric.Down: "lower"}[g.Metric.Direction]
	switch {
	case g.Mode == NoWorse && g.Gain != nil:
		return g.Metric.Name + " no worse than " + g.Margin.text(g.Metric.Unit) + ", and " + name(*g.Gain) + " better"
	case g.Mode == NoWorse:
		return g.Metric.Name + " no worse than " + g.Margin.text(g.Metric.Unit)
	case g.Minimum.Value > 0:
		return g.Metric.Name + " " + way + " by at least " + g.Minimum.text(g.Metric.Unit)
	}
	return g.Metric.Name + " " + way
}

// key tells metrics apart: one name may be read from two measures.
func key(m metric.Metric) string { return m.Name + "\x00" + m.Measure }

// read adds a metric's reading, once.
func (a *analysis) read(m metric.Metric, role string) read {
	if k, ok := a.known[key(m)]; ok {
		return k
	}
	alpha := a.alpha
	if role == RoleExplore {
		alpha = a.plan.Alpha
	}
	reading, k := a.reading(m, role, alpha, a.in.Sums, a.in.Clusters)
	a.r.Metrics = append(a.r.Metrics, reading)
	a.known[key(m)] = k
	return k
}

// reading reads a metric from sums: the whole's, or a segment's.
func (a *analysis) reading(m metric.Metric, role string, alpha float64, sums map[string]map[string]stats.Moments, clusters map[string]map[string][]stats.Cluster) (Reading, read) {
	r := Reading{Metric: m, Role: role, Variants: []Estimate{}, Comparisons: []Comparison{}}
	values := make([]value, len(a.variants))
	for i, v := range a.variants {
		values[i] = valueOf(m, v.Name, sums[v.Name], clusters[v.Name])
		if m.Kind == metric.Quantile { // sketches do not know units
			values[i].units = a.enrolled[i].Units
		}
		r.Variants = append(r.Variants, a.estimate(m, values[i], alpha))
	}
	var list []numbers
	for i := range a.candidates() {
		n := compare(m, values[0], values[i+1], alpha)
		if !a.fixed {
			n = n.interim(values[0].units+values[i+1].units, alpha, a.nStar)
		}
		list = append(list, n)
		r.Comparisons = append(r.Comparisons, a.comparison(m, values[i+1], n, alpha))
	}
	return r, read{values, list}
}

func (a *analysis) estimate(m metric.Metric, v value, alpha float64) Estimate {
	e := Estimate{Variant: v.variant, Units: v.units, Observations: v.n, Value: Number(v.est), Low: none, High: none, Status: string(stats.OK)}
	low, high, method := v.interval(m, alpha, a.nStar, a.fixed)
	e.Low, e.High, e.Method = Number(low), Number(high), method
	switch {
	case v.reason != "" || math.IsNaN(v.est):
		e.Status, e.Reason = string(stats.Undefined), v.reason
	case v.unboundedWhy != "":
		e.Status, e.Reason = string(stats.Unbounded), v.unboundedWhy
	}
	return e
}

func (a *analysis) comparison(m metric.Metric, b value, n numbers, alpha float64) Comparison {
	c := Comparison{Variant: b.variant, Absolute: shown(n.abs, n.method), Relative: shown(n.rel, n.method), Fits: "absolute",
		Interval: IntervalAlways, Confidence: 1 - alpha, P: Number(n.p), Log10P: Number(n.log10), Adjusted: none, MDE: none, Says: SaysUnclear}
	if a.fixed {
		c.Interval = IntervalFixed
	}
	fits := n.abs
	if relativeFits(m) {
		c.Fits, fits = "relative", n.rel
	}
	c.MDE = Number(smallest(n, fits, alpha, a.plan.Power))
	c.Says = says(m, fits)
	return c
}

// smallest is the effect that this many units would show.
func smallest(n numbers, fits stats.Effect, alpha, power float64) float64 {
	if fits.Status != stats.OK || !(fits.SE > 0) {
		return math.NaN()
	}
	if n.log != nil {
		return math.Expm1(stats.MDE(n.log.SE, alpha, power))
	}
	return stats.MDE(fits.SE, alpha, power)
}

// says reads an interval: on which side of no effect it lies.
func says(m metric.Metric, e stats.Effect) string {
	up, down := e.Status == stats.OK && e.Interval.Low > 0, e.Status == stats.OK && e.Interval.High < 0
	switch {
	case !up && !down:
		return SaysUnclear
	case m.Direction == metric.None || m.Direction == "":
		return SaysDiffers
	case up == (m.Direction == metric.Up):
		return SaysBetter
	}
	return SaysWorse
}

// shown is an effect as a report holds it.
func shown(e stats.Effect, method string) Effect {
	return Effect{Value: Number(e.Estimate), SE: Number(e.SE), Low: Number(e.Interval.Low), High: Number(e.Interval.High),
		Status: string(e.Status), Reason: e.Reason, Method: method}
}

// holm adjusts the primary's p-values over the candidates: each is a way to be
// wrong.
func (a *analysis) holm() {
	p := make([]float64, max(len(a.primary), a.plan.declared()))
	for i := range p {
		p[i] = 1 // of a candidate that was stopped, or has no p-value, nothing is found
	}
	for i, n := range a.primary {
		if !math.IsNaN(n.p) {
			p[i] = n.p
		}
	}
	for i, adjusted := range stats.Holm(p)[:len(a.primary)] {
		if math.IsNaN(a.primary[i].p) {
			continue
		}
		a.primary[i].p = adjusted
		c := &a.r.Metrics[0].Comparisons[i]
		c.Adjusted = Number(adjusted)
		if len(p) > 1 {
			c.AdjustedBy = "Holm"
		}
	}
}

// explore adjusts what was not asked: among many metrics some differ by chance.
func (a *analysis) explore() {
	var list []*Comparison
	for i := range a.r.Metrics {
		if a.r.Metrics[i].Role == RoleExplore {
			for j := range a.r.Metrics[i].Comparisons {
				list = append(list, &a.r.Metrics[i].Comparisons[j])
			}
		}
	}
	adjust(list, a.plan.Alpha)
}

// adjust is Benjamini and Hochberg's; what does not survive it says nothing.
func adjust(list []*Comparison, alpha float64) {
	p := make([]float64, len(list))
	for i, c := range list {
		p[i] = float64(c.P)
	}
	for i, adjusted := range stats.BenjaminiHochberg(p) {
		list[i].Adjusted, list[i].AdjustedBy = Number(adjusted), "Benjamini-Hochberg"
		if !(adjusted < alpha) {
			list[i].Says = SaysUnclear
		}
	}
}
