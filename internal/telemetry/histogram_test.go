package telemetry

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestObservationFallsInTheFirstBucketThatHoldsIt(t *testing.T) {
	bounds := []float64{.005, .1, 1}
	for _, c := range []struct {
		name string
		d    time.Duration
		want []uint64 // cumulative; the last is infinity
	}{
		{"zero", 0, []uint64{1, 1, 1, 1}},
		{"clock set back", -time.Second, []uint64{1, 1, 1, 1}},
		{"at a bound", 5 * time.Millisecond, []uint64{1, 1, 1, 1}},
		{"just past it", 5*time.Millisecond + 1, []uint64{0, 1, 1, 1}},
		{"between", 50 * time.Millisecond, []uint64{0, 1, 1, 1}},
		{"at the last", time.Second, []uint64{0, 0, 1, 1}},
		{"beyond", time.Hour, []uint64{0, 0, 0, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := New()
			r.Histogram("h", "h", bounds).With().Observe(c.d)
			b := sampleOf(t, r, "h").Buckets
			if got := append(slices.Clone(b.Cumulative), b.Count); !slices.Equal(got, c.want) {
				t.Errorf("cumulative %v, want %v", got, c.want)
			}
			if want := max(c.d, 0).Seconds(); b.Sum != want {
				t.Errorf("sum %v, want %v", b.Sum, want)
			}
		})
	}
}

func TestBoundsAreComparedExactly(t *testing.T) {
	// .1 and .3 have no exact float; as integers of nanoseconds they do.
	for _, bounds := range [][]float64{durationBounds, latencyBounds, ttftBounds, tpotBounds, overheadBounds} {
		for i, n := range nanoBounds("h", bounds) {
			r := New()
			h := r.Histogram("h", "h", bounds).With()
			h.Observe(time.Duration(n))
			h.Observe(time.Duration(n + 1))
			if got := sampleOf(t, r, "h").Buckets.Cumulative[i]; got != 1 {
				t.Errorf("bound %v: %d at or below it, want 1", bounds[i], got)
			}
		}
	}
}

func TestSumDoesNotDrift(t *testing.T) {
	r := New()
	h := r.Histogram("h", "h", tpotBounds).With()
	for range 1_000_000 {
		h.Observe(100 * time.Millisecond) // a float sum of .1 is off by 1e-6 by now
	}
	if got := sampleOf(t, r, "h").Buckets.Sum; got != 100_000 {
		t.Errorf("sum %v, want 100000", got)
	}
	if h.Count() != 1_000_000 || h.Sum() != 100_000*time.Second {
		t.Errorf("the handle reads %d and %v", h.Count(), h.Sum())
	}
}

func TestObserveValue(t *testing.T) {
	r := New()
	h := r.Histogram("h", "h", []float64{.5, 1}).With()
	for _, v := range []float64{.25, .5, .75, -1, math.NaN(), math.Inf(1), 1e10} {
		h.ObserveValue(v)
	}
	h.ObserveValue(math.Inf(-1)) // below every bound, like any negative value
	b := sampleOf(t, r, "h").Buckets
	if got := append(slices.Clone(b.Cumulative), b.Count); !slices.Equal(got, []uint64{4, 5, 5}) {
		t.Errorf("cumulative %v, want [4 5 5]", got)
	}
	if b.Sum != 1.5 {
		t.Errorf("sum %v, want 1.5", b.Sum)
	}
}

// A reading taken while others observe must be possible as the truth of some
// moment: no bucket below the one before it, none below the last reading.
func TestReadingWhileObserving(t *testing.T) {
	const writers, each = 4, 5000
	r := New()
	h := r.Histogram("h", "h", durationBounds).With()
	var observing sync.WaitGroup
	for w := range writers {
		observing.Go(func() {
			for i := range each {
				h.Observe(time.Duration((i*7919+w)%150_000) * time.Millisecond)
			}
		})
	}
	finished := make(chan struct{})
	go func() { observing.Wait(); close(finished) }()

	last := make([]uint64, len(durationBounds)+1)
	for done := false; !done; {
		select {
		case <-finished:
			done = true // one more reading, of the final state
		default:
		}
		b := sampleOf(t, r, "h").Buckets
		now := append(slices.Clone(b.Cumulative), b.Count)
		if !slices.IsSorted(now) {
			t.Fatalf("cumulative counts fall: %v", now)
		}
		for i := range now {
			if now[i] < last[i] {
				t.Fatalf("bucket %d fell from %d to %d", i, last[i], now[i])
			}
		}
		last = now
	}
	if got := last[len(last)-1]; got != writers*each {
		t.Errorf("%d observations at the end, want %d", got, writers*each)
	}
}
