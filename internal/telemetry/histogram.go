package telemetry

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// Histogram counts observations by bucket and keeps their sum, both as
// integers: an observation is two atomic adds and the sum never drifts.
//
// The sum is in nanoseconds and wraps at 2^64, 584 years of summed waiting. At a
// thousand requests in flight for ever that is 213 days, and the wrap reads as
// the restart of a counter, which rate() steps over.
type Histogram struct {
	sum    atomic.Uint64   // nanoseconds
	bounds []int64         // nanoseconds, rising; shared by the family
	counts []atomic.Uint64 // one per bound and one beyond; not cumulative, so that an observation touches one
}

// HistogramFamily is a family of histograms with the same buckets.
type HistogramFamily = Group[Histogram]

func newHistogram(bounds []int64) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds)+1)}
}

// nanoBounds turns bounds in seconds into the integers that are compared.
func nanoBounds(name string, bounds []float64) []int64 {
	nanos := make([]int64, len(bounds))
	for i, b := range bounds {
		nanos[i] = int64(math.Round(b * 1e9))
		if !(b > 0 && b < maxSeconds) || i > 0 && nanos[i] <= nanos[i-1] {
			panic(fmt.Sprintf("telemetry: family %q: bucket bounds must be positive seconds and rise, not %v", name, bounds))
		}
	}
	return nanos
}

// maxSeconds is as long as a duration can be.
const maxSeconds = math.MaxInt64 / 1e9

// Observe adds one observation. A negative duration, as a clock that was set
// back can give, counts as zero.
func (h *Histogram) Observe(d time.Duration) {
	n := max(int64(d), 0)
	h.counts[h.bucket(n)].Add(1)
	h.sum.Add(uint64(n))
}

// ObserveValue adds one observation given in seconds. What is not a number, or
// longer than a duration can be, says nothing and is left out.
func (h *Histogram) ObserveValue(seconds float64) {
	if seconds < maxSeconds { // false for NaN and +Inf
		h.Observe(time.Duration(math.Round(max(seconds, 0) * 1e9)))
	}
}

// bucket returns the first bucket whose bound is not below n. By halves: the
// lists have up to seventeen bounds.
func (h *Histogram) bucket(n int64) int {
	low, high := 0, len(h.bounds)
	for low < high {
		mid := int(uint(low+high) / 2)
		if h.bounds[mid] < n {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// Count returns how many observations there were.
func (h *Histogram) Count() uint64 {
	var count uint64
	for i := range h.counts {
		count += h.counts[i].Load()
	}
	return count
}

// Sum returns the sum of the observations.
func (h *Histogram) Sum() time.Duration { return time.Duration(h.sum.Load()) }

// sample reads the buckets once and derives everything else from that reading,
// so Count is the last bucket however many observations arrive meanwhile. There
// is no counter of its own that could disagree.
func (h *Histogram) sample(bounds []float64) Sample {
	b := &Buckets{Bounds: bounds, Cumulative: make([]uint64, len(bounds))}
	for i := range h.counts {
		b.Count += h.counts[i].Load()
		if i < len(bounds) {
			b.Cumulative[i] = b.Count
		}
	}
	b.Sum = float64(h.sum.Load()) / 1e9
	return Sample{Buckets: b}
}
