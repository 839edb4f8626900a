package stats

import (
	"fmt"
	"math"
)

// Cluster is the values of one group of units, such as those whose hash falls into
// one of 128 buckets: the units of a group belong to it alone.
type Cluster struct {
	N      int64
	Sketch *Sketch
}

// QuantileEstimate is a quantile from clusters' sketches, within 2 % of the value of
// that rank. Low and High are at 1 - alpha, by ranks; one is infinite when there
// are too few values for it, and the status is Unbounded.
type QuantileEstimate struct {
	Value, Low, High float64
	N                int64
	SE               float64 // with the clusters' variance
	Inflation        float64 // of the variance by clusters
	Clusters         int
	Status           Status
	Reason           string
}

// QuantileOfSketches estimates a quantile of clustered values (Deng, Knoblich, Lu
// 2018, sections 4.2 and 4.3; Yao, Li, Lu 2024, arXiv 2401.14549):
//
//	Var = [(x_U - x_L)/(2z)]² × Inflation
//
// with x_L, x_U at the ranks n(q ± z sqrt(q(1-q)/n)) of the merged sketch, and
// Inflation the variance of the share of values below x_q with clusters as units
// over that with values as units. Values in the bin of x_q count by the share of
// the bin that is below it.
func QuantileOfSketches(q float64, clusters []Cluster, alpha float64) QuantileEstimate {
	e := QuantileEstimate{Value: math.NaN(), Low: math.Inf(-1), High: math.Inf(1), SE: math.NaN(), Inflation: math.NaN(), Status: Undefined}
	whole := NewSketch()
	for _, c := range clusters {
		if c.Sketch == nil || c.Sketch.Count() == 0 {
			continue
		}
		if err := whole.Merge(c.Sketch); err != nil {
			e.Reason = err.Error()
			return e
		}
		e.Clusters++
	}
	e.N = whole.Count()
	r := whole.ranks()
	switch {
	case !(q > 0 && q < 1):
		e.Reason = fmt.Sprintf("there is no quantile %v", q)
		return e
	case e.N == 0:
		e.Reason = "there are no values"
		return e
	}
	e.Value = r.value(q * r.total)
	if e.Clusters < 2 {
		e.Reason = "all values are of one group of units, and how groups vary needs two"
		return e
	}
	e.Inflation = inflation(r, q, clusters)
	e.bound(r, q, alpha)
	return e
}

// bound sets what follows from ranks: standard error and ends.
func (e *QuantileEstimate) bound(r ranks, q, alpha float64) {
	with := NormalRanks(q, e.N, alpha, e.Inflation)
	e.Low, e.High = r.value(with.Low), r.value(with.High)
	plain := NormalRanks(q, e.N, alpha, 1)
	if low, high := min(plain.Low, with.Low), max(plain.High, with.High); low < 0 || high > r.total {
		e.SE, e.Status = math.Inf(1), Unbounded
		e.Reason = fmt.Sprintf("the quantile %g of %d values in %d groups of units has no bound on both sides: that needs more than %.0f",
			q, e.N, e.Clusters, math.Ceil(QuantileMinimumN(q, alpha)*max(1, e.Inflation)))
		return
	}
	e.Status = OK
	e.SE = (r.value(plain.High) - r.value(plain.Low)) / (2 * NormalCritical(alpha, TwoSided)) * math.Sqrt(e.Inflation)
}

// inflation is the variance of the share below x_q by clusters over that by values;
// 1 when all values are in one bin, of which nothing can be said.
func inflation(r ranks, q float64, clusters []Cluster) float64 {
	edge, into := r.at(q * r.total)
	within := edge.before + into*into*edge.n // Σ of squares of the values' shares
	byValue := within/r.total - q*q
	if byValue <= 1e-12 {
		return 1
	}
	sum, k := 0.0, 0.0
	for _, c := range clusters {
		if c.Sketch == nil || c.Sketch.Count() == 0 {
			continue
		}
		below, n := c.Sketch.ranks().share(edge.index, into)
		residual := below - q*n // these sum to 0
		sum += residual * residual
		k++
	}
	byCluster := sum * k / (k - 1) / r.total / r.total
	return byCluster / (byValue / r.total)
}

// share counts the values below a bin, and of the bin itself the part into.
func (r ranks) share(bin int, into float64) (below, total float64) {
	for _, b := range r.bins {
		switch {
		case b.index < bin:
			below += b.n
		case b.index == bin:
			below += into * b.n
		}
	}
	return below, r.total
}

// QuantileClustered tests the difference of a quantile, b minus a, of clustered
// values by the normal distribution, two-sided. Groups of units make the
// clusters: use as many as there are units, or 128.
func QuantileClustered(q float64, a, b []Cluster, alpha float64) Effect {
	return QuantileEffect(QuantileOfSketches(q, a, alpha), QuantileOfSketches(q, b, alpha), alpha, TwoSided)
}

// QuantileEffect is QuantileClustered of estimates that are there already.
func QuantileEffect(a, b QuantileEstimate, alpha float64, alt Alternative) Effect {
	difference := b.Value - a.Value
	for i, e := range []QuantileEstimate{a, b} {
		side := string(rune('a' + i))
		switch e.Status {
		case Undefined:
			return undefinedEffect(difference, math.NaN(), "%s: %s", side, e.Reason)
		case Unbounded:
			return unboundedEffect(difference, "%s: %s", side, e.Reason)
		}
	}
	return NormalEffect(difference, math.Hypot(a.SE, b.SE), alpha, alt)
}
