package stats

import (
	"fmt"
	"math"
	"slices"
)

// QuantileType7 is the quantile q of sorted values by linear interpolation at rank
// (n-1)q (Hyndman and Fan 1996, type 7: the default of R and NumPy).
func QuantileType7(sorted []float64, q float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	at := float64(n-1) * q
	i := min(int(at), n-1)
	if i == n-1 {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// QuantileType1 is the nearest rank: the least value that at least a share q of the
// values do not exceed.
func QuantileType1(sorted []float64, q float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	// A product that rounding lifted over a whole number is that number.
	rank := math.Ceil(q*float64(n) - 1e-9)
	return sorted[min(max(int(rank), 1), n)-1]
}

// NormalRanks are the ranks between which the quantile's lies: n(q ± z sqrt(q(1-q)/n)),
// times sqrt(inflation) in the error.
func NormalRanks(q float64, n int64, alpha, inflation float64) Interval {
	half := NormalCritical(alpha, TwoSided) * math.Sqrt(float64(n)*q*(1-q)*inflation)
	return Interval{float64(n)*q - half, float64(n)*q + half}
}

// QuantileMinimumN is how many values bound a quantile on both sides:
// z² max(q/(1-q), (1-q)/q), for p95 73, for p99 381.
func QuantileMinimumN(q, alpha float64) float64 {
	z := NormalCritical(alpha, TwoSided)
	return z * z * max(q/(1-q), (1-q)/q)
}

// OrderInterval is an interval for a quantile that assumes no distribution.
type OrderInterval struct {
	N         int64
	LowIndex  int64 // of the sorted values, from 1; 0 is below all of them
	HighIndex int64 // N+1 is above all of them
	Interval  Interval
	Coverage  float64 // of the interval, by the binomial distribution; at least 1 - alpha
}

// QuantileOrderInterval takes the order statistics at the binomial quantiles of
// alpha/2, and of 1 - alpha/2 plus one (David and Nagaraja, Order Statistics, 2003,
// section 7.1). An end is infinite where the sample has no value that far out.
func QuantileOrderInterval(sorted []float64, q, alpha float64) OrderInterval {
	n := int64(len(sorted))
	o := OrderInterval{N: n, Interval: Interval{math.Inf(-1), math.Inf(1)}, Coverage: 1, HighIndex: n + 1}
	if n == 0 {
		return o
	}
	o.LowIndex, o.HighIndex = BinomialQuantile(alpha/2, n, q), BinomialQuantile(1-alpha/2, n, q)+1
	if o.LowIndex >= 1 {
		o.Interval.Low = sorted[o.LowIndex-1]
	}
	if o.HighIndex <= n {
		o.Interval.High = sorted[o.HighIndex-1]
	}
	o.Coverage = BinomialLower(o.HighIndex-1, n, q) - BinomialLower(o.LowIndex-1, n, q)
	return o
}

// SampleQuantile is a quantile of a sample with its standard error.
type SampleQuantile struct {
	Value             float64 // type 7
	N                 int64
	RankLow, RankHigh int64   // of the order statistics that SE is from, from 1
	SE                float64 // as if values were independent
	Inflation         float64 // of the variance by clusters; 1 without any
	Status            Status
	Reason            string
}

// QuantileOf estimates a quantile: SE is (x_U - x_L)/(2z) of the order statistics at
// the NormalRanks, rounded outwards (Deng, Knoblich, Lu 2018, section 4.2). x is
// sorted in place.
func QuantileOf(x []float64, q, alpha float64) SampleQuantile {
	slices.Sort(x)
	n := int64(len(x))
	s := SampleQuantile{Value: QuantileType7(x, q), N: n, SE: math.NaN(), Inflation: 1, Status: Undefined, Reason: "there are no values"}
	if n == 0 {
		return s
	}
	r := NormalRanks(q, n, alpha, 1)
	s.RankLow, s.RankHigh = int64(math.Floor(r.Low)), int64(math.Ceil(r.High))
	if s.RankLow < 1 || s.RankHigh > n {
		s.SE, s.Status, s.Reason = math.Inf(1), Unbounded, tooFewFor(q, n, alpha)
		return s
	}
	s.SE = (x[s.RankHigh-1] - x[s.RankLow-1]) / (2 * NormalCritical(alpha, TwoSided))
	s.Status, s.Reason = OK, ""
	return s
}

func tooFewFor(q float64, n int64, alpha float64) string {
	return fmt.Sprintf("the quantile %g of %d values has no bound on both sides: that needs more than %.0f", q, n, math.Ceil(QuantileMinimumN(q, alpha)))
}

// QuantileOfClusters is QuantileOf for values that come in clusters, such as the
// requests of a user. The variance is multiplied by Inflation, the variance of
// the share of values <= x_q with clusters as units (RatioOf) over q(1-q)/n (Deng,
// Knoblich, Lu 2018, section 4.3; some write-ups print the factor inverted).
func QuantileOfClusters(clusters [][]float64, q, alpha float64) SampleQuantile {
	s := QuantileOf(slices.Concat(clusters...), q, alpha)
	if s.N == 0 {
		return s
	}
	var m Moments
	for _, c := range clusters {
		below := int64(0)
		for _, v := range c {
			if v <= s.Value {
				below++
			}
		}
		m.Add(below, int64(len(c)))
	}
	r := ratioByHeads(m)
	if r.Status != OK {
		s.Inflation = math.NaN()
		if s.Status == OK {
			s.Status, s.Reason = Undefined, r.Reason
		}
		return s
	}
	s.Inflation = r.Variance / (q * (1 - q) / float64(s.N))
	return s
}

// QuantileDifference tests the difference of two quantiles by the normal
// distribution; clustered says whether to use the clusters' variance.
func QuantileDifference(a, b SampleQuantile, clustered bool, alpha float64, alt Alternative) Effect {
	for _, s := range []struct {
		side string
		SampleQuantile
	}{{"a", a}, {"b", b}} {
		switch s.Status {
		case Undefined:
			return undefinedEffect(b.Value-a.Value, math.NaN(), "%s: %s", s.side, s.Reason)
		case Unbounded:
			return unboundedEffect(b.Value-a.Value, "%s: %s", s.side, s.Reason)
		}
	}
	va, vb := a.SE*a.SE, b.SE*b.SE
	if clustered {
		va, vb = va*a.Inflation, vb*b.Inflation
	}
	return NormalEffect(b.Value-a.Value, math.Sqrt(va+vb), alpha, alt)
}
