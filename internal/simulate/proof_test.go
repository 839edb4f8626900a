//go:build proof

package simulate

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestRates measures what docs/explanation/statistics.md tells, with more
// replicates than a test can afford. scripts/proof/experiments.sh runs it.
func TestRates(t *testing.T) {
	runs := 10_000
	if text := os.Getenv("REPLICATES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n <= 0 {
			t.Fatalf("REPLICATES=%q: it is a number above 0", text)
		}
		runs = n
	}
	var b strings.Builder
	rate := func(r *Rate) string {
		if r == nil || r.Runs == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f (%.2f–%.2f)", 100*r.Value, 100*r.Low, 100*r.High)
	}
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%d replicates each, seed 1, 300 users of each variant, α 5 %%; rates in %%, with their Monte Carlo error (95 %%).", runs)
	line("")
	line("| | top 1 %% of users | variance over naive | naive, per request | Weir, per unit | its interval covers | p95 | p95 covers | stopped by peeking, fixed test | stopped by peeking, sequence | harm clock (α 1 %%) |")
	line("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	uneven := Count{Shape: 1.5}
	for _, row := range []struct {
		name string
		c    Config
	}{
		{"one request each", Config{Requests: Count{Kind: Constant, Mean: 1}}},
		{"latency, Poisson counts", Config{ICC: 0.3, Requests: Count{Kind: Poisson}, P95: true, Looks: Continuous}},
		{"latency", Config{ICC: 0.3, P95: true, Looks: Continuous}},
		{"latency, no burn-in", Config{ICC: 0.3, Looks: Continuous, BurnIn: -1}},
		{"errors, 5 %", Config{Metric: ErrorRate, ICC: 0.3, Looks: Continuous, Harm: true}},
		{"errors, 1 % of clients always fail", Config{Metric: ErrorRate, ICC: 0.3, Broken: 0.01, Harm: true}},
		{"errors, 30 %", Config{Metric: ErrorRate, Level: 0.3, ICC: 0.3}},
		{"cost, Pareto", Config{Metric: Cost, ICC: 0.3, Looks: Continuous}},
		{"latency, counts of shape 1.5", Config{ICC: 0.3, Requests: uneven, P95: true, Looks: Continuous}},
		{"errors, counts of shape 1.5", Config{Metric: ErrorRate, ICC: 0.3, Requests: uneven}},
		{"cost, counts of shape 1.5", Config{Metric: Cost, ICC: 0.3, Requests: uneven}},
		{"latency, 1,000 users, shape 1.5", Config{Users: 1000, ICC: 0.3, Requests: uneven}},
		{"latency 10 % faster (power)", Config{ICC: 0.3, Effect: -0.1, P95: true, Looks: Continuous}},
	} {
		row.c.Runs, row.c.Seed = runs, 1
		if row.c.Users > 300 {
			row.c.Runs = max(runs/4, 1)
		}
		r := Run(row.c, nil)
		line("| %s | %.0f | %.1f | %s | %s | %s | %s | %s | %s | %s | %s |", row.name, 100*r.Top, r.Design, rate(&r.Naive), rate(&r.Unit), rate(&r.Covers),
			rate(r.P95), rate(r.P95Holds), rate(r.Fixed), rate(r.Sequence), rate(r.Harm))
	}
	if out := os.Getenv("PROOF_OUT"); out != "" {
		if err := os.WriteFile(out, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("\n%s", &b)
}
