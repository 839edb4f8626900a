package record

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/store"
)

func TestSamplesAreNestedAndOfTheirSize(t *testing.T) {
	const units = 200_000
	var kept [4]int
	for n := range units {
		hash := experiment.Hash("", "user", fmt.Sprint(n))
		inside := true
		for level := range int64(4) {
			in := sampled(level, hash)
			if in && !inside {
				t.Fatalf("hash %x is in the sample of level %d and not in the one before", hash, level)
			}
			if inside = in; in {
				kept[level]++
			}
		}
	}
	for level, n := range kept {
		want := units / math.Pow(16, float64(level))
		if d := math.Abs(float64(n) - want); d > 5*math.Sqrt(want) {
			t.Errorf("level %d keeps %d, want about %.0f", level, n, want)
		}
	}
	if sampled(1<<40, math.MaxUint64) || !sampled(0, math.MaxUint64) || !sampled(1<<40, 0) {
		t.Error("the ends of the range")
	}
}

func TestUnitsBeyondTheCapAreSampled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, st := newDisk(), store.NewMemory()
		w := start(t, d.reopen(), st, func(c *Config) { c.Units, c.Batch = 1000, 100 })
		const units = 20_000
		for n := range units {
			e := exchange(n)
			e.Unit = fmt.Sprintf("%016x", uint64(n)*0x9e3779b97f4a7c15)
			d.Record(e)
			if n%100 == 99 {
				w.settled()
				time.Sleep(censusLeast) // it may count again
			}
		}
		w.settled()
		rows := unitsOf(t, st)
		// 1,000 counted whole, up to one batch more until that was known; from then on one in 16
		// up to 2,000 rows, which takes 16,000 units, and then one in 256.
		if n := len(rows); n < 1900 || n > 2300 {
			t.Errorf("%d unit rows of %d units", n, units)
		}
		if got := int(w.cfg.Counts.LeftOut.Value()) + len(rows); got != units {
			t.Errorf("left out and kept are %d, want %d", got, units)
		}
		if got := requests(t, st)["request"]; got != units {
			t.Errorf("the ledger has %d requests", got)
		}
		w.stopWell()

		// The next process finds the count in the store.
		w = start(t, d.reopen(), st, func(c *Config) { c.Units, c.Batch = 1000, 100 })
		for n := range 2000 {
			e := exchange(n)
			e.ID, e.Unit = fmt.Sprintf("late-%d", n), fmt.Sprintf("%016x", uint64(n+units)*0x9e3779b97f4a7c15)
			d.Record(e)
		}
		w.settled()
		more := len(unitsOf(t, st)) - len(rows)
		if more > 100+50 {
			t.Errorf("%d more rows of 2,000 units after a restart", more)
		}
		w.stopWell()
	})
}

// unitsOf gives all unit rows of the experiment, page by page.
func unitsOf(t *testing.T, st store.Store) (all []store.UnitRow) {
	t.Helper()
	var after store.UnitKey
	for {
		page := must[[]store.UnitRow](t)(st.UnitRows(t.Context(), "x", after, 500))
		if len(page) == 0 {
			return all
		}
		all, after = append(all, page...), page[len(page)-1].UnitKey
	}
}

func TestUnitRowsAreCountedByEpoch(t *testing.T) {
	rows := []store.VariantRow{}
	add := func(epoch, step int, variant, metric string, units int64) {
		r := store.VariantRow{Experiment: "x", Epoch: epoch, Step: step, Variant: variant, Metric: metric}
		r.Units = units
		rows = append(rows, r)
	}
	add(1, 1, "a", "error", 10)
	add(1, 1, "a", "cost", 7)
	add(1, 1, "b", "error", 11)
	add(1, 2, "a", "error", 5)
	add(2, 1, "a", "error", 3)
	same(t, "the count", unitRows(rows), map[int]int64{1: 26, 2: 3})
}

func TestWhenUnitsAreCounted(t *testing.T) {
	now := noon
	c := newUnitCap(100, func() time.Time { return now })
	k := epochKey{"x", 1}
	if len(c.due()) != 0 {
		t.Error("nothing is known and something is due")
	}
	c.admit(k, 0)
	if !c.due()["x"] {
		t.Error("a new experiment is not counted")
	}
	c.counted("x", nil)
	for range 99 {
		c.admit(k, 0)
	}
	if now = now.Add(time.Minute); c.due()["x"] {
		t.Error("counted although the cap cannot be reached")
	}
	c.admit(k, 0)
	if !c.due()["x"] {
		t.Error("not counted although the cap may be reached")
	}
	row := store.VariantRow{Experiment: "x", Epoch: 1, Variant: "a", Metric: "error"}
	row.Units = 99
	c.counted("x", []store.VariantRow{row})
	c.admit(k, 0)
	if c.due()["x"] {
		t.Error("counted twice within ten seconds")
	}
	if now = now.Add(censusLeast); !c.due()["x"] {
		t.Error("not counted when it may be")
	}
	c.counted("x", []store.VariantRow{row})
	if now = now.Add(2 * censusKept); c.due()["x"] || len(c.epochs) != 0 {
		t.Error("an experiment that ended is not forgotten")
	}
}

func TestCountingUnitsThatFailsStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, fails := newDisk(), switched(true)
		st := &wrapped{Store: store.NewMemory()}
		st.variants = func() error {
			if fails.Load() {
				return errInjected
			}
			return nil
		}
		w := start(t, d.reopen(), st, nil)
		for n := range 100 {
			d.Record(exchange(n))
			time.Sleep(time.Second)
		}
		if got := requests(t, st)["request"]; got < 90 {
			t.Errorf("%d requests are in the store", got)
		}
		fails.Store(false)
		w.settled()
		w.stopWell()
	})
}
