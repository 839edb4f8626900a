package main

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/bench/internal/load"
)

// closedRun is a closed-loop run that cost the CPU time and did the rate.
func closedRun(scenario, target string, round int, cpu, rps float64) run {
	return run{scenario, target, round, load.Result{CPUPerReq: cpu, RPS: rps, PeakRSS: 20}}
}

func openRun(target string, round int, p50 float64) run {
	return run{"small", target, round, load.Result{Rate: 500, Latency: load.Latency{P50: p50}}}
}

func verdictOf(t *testing.T, runs []run, goal string) verdict {
	t.Helper()
	for _, v := range judge(runs, "weir", "floor") {
		if v.Goal == goal {
			return v
		}
	}
	t.Fatalf("no goal %q", goal)
	return verdict{}
}

func TestRatiosAreTakenWithinARound(t *testing.T) {
	// The machine is half as fast in the second round: the ratio must not move.
	runs := []run{
		closedRun("small", "floor", 1, 50, 20000), closedRun("small", "weir", 1, 55, 18000),
		closedRun("small", "floor", 2, 100, 10000), closedRun("small", "weir", 2, 110, 9000),
	}
	if v := verdictOf(t, runs, "CPU per request, 1 KB"); v.Met != "must" || v.Min < 1.0999 || v.Max > 1.1001 {
		t.Errorf("%+v", v)
	}
	if v := verdictOf(t, runs, "requests/s of one core, 1 KB"); v.Met != "must" || v.Median != 0.9 {
		t.Errorf("%+v", v)
	}
}

func TestLevels(t *testing.T) {
	for _, c := range []struct {
		cpu  float64
		want string
	}{{116, "missed"}, {115, "must"}, {85, "target"}, {60, "stretch"}} {
		runs := []run{closedRun("small", "floor", 1, 100, 1), closedRun("small", "weir", 1, c.cpu, 1)}
		if v := verdictOf(t, runs, "CPU per request, 1 KB"); v.Met != c.want {
			t.Errorf("%v: %s, want %s", c.cpu, v.Met, c.want)
		}
	}
}

func TestAddedLatencyIsHeldAgainstWhatTheFloorAdds(t *testing.T) {
	runs := []run{openRun("direct", 1, 100), openRun("floor", 1, 300), openRun("weir", 1, 350)}
	if v := verdictOf(t, runs, "added p50 at 500/s"); v.Median != 1.25 || v.Met != "missed" {
		t.Errorf("%+v", v)
	}
}

func TestWhatWasNotMeasuredIsNotMet(t *testing.T) {
	for _, v := range judge(nil, "weir", "floor") {
		if v.Met != "not measured" || v.Measured {
			t.Errorf("%+v", v)
		}
	}
}

func TestAnyErrorMissesTheGoal(t *testing.T) {
	bad := closedRun("stream", "weir", 1, 1, 1)
	if v := verdictOf(t, []run{bad}, "errors and incomplete streams, all runs"); v.Met != "met" {
		t.Errorf("%+v", v)
	}
	bad.Result.Errors = 1
	if v := verdictOf(t, []run{bad}, "errors and incomplete streams, all runs"); v.Met != "missed" {
		t.Errorf("%+v", v)
	}
}

func TestTables(t *testing.T) {
	runs := []run{
		closedRun("small", "direct", 1, 10, 40000), closedRun("small", "floor", 1, 50, 20000), closedRun("small", "weir", 1, 40, 25000),
		openRun("direct", 1, 100), openRun("floor", 1, 300), openRun("weir", 1, 280),
	}
	var b strings.Builder
	report{Floor: "floor", Runs: runs, Goals: judge(runs, "weir", "floor")}.print(&b)
	for _, want := range []string{
		"| weir | 25000 (25000–25000) | 0.62× (0.62–0.62) | 1.25× (1.25–1.25) | 40.0 (40.0–40.0) | 0.80× (0.80–0.80) |",
		"| weir | 0 | +180 (+180–+180) |",
		"| CPU per request, 1 KB | ≤ 1.15× | ≤ 0.85× | ≤ 0.6× | 0.8× (0.8–0.8) | target |",
		"| peak RSS, 256 streams | ≤ 90MB | ≤ 64MB | ≤ 50MB | - | not measured |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line %q in:\n%s", want, b.String())
		}
	}
}
