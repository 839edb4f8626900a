package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A ramp whose every stage is right alarms the naive test of totals and not the staged one.
func TestRampIsNoMismatch(t *testing.T) {
	r := SRMStaged([]Stage{{[]int64{1905, 95}, []float64{95, 5}}, {[]int64{1502, 498}, []float64{75, 25}}, {[]int64{1012, 988}, []float64{50, 50}}})
	if r.Combined.Mismatch() || !r.Naive.Mismatch() || r.Naive.Log10P > -100 {
		t.Errorf("%+v", r)
	}
}

func TestSRMWithoutCountsIsUndefined(t *testing.T) {
	for _, r := range []SRMResult{SRM(nil, nil), SRM([]int64{5}, []float64{1}), SRM([]int64{0, 0}, []float64{1, 1}), SRM([]int64{5, 5}, []float64{1, 0}), SRMStaged(nil).Combined} {
		if !math.IsNaN(r.P) || r.Mismatch() {
			t.Errorf("%+v", r)
		}
	}
}

// The anytime test, looked at after every unit, alarms in at most alpha of the runs, and
// sees a mismatch of 2 points.
func TestSRMSequentialHoldsUnderPeeking(t *testing.T) {
	const alpha, runs, units = 0.05, 300, 1000
	r := rand.New(rand.NewPCG(3, 4))
	alarms := 0
	for range runs {
		s := NewSRMSequential([]float64{1, 1}, 1000)
		for range units {
			i := r.IntN(2)
			s.Add([]int64{int64(i), int64(1 - i)})
		}
		alarms += one(s.P() < alpha)
	}
	if alarms > alpha*runs {
		t.Errorf("%d alarms in %d runs", alarms, runs)
	}
	s := NewSRMSequential([]float64{1, 1}, 10000)
	if s.Add([]int64{10400, 9600}); s.P() > 1e-4 {
		t.Errorf("52 to 48 of 20,000: p %v", s.P())
	}
}
