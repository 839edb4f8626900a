package record

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// unitCap bounds the unit rows of an experiment's epoch. Ids of units come from
// callers, so without a bound one of them could fill the disk with users that do
// not exist.
//
// Up to the cap every unit counts. From then on one in 16 does, past twice the
// cap one in 256, and so on: the number of rows grows with the logarithm of what
// comes. Which units count is told by the hash of the unit alone, the same for
// all variants, replicas and restarts, so those left out differ in nothing from
// those kept. A unit that counted before and is not in the sample stops growing.
//
// How many rows there are is asked of the store now and then. In between, each
// delta that was admitted may have made a row, which bounds them from above.
type unitCap struct {
	most   int64
	now    func() time.Time
	epochs map[epochKey]*census
}

type epochKey struct {
	experiment string
	epoch      int
}

// census is what is known of the rows of one epoch.
type census struct {
	rows  int64     // when the store was last asked
	fresh int64     // admitted since
	asked time.Time // zero: never
}

// How often the store is asked: not within the first while of the last time, and
// at least every second one, since other replicas write too.
const (
	censusLeast = 10 * time.Second
	censusMost  = 5 * time.Minute
	censusKept  = 24 * time.Hour // an epoch that has had no request for so long is forgotten
)

func newUnitCap(most int64, now func() time.Time) *unitCap {
	return &unitCap{most: most, now: now, epochs: map[epochKey]*census{}}
}

// admit reports whether a unit counts.
func (c *unitCap) admit(k epochKey, hash uint64) bool {
	s := c.epochs[k]
	if s == nil {
		s = &census{}
		c.epochs[k] = s
	}
	if !sampled(s.rows/c.most, hash) {
		return false
	}
	s.fresh++
	return true
}

// sampled reports whether a hash is in the sample of one in 16^level. Samples
// are nested: who is in a smaller one is in all greater ones. The top bits
// decide; the lowest choose the unit's cluster, and have nothing to do with them.
func sampled(level int64, hash uint64) bool {
	return hash <= uint64(math.MaxUint64)>>(4*min(max(level, 0), 15))
}

// due lists the experiments whose rows should be counted now.
func (c *unitCap) due() map[string]bool {
	now, list := c.now(), map[string]bool{}
	for k, s := range c.epochs {
		age := now.Sub(s.asked)
		mayCross := s.rows+s.fresh >= (s.rows/c.most+1)*c.most
		switch {
		case s.asked.IsZero(), mayCross && age >= censusLeast, s.fresh > 0 && age >= censusMost:
			list[k.experiment] = true
		case age >= censusKept:
			delete(c.epochs, k)
		}
	}
	return list
}

// counted takes in what the store has of an experiment.
func (c *unitCap) counted(name string, rows []store.VariantRow) {
	count := unitRows(rows)
	now := c.now()
	for k, s := range c.epochs {
		if k.experiment == name {
			s.rows, s.fresh, s.asked = count[k.epoch], 0, now
		}
	}
}

// unitRows counts the unit rows by epoch. A unit has a value of the metric that
// every request has (`error`), so the metric with the most units tells; one that
// is left out has no more than that.
func unitRows(rows []store.VariantRow) map[int]int64 {
	type part struct {
		epoch, step int
		variant     string
	}
	most, count := map[part]int64{}, map[int]int64{}
	for i := range rows {
		r := &rows[i]
		if r.Metric == store.LeftOut {
			count[r.Epoch] += r.Units
			continue
		}
		k := part{r.Epoch, r.Step, r.Variant}
		most[k] = max(most[k], r.Units)
	}
	for k, n := range most {
		count[k.epoch] += n
	}
	return count
}

// countUnits asks the store how many units there are, where that is due. What
// cannot be counted now is counted later.
func (w *Writer) countUnits(ctx context.Context, st store.Store) error {
	for name := range w.prep.units.due() {
		var rows []store.VariantRow
		err := w.call(ctx, func(ctx context.Context) (err error) {
			rows, err = st.VariantRows(ctx, name)
			return err
		})
		if err != nil {
			w.cfg.Counts.Failures.Inc()
			return fmt.Errorf("count the units of experiment %q: %w", name, err)
		}
		w.prep.units.counted(name, rows)
	}
	return nil
}
