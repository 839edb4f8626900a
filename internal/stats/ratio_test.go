package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func close9(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) || a == b }

// momentsOf draws units with 1 to 9 values each, near mean.
func momentsOf(r *rand.Rand, units int, mean int64) (m Moments, x, y []float64) {
	for range units {
		n := 1 + r.Int64N(9)
		v := mean*n + r.Int64N(2000) - 1000
		m.Add(v, n)
		x, y = append(x, float64(v)), append(y, float64(n))
	}
	return m, x, y
}

func TestRatioAgreesWithItsFormula(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 100 {
		m, x, y := momentsOf(r, 2+r.IntN(50), r.Int64N(4000)-2000)
		got, floats := ratioByHeads(m), RatioOfPairs(x, y)
		if got.Status != OK || !close9(got.Value, floats.Value) || !close9(got.Variance, floats.Variance) {
			t.Fatalf("%+v, of floats %+v", got, floats)
		}
		// Var(R) = [s_x² - 2 R s_xy + R² s_y²]/(K ȳ²), computed plainly.
		sx, sy, k := Summarise(x), Summarise(y), float64(len(x))
		sxy := 0.0
		for i := range x {
			sxy += (x[i] - sx.Mean) * (y[i] - sy.Mean) / (k - 1)
		}
		want := (sx.Variance - 2*got.Value*sxy + got.Value*got.Value*sy.Variance) / (k * sy.Mean * sy.Mean)
		if math.Abs(got.Variance-want) > 1e-7*math.Abs(want)+1e-12 {
			t.Errorf("%v, by the formula %v", got.Variance, want)
		}
		// By weight: n/(n-1) in place of K/(K-1), with n = (Σy)²/Σy².
		var sum, squares float64
		for _, w := range y {
			sum, squares = sum+w, squares+w*w
		}
		n := sum * sum / squares
		if weighed := RatioOf(m); !close9(weighed.Effective, n) || math.Abs(weighed.Variance-want*n/(n-1)*(k-1)/k) > 1e-7*math.Abs(want)+1e-12 {
			t.Errorf("by weight %+v, want %v units and %v", weighed, n, want*n/(n-1)*(k-1)/k)
		}
		per := MeanPerUnitOf(m)
		if !close9(per.Mean, sx.Mean) && math.Abs(per.Mean-sx.Mean) > 1e-9 || !close9(per.Variance, sx.Variance) {
			t.Errorf("%+v, of floats %+v", per, sx)
		}
	}
}

// Adding c to each value adds c to the ratio and nothing to its variance, whatever c.
func TestAnOffsetOfEveryValueCostsNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	var plain, far Moments
	for range 1000 {
		n, v := 1+r.Int64N(20), r.Int64N(100)
		plain.Add(v, n)
		far.Add(v+1e12*n, n)
	}
	a, b := RatioOf(plain), RatioOf(far)
	if a.Variance != b.Variance || b.Value != a.Value+1e12 {
		t.Errorf("%+v\n%+v", a, b)
	}
	// 10^8 units and more: 1000 × 2^17. The variance falls as 1/K.
	for range 17 {
		far.Merge(far)
	}
	if c := ratioByHeads(far); c.Units != 131_072_000 || math.Abs(c.Variance*131072-ratioByHeads(plain).Variance*999/1000) > 1e-8*b.Variance {
		t.Errorf("%+v", c)
	}
}

func TestMergedMomentsAreThoseOfAll(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	var parts [5]Moments
	var all, b Moments
	for range 500 {
		x, y := r.Int64N(1e12)-5e11, 1+r.Int64N(1000)
		all.Add(x, y)
		parts[r.IntN(5)].Add(x, y)
		b.Add(r.Int64N(1e12), y)
	}
	var merged Moments
	for _, p := range parts {
		merged.Merge(p)
	}
	if RatioDifference(merged, b, 0.05, TwoSided) != RatioDifference(all, b, 0.05, TwoSided) {
		t.Error("merged sums give another effect")
	}
}

func TestRatiosThatAreUndefined(t *testing.T) {
	var none, one, constant, zero, fine Moments
	none.Add(5, 0) // no denominator: not a unit
	one.Add(5, 2)
	for i := range int64(10) {
		constant.Add(3*(i+1), i+1) // every ratio is 3
		zero.Add(0, 1)
		fine.Add(i*i, 1+i)
	}
	for name, e := range map[string]Effect{
		"no unit":                RatioDifference(none, fine, 0.05, TwoSided),
		"one unit":               RatioDifference(fine, one, 0.05, TwoSided),
		"constant and equal":     RatioDifference(constant, constant, 0.05, TwoSided),
		"constant and different": RatioDifference(constant, zero, 0.05, TwoSided),
		"relative to zero":       RatioRelative(zero, fine, 0.05, TwoSided),
		"logarithms of none":     LogRatio(none, fine, 1e6, 0.05, TwoSided),
		"impossible sums":        RatioDifference(Moments{Units: 2, X: Int(10), Y: Int(2), YY: Int(2), XY: Int(100)}, fine, 0.05, TwoSided),
	} {
		sound(t, e)
		if e.Status != Undefined {
			t.Errorf("%s: %+v", name, e)
		}
	}
	sound(t, RatioDifference(constant, fine, 0.05, TwoSided))
}

// By hand: ln of a is 0 and 2, of b 1 and 3: means 1 and 2, the ratio is e.
func TestLogRatioIsOfGeometricMeans(t *testing.T) {
	var a, b Moments
	for i := range int64(2) {
		a.Add(2_000_000*i, 1)
		b.Add(1_000_000+2_000_000*i, 1)
	}
	e := LogRatio(a, b, 1e6, 0.05, TwoSided)
	sound(t, e)
	_, _, want := GeometricMeans([]float64{1, math.Exp(2)}, []float64{math.E, math.Exp(3)}, 0.05, TwoSided)
	ratio, interval := e.AsRatio()
	if !close9(ratio, math.E) || !close9(e.P, want.P) || !close9(interval.High, 1+want.Interval.High) || !close9(e.SE, math.E*math.Sqrt(2)) {
		t.Errorf("%+v, want %+v", e, want)
	}
	if e := LogRatio(a, b, 1e6, 0.05, Less); e.Interval.Low != -1 {
		t.Errorf("a ratio is at least 0: %+v", e)
	}
}

// 300 users, Pareto request counts of shape 2, intra-class correlation 0.3: per
// request a third and more is significant, per user 5 %. 400 replicates: the binomial's
// 99.9 % are within 1.7 and 9.0 %.
func TestUsersAreTheUnit(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 1))
	arm := func() [][]float64 {
		users := make([][]float64, 300)
		for i := range users {
			own := math.Sqrt(0.3) * r.NormFloat64()
			n := min(1+int(5.5*(math.Pow(1-r.Float64(), -0.5))), 500)
			for range n {
				users[i] = append(users[i], own+math.Sqrt(0.7)*r.NormFloat64())
			}
		}
		return users
	}
	byUser, byRequest := 0, 0
	const runs = 400
	for range runs {
		a, b := arm(), arm()
		c := MeansOfClusters(a, b, 0.05, TwoSided)
		if c.Effect.P < 0.05 {
			byUser++
		}
		if c.Naive.P < 0.05 {
			byRequest++
		}
	}
	t.Logf("of %d: by user %d, by request %d", runs, byUser, byRequest)
	if byUser < 7 || byUser > 36 || byRequest < 100 {
		t.Errorf("of %d: by user %d, by request %d", runs, byUser, byRequest)
	}
}
