package simulate

import (
	"math"

	"github.com/weirhq/weir/internal/stats"
)

// peek is what came of looking again and again.
type peek struct {
	stop   int  // number of the look that would have stopped the experiment, from 1; 0: none
	looks  int  // that were due
	covers bool // the interval of every look held the truth; of the sequence
}

// peek looks while requests come in: with the fixed test, which allows one look,
// and with the confidence sequence, which allows them all.
//
// Nearly all looks are far from the boundary. There floats are good enough to see
// that; near it stats decides, as it would for a report.
func (w *worker) peek(f *found) {
	clear(w.users)
	var sums [2]stats.Moments
	burnIn := int64(max(w.cfg.BurnIn, 2))
	_, truth := w.cfg.truth()
	truth /= w.scale()
	f.sequence.covers = true
	for i, q := range w.requests {
		u, side := &w.users[q.User], sideOf(q)
		sums[side].Remove(u.x, u.y)
		u.x += w.cfg.whole(q.Value)
		u.y++
		sums[side].Add(u.x, u.y)
		if !w.due(i) {
			continue
		}
		f.fixed.looks++
		f.sequence.looks = f.fixed.looks
		if sums[0].Units < burnIn || sums[1].Units < burnIn {
			continue
		}
		difference, se := roughly(sums)
		if !(se > 0) {
			continue
		}
		w.look(f, sums, difference, se, truth)
	}
}

// due tells whether there is a look after a request: the last is the last request.
func (w *worker) due(i int) bool {
	n, looks := len(w.requests), w.cfg.Looks
	return looks == Continuous || (i+1)*looks/n > i*looks/n
}

// scale is what 1 of the sums is worth in the terms of truth.
func (w *worker) scale() float64 {
	if s := w.plan.Primary.Metric.Scale; s > 0 {
		return s
	}
	return 1
}

// nearly is the part of a boundary from which on stats is asked. Floats are off by
// far less, and Student's boundary is beyond the normal one.
const nearly = 0.9999

func (w *worker) look(f *found, sums [2]stats.Moments, difference, se, truth float64) {
	units := sums[0].Units + sums[1].Units
	width := nearly * w.widths[units] * se
	fixed := f.fixed.stop == 0 && math.Abs(difference) > nearly*stats.NormalCritical(w.cfg.Alpha, stats.TwoSided)*se
	stops := f.sequence.stop == 0 && math.Abs(difference) > width
	misses := f.sequence.covers && math.Abs(difference-truth) > width
	if !fixed && !stops && !misses {
		return
	}
	e := stats.RatioDifference(sums[0], sums[1], w.cfg.Alpha, stats.TwoSided)
	if e.Status != stats.OK {
		return
	}
	if f.fixed.stop == 0 && e.P < w.cfg.Alpha {
		f.fixed.stop = f.fixed.looks
	}
	s := stats.Sequential(e.Estimate, e.SE, units, w.cfg.Alpha, w.nStar())
	if f.sequence.stop == 0 && (s.Low > 0 || s.High < 0) {
		f.sequence.stop = f.sequence.looks
	}
	if truth < s.Low || truth > s.High {
		f.sequence.covers = false
	}
}

// roughly is the difference of ratios and its standard error, in floats.
func roughly(sums [2]stats.Moments) (difference, se float64) {
	var v float64
	for side, m := range sums {
		k, x, y := float64(m.Units), m.X.Float(), m.Y.Float()
		r := x / y
		v += max(0, m.XX.Float()-2*r*m.XY.Float()+r*r*m.YY.Float()) * k / (k - 1) / y / y
		difference += r * float64(2*side-1)
	}
	return difference, math.Sqrt(v)
}
