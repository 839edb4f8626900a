package storetest

import (
	"testing"
	"time"

	"github.com/weirhq/weir/internal/store"
)

func look(hours int, variant string) store.Look {
	return store.Look{
		Experiment: "x", Epoch: 1, Time: Start.Add(time.Duration(hours) * time.Hour), Variant: variant, Metric: "error_rate",
		Units: int64(1000 + hours), Estimate: 0.1 / 3, Low: -1e-300, High: float64(hours) / 7,
	}
}

var lookCases = []test[store.Store]{
	{"looks come back as they were, oldest first", func(t *testing.T, s store.Store) {
		other, epoch := look(1, "b"), look(1, "b")
		other.Experiment, epoch.Epoch = "y", 2
		again := look(2, "b")
		again.Units = 7
		for _, l := range []store.Look{look(2, "b"), look(1, "c"), other, look(1, "b"), epoch, look(0, "b"), again} {
			if err := s.AddLook(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
		equal(t, "looks", must[[]store.Look](t)(s.Looks(t.Context(), "x", 1)), []store.Look{look(0, "b"), look(1, "b"), look(1, "c"), again})
		equal(t, "of the next epoch", must[[]store.Look](t)(s.Looks(t.Context(), "x", 2)), []store.Look{epoch})
		if found := must[[]store.Look](t)(s.Looks(t.Context(), "nobody", 1)); len(found) > 0 {
			t.Errorf("of an experiment that nobody knows: %v", found)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
	}},
	{"looks go with roll-ups", func(t *testing.T, s store.Store) {
		for hours := range 10 {
			if err := s.AddLook(t.Context(), look(hours, "b")); err != nil {
				t.Fatal(err)
			}
		}
		now := Start.Add(20 * time.Hour)
		if n := retain(t, s, store.Retention{Events: time.Hour}, now, 3); n != 0 {
			t.Errorf("%d rows were deleted with events", n)
		}
		if n := retain(t, s, store.Retention{Rollups: 14 * time.Hour}, now, 3); n != 6 {
			t.Errorf("%d rows were deleted", n)
		}
		if found := must[[]store.Look](t)(s.Looks(t.Context(), "x", 1)); len(found) != 4 || found[0] != look(6, "b") {
			t.Errorf("left: %+v", found)
		}
	}},
}
