package analysis

import (
	"fmt"
	"math"

	"github.com/weirhq/weir/internal/metric"
)

// SeedLines are the three lines that scripts for significance tend to print:
// decision, improvement and p-value, of the candidate that the report speaks of.
// The improvement keeps its arithmetic sign, as those scripts have it; whether
// that is better is the metric's direction, and the decision says so.
func SeedLines(r Report) []string {
	if len(r.Metrics) == 0 || len(r.Metrics[0].Comparisons) == 0 {
		return []string{"Decision: none (nothing is compared)", "Improvement: undefined", "P-value: undefined"}
	}
	m, c := r.Metrics[0], r.Metrics[0].Comparisons[0]
	for _, other := range m.Comparisons {
		if other.Variant == r.Variant {
			c = other
		}
	}
	improvement, p := "undefined", "undefined"
	if c.Relative.Value.OK() {
		improvement = fmt.Sprintf("%.2f%%", 100*float64(c.Relative.Value))
	}
	if c.P.OK() {
		p = fmt.Sprintf("%.4f", float64(c.P))
		if c.P < 0.0001 {
			p = probability(float64(c.P), float64(c.Log10P))
		}
	}
	return []string{"Decision: " + r.decision(m, c), "Improvement: " + improvement + way(m.Metric), "P-value: " + p}
}

// decision is the verdict in the words of such scripts.
func (r Report) decision(m Reading, c Comparison) string {
	baseline := m.Variants[0].Variant
	switch r.Verdict {
	case Deploy:
		return "Deploy " + r.Variant
	case Keep, RollBack, NoDifference:
		return "Keep " + baseline
	}
	g := math.NaN()
	if c.Relative.Value.OK() {
		g = float64(c.Relative.Value)
	}
	if c.Says == SaysBetter {
		better, _ := said(m.Metric)
		return fmt.Sprintf("Keep %s for now: %s is better on %s (%s by %s), but this is not enough to deploy on. %s",
			baseline, c.Variant, m.Metric.Name, better, percent(math.Abs(g)), r.Sentence)
	}
	return "Keep " + baseline + " for now. " + r.Sentence
}

// way tells the direction beside a number that does not show it.
func way(m metric.Metric) string {
	switch m.Direction {
	case metric.Down:
		return " (" + m.Name + ": lower is better)"
	case metric.Up:
		return " (" + m.Name + ": higher is better)"
	}
	return ""
}
