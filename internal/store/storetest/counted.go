package storetest

import (
	"testing"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// seen is a delta of requests.
func seen(n int, variant string, requests int64, values ...store.Value) store.UnitDelta {
	d := delta(n, variant, values...)
	d.Requests = requests
	return d
}

// byHand is a delta of a request that was sent to a variant by hand.
func byHand(n int, variant string) store.UnitDelta {
	d := delta(n, variant)
	d.LeaveOut = true
	return d
}

// sumsOf are those of one variant row, of nothing when there is none.
func sumsOf(t *testing.T, s SumStore, variant, metric string) store.VariantRow {
	t.Helper()
	for _, row := range must[[]store.VariantRow](t)(s.VariantRows(t.Context(), "x")) {
		if row.Variant == variant && row.Metric == metric {
			return row
		}
	}
	return variantRow(variant, metric)
}

var countedCases = []test[SumStore]{
	{"units with a hit are counted", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Units: []store.UnitDelta{
			seen(1, "a", 2, value("error", 2, 1)), seen(2, "a", 1, value("error", 1, 0)), seen(3, "a", 5, value("error", 5, 5)),
		}})
		if row := sumsOf(t, s, "a", "error"); row.Units != 3 || row.Hits != 2 {
			t.Errorf("%d units, %d with a hit", row.Units, row.Hits)
		}
		f.apply(t, &store.Batch{Units: []store.UnitDelta{seen(1, "a", 1, value("error", 1, 1)), seen(2, "a", 1, value("error", 1, 1)), seen(3, "a", 0, value("error", 0, -5))}})
		if row := sumsOf(t, s, "a", "error"); row.Units != 3 || row.Hits != 2 {
			t.Errorf("then %d units, %d with a hit", row.Units, row.Hits)
		}
	}},
	{"a unit that is seen in another variant counts for the first, and is counted as such", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Units: []store.UnitDelta{seen(1, "a", 1, value("m", 1, 1)), seen(1, "b", 2, value("m", 2, 2)), seen(2, "a", 1, value("m", 1, 1))}})
		f.apply(t, &store.Batch{Units: []store.UnitDelta{seen(1, "b", 3, value("m", 3, 3)), seen(1, "a", 1, value("m", 1, 1)), delta(2, "b", value("score:q:judge", 1, 5))}})
		wantVariants(t, s, variantRow("a", "m", [2]int64{7, 7}, [2]int64{1, 1}), variantRow("a", store.OtherVariant, [2]int64{1, 5}),
			variantRow("a", "score:q:judge", [2]int64{1, 5})) // what is said of a request is no request
		wantRecomputed(t, s)
	}},
	{"a unit that was sent somewhere by hand does not count, before or after", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{
			Units:     []store.UnitDelta{seen(1, "a", 1, value("m", 1, 1)), seen(2, "a", 1, value("m", 1, 2)), byHand(3, "b")},
			Exposures: []store.Exposure{exposure(1, 1, "x")},
		})
		f.apply(t, &store.Batch{Units: []store.UnitDelta{byHand(1, "b"), seen(1, "a", 1, value("m", 1, 9)), seen(3, "a", 1, value("m", 1, 9)), byHand(3, "b")}})
		f.apply(t, &store.Batch{Scores: []*event.Score{score(1, 1, "stars", "feedback", 5)}})
		wantVariants(t, s, variantRow("a", store.LeftOut, [2]int64{1, 0}), variantRow("a", "m", [2]int64{1, 2}), variantRow("b", store.LeftOut, [2]int64{1, 0}))
		wantRecomputed(t, s)
		if found := must[[]store.Difference](t)(s.Rebuild(t.Context())); len(found) != 0 {
			t.Errorf("a rebuild differs: %+v", found)
		}
		out := map[string]bool{}
		for _, row := range allUnits(t, s, "x") {
			out[row.Unit] = row.LeftOut()
		}
		equal(t, "left out", out, map[string]bool{unit(1): true, unit(2): false, unit(3): true})
	}},
	{"a thumb counts among requests and among thumbs", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{
			Units: []store.UnitDelta{
				seen(1, "a", 2, value("thumbs_response", 2, 0), value("thumbs_down", 2, 0)), seen(2, "a", 1, value("thumbs_response", 1, 0), value("thumbs_down", 1, 0)),
			},
			Exposures: []store.Exposure{exposure(1, 1, "x"), exposure(2, 2, "x")},
		})
		const up, down = 1_000_000, 0
		f.apply(t, &store.Batch{Scores: []*event.Score{score(1, 1, "thumbs", "feedback", up), score(2, 2, "thumbs", "feedback", down)}})
		wantVariants(t, s, variantRow("a", "score:thumbs:feedback", [2]int64{1, up}, [2]int64{1, 0}), variantRow("a", "thumbs_down", [2]int64{2, 0}, [2]int64{1, 1}),
			variantRow("a", "thumbs_response", [2]int64{2, 1}, [2]int64{1, 1}), variantRow("a", "thumbs_up", [2]int64{1, 1}, [2]int64{1, 0}))
		text := score(4, 2, "thumbs", "feedback", 0)
		text.Type, text.Text = event.TypeText, "so so"
		f.apply(t, &store.Batch{Scores: []*event.Score{score(3, 1, "thumbs", "feedback", down), text}})
		wantVariants(t, s, variantRow("a", "score:thumbs:feedback", [2]int64{1, 0}), variantRow("a", "thumbs_down", [2]int64{2, 1}, [2]int64{1, 0}),
			variantRow("a", "thumbs_response", [2]int64{2, 1}, [2]int64{1, 1}), variantRow("a", "thumbs_up", [2]int64{1, 0}))
		wantRecomputed(t, s)
	}},
	{"a conversation goes on once", func(t *testing.T, s SumStore) {
		f := &feed{s: s}
		f.apply(t, &store.Batch{Units: []store.UnitDelta{seen(1, "a", 2, value("continuation", 2, 0))}, Exposures: []store.Exposure{exposure(1, 1, "x")}})
		for n := range 3 {
			f.apply(t, &store.Batch{Scores: []*event.Score{score(n, 1, "continued", "weir", 1_000_000)}})
		}
		wantVariants(t, s, variantRow("a", "continuation", [2]int64{2, 1}))
	}},
}
