package storetest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// Sums tries what reports read.
func Sums(t *testing.T, open func(*testing.T) SumStore) {
	cases(t, open, sumCases)
	cases(t, open, scoreCases)
	cases(t, open, countedCases)
}

func unitKey(n int) store.UnitKey {
	return store.UnitKey{Experiment: "x", Epoch: 1, Step: 2, UnitKind: "user", Unit: unit(n)}
}

func delta(n int, variant string, values ...store.Value) store.UnitDelta {
	return store.UnitDelta{UnitKey: unitKey(n), Variant: variant, First: Start, Values: values}
}

func value(metric string, n, sum int64) store.Value {
	return store.Value{Metric: metric, N: n, Sum: sum}
}

// moments are those of units with these (n, sum).
func moments(values ...[2]int64) (m stats.Moments) {
	for _, v := range values {
		m.Add(v[1], v[0])
	}
	return m
}

func variantRow(variant, metric string, values ...[2]int64) store.VariantRow {
	return store.VariantKey{Experiment: "x", Epoch: 1, Step: 2, Variant: variant, Metric: metric}.Row(moments(values...))
}

func wantVariants(t *testing.T, s SumStore, want ...store.VariantRow) {
	t.Helper()
	equal(t, "variant rows", must[[]store.VariantRow](t)(s.VariantRows(t.Context(), "x")), want)
}

// allUnits reads all unit rows by small pages, in order of their keys.
func allUnits(t *testing.T, s SumStore, experiment string) (rows []store.UnitRow) {
	t.Helper()
	var after store.UnitKey
	for {
		page := must[[]store.UnitRow](t)(s.UnitRows(t.Context(), experiment, after, 7))
		rows = append(rows, page...)
		if len(page) < 7 {
			break
		}
		after = page[6].UnitKey
	}
	slices.SortFunc(rows, func(a, b store.UnitRow) int { return a.UnitKey.Compare(b.UnitKey) })
	return rows
}

var sumCases = []test[SumStore]{
	{"unit rows are added up and variant rows follow", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Units: []store.UnitDelta{
			delta(1, "a", value("cost", 1, 10), value("errors", 1, 0)), delta(2, "a", value("cost", 1, 20)), delta(3, "b", value("cost", 2, 5)),
		}})
		wantVariants(t, s, variantRow("a", "cost", [2]int64{1, 10}, [2]int64{1, 20}), variantRow("a", "errors", [2]int64{1, 0}),
			variantRow("b", "cost", [2]int64{2, 5}))
		f.apply(t, &store.Batch{Units: []store.UnitDelta{
			delta(1, "a", value("cost", 1, -3)), delta(1, "a", value("latency", 1, 1<<40)), delta(3, "b", value("cost", 0, 0)), delta(2, "a"),
		}})
		wantVariants(t, s, variantRow("a", "cost", [2]int64{2, 7}, [2]int64{1, 20}), variantRow("a", "errors", [2]int64{1, 0}),
			variantRow("a", "latency", [2]int64{1, 1 << 40}), variantRow("b", "cost", [2]int64{2, 5}))
		rows := allUnits(t, s, "x")
		if len(rows) != 3 {
			t.Fatalf("%d unit rows", len(rows))
		}
		want := []store.Value{value("cost", 2, 7), value("errors", 1, 0), value("latency", 1, 1<<40)}
		at := slices.IndexFunc(rows, func(r store.UnitRow) bool { return r.Unit == unit(1) })
		equal(t, "values", rows[at].Values, want)
	}},
	{"what a unit was first seen with stays", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		first := delta(1, "a", value("cost", 1, 1))
		first.Segments = []string{"eu", "", "déjà"}
		f.apply(t, &store.Batch{Units: []store.UnitDelta{first}})
		later := delta(1, "b", value("cost", 1, 1))
		later.First, later.Segments = Start.Add(-time.Hour+7), []string{"us"}
		f.apply(t, &store.Batch{Units: []store.UnitDelta{later}})
		equal(t, "unit rows", allUnits(t, s, "x"), []store.UnitRow{{
			UnitKey: unitKey(1), Variant: "a", First: later.First, Segments: first.Segments, Values: []store.Value{value("cost", 2, 2)},
		}})
		wantVariants(t, s, variantRow("a", "cost", [2]int64{2, 2}))
	}},
	{"experiments, epochs and steps are kept apart", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		one, two, three, four := delta(1, "a", value("m", 1, 1)), delta(1, "a", value("m", 1, 2)), delta(1, "b", value("m", 1, 3)), delta(1, "a", value("m", 1, 4))
		two.Epoch, three.Step, four.Experiment = 2, 3, "y"
		f.apply(t, &store.Batch{Units: []store.UnitDelta{one, two, three, four}})
		if rows := allUnits(t, s, "x"); len(rows) != 3 {
			t.Errorf("%d unit rows of x", len(rows))
		}
		if rows := must[[]store.VariantRow](t)(s.VariantRows(t.Context(), "y")); len(rows) != 1 || rows[0].Moments != moments([2]int64{1, 4}) {
			t.Errorf("variant rows of y: %+v", rows)
		}
		if rows := must[[]store.VariantRow](t)(s.VariantRows(t.Context(), "x")); len(rows) != 3 {
			t.Errorf("%d variant rows of x", len(rows))
		}
	}},
	{"unit rows come in pages, each once", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		b := &store.Batch{}
		for n := range 50 {
			d := delta(n, "a", value("m", 1, int64(n)))
			d.UnitKind, d.Epoch = pick(n, "user", "session"), n%3
			b.Units = append(b.Units, d)
		}
		f.apply(t, b)
		rows := allUnits(t, s, "x")
		if n := len(slices.CompactFunc(slices.Clone(rows), func(a, b store.UnitRow) bool { return a.UnitKey == b.UnitKey })); n != 50 || len(rows) != 50 {
			t.Errorf("%d rows, %d different", len(rows), n)
		}
		if rows := must[[]store.UnitRow](t)(s.UnitRows(t.Context(), "nobody", store.UnitKey{}, 0)); len(rows) != 0 {
			t.Errorf("%d rows of an experiment that is not there", len(rows))
		}
	}},
	{"days and sketches are added up", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		day := func(n int, metric string, count, sum int64) store.DayRow {
			return store.DayRow{Day: time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC), Experiment: "x", Epoch: 1, Variant: "a", Metric: metric, N: count, Sum: sum}
		}
		bucket := func(n int, values ...float64) store.SketchRow {
			return store.SketchRow{Experiment: "x", Step: 1, Variant: "a", Metric: "ttft", Bucket: n, Sketch: sketch(t, values...)}
		}
		f.apply(t, &store.Batch{Days: []store.DayRow{day(2, "m", 1, 2), day(1, "m", 3, 4), day(1, "a", 5, 6), day(1, "m", 1, 1)},
			Sketches: []store.SketchRow{bucket(127, 1), bucket(0, 2), bucket(127, 4)}})
		f.apply(t, &store.Batch{Days: []store.DayRow{day(1, "m", 1, -9)}, Sketches: []store.SketchRow{bucket(0, 0.5)}})
		equal(t, "days", must[[]store.DayRow](t)(s.DayRows(t.Context(), "x")), []store.DayRow{day(1, "a", 5, 6), day(1, "m", 5, -4), day(2, "m", 1, 2)})
		equal(t, "sketches", must[[]store.SketchRow](t)(s.SketchRows(t.Context(), "x")), []store.SketchRow{bucket(0, 2, .5), bucket(127, 1, 4)})
		if rows := must[[]store.DayRow](t)(s.DayRows(t.Context(), "y")); len(rows) > 0 {
			t.Errorf("days of another experiment: %v", rows)
		}
	}},
	{"exposures", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		one, other := exposure(1, 1, "x"), exposure(1, 1, "y")
		f.apply(t, &store.Batch{Exposures: []store.Exposure{one, other}})
		again := one
		again.Variant = "b"
		f.apply(t, &store.Batch{Exposures: []store.Exposure{again}})
		got := must[[]store.Exposure](t)(s.Exposure(t.Context(), one.RequestID))
		equal(t, "exposures", got, []store.Exposure{one, other})
		if _, err := s.Exposure(t.Context(), Event(2).ID); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a request that counted for nothing: %v", err)
		}
	}},
	{"nothing to rebuild", func(t *testing.T, s SumStore) {
		if found := must[[]store.Difference](t)(s.Rebuild(t.Context())); len(found) != 0 {
			t.Errorf("of nothing: %+v", found)
		}
		f := &feed{s: s}
		r := rand.New(rand.NewPCG(5, 6))
		for range 5 {
			f.apply(t, Random(r, 20))
		}
		if found := must[[]store.Difference](t)(s.Rebuild(t.Context())); len(found) != 0 {
			t.Errorf("%+v", found)
		}
	}},
}

// exposure says that request n counted for a unit.
func exposure(n, of int, experiment string) store.Exposure {
	x := store.Exposure{RequestID: Event(n).ID, Time: Event(n).Time, UnitKey: unitKey(of), Variant: "a"}
	x.Experiment = experiment
	return x
}

// Rebuild tries that a difference is found and mended. tamper changes the stored
// moments of a variant row behind the store's back, or deletes the row.
func Rebuild(t *testing.T, s SumStore, tamper func(t *testing.T, k store.VariantKey, m *stats.Moments)) {
	f := &feed{s: s}
	f.apply(t, &store.Batch{Units: []store.UnitDelta{delta(1, "a", value("cost", 1, 10)), delta(2, "b", value("cost", 1, 20)), delta(3, "c", value("cost", 1, 30))}})
	right := []store.VariantRow{variantRow("a", "cost", [2]int64{1, 10}), variantRow("b", "cost", [2]int64{1, 20}), variantRow("c", "cost", [2]int64{1, 30})}
	wantVariants(t, s, right...)
	wrong := moments([2]int64{1, 11})
	tamper(t, right[0].Key(), &wrong)
	tamper(t, right[1].Key(), nil)
	ghost := variantRow("ghost", "cost")
	tamper(t, ghost.Key(), &wrong)
	found := must[[]store.Difference](t)(s.Rebuild(t.Context()))
	equal(t, "differences", found, []store.Difference{
		{Before: right[0].Key().Row(wrong), After: right[0]}, {Before: right[1].Key().Row(stats.Moments{}), After: right[1]},
		{Before: ghost.Key().Row(wrong), After: ghost},
	})
	wantVariants(t, s, right...)
	if found := must[[]store.Difference](t)(s.Rebuild(t.Context())); len(found) != 0 {
		t.Errorf("a second time: %+v", found)
	}
	older := right[0].Moments
	older.Hits = 0 // as rows were before hits were counted
	tamper(t, right[0].Key(), &older)
	found = must[[]store.Difference](t)(s.Rebuild(t.Context()))
	equal(t, "an older row", found, []store.Difference{{Before: right[0].Key().Row(older), After: right[0]}})
	wantVariants(t, s, right...)
}

var scoreCases = []test[SumStore]{
	{"a score counts for what its event counted for", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Exposures: []store.Exposure{exposure(1, 1, "x")}, Scores: []*event.Score{score(1, 1, "stars", "feedback", 5), score(2, 2, "stars", "feedback", 7)}})
		measure := metric.ScoreMeasure("stars", "feedback")
		wantVariants(t, s, variantRow("a", measure, [2]int64{1, 5}))
		f.apply(t, &store.Batch{Exposures: []store.Exposure{exposure(3, 1, "x")}, Scores: []*event.Score{score(3, 3, "stars", "feedback", 10), score(4, 1, "stars", "judge:q", 3)}})
		wantVariants(t, s, variantRow("a", measure, [2]int64{2, 15}), variantRow("a", metric.ScoreMeasure("stars", "judge:q"), [2]int64{1, 3}))
		wantDay(t, s, measure, 2, 15)
	}},
	{"a corrected score takes the old one out", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Exposures: []store.Exposure{exposure(1, 1, "x"), exposure(2, 2, "x")},
			Scores: []*event.Score{score(1, 1, "stars", "feedback", 5), score(2, 2, "stars", "feedback", -7)}})
		f.apply(t, &store.Batch{Scores: []*event.Score{score(4, 1, "stars", "feedback", 11), score(4, 1, "stars", "feedback", 11), score(3, 1, "stars", "feedback", 99)}})
		measure := metric.ScoreMeasure("stars", "feedback")
		wantVariants(t, s, variantRow("a", measure, [2]int64{1, 11}, [2]int64{1, -7}))
		wantDay(t, s, measure, 2, 4)
	}},
	{"a score that came before the exposure counts once it comes", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Scores: []*event.Score{score(1, 1, "stars", "feedback", 5)}})
		f.apply(t, &store.Batch{Scores: []*event.Score{score(2, 1, "stars", "feedback", 6)}})
		wantVariants(t, s)
		f.apply(t, &store.Batch{Exposures: []store.Exposure{exposure(1, 1, "x")}})
		f.apply(t, &store.Batch{Exposures: []store.Exposure{exposure(1, 1, "x")}})
		measure := metric.ScoreMeasure("stars", "feedback")
		wantVariants(t, s, variantRow("a", measure, [2]int64{1, 6}))
		wantDay(t, s, measure, 1, 6)
	}},
	{"variant rows are what unit rows come to, whatever happens", func(t *testing.T, s SumStore) {
		r := rand.New(rand.NewPCG(1, 2))
		f := &feed{s: s}
		for range 30 {
			f.apply(t, Random(r, 20))
			wantRecomputed(t, s)
		}
	}},
}

func wantDay(t *testing.T, s SumStore, metric string, n, sum int64) {
	t.Helper()
	for _, row := range must[[]store.DayRow](t)(s.DayRows(t.Context(), "x")) {
		if row.Metric == metric {
			equal(t, "day", row, store.DayRow{Day: Start.Truncate(24 * time.Hour), Experiment: "x", Epoch: 1, Step: 2, Variant: "a", Metric: metric, N: n, Sum: sum})
			return
		}
	}
	t.Errorf("no day row of %s", metric)
}

// countedOf is what a unit's row counts with: of one that is left out, only that it is.
func countedOf(row *store.UnitRow) []store.Value {
	for _, v := range row.Values {
		if v.Metric == store.LeftOut {
			return []store.Value{v}
		}
	}
	return row.Values
}

// wantRecomputed adds the unit rows up anew, the slow way.
func wantRecomputed(t *testing.T, s SumStore) {
	t.Helper()
	for _, experiment := range Experiments {
		computed := map[store.VariantKey]stats.Moments{}
		for _, row := range allUnits(t, s, experiment) {
			for _, v := range countedOf(&row) {
				k := store.VariantKey{Experiment: row.Experiment, Epoch: row.Epoch, Step: row.Step, Variant: row.Variant, Metric: v.Metric}
				m := computed[k]
				m.Add(v.Sum, v.N)
				computed[k] = m
			}
		}
		for _, row := range must[[]store.VariantRow](t)(s.VariantRows(t.Context(), experiment)) {
			if computed[row.Key()] != row.Moments {
				t.Fatalf("%+v\nis kept, but the unit rows say\n%+v", row, computed[row.Key()])
			}
			delete(computed, row.Key())
		}
		for k, m := range computed {
			if m != (stats.Moments{}) {
				t.Fatalf("no variant row for %+v: %+v", k, m)
			}
		}
	}
}
