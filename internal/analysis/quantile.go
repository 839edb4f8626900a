package analysis

import (
	"math"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// quantileAlpha is where the ranks lie from which a quantile's standard error is
// taken; intervals are then made at whatever level is asked for.
const quantileAlpha = 0.05

// quantileOf reads a quantile of a variant from the distributions of its clusters
// of units.
func quantileOf(m metric.Metric, v value, clusters []stats.Cluster) value {
	if len(clusters) == 0 {
		v.reason = "no observation in " + v.variant
		return v
	}
	q := stats.QuantileOfSketches(m.Quantile, clusters, quantileAlpha)
	v.quantile = &q
	v.est, v.se, v.n = q.Value*scaleOf(m), q.SE*scaleOf(m), q.N
	v.repeat = true
	switch q.Status {
	case stats.Undefined:
		v.reason = q.Reason
	case stats.Unbounded:
		v.unboundedWhy = q.Reason
	}
	return v
}

// compareQuantiles compares a quantile of two variants, by 128 clusters of units.
func compareQuantiles(m metric.Metric, a, b value, alpha float64) (n numbers) {
	n.method = "difference of quantiles, clustered by unit (128 groups of units)"
	if a.quantile == nil || b.quantile == nil {
		reason := a.reason
		if reason == "" {
			reason = b.reason
		}
		n.abs = undefined(reason)
		n.rel, n.p, n.log10 = n.abs, math.NaN(), math.NaN()
		return n
	}
	n.abs = scaled(stats.QuantileEffect(*a.quantile, *b.quantile, alpha, stats.TwoSided), scaleOf(m))
	n.p, n.log10 = n.abs.P, n.abs.Log10P
	n.rel = n.abs
	n.rel.Estimate = stats.RelativeDifference(a.est, b.est)
	if n.abs.Status == stats.OK {
		se := math.Sqrt(stats.RelativeVariance(a.est, a.se*a.se, b.est, b.se*b.se))
		n.rel = stats.NormalEffect(n.rel.Estimate, se, alpha, stats.TwoSided)
	}
	return n
}

func undefined(reason string) stats.Effect {
	nan := math.NaN()
	return stats.Effect{Estimate: nan, SE: nan, Interval: stats.Interval{Low: nan, High: nan}, P: nan, Log10P: nan, DF: nan,
		Status: stats.Undefined, Reason: reason}
}
