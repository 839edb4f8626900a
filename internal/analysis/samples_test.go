package analysis

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// samples are reports as people meet them; the golden files show them.
func samples(t *testing.T) map[string]Report {
	t.Helper()
	return map[string]Report{
		"better":  Analyse(sampleInput(t, 2600, nil)),
		"not_yet": Analyse(sampleInput(t, 500, func(in *Input) { in.Complete = false })),
		"trade_off": Analyse(sampleInput(t, 2600, func(in *Input) {
			in.Plan.Bounds = append(in.Plan.Bounds, Bound{Metric: in.Plan.Metrics[0], Margin: Amount{Value: 0.05}, Prove: true, Action: "pause"})
		})),
		"hostile": Analyse(sampleInput(t, 60, hostile)),
		"several": Analyse(severalInput()),
		"empty":   Analyse(Input{Plan: usualPlan(column("success", metric.Rate, metric.Up, "share"))}),
		"nothing": Analyse(Input{}),
	}
}

// hostile puts what somebody might put into names and models.
func hostile(in *Input) {
	in.Plan.Experiment = `<script>alert("x")</script>`
	in.Plan.Route = "route\x1b[31m\"'&<b>"
	in.Plan.Variants[1].Answers = `"><img src=x onerror=alert(1)>`
	in.Plan.Primary.Metric.Name = "</title><svg onload=alert(1)>"
	in.Served = []Served{{Variant: "B", Model: "<i>model|x</i>", First: in.Times.Started, Last: in.Times.Now, Requests: 3},
		{Variant: "B", Model: "`m`\n# heading", Fingerprint: "fp", First: in.Times.Started.Add(time.Hour), Last: in.Times.Now, Requests: 4}}
	in.Segments = []Segment{{Name: "country", Value: "<script>", Sums: in.Sums}}
	in.Notes = append(in.Notes, "[click](javascript:alert(1)) | <b>")
}

// sampleInput is an experiment of two variants: B answers better, slower and at
// twice the cost.
func sampleInput(t *testing.T, units int, change func(*Input)) Input {
	t.Helper()
	success := column("success", metric.Rate, metric.Up, "share")
	success.Name = "task_success"
	cost := column("cost", metric.Mean, metric.Down, "dollars")
	cost.Name = "cost_per_request"
	latency := column("latency", metric.Geometric, metric.Down, "seconds")
	p95 := column("latency", metric.Quantile, metric.Down, "seconds")
	p95.Name, p95.Quantile = "latency_p95", 0.95
	p99 := p95
	p99.Name, p99.Quantile = "latency_p99", 0.99
	errors := column("error", metric.Rate, metric.Down, "share")
	errors.Name = "error_rate"
	p := aAgainstB(usualPlan(success))
	p.Primary.Minimum = Amount{Value: 0.02, Absolute: true}
	p.Variants[0].Answers, p.Variants[1].Answers = "model sonnet, temperature 0.3", "model llama-8b, temperature 0.3"
	p.Metrics = []metric.Metric{cost, latency, p95, p99, column("words", metric.Mean, metric.None, "words")}
	p.Bounds = []Bound{{Metric: errors, Margin: Amount{Value: 0.02, Absolute: true}, Prove: true, Action: "rollback"}}
	in, err := FromRows(p, sequence(week(units, sampleValues, 7)))
	if err != nil {
		t.Fatal(err)
	}
	in.Notes = nil
	in.Traffic.NoUnit, in.Traffic.Overrides = 31, 12
	in.Looks = sampleLooks(in.Times.Started)
	in.Served = []Served{{Variant: "A", Model: "sonnet-4-5", First: in.Times.Started, Last: in.Times.Now, Requests: 9000},
		{Variant: "B", Model: "llama-3.1-8b", First: in.Times.Started, Last: in.Times.Now, Requests: 9000}}
	in.Segments = []Segment{{Name: "country", Value: "de", Sums: in.Sums}, {Name: "country", Value: "fr", Sums: in.Sums}}
	if change != nil {
		change(&in)
	}
	return in
}

func sampleValues(v string, unit int, r *rand.Rand) map[string]float64 {
	rate, slow, cost, fails := 0.62, 1.0, 1.0, 0.01
	if v == "B" {
		rate, slow, cost = 0.68, 1.12, 2.0
	}
	values := map[string]float64{"latency": slow * (0.4 + r.ExpFloat64()), "cost": cost * 0.0012 * (0.5 + r.Float64()), "words": 80 + 30*r.NormFloat64(), "success": 0, "error": 0}
	if r.Float64() < rate {
		values["success"] = 1
	}
	if r.Float64() < fails {
		values["error"] = 1
	}
	return values
}

func sampleLooks(start time.Time) (looks []Look) {
	r := rand.New(rand.NewPCG(5, 5))
	for day := range 8 {
		half := 0.2 / (1 + float64(day))
		estimate := 0.06 + half/6*r.NormFloat64()
		looks = append(looks, Look{Time: start.Add(time.Duration(day+1) * 24 * time.Hour), Variant: "B", Metric: "task_success", Units: int64(600 * (day + 1)),
			Estimate: estimate, Sequence: stats.Interval{Low: estimate - half, High: estimate + half}})
	}
	return looks
}

// severalInput has three candidates and sums made by hand.
func severalInput() Input {
	m := column("score", metric.Mean, metric.Up, "points")
	p := usualPlan(m)
	in := Input{Sums: map[string]map[string]stats.Moments{}, Weekdays: map[string][7]int64{}}
	r := rand.New(rand.NewPCG(3, 3))
	for i, name := range []string{"base", "b", "c", "d"} {
		p.Variants = append(p.Variants, Variant{Name: name, Weight: 0.25, Baseline: i == 0, Stopped: name == "d"})
		var s stats.Moments
		for range 1500 {
			s.Add(int64(3+r.IntN(3)+i), 1)
		}
		in.Sums[name] = map[string]stats.Moments{"score": s}
		in.Weekdays[name] = [7]int64{9, 9, 9, 9, 9, 9, 9}
		in.Looks = append(in.Looks, Look{Time: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC), Variant: name, Metric: "score", Units: 100, Estimate: float64(i) / 10, Sequence: stats.Interval{Low: -1, High: 2}})
	}
	in.Plan = p
	in.Times = Times{Started: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), Now: time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)}
	in.Segments = []Segment{{Name: fmt.Sprint("plan"), Value: "free", Sums: in.Sums}}
	return in
}
