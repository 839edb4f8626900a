package analysis

import (
	"math"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// compareShares compares shares of units that have one observation each: the
// pooled z or Fisher's exact test, and Newcombe's interval. A unit that repeats
// itself needs its clusters, and does not come here, unless nothing varies: as
// when no request of either variant fails.
func compareShares(m metric.Metric, a, b value, alpha float64) numbers {
	na, nb, each := a.n, b.n, "one observation each"
	sa, sb := successes(m, a), successes(m, b)
	if a.repeat || b.repeat {
		na, nb, sa, sb, each = a.units, b.units, a.hits, b.hits, "observations that are all alike"
	}
	e := stats.TwoProportions(sa, na, sb, nb, alpha).Effect()
	n := numbers{abs: e, rel: stats.RatioRelative(a.moments, b.moments, alpha, stats.TwoSided), p: e.P, log10: e.Log10P}
	n.method = "pooled z or Fisher's exact test; Newcombe's interval (units have " + each + ")"
	return n
}

// uniform reports that all observations of a rate came out alike, of each unit and
// of all of them. Clusters have no variance then, though a rate has: each unit
// counts once, as one that always or never does.
func (v value) uniform() bool {
	return v.reason == "" && v.units > 1 && v.se == 0 && (v.hits == 0 && v.est == 0 || v.hits == v.units && v.est == 1)
}

// successes are the units whose observation was a hit; scores of 0 and 1 are kept
// in micro-units.
func successes(m metric.Metric, v value) int64 {
	return int64(math.Round(v.moments.X.Float() * scaleOf(m)))
}

// interval is where the metric of one variant lies, with confidence 1 - alpha: at
// the look the fixed interval, before it one that holds at all looks.
func (v value) interval(m metric.Metric, alpha, nStar float64, fixed bool) (low, high float64, method string) {
	if v.reason != "" || math.IsNaN(v.est) || math.IsNaN(v.se) {
		return math.NaN(), math.NaN(), ""
	}
	if fixed && m.Kind == metric.Rate && !v.repeat {
		w := stats.Proportion(successes(m, v), v.n, alpha).Wilson
		return w.Low, w.High, "Wilson's interval"
	}
	if fixed && m.Kind == metric.Rate && v.uniform() {
		w := stats.Proportion(v.hits, v.units, alpha).Wilson
		return w.Low, w.High, "Wilson's interval of units"
	}
	est, se := v.est, v.se
	if m.Kind == metric.Geometric {
		est, se = math.Log(v.est), v.logSE
	}
	var i stats.Interval
	if fixed {
		i, method = stats.StudentEffect(est, se, float64(v.units-1), alpha, stats.TwoSided).Interval, "by unit, Student's interval"
	} else {
		i, method = stats.ConfidenceSequence(est, se, v.units, alpha, nStar/2), "by unit, asymptotic confidence sequence"
	}
	low, high = i.Low, i.High
	switch m.Kind {
	case metric.Geometric:
		return math.Exp(low), math.Exp(high), method
	case metric.Rate: // no share lies beyond
		return math.Max(0, low), math.Min(1, high), method
	}
	return low, high, method
}
