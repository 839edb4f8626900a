package store

import (
	"time"

	"github.com/weirhq/weir/internal/event"
)

// ScoreMetric is the metric under which the scores of a name from a source are
// counted in unit, variant and day rows. A name holds no colon; a source may.
func ScoreMetric(name, source string) string { return "score:" + name + ":" + source }

// Later reports whether s takes the place of earlier, a score of the same event,
// name and source: it was given later, not merely read later.
func Later(s, earlier *event.Score) bool {
	if !s.Time.Equal(earlier.Time) {
		return s.Time.After(earlier.Time)
	}
	return s.ID > earlier.ID
}

// ScoreSums is what a score adds to the rows of what its event counted for; the
// earlier score whose place it takes, if any, is taken out of them. The day is
// that of the exposure, so that a correction lands where the first word did.
// Sketches take no part: nothing can be taken out of them again.
//
// Engines do this within Apply, because only they know, at that time, which score
// is the earlier one and what the event counted for. A score without an exposure
// is kept and counts for nothing; it counts when the exposure comes, which over
// several replicas may be later.
func ScoreSums(s, earlier *event.Score, exposures []Exposure) (units []UnitDelta, days []DayRow) {
	v := Value{Metric: ScoreMetric(s.Name, s.Source), N: 1, Sum: s.Value}
	if earlier != nil {
		v.N, v.Sum = 0, v.Sum-earlier.Value
	}
	for _, x := range exposures {
		units = append(units, UnitDelta{UnitKey: x.UnitKey, Variant: x.Variant, First: x.Time, Values: []Value{v}})
		days = append(days, DayRow{
			Day: x.Time.UTC().Truncate(24 * time.Hour), Experiment: x.Experiment, Epoch: x.Epoch, Step: x.Step,
			Variant: x.Variant, Metric: v.Metric, N: v.N, Sum: v.Sum,
		})
	}
	return units, days
}
