package store

import (
	"slices"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/metric"
)

// Later reports whether s takes the place of earlier, a score of the same event,
// name and source: it was given later, not merely read later. What was said twice
// under one id is said once, and what a browser says with a token never takes the
// place of what the application said with its key.
func Later(s, earlier *event.Score) bool {
	switch {
	case s.ID == earlier.ID && s.ID != "":
		return false
	case s.Token != earlier.Token:
		return earlier.Token
	}
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
	values := scoreValues(s, earlier)
	if len(values) == 0 {
		return nil, nil // a text has no value
	}
	for _, x := range exposures {
		units = append(units, UnitDelta{UnitKey: x.UnitKey, Variant: x.Variant, First: x.Time, Values: values})
		for _, v := range values {
			days = append(days, DayRow{
				Day: x.Time.UTC().Truncate(24 * time.Hour), Experiment: x.Experiment, Epoch: x.Epoch, Step: x.Step,
				Variant: x.Variant, Metric: v.Metric, N: v.N, Sum: v.Sum,
			})
		}
	}
	return units, days
}

// scoreValues is what the score adds less what the earlier one had added. A
// measure may be touched by one of the two only: a number that becomes a text.
func scoreValues(s, earlier *event.Score) []Value {
	var values []Value
	add := func(amounts []metric.Amount, sign int64) {
		for _, a := range amounts {
			at := slices.IndexFunc(values, func(v Value) bool { return v.Metric == a.Measure })
			if at < 0 {
				at = len(values)
				values = append(values, Value{Metric: a.Measure})
			}
			values[at].N += sign * a.Y
			values[at].Sum += sign * a.X
		}
	}
	add(metric.OfScore(s), 1)
	if earlier != nil {
		add(metric.OfScore(earlier), -1)
	}
	return slices.DeleteFunc(values, func(v Value) bool { return v.N == 0 && v.Sum == 0 })
}
