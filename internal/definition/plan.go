package definition

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/metric"
)

// MetricSpec names a metric, or an outcome of one's own that is sent as feedback.
type MetricSpec struct {
	Metric     string    `json:"metric,omitzero" form:"name" needed:"yes" doc:"One of Weir's metrics (weir get metrics), or the name of an outcome of your own that comes as feedback." example:"latency"`
	SlowerThan *Duration `json:"slower_than,omitzero" doc:"Of a slow share, as ttft_slow_share: from when on a request is slow."`
	Source     string    `json:"source,omitzero" doc:"Of an outcome of your own: who says it. Left out: feedback." example:"judge:relevance"`
	Kind       string    `json:"kind,omitzero" enum:"rate mean" doc:"Of an outcome of your own: a share of yes among those who said anything, or a mean. Left out: a mean."`
	Direction  string    `json:"direction,omitzero" enum:"up down" doc:"Of an outcome of your own: which way is better. Left out: up."`
}

func (m *MetricSpec) short(text string) { m.Metric = text }

// GoalSpec is the primary metric and what success is.
type GoalSpec struct {
	Metric     string      `json:"metric,omitzero" form:"name" needed:"yes" doc:"One of Weir's metrics (weir get metrics), or the name of an outcome of your own that comes as feedback." example:"latency"`
	SlowerThan *Duration   `json:"slower_than,omitzero" doc:"As for metrics."`
	Source     string      `json:"source,omitzero" doc:"As for metrics."`
	Kind       string      `json:"kind,omitzero" enum:"rate mean" doc:"As for metrics."`
	Direction  string      `json:"direction,omitzero" enum:"up down" doc:"As for metrics."`
	Mode       string      `json:"mode,omitzero" default:"better" enum:"better no_worse" doc:"What success is: better than the baseline, or proven no worse."`
	Minimum    *Amount     `json:"minimum,omitzero" doc:"Of better: the smallest difference that is worth having." example:"2%"`
	Margin     *Amount     `json:"margin,omitzero" doc:"Of no_worse: how much worse still counts as no worse." example:"3pp"`
	Gain       *MetricSpec `json:"gain,omitzero" doc:"Of no_worse: the metric that must be better. The name of a metric alone will do."`
}

func (g *GoalSpec) short(text string) { g.Metric = text }

// BoundSpec is a metric that must not get worse.
type BoundSpec struct {
	Metric     string    `json:"metric,omitzero" form:"name" needed:"yes" doc:"As for metrics." example:"error_rate"`
	SlowerThan *Duration `json:"slower_than,omitzero" doc:"As for metrics."`
	Source     string    `json:"source,omitzero" doc:"As for metrics."`
	Kind       string    `json:"kind,omitzero" enum:"rate mean" doc:"As for metrics."`
	Direction  string    `json:"direction,omitzero" enum:"up down" doc:"As for metrics."`
	Max        *Amount   `json:"max,omitzero" doc:"A limit, whatever the baseline does: 5% of a share, or a number in the metric's own unit." example:"5%"`
	Margin     *Amount   `json:"margin,omitzero" doc:"How much worse than the baseline is tolerated. Left out: 2pp of a share, else 5%."`
	Prove      bool      `json:"prove,omitzero" doc:"It must be proven to be no worse than the margin before anything is deployed. Left out: it stops what is shown to do harm."`
	Action     string    `json:"action,omitzero" default:"rollback" enum:"rollback pause warn" doc:"What is done when harm is shown."`
}

func (b *BoundSpec) short(text string) { b.Metric = text }

// DecisionSpec says when an experiment may be decided.
type DecisionSpec struct {
	MinUnits     *int   `json:"min_units,omitzero" default:"1000" doc:"Units of each variant, before which nothing is decided. A floor and no plan: power says how many are needed."`
	MinDays      *int   `json:"min_days,omitzero" default:"7" doc:"Whole days, rounded up to whole weeks when it is a week or more."`
	PlannedUnits *int   `json:"planned_units,omitzero" doc:"Units of each variant that it is decided at. Left out: what power says when it is started."`
	EveryWeekday *bool  `json:"every_weekday,omitzero" doc:"Whether each weekday must have been seen in each variant. Left out: yes, when min_days is a week or more."`
	MaxDays      *int   `json:"max_days,omitzero" doc:"When it is decided with what there is. Left out: four weeks past min_days."`
	Alpha        *Share `json:"alpha,omitzero" default:"5%" doc:"How often an experiment without a difference may find one."`
	Power        *Share `json:"power,omitzero" default:"80%" doc:"How often a difference that is worth having must be found: starting with less is refused."`
	Looks        *int   `json:"looks,omitzero" default:"1" doc:"How often it may be looked at to decide it, 1 or 2; two have O'Brien-Fleming bounds."`
}

// plan compiles what an experiment is judged by. One without a primary metric is
// described, and never decided.
func (c *compiler) plan(at []string, s *ExperimentSpec, e *experiment.Experiment) analysis.Plan {
	d := &s.Decision
	p := analysis.Plan{
		Experiment: e.Name, Route: e.Route, Epoch: e.Epoch, UnitKind: e.Kind, Variants: planned(e), Enrolled: enrolled(e), AA: s.AA,
		Alpha: float64(*d.Alpha), Harm: analysis.HarmAlpha, Power: float64(*d.Power), Looks: *d.Looks,
		MinUnits: int64(*d.MinUnits), MinDays: *d.MinDays, Segments: s.Segments,
		Weekdays: *d.MinDays >= 7, Bounds: []analysis.Bound{}, Metrics: []metric.Metric{},
	}
	if d.EveryWeekday != nil {
		p.Weekdays = *d.EveryWeekday
	}
	if d.PlannedUnits != nil {
		p.Units = int64(*d.PlannedUnits)
	}
	p.MaxDays = p.MinDays + 28
	if d.MaxDays != nil {
		p.MaxDays = *d.MaxDays
	}
	c.decision(with(at, "decision"), d, &p)
	if s.Primary != nil {
		p.Primary = c.goal(with(at, "primary"), s.Primary)
		p.Bounds = c.bounds(at, s.Bounds)
	} else if len(s.Bounds) > 0 {
		c.fail(with(at, "bounds"), "add primary: the metric that decides", "bounds belong to an experiment that is decided")
	}
	for i, m := range s.Metrics {
		if found, ok := c.metric(with(at, "metrics", step(i)), *m); ok {
			p.Metrics = append(p.Metrics, found)
		}
	}
	c.segments(with(at, "segments"), s.Segments)
	c.aa(at, s, e)
	p.Hash = hash(write(struct {
		Primary  *GoalSpec
		Bounds   []*BoundSpec
		Decision DecisionSpec
		AA       bool
	}{s.Primary, s.Bounds, s.Decision, s.AA}))
	p.Draw = draw(e, p.Variants)
	return p
}

// draw is the hash of who is dealt what. The share of a canary may move: its two
// groups stay alike in size, and the same units stay in them. A variant may be stopped.
func draw(e *experiment.Experiment, variants []analysis.Variant) string {
	type arm struct {
		Name, Answers, Weight string
	}
	arms := make([]arm, 0, len(variants))
	for _, v := range variants {
		a := arm{Name: v.Name, Answers: v.Answers}
		if !e.TwoEnded {
			a.Weight = plain(math.Round(1e6*v.Weight) / 1e6)
		}
		arms = append(arms, a)
	}
	return hash(write(struct {
		Route, Kind, Salt string
		Arms              []arm
	}{e.Route, e.Kind, e.Salt, arms}))
}

// decision checks the numbers of the decision clock.
func (c *compiler) decision(at []string, d *DecisionSpec, p *analysis.Plan) {
	for _, n := range []struct {
		name      string
		value     *int
		low, high int
	}{
		{"min_units", d.MinUnits, 2, 1e9}, {"min_days", d.MinDays, 0, 3660}, {"planned_units", d.PlannedUnits, 2, 1e9},
		{"max_days", d.MaxDays, max(1, *d.MinDays), 3660}, {"looks", d.Looks, 1, 2},
	} {
		if n.value != nil && (*n.value < n.low || *n.value > n.high) {
			c.fail(with(at, n.name), "write a number from "+plain(float64(n.low))+" to "+plain(float64(n.high)), "%d is out of range", *n.value)
		}
	}
	if p.Alpha <= 0 || p.Alpha > 0.2 {
		c.fail(with(at, "alpha"), "write 5%, at most 20%", "%s is out of range", percent(*d.Alpha))
	}
	if p.Power < 0.5 || p.Power >= 1 {
		c.fail(with(at, "power"), "write 80%, at least 50% and less than 100%", "%s is out of range", percent(*d.Power))
	}
	if *d.MinDays < 7 {
		c.remark(with(at, "min_days"), "", "less than a week: the days of the week that are not seen may differ, and reports say so")
	}
	if *d.MinUnits < 1000 {
		c.remark(with(at, "min_units"), "", "fewer than 1,000 units of each variant: reports say so")
	}
}

// enrolled is the share of units that take part.
func enrolled(e *experiment.Experiment) float64 {
	var all float64
	for _, a := range e.Arms {
		all += a.Probability
	}
	return all
}

// planned are the variants of an experiment as they are compared, the baseline
// first. Weights are of those that take part.
func planned(e *experiment.Experiment) []analysis.Variant {
	all := enrolled(e)
	list := make([]analysis.Variant, 0, len(e.Arms))
	for _, a := range e.Arms {
		v := analysis.Variant{Name: a.Variant.Name, Baseline: a.Baseline, Stopped: a.Stopped, Answers: answers(a.Variant)}
		if all > 0 {
			v.Weight = a.Probability / all
		}
		list = append(list, v)
	}
	slices.SortStableFunc(list, func(a, b analysis.Variant) int {
		switch {
		case a.Baseline == b.Baseline:
			return strings.Compare(a.Name, b.Name)
		case a.Baseline:
			return -1
		}
		return 1
	})
	return list
}

func answers(v *experiment.Variant) string {
	s := "model " + v.Model
	for _, name := range names(v.Parameters) {
		s += ", " + name + " " + string(v.Parameters[name])
	}
	return s
}

// goal compiles the primary metric.
func (c *compiler) goal(at []string, s *GoalSpec) *analysis.Goal {
	m, ok := c.metric(at, MetricSpec{s.Metric, s.SlowerThan, s.Source, s.Kind, s.Direction})
	if ok && m.Direction == metric.None {
		c.fail(with(at, "metric"), "choose one with a direction: latency, error_rate, cost_per_request", "neither way is better for %s, so it decides nothing", m.Name)
	}
	g := &analysis.Goal{Metric: m, Mode: analysis.Mode(s.Mode)}
	switch g.Mode {
	case analysis.Better:
		if s.Margin != nil || s.Gain != nil {
			c.fail(at, "write mode: no_worse, or leave margin and gain out", "margin and gain belong to mode no_worse")
		}
		if s.Minimum != nil {
			g.Minimum = analysis.Amount(*s.Minimum)
		}
	case analysis.NoWorse:
		if s.Minimum != nil {
			c.fail(with(at, "minimum"), "leave it out", "belongs to mode better")
		}
		g.Margin = defaultMargin(m)
		if s.Margin != nil {
			g.Margin = analysis.Amount(*s.Margin)
		}
		if g.Margin.Value <= 0 {
			c.fail(with(at, "margin"), "write a margin above zero: nothing can be proven to be no worse at all", "is zero")
		}
		if s.Gain != nil {
			if gain, ok := c.metric(with(at, "gain"), *s.Gain); ok {
				g.Gain = &gain
			}
		}
	}
	return g
}

// defaultMargin is what is tolerated when a definition names nothing.
func defaultMargin(m metric.Metric) analysis.Amount {
	if m.Kind == metric.Rate {
		return analysis.Amount{Value: 0.02, Absolute: true}
	}
	return analysis.Amount{Value: 0.05}
}

// standardBounds are those of a plan that names none.
var standardBounds = []*BoundSpec{
	{Metric: "error_rate", Action: "rollback"}, {Metric: "cancel_rate", Action: "rollback"}, {Metric: "fallback_rate", Action: "rollback"},
}

func (c *compiler) bounds(at []string, specs []*BoundSpec) []analysis.Bound {
	if len(specs) == 0 {
		specs = standardBounds
	}
	list := []analysis.Bound{}
	for i, s := range specs {
		where := with(at, "bounds", step(i))
		m, ok := c.metric(where, MetricSpec{s.Metric, s.SlowerThan, s.Source, s.Kind, s.Direction})
		if !ok {
			continue
		}
		if m.Direction == metric.None {
			c.fail(with(where, "metric"), "choose one with a direction", "neither way is worse for %s", m.Name)
		}
		b := analysis.Bound{Metric: m, Margin: defaultMargin(m), Prove: s.Prove, Action: s.Action}
		if s.Margin != nil {
			b.Margin = analysis.Amount(*s.Margin)
		}
		if s.Prove && b.Margin.Value <= 0 {
			c.fail(with(where, "margin"), "write a margin above zero", "is zero, within which nothing can be proven")
		}
		if s.Max != nil {
			limit := s.Max.Value
			b.Max = &limit
		}
		list = append(list, b)
	}
	return list
}

// metric finds a metric by name, or makes one of an outcome of one's own.
func (c *compiler) metric(at []string, s MetricSpec) (metric.Metric, bool) {
	where := with(at, "metric")
	if base, slow := strings.CutSuffix(s.Metric, "_slow_share"); slow {
		return c.slowShare(at, base, s)
	}
	if s.SlowerThan != nil {
		c.fail(with(at, "slower_than"), "leave it out, or choose latency_slow_share, ttft_slow_share or tpot_slow_share", "%s has no such line", s.Metric)
	}
	if m, ok := metric.Find(s.Metric); ok {
		if s.Source != "" || s.Kind != "" || s.Direction != "" {
			c.fail(at, "leave source, kind and direction out", "%s is one of Weir's metrics, which are what they are", s.Metric)
		}
		return m, true
	}
	if near := metric.Nearest(s.Metric); near != "" && s.Source == "" {
		c.fail(where, "did you mean "+near+"? If it is an outcome of your own, add source: feedback", "unknown metric %q", s.Metric)
		return metric.Metric{}, false
	}
	if !outcomeName.MatchString(s.Metric) {
		c.fail(where, "write small letters, digits, _ . and -, beginning with a letter", "%q is no name of an outcome", s.Metric)
		return metric.Metric{}, false
	}
	source, kind, direction := s.Source, metric.Mean, metric.Up
	if source == "" {
		source = "feedback"
	}
	if s.Kind != "" {
		kind = metric.Kind(s.Kind)
	}
	if s.Direction != "" {
		direction = metric.Direction(s.Direction)
	}
	return metric.Score(s.Metric, source, kind, direction), true
}

// outcomeName is what feedback may name.
var outcomeName = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}$`)

func (c *compiler) slowShare(at []string, base string, s MetricSpec) (metric.Metric, bool) {
	if s.SlowerThan == nil {
		c.fail(at, "add slower_than: 2s", "%s has no slower_than, the time from which on a request is slow", s.Metric)
		return metric.Metric{}, false
	}
	m, _ := metric.SlowShare(base, time.Duration(*s.SlowerThan))
	ok := m.Name != ""
	if !ok {
		c.fail(with(at, "metric"), "write latency_slow_share, ttft_slow_share, tpot_slow_share or queue_slow_share", "there is no %s", s.Metric)
	}
	return m, ok
}

// maxSegments is how many values a unit row has room for.
const maxSegments = 5

func (c *compiler) segments(at []string, list []string) {
	if len(list) > maxSegments {
		c.fail(at, "keep the five that matter most: each is a further comparison that can be wrong", "%d segments are too many", len(list))
	}
	for i, name := range list {
		if slices.Contains(list[:i], name) {
			c.fail(with(at, step(i)), "leave it out", "%s is there twice", name)
		}
		c.tag(with(at, step(i)), name, "x")
	}
}

// aa checks that an A/A test compares like with like.
func (c *compiler) aa(at []string, s *ExperimentSpec, e *experiment.Experiment) {
	if !s.AA || len(e.Arms) < 2 {
		return
	}
	for _, a := range e.Arms[1:] {
		if !same(e.Arms[0].Variant, a.Variant) {
			c.fail(with(at, "aa"), "leave aa out, or give "+a.Variant.Name+" no model and no parameters of its own",
				"%s answers otherwise than %s: this is no A/A test", a.Variant.Name, e.Arms[0].Variant.Name)
		}
	}
}
