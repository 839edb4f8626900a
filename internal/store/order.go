package store

import (
	"cmp"
	"strings"

	"github.com/weirhq/weir/internal/event"
)

// The order in which engines give rows: what a reader sees does not depend on
// the engine.

// CompareScores puts the newest first.
func CompareScores(a, b *event.Score) int {
	return cmp.Or(b.Time.Compare(a.Time), strings.Compare(b.ID, a.ID))
}

// CompareExposures orders by experiment, epoch, step and unit.
func CompareExposures(a, b Exposure) int { return a.UnitKey.Compare(b.UnitKey) }

// CompareLedger orders by hour, then by name.
func CompareLedger(a, b LedgerRow) int {
	return cmp.Or(a.Hour.Compare(b.Hour), texts(
		[...]string{a.Project, a.Route, a.Variant, a.Model, a.Key, a.Tags, a.Why},
		[...]string{b.Project, b.Route, b.Variant, b.Model, b.Key, b.Tags, b.Why}))
}

// CompareRollups orders by minute, then by name.
func CompareRollups(a, b Rollup) int {
	return cmp.Or(a.Minute.Compare(b.Minute), texts(
		[...]string{a.Project, a.Route, a.Variant, a.Model, 6: ""}, [...]string{b.Project, b.Route, b.Variant, b.Model, 6: ""}))
}

// CompareTraffic orders by hour, then by name.
func CompareTraffic(a, b TrafficRow) int {
	return cmp.Or(a.Hour.Compare(b.Hour), texts(
		[...]string{a.Project, a.Route, a.Variant, a.Model, a.Endpoint, 6: ""},
		[...]string{b.Project, b.Route, b.Variant, b.Model, b.Endpoint, 6: ""}))
}

// CompareDays orders by day, then by name.
func CompareDays(a, b DayRow) int {
	return cmp.Or(a.Day.Compare(b.Day), a.Key().VariantKey.Compare(b.Key().VariantKey))
}

// CompareSketches orders by name, then by bucket.
func CompareSketches(a, b SketchRow) int {
	return cmp.Or(a.Key().VariantKey.Compare(b.Key().VariantKey), cmp.Compare(a.Bucket, b.Bucket))
}

func texts(a, b [7]string) int {
	for i := range a {
		if c := strings.Compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}
