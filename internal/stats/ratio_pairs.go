package stats

import (
	"math"
	"math/big"
)

// RatioOfPairs is RatioOf for pairs of floats; pairs without a positive y count for
// nothing, as in Moments. It counts heads, K/(K-1), as the literature does. Sums are kept in 512 bits, so that nothing cancels;
// residuals no greater than the rounding of the values themselves are none.
func RatioOfPairs(x, y []float64) Ratio {
	r := Ratio{Value: math.NaN(), Variance: math.NaN(), Status: Undefined}
	var s pairSums
	for i := range min(len(x), len(y)) {
		if !finite(x[i]) || !finite(y[i]) {
			r.Reason = "a value is no finite number"
			return r
		}
		if y[i] > 0 {
			s.add(x[i], y[i])
		}
	}
	r.Units, r.Numerator, r.Denominator = s.units, s.x.float(), s.y.float()
	if s.units == 0 {
		r.Reason = "there is no unit with a denominator"
		return r
	}
	x1, y1 := &s.x.Float, &s.y.Float
	r.Value = s.over(x1, y1)
	if s.units < 2 {
		r.Reason = "there is one unit, and how units vary needs two"
		return r
	}
	yy := s.times(y1, y1)
	sum := s.times(yy, &s.xx.Float)
	twice := s.times(x1, y1, &s.xy.Float)
	sum.Sub(sum, twice.Add(twice, twice))
	sum.Add(sum, s.times(x1, x1, &s.yy.Float))
	residuals := s.over(sum, s.times(yy, &s.xx.Float)) // as a share of Σx²
	r.Status, r.Variance, r.Effective = OK, 0, float64(s.units)
	if residuals > 1e-30 {
		k := float64(s.units)
		r.Variance = s.over(sum, s.times(yy, yy)) * (k / (k - 1))
	}
	if !finite(r.Value) || !finite(r.Variance) {
		r.Status, r.Reason = Undefined, "the values are too great to compute with"
	}
	return r
}

const pairBits = 512

// wide is a float of 512 bits.
type wide struct{ big.Float }

func (w *wide) float() float64 { f, _ := w.Float64(); return f }

// pairSums are Moments of floats.
type pairSums struct {
	units            int64
	x, y, xx, yy, xy wide
}

func (s *pairSums) add(x, y float64) {
	s.units++
	a, b := new(big.Float).SetPrec(pairBits).SetFloat64(x), new(big.Float).SetPrec(pairBits).SetFloat64(y)
	for _, t := range []struct {
		sum  *wide
		term *big.Float
	}{{&s.x, a}, {&s.y, b}, {&s.xx, s.times(a, a)}, {&s.yy, s.times(b, b)}, {&s.xy, s.times(a, b)}} {
		t.sum.SetPrec(pairBits).Add(&t.sum.Float, t.term)
	}
}

func (*pairSums) times(factors ...*big.Float) *big.Float {
	p := new(big.Float).SetPrec(pairBits).SetInt64(1)
	for _, f := range factors {
		p.Mul(p, f)
	}
	return p
}

// over is a/b, 0 for 0/0.
func (*pairSums) over(a, b *big.Float) float64 {
	if a.Sign() == 0 {
		return 0
	}
	f, _ := new(big.Float).SetPrec(pairBits).Quo(a, b).Float64()
	return f
}

// RatioDifferenceOf and RatioRelativeOf are RatioDifference and RatioRelative of
// ratios that are estimated already.
func RatioDifferenceOf(a, b Ratio, alpha float64, alt Alternative) Effect {
	return ratioDifference(a, b, alpha, alt)
}

// RatioRelativeOf tests (R_b - R_a)/|R_a| of ratios that are estimated already.
func RatioRelativeOf(a, b Ratio, alpha float64, alt Alternative) Effect {
	return ratioRelative(a, b, alpha, alt)
}

// ClusteredMeans compares means of values that come in clusters, such as the
// requests of users: ratios Σx/Σn with users as units, beside what they would be
// if each value were on its own.
type ClusteredMeans struct {
	A, B         Ratio
	Effect       Effect
	Naive        Effect  // Welch on all values, which is wrong when users are what is randomised
	DesignEffect float64 // variance of the difference over the naive one
}

// MeansOfClusters tests the difference of the means over all values, b minus a, with
// the delta method over clusters (Deng, Knoblich, Lu 2018). Empty clusters count
// for nothing.
func MeansOfClusters(a, b [][]float64, alpha float64, alt Alternative) ClusteredMeans {
	c := ClusteredMeans{A: meanOfClusters(a), B: meanOfClusters(b), DesignEffect: math.NaN()}
	c.Effect = ratioDifference(c.A, c.B, alpha, alt)
	c.Naive = Welch(Summarise(flat(a)), Summarise(flat(b)), alpha, alt)
	if c.Naive.SE > 0 {
		c.DesignEffect = c.Effect.SE * c.Effect.SE / c.Naive.SE / c.Naive.SE
	}
	return c
}

func meanOfClusters(clusters [][]float64) Ratio {
	x, y := make([]float64, len(clusters)), make([]float64, len(clusters))
	for i, c := range clusters {
		var sum neumaier
		for _, v := range c {
			sum.add(v)
		}
		x[i], y[i] = sum.total(), float64(len(c))
	}
	return RatioOfPairs(x, y)
}

func flat(clusters [][]float64) []float64 {
	var all []float64
	for _, c := range clusters {
		all = append(all, c...)
	}
	return all
}
