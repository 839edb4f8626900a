package analysis

import (
	"math"
	"strings"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// value is a metric of one variant, in the metric's unit.
type value struct {
	variant      string
	est, se      float64
	logSE        float64 // standard error of ln(est), of geometric means
	units, n     int64   // n: observations
	repeat       bool    // units have several observations
	effective    float64 // units of equal size that would weigh as much
	hits         int64   // units with an event
	reason       string  // why there is none; "" when there is
	quantile     *stats.QuantileEstimate
	moments      stats.Moments
	unboundedWhy string
}

// numbers is a candidate against the baseline, before it is rounded for anybody.
// Absolute is in the metric's unit.
type numbers struct {
	abs, rel stats.Effect
	log      *stats.Effect // difference of mean logarithms, of geometric means
	p, log10 float64       // of the test that decides
	method   string
}

// valueOf reads a metric of a variant from its sums.
func valueOf(m metric.Metric, variant string, sums map[string]stats.Moments, clusters map[string][]stats.Cluster) value {
	v := value{variant: variant, est: math.NaN(), se: math.NaN()}
	if m.Kind == metric.Quantile {
		return quantileOf(m, v, clusters[m.Measure])
	}
	s, ok := sums[m.Measure]
	if !ok || s.Units == 0 {
		v.reason = nothingIn([]value{v})
		return v
	}
	v.units, v.n, v.hits = s.Units, whole(s.Y), s.Hits
	if m.Kind == metric.PerUnit {
		s = perUnit(s)
	}
	v.moments = s
	v.repeat = s.Y.Float() != float64(s.Units) || s.YY.Float() != float64(s.Units)
	v.effective = s.Y.Float() / s.YY.Float() * s.Y.Float()
	r := stats.RatioOf(s)
	v.est, v.se = r.Value*scaleOf(m), math.Sqrt(r.Variance)*scaleOf(m)
	if r.Status != stats.OK {
		v.reason = r.Reason
	}
	if m.Kind == metric.Geometric {
		v.logSE = v.se
		v.est = math.Exp(v.est)
		v.se = v.est * v.logSE
	}
	return v
}

// perUnit makes sums whose ratio is the mean over units: each unit has y = 1.
func perUnit(s stats.Moments) stats.Moments {
	k := stats.Int(s.Units)
	s.Y, s.YY, s.XY = k, k, s.X
	return s
}

func whole(i stats.Int128) int64 {
	if i.Hi != 0 && i.Hi != -1 {
		return math.MaxInt64
	}
	return int64(i.Lo)
}

// scaleOf is what 1 of x is worth; a metric that says nothing has 1.
func scaleOf(m metric.Metric) float64 {
	if m.Scale > 0 {
		return m.Scale
	}
	return 1
}

// compare is a candidate against the baseline with the fixed interval, for the
// one look at which it covers.
func compare(m metric.Metric, a, b value, alpha float64) numbers {
	var n numbers
	switch {
	case m.Kind == metric.Quantile:
		n = compareQuantiles(m, a, b, alpha)
	case m.Kind == metric.Geometric:
		n = compareGeometric(m, a, b, alpha)
	case m.Kind == metric.Rate && (!a.repeat && !b.repeat || a.uniform() && b.uniform()):
		n = compareShares(m, a, b, alpha)
	default:
		n.abs = scaled(stats.RatioDifference(a.moments, b.moments, alpha, stats.TwoSided), scaleOf(m))
		n.rel = stats.RatioRelative(a.moments, b.moments, alpha, stats.TwoSided)
		n.p, n.log10 = n.abs.P, n.abs.Log10P
		n.method = "Welch's test of the ratio of sums, clustered by unit (delta method)"
		if m.Kind == metric.PerUnit || !a.repeat && !b.repeat {
			n.method = "Welch's test of unit means"
		}
	}
	for _, e := range []*stats.Effect{&n.abs, &n.rel, n.log} {
		if e == nil {
			continue
		}
		e.Reason = sides(e.Reason, a, b)
		if empty := nothingIn([]value{a, b}); empty != "" && e.Status == stats.Undefined {
			e.Reason = empty
		}
	}
	return n
}

// noObservation is the reason that is nobody's fault: nothing has come yet.
const noObservation = "no observation in "

// nothingIn tells which variants have no observation; "" when all have.
func nothingIn(values []value) string {
	var empty []string
	for _, v := range values {
		if v.units == 0 && math.IsNaN(v.est) { // of quantiles units are not counted
			empty = append(empty, v.variant)
		}
	}
	if empty == nil {
		return ""
	}
	return noObservation + list(empty)
}

// compareGeometric compares geometric means by their ratio: latencies are skewed,
// and their logarithms much less.
func compareGeometric(m metric.Metric, a, b value, alpha float64) (n numbers) {
	log := scaled(stats.RatioDifference(a.moments, b.moments, alpha, stats.TwoSided), scaleOf(m))
	n.log, n.p, n.log10 = &log, log.P, log.Log10P
	n.rel = stats.LogRatio(a.moments, b.moments, 1/scaleOf(m), alpha, stats.TwoSided)
	n.abs = stats.Effect{Estimate: b.est - a.est, SE: math.Hypot(a.se, b.se), Status: n.rel.Status, Reason: n.rel.Reason, DF: n.rel.DF,
		P: n.rel.P, Log10P: n.rel.Log10P, Interval: stats.Interval{Low: math.NaN(), High: math.NaN()}}
	if n.abs.Status == stats.OK {
		n.abs = stats.StudentEffect(n.abs.Estimate, n.abs.SE, n.rel.DF, alpha, stats.TwoSided)
	}
	n.method = "ratio of geometric means: Welch's test of mean logarithms, clustered by unit (delta method)"
	return n
}

// scaled puts an effect into the metric's unit.
func scaled(e stats.Effect, by float64) stats.Effect {
	e.Estimate *= by
	e.SE *= by
	e.Interval.Low *= by
	e.Interval.High *= by
	return e
}

// sides puts the variants' names for the a and b of a reason.
func sides(reason string, a, b value) string {
	for _, s := range []struct{ side, name string }{{"a", a.variant}, {"b", b.variant}} {
		if rest, ok := strings.CutPrefix(reason, s.side+": "); ok {
			return s.name + ": " + rest
		}
		if rest, ok := strings.CutPrefix(reason, s.side+" "); ok {
			return s.name + " " + rest
		}
	}
	return reason
}

// always makes the effect one that may be looked at whenever one likes: the
// interval of an asymptotic confidence sequence, and its p-value. n is units of
// both variants; nStar where the interval is to be narrowest.
func always(e stats.Effect, n int64, alpha, nStar float64) stats.Effect {
	if e.Status != stats.OK {
		return e
	}
	if !(e.SE > 0) {
		return undefined("no value differs from the others, so how sure the difference is cannot be told before the look")
	}
	s := stats.Sequential(e.Estimate, e.SE, n, alpha, nStar)
	e.Interval, e.P, e.Log10P = s.Interval, s.P, min(0, -s.LogE/math.Ln10)
	if e.Log10P == 0 {
		e.Log10P = 0 // no negative zero
	}
	return e
}

// interim turns fixed numbers into always-valid ones.
func (n numbers) interim(units int64, alpha, nStar float64) numbers {
	n.abs = always(n.abs, units, alpha, nStar)
	decides := n.abs
	if n.log != nil {
		log := always(*n.log, units, alpha, nStar)
		n.log, decides = &log, log
		n.rel.Interval = stats.Interval{Low: math.Expm1(log.Interval.Low), High: math.Expm1(log.Interval.High)}
		n.rel.P, n.rel.Log10P = log.P, log.Log10P
	} else {
		n.rel = always(n.rel, units, alpha, nStar)
	}
	n.p, n.log10 = decides.P, decides.Log10P
	n.method += "; asymptotic confidence sequence"
	return n
}

// relativeFits tells which effect fits a metric: shares differ by points, all
// else by per cent.
func relativeFits(m metric.Metric) bool {
	return !(m.Unit == "share" || m.Unit == "points")
}

// gap turns an effect so that above zero is better.
func gap(m metric.Metric, n numbers, absolute bool) Gap {
	e := n.rel
	if absolute {
		e = n.abs
	}
	g := Gap{Metric: m, Absolute: absolute, P: n.p, Estimate: e.Estimate, Low: e.Interval.Low, High: e.Interval.High}
	if e.Status == stats.Undefined {
		g.Undefined, g.P = e.Reason, math.NaN()
		return g
	}
	if m.Direction == metric.Down {
		g.Estimate, g.Low, g.High = -g.Estimate, -g.High, -g.Low
	}
	return g
}
