package simulate

import (
	"fmt"
	"testing"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// BenchmarkMillionUnits is a report of a million units and twenty metrics from the
// sums of two variants, and beside it from the rows of all units.
func BenchmarkMillionUnits(b *testing.B) {
	const units, metrics = 1_000_000, 20
	in := analysis.Input{Complete: true, Plan: analysis.Plan{Experiment: "million", MinUnits: 1000,
		Variants: []analysis.Variant{{Name: baseline, Weight: 0.5, Baseline: true}, {Name: candidate, Weight: 0.5}}},
		Sums: map[string]map[string]stats.Moments{baseline: {}, candidate: {}}}
	for i := range metrics {
		m := metric.Metric{Name: fmt.Sprint("m", i), Measure: fmt.Sprint("m", i), Kind: []metric.Kind{metric.Mean, metric.Rate, metric.Geometric, metric.PerUnit}[i%4],
			Direction: metric.Down, Scale: 1e-6}
		if i == 0 {
			in.Plan.Primary = &analysis.Goal{Metric: m, Mode: analysis.Better}
			continue
		}
		in.Plan.Metrics = append(in.Plan.Metrics, m)
	}
	r := source(1, 0)
	type row struct {
		side int
		pair
	}
	rows := make([]row, units)
	for i := range rows {
		n := int64(1 + r.IntN(20))
		rows[i] = row{i % 2, pair{n * int64(1000+r.IntN(1000)), n}}
	}
	add := func() {
		for i := range metrics {
			var sums [2]stats.Moments
			for _, u := range rows {
				sums[u.side].Add(u.x+int64(i), u.y)
			}
			for side, name := range names {
				in.Sums[name][fmt.Sprint("m", i)] = sums[side]
			}
		}
	}
	add()
	b.Run("from variant rows", func(b *testing.B) {
		for b.Loop() {
			analysis.Analyse(in)
		}
	})
	b.Run("from unit rows, adding up", func(b *testing.B) {
		for b.Loop() {
			add()
			analysis.Analyse(in)
		}
	})
}
