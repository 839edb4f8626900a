package analysis

import (
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// Five thousand users take part and nobody has said a word of them: the one look
// is not spent on nothing. With words of 500 it waits; with those of 1,200 it rings.
func TestTheLookWaitsForOutcomes(t *testing.T) {
	m := metric.Score("solved", "feedback", metric.Rate, metric.Up)
	begun := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for said, want := range map[int64]bool{0: false, 500: false, 1200: true} {
		in := Input{
			Plan: Plan{Experiment: "e", Variants: twoVariants(), Primary: &Goal{Metric: m, Mode: Better}, Alpha: 0.05, Harm: 0.01, Power: 0.8,
				MinUnits: 1000, MinDays: 7, MaxDays: 35, Looks: 1},
			Times: Times{Started: begun, Now: begun.AddDate(0, 0, 8)}, Sums: map[string]map[string]stats.Moments{},
		}
		for _, v := range in.Plan.Variants {
			var all, some stats.Moments
			for i := range int64(5000) {
				all.Add(0, 1)
				if i < said {
					some.Add(i%2*1_000_000, 1)
				}
			}
			in.Sums[v.Name] = map[string]stats.Moments{Requests: all, m.Measure: some}
		}
		r := Analyse(in)
		if r.Clock.Rung != want || r.Clock.Units != said {
			t.Errorf("%d of 5,000 have an outcome: rung %t with %d units, %s", said, r.Clock.Rung, r.Clock.Units, r.Sentence)
		}
		if said == 500 && !strings.Contains(r.Sentence, "500 of 1,000 units in the smallest variant with an outcome on solved") {
			t.Errorf("it says %q", r.Sentence)
		}
	}
}
