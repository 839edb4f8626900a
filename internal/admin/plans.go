package admin

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/rollout"
)

// Plans is the experiments as they are defined, where each is in its life, and
// the moves that people may make.
type Plans interface {
	Defined() *experiment.Set // with the experiments that share nobody out now
	Plan(name string) (analysis.Plan, error)
	State(p analysis.Plan) rollout.State
	Report(ctx context.Context, name string, epoch int, full bool) (analysis.Report, error)
	Foresee(ctx context.Context, p analysis.Plan) (analysis.Prospect, error)
	Start(ctx context.Context, name, by, note string, force bool) (rollout.State, analysis.Prospect, error)
	Stop(ctx context.Context, name, by, why string) (rollout.State, error)
	Resume(ctx context.Context, name, by, why string) (rollout.State, error)
}

func planEndpoints() []endpoint {
	return []endpoint{
		{method: "GET", path: "/api/v1/experiments/{name}:report", id: "getExperimentReport", summary: "what an experiment shows: estimates, intervals, warnings, verdict", scope: read,
			params: experimentReportParams, handler: handler{reply: reflect.TypeFor[analysis.Report](), media: "text/plain, text/markdown, text/html", serve: (*call).experimentReport}},
		{method: "GET", path: "/api/v1/experiments/{name}:power", id: "getExperimentPower", summary: "what an experiment could see on its route's traffic", scope: read,
			params: experimentName, handler: gives((*call).experimentPower)},
		{method: "POST", path: "/api/v1/experiments/{name}:start", id: "startExperiment", summary: "begin an experiment that is a draft", scope: operate,
			params: experimentName, handler: takes((*call).startExperiment)},
		{method: "POST", path: "/api/v1/experiments/{name}:stop", id: "stopExperiment", summary: "end an experiment: its route is served the baseline", scope: operate,
			params: experimentName, handler: takes((*call).stopExperiment)},
		{method: "POST", path: "/api/v1/experiments/{name}:resume", id: "resumeExperiment", summary: "let an experiment go on that a bound has paused", scope: operate,
			params: experimentName, handler: takes((*call).resumeExperiment)},
		{method: "GET", path: "/api/v1/power", id: "getPower", summary: "what an experiment with a metric could see on a route's traffic", scope: read,
			params: powerParams, handler: gives((*call).power)},
		{method: "GET", path: "/api/v1/metrics", id: "listMetrics", summary: "the metrics that experiments can be judged by", scope: read, handler: gives((*call).listMetrics)},
	}
}

var experimentName = []param{{name: "name", kind: "string", about: "of the experiment"}}

var experimentReportParams = []param{
	{name: "name", kind: "string", about: "of the experiment"},
	{name: "epoch", kind: "integer", about: "an earlier one; the defined one when left out"},
	{name: "full", kind: "boolean", about: "read every unit: segments, and whether the result rests on few of them"},
	{name: "format", kind: "string", enum: []string{"json", "text", "markdown", "html"}, about: "the form of the answer"},
}

// plans gives the experiments' lives, or says that this process has none.
func (s *Server) plans() (Plans, error) {
	if s.cfg.Plans == nil {
		return nil, fault.New(fault.Unavailable, "nothing_kept", "nothing is kept beyond the memory of recent requests, so experiments have no life here").
			Mend("start Weir with a folder to keep records in: --store DIR")
	}
	return s.cfg.Plans, nil
}

func (c *call) experimentReport() error {
	plans, err := c.server.plans()
	if err != nil {
		return err
	}
	full, err := c.flag("full")
	if err != nil {
		return err
	}
	epoch, err := c.number("epoch", 0, 1<<30, 0)
	if err != nil {
		return err
	}
	format, err := c.choice("format", []string{"json", "text", "markdown", "html"})
	if err != nil {
		return err
	}
	ctx, done := c.lengthen(c.server.clocks.long)
	defer done()
	r, err := plans.Report(ctx, c.tail, epoch, full)
	if err != nil {
		return unavailable(err)
	}
	return c.writeReport(r, format)
}

// writeReport answers in one of a report's forms.
func (c *call) writeReport(r analysis.Report, format string) error {
	var b strings.Builder
	var err error
	media := "text/plain; charset=utf-8"
	switch format {
	case "json":
		return c.writeJSON(r)
	case "markdown":
		media, err = "text/markdown; charset=utf-8", analysis.WriteMarkdown(&b, r)
	case "html":
		c.w.Header().Set("Content-Security-Policy", analysis.ContentPolicy()+"; frame-ancestors 'none'")
		media, err = "text/html; charset=utf-8", analysis.WriteHTML(&b, r)
	default:
		err = analysis.WriteText(&b, r)
	}
	if err != nil {
		return err
	}
	c.write(http.StatusOK, media, []byte(b.String()))
	return nil
}

func (c *call) experimentPower() (analysis.Prospect, error) {
	plans, err := c.server.plans()
	if err != nil {
		return analysis.Prospect{}, err
	}
	p, err := plans.Plan(c.tail)
	if err != nil {
		return analysis.Prospect{}, err
	}
	return c.foresee(plans, p)
}

func (c *call) foresee(plans Plans, p analysis.Plan) (analysis.Prospect, error) {
	ctx, done := c.lengthen(c.server.clocks.long)
	defer done()
	o, err := plans.Foresee(ctx, p)
	if err != nil {
		return o, unavailable(err)
	}
	return o, nil
}

// startBody is what a start takes.
type startBody struct {
	Force bool   `json:"force,omitempty" doc:"begin although it would probably find nothing"`
	Note  string `json:"note,omitempty" doc:"why; needed with force, and kept with the decision"`
}

// Started is what came of a start.
type Started struct {
	State    rollout.State     `json:"state"`
	Prospect analysis.Prospect `json:"prospect"`
}

func (c *call) startExperiment(b *startBody) (Started, error) {
	plans, err := c.server.plans()
	if err != nil {
		return Started{}, err
	}
	if err := shortNote(b.Note); err != nil {
		return Started{}, err
	}
	ctx, done := c.lengthen(c.server.clocks.long)
	defer done()
	s, o, err := plans.Start(ctx, c.tail, c.who(), b.Note, b.Force)
	if err != nil {
		return Started{}, unavailable(err)
	}
	return Started{s, o}, nil
}

// noteBody is what a move takes.
type noteBody struct {
	Note string `json:"note,omitempty" doc:"why; kept with the decision"`
}

func (c *call) stopExperiment(b *noteBody) (rollout.State, error) {
	return c.moveExperiment(b, Plans.Stop)
}

func (c *call) resumeExperiment(b *noteBody) (rollout.State, error) {
	return c.moveExperiment(b, Plans.Resume)
}

func (c *call) moveExperiment(b *noteBody, move func(Plans, context.Context, string, string, string) (rollout.State, error)) (rollout.State, error) {
	plans, err := c.server.plans()
	if err != nil {
		return rollout.State{}, err
	}
	if err := shortNote(b.Note); err != nil {
		return rollout.State{}, err
	}
	ctx, done := c.ask()
	defer done()
	s, err := move(plans, ctx, c.tail, c.who(), b.Note)
	if err != nil {
		return s, unavailable(err)
	}
	return s, nil
}

func shortNote(note string) error {
	if len(note) > maxNote {
		return fault.New(fault.TooLarge, "note_too_large", "the note is over %d bytes", maxNote).At("note")
	}
	return nil
}

var powerParams = []param{
	{name: "route", kind: "string", about: "whose traffic it would be"},
	{name: "metric", kind: "string", about: "the primary metric; latency when left out"},
	{name: "minimum", kind: "string", about: "the smallest difference worth having, relative: 0.05; that is the default"},
	{name: "variants", kind: "integer", about: "how many, the baseline included, of equal weight; 2 when left out"},
	{name: "units", kind: "integer", about: "units of each variant that it would be decided at; as many as it needs when left out"},
}

// power says what an experiment could see that nobody has written down yet.
func (c *call) power() (analysis.Prospect, error) {
	plans, err := c.server.plans()
	if err != nil {
		return analysis.Prospect{}, err
	}
	p, err := c.imagined()
	if err != nil {
		return analysis.Prospect{}, err
	}
	return c.foresee(plans, p)
}

// imagined is the plan that a question about power is about.
func (c *call) imagined() (analysis.Plan, error) {
	p := analysis.Plan{Route: c.query("route"), Alpha: 0.05, Power: 0.8, MinUnits: 2, Harm: analysis.HarmAlpha}
	if p.Route == "" {
		return p, fault.New(fault.Invalid, "invalid_parameter", "route is missing").At("route").Mend("add ?route=NAME")
	}
	route := c.server.cfg.State.Set().Routes[p.Route]
	if route == nil {
		return p, fault.New(fault.NotFound, "route_not_found", "there is no route %q", short(p.Route, 100)).At("route").Mend("GET /api/v1/routes lists them")
	}
	name := c.query("metric")
	if name == "" {
		name = "latency"
	}
	m, ok := metric.Find(name)
	if !ok {
		return p, fault.New(fault.Invalid, "unknown_metric", "there is no metric %q with a record to plan by", short(name, 100)).At("metric").Mend("GET /api/v1/metrics lists them")
	}
	minimum, err := c.fraction("minimum", 0.05)
	if err != nil {
		return p, err
	}
	variants, err := c.number("variants", 2, 20, 2)
	if err != nil {
		return p, err
	}
	units, err := c.number("units", 0, 1<<40, 0)
	if err != nil {
		return p, err
	}
	p.Units = int64(units)
	p.Primary = &analysis.Goal{Metric: m, Mode: analysis.Better, Minimum: analysis.Amount{Value: minimum}}
	p.Variants = []analysis.Variant{{Name: route.Baseline.Name, Weight: 1 / float64(variants), Baseline: true}}
	for i := 1; i < variants; i++ {
		p.Variants = append(p.Variants, analysis.Variant{Name: fmt.Sprint("candidate ", i), Weight: 1 / float64(variants)})
	}
	for _, further := range metric.All() {
		if further.Name != m.Name && further.Kind != metric.Quantile {
			p.Metrics = append(p.Metrics, further)
		}
	}
	return p, nil
}

// fraction reads a relative difference.
func (c *call) fraction(name string, def float64) (float64, error) {
	text := c.query(name)
	if text == "" {
		return def, nil
	}
	digits, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(digits, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 1e-6 && v <= 100) {
		return 0, fault.New(fault.Invalid, "invalid_parameter", "%s %q is no difference", name, short(text, 20)).At(name).Mend("write 0.05 or 5%%, relative to the value now")
	}
	return v, nil
}

// MetricList is the catalogue.
type MetricList struct {
	Metrics []metric.Metric `json:"metrics" doc:"by name"`
}

func (c *call) listMetrics() (MetricList, error) { return MetricList{metric.All()}, nil }
