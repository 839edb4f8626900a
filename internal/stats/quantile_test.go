package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// usersOf draws users whose log-normal latencies hang together, and the sketches of
// each of them.
func usersOf(r *rand.Rand, users int, spread, factor float64) (values [][]float64, clusters []Cluster) {
	for range users {
		own := spread * r.NormFloat64()
		s := NewSketch()
		var list []float64
		for range 1 + r.IntN(20) {
			v := factor * 0.5 * math.Exp(own+0.8*r.NormFloat64())
			list = append(list, v)
			s.Add(v)
		}
		values, clusters = append(values, list), append(clusters, Cluster{int64(len(list)), s})
	}
	return values, clusters
}

// The sketches' estimate is that of the values, within their accuracy.
func TestClusteredQuantileAgreesWithTheValues(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 20 {
		values, clusters := usersOf(r, 200, 0.6, 1)
		for _, q := range []float64{0.5, 0.95} {
			want, got := QuantileOfClusters(values, q, 0.05), QuantileOfSketches(q, clusters, 0.05)
			se := want.SE * math.Sqrt(want.Inflation)
			if got.Status != OK || math.Abs(got.Value/want.Value-1) > 0.025 || math.Abs(got.Inflation/want.Inflation-1) > 0.25 || math.Abs(got.SE/se-1) > 0.35 {
				t.Errorf("q = %v: %+v, of the values %+v (SE %v)", q, got, want, se)
			}
			if !(got.Low < got.Value && got.Value < got.High) {
				t.Errorf("%+v", got)
			}
		}
	}
}

// Users randomised, nothing different: p95 by users rejects about 5 %, by requests
// several times that. 400 replicates: the binomial's 99.9 % are within 1.7 and 9.0 %.
func TestClusteredQuantileHoldsItsLevel(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 4))
	const runs = 400
	clustered, naive := 0, 0
	for range runs {
		va, a := usersOf(r, 200, 0.6, 1)
		vb, b := usersOf(r, 200, 0.6, 1)
		e := QuantileClustered(0.95, a, b, 0.05)
		sound(t, e)
		if e.P < 0.05 {
			clustered++
		}
		if QuantileDifference(QuantileOfClusters(va, 0.95, 0.05), QuantileOfClusters(vb, 0.95, 0.05), false, 0.05, TwoSided).P < 0.05 {
			naive++
		}
	}
	t.Logf("of %d: by user %d, by request %d", runs, clustered, naive)
	if clustered < 7 || clustered > 36 || naive < 60 {
		t.Errorf("of %d: by user %d, by request %d", runs, clustered, naive)
	}
}

func TestTooFewForAQuantile(t *testing.T) {
	if n := QuantileMinimumN(0.99, 0.05); math.Ceil(n) != 381 {
		t.Errorf("p99 needs %v", n)
	}
	if n := QuantileMinimumN(0.95, 0.05); math.Ceil(n) != 73 {
		t.Errorf("p95 needs %v", n)
	}
	r := rand.New(rand.NewPCG(8, 9))
	x := normals(r, 120, 5)
	s := NewSketch()
	other := NewSketch()
	for _, v := range x[:60] {
		s.Add(v)
	}
	for _, v := range x[60:] {
		other.Add(v)
	}
	few := []Cluster{{60, s}, {60, other}}
	e := QuantileClustered(0.99, few, few, 0.05)
	sound(t, e)
	if e.Status != Unbounded || !math.IsInf(e.Interval.High, 1) || !math.IsInf(e.SE, 1) || math.IsNaN(e.Estimate) {
		t.Errorf("p99 of 120: %+v", e)
	}
	one := QuantileOfSketches(0.99, few, 0.05)
	if !math.IsInf(one.High, 1) || one.Status != Unbounded || one.Reason == "" || one.N != 120 {
		t.Errorf("%+v", one)
	}
	if s := QuantileOf(x, 0.99, 0.05); s.Status != Unbounded || !math.IsInf(s.SE, 1) {
		t.Errorf("%+v", s)
	}
	if o := QuantileOrderInterval(x, 0.99, 0.05); !math.IsInf(o.Interval.High, 1) {
		t.Errorf("%+v", o)
	}
	for name, c := range map[string][]Cluster{"none": nil, "empty": {{}, {0, NewSketch()}}, "one group": {{60, s}}} {
		if e := QuantileOfSketches(0.5, c, 0.05); e.Status != Undefined || e.Reason == "" {
			t.Errorf("%s: %+v", name, e)
		}
		sound(t, QuantileClustered(0.5, c, few, 0.05))
	}
}

func TestCountBelow(t *testing.T) {
	s := sketchOf([]float64{0, 0, 1, 2, 2, 50})
	for v, want := range map[float64]int64{-1: 0, 0: 2, 0.5: 2, 1.03: 3, 3: 5, 1e6: 6} {
		if got := s.CountBelow(v); got != want {
			t.Errorf("below %v: %d, want %d", v, got, want)
		}
	}
}

// Ranks of a sketch go up with the value, from the least to the greatest.
func TestRanksOfASketchRise(t *testing.T) {
	s := sketchOf([]float64{0, 0.1, 0.1, 0.1, 3, 4, 5, 5, 5, 100})
	r, last := s.ranks(), -1.0
	for i := range 101 {
		v := r.value(float64(i) / 10)
		if v < last {
			t.Fatalf("rank %v: %v after %v", float64(i)/10, v, last)
		}
		last = v
	}
	if !math.IsInf(r.value(-1), -1) || !math.IsInf(r.value(11), 1) || math.Abs(last-100) > 2 {
		t.Errorf("ends: %v, %v, %v", r.value(-1), r.value(11), last)
	}
}
