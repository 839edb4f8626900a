package simulate

import (
	"slices"
	"testing"

	"github.com/weirhq/weir/internal/stats"
)

// What is skipped far from the boundary would have stopped nothing: every look is
// taken here, by stats alone.
func TestPeekingSkipsNoStop(t *testing.T) {
	stops := 0
	for _, c := range []Config{
		{ICC: 0.3, Users: 60, Looks: Continuous, Effect: -0.2}, {Metric: ErrorRate, Level: 0.3, ICC: 0.3, Users: 60, Looks: Continuous},
		{Metric: Cost, ICC: 0.3, Users: 60, Looks: Continuous, BurnIn: 20},
	} {
		c.Requests, c.Seed = Count{Kind: Poisson, Mean: 4}, 1
		w := newWorker(c.Usual())
		for i := range 10 {
			f := w.replicate(i)
			fixed, sequence := everyLook(w)
			if f.fixed.stop != fixed || f.sequence.stop != sequence {
				t.Errorf("%s %d: stopped at %d and %d, by every look at %d and %d", c.Metric, i, f.fixed.stop, f.sequence.stop, fixed, sequence)
			}
			if fixed > 0 {
				stops++
			}
		}
	}
	if stops < 5 {
		t.Errorf("%d stops: nothing was tested", stops)
	}
}

func everyLook(w *worker) (fixed, sequence int) {
	slices.SortFunc(w.requests, byTime)
	users := make([]pair, len(w.users))
	for i, q := range w.requests {
		users[q.User].x += w.cfg.whole(q.Value)
		users[q.User].y++
		var sums [2]stats.Moments
		for u, p := range users {
			sums[u/w.cfg.Users].Add(p.x, p.y)
		}
		if least := int64(max(w.cfg.BurnIn, 2)); sums[0].Units < least || sums[1].Units < least {
			continue
		}
		e := stats.RatioDifference(sums[0], sums[1], w.cfg.Alpha, stats.TwoSided)
		s := stats.Sequential(e.Estimate, e.SE, sums[0].Units+sums[1].Units, w.cfg.Alpha, w.nStar())
		if fixed == 0 && e.Significant(w.cfg.Alpha) {
			fixed = i + 1
		}
		if sequence == 0 && e.Status == stats.OK && (s.Low > 0 || s.High < 0) {
			sequence = i + 1
		}
	}
	return fixed, sequence
}
