package admin

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/rollout"
	"github.com/weirhq/weir/internal/stats"
)

// oneLife is the life of one experiment, e, that is always decided.
type oneLife struct{}

func (oneLife) Defined() *experiment.Set {
	v := &experiment.Variant{Name: "baseline", Model: "big"}
	e := &experiment.Experiment{Name: "e", Route: "support", Epoch: 1, Kind: "user", Arms: []experiment.Arm{{Variant: v, Baseline: true, Probability: 1}}}
	return &experiment.Set{Routes: map[string]*experiment.Route{"support": {Name: "support", Baseline: v, Experiment: e}}}
}

func (oneLife) Plan(name string) (analysis.Plan, error) {
	if name != "e" {
		return analysis.Plan{}, fault.New(fault.NotFound, "unknown_experiment", "there is no experiment %q", name)
	}
	m, _ := metric.Find("latency")
	return analysis.Plan{Experiment: "e", Route: "support", Epoch: 1, Alpha: 0.05, Power: 0.8, MinUnits: 1000, MinDays: 7, Looks: 1,
		Variants: []analysis.Variant{{Name: "baseline", Weight: 0.5, Baseline: true}, {Name: "b", Weight: 0.5}}, Primary: &analysis.Goal{Metric: m, Mode: analysis.Better}}, nil
}

func (l oneLife) State(analysis.Plan) rollout.State {
	return rollout.State{Experiment: "e", Epoch: 1, Phase: rollout.Decided, Changed: noon, First: &analysis.FirstLook{Time: noon, Units: 3},
		Verdict: &analysis.Decided{Time: noon, Verdict: analysis.Deploy, Variant: "b", Why: "better", By: "controller"}}
}

func (l oneLife) Report(_ context.Context, name string, _ int, _ bool) (analysis.Report, error) {
	p, err := l.Plan(name)
	if err != nil {
		return analysis.Report{}, err
	}
	sums := map[string]map[string]stats.Moments{}
	for _, v := range p.Variants {
		var m, r stats.Moments
		for i := range int64(60) {
			m.Add(-1_000_000+i*10_000, 1)
			r.Add(i%7/6, 1)
		}
		sums[v.Name] = map[string]stats.Moments{"log_latency": m, analysis.Requests: r}
	}
	return analysis.Analyse(analysis.Input{Plan: p, Times: analysis.Times{Started: noon.Add(-time.Hour), Now: noon}, Sums: sums}), nil
}

func (l oneLife) Foresee(_ context.Context, p analysis.Plan) (analysis.Prospect, error) {
	return analysis.Foresee(p, analysis.Sample{From: noon, To: noon, Fresh: []int64{1}}), nil
}

func (l oneLife) Start(_ context.Context, name, by, note string, force bool) (rollout.State, analysis.Prospect, error) {
	p, err := l.Plan(name)
	if err != nil {
		return rollout.State{}, analysis.Prospect{}, err
	}
	o, _ := l.Foresee(context.Background(), p)
	return rollout.State{Experiment: name, Phase: rollout.Running, StartedBy: by, Forced: note}, o, nil
}

func (l oneLife) Stop(_ context.Context, name, _, why string) (rollout.State, error) {
	return rollout.State{Experiment: name, Phase: rollout.Archived, Why: why}, nil
}

func (l oneLife) Resume(_ context.Context, name, _, why string) (rollout.State, error) {
	return rollout.State{Experiment: name, Phase: rollout.Running, Why: why}, nil
}

// The list shows experiments that share nobody out, too.
func TestExperimentsAreListedWithTheirLives(t *testing.T) {
	f := startKept(t, func(c *Config) { c.Plans = oneLife{} })
	list := decode[ExperimentList](t, f.body("/api/v1/experiments"))
	if len(list.Experiments) != 1 {
		t.Fatalf("%+v", list)
	}
	if e := list.Experiments[0]; e.Phase != "decided" || e.Verdict != "deploy" || e.Primary != "latency" || !e.Since.Equal(noon) {
		t.Errorf("%+v", e)
	}
}

// A report comes in the form that is asked for, and a page of it runs nothing.
func TestFormsOfAReport(t *testing.T) {
	f := startKept(t, func(c *Config) { c.Plans = oneLife{} })
	for format, want := range map[string]string{"json": "application/json", "text": "text/plain", "markdown": "text/markdown", "html": "text/html"} {
		resp, body := f.get("/api/v1/experiments/e:report?format=" + format)
		if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), want) || len(body) < 200 {
			t.Errorf("%s: %s, %s, %d bytes", format, resp.Status, resp.Header.Get("Content-Type"), len(body))
		}
		if policy := resp.Header.Get("Content-Security-Policy"); format == "html" && (!strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe")) {
			t.Errorf("the page's policy is %q", policy)
		}
	}
	for at, status := range map[string]int{
		"/api/v1/experiments/e:report?format=pdf": 400, "/api/v1/experiments/x:report": 404, "/api/v1/experiments/e:report?epoch=-1": 400,
		"/api/v1/power?route=none": 404, "/api/v1/power": 400, "/api/v1/power?route=support&metric=none": 400, "/api/v1/power?route=support&minimum=0": 400,
		"/api/v1/experiments/e:explode": 404,
	} {
		f.problem("GET", at, "", status)
	}
	f.problem("POST", "/api/v1/experiments/e:stop", `{"note":"`+strings.Repeat("x", maxNote+1)+`"}`, 413)
}
