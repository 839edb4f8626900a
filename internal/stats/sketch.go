package stats

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// Accuracy is the relative error of a sketch's quantiles: 1 %.
const Accuracy = 0.01

// What a sketch tells apart. Seconds, dollars and tokens lie well within. The
// limits are what bounds its size (2,418 bins at most) without collapsing bins,
// which would make the result depend on the order of merging.
const (
	sketchLeast = 1e-9 // smaller values count as 0
	sketchMost  = 1e12 // greater values count as this one
)

// scale maps values to bins; it never changes.
var scale = func() *mapping.LogarithmicMapping {
	m, err := mapping.NewLogarithmicMapping(Accuracy)
	if err != nil {
		panic(err) // Accuracy is between 0 and 1
	}
	return m
}()

// The bins of sketchLeast and sketchMost.
var leastBin, mostBin = scale.Index(sketchLeast), scale.Index(sketchMost)

// Sketch is a distribution of values that are not negative, as counts in bins
// whose width grows with the value (DDSketch: Masson, Rim, Lee, VLDB 2019). Any
// quantile is within 1 % of a value of that rank. Merging adds counts: however
// the values were spread over sketches, merged they are the same sketch, and so
// are the bytes. It is not safe for use by several goroutines.
type Sketch struct {
	bins    *ddsketch.DDSketch
	ignored int64
}

// NewSketch makes an empty one.
func NewSketch() *Sketch {
	return &Sketch{bins: ddsketch.NewDDSketch(scale, store.NewDenseStore(), store.NewDenseStore())}
}

// Add counts a value. One that is negative, infinite or not a number says that
// its measurement is broken: it has no part in any quantile nor in Count, but
// Ignored counts it.
func (s *Sketch) Add(v float64) {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0) || v < 0:
		s.ignored++
		return
	case v < sketchLeast:
		v = 0
	case v > sketchMost:
		v = sketchMost
	}
	_ = s.bins.Add(v) // refuses only what was sorted out above
}

// Count is how many values were added.
func (s *Sketch) Count() int64 { return int64(s.bins.GetCount()) }

// Ignored is how many values were refused because they can be no measurement.
func (s *Sketch) Ignored() int64 { return s.ignored }

// Quantile gives the value at rank q × (Count - 1), counted from the least at
// 0, within 1 %. There is none in an empty sketch, nor for a q beyond 0 to 1.
func (s *Sketch) Quantile(q float64) (v float64, ok bool) {
	if !(q >= 0 && q <= 1) {
		return 0, false
	}
	v, err := s.bins.GetValueAtQuantile(q)
	if err != nil {
		return 0, false
	}
	return v, true
}

// Merge adds the values of o, which stays as it is. It refuses when the count
// would leave the integers that a float64 holds exactly.
func (s *Sketch) Merge(o *Sketch) error {
	if s.Count() > maxCount-o.Count() || s.ignored > maxCount-o.ignored {
		return errTooMany
	}
	if err := s.bins.MergeWith(o.bins); err != nil {
		return fmt.Errorf("merge sketches: %w", err)
	}
	s.ignored += o.ignored
	return nil
}

var errTooMany = errors.New("merge sketches: more than 2^53 values")

const (
	sketchVersion = 1
	maxCount      = 1 << 53
)

// AppendBinary appends the sketch: a version byte, then as unsigned varints the
// number of ignored values, the count of zeros, the number of bins that are not
// empty, and for each its distance from the bin before it (the first: from the
// bin of 1e-9) and its count. A minute of latencies takes some hundred bytes.
func (s *Sketch) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, sketchVersion)
	b = binary.AppendUvarint(b, uint64(s.ignored))
	b = binary.AppendUvarint(b, uint64(s.bins.GetZeroCount()))
	positive := s.bins.GetPositiveValueStore()
	full := uint64(0)
	positive.ForEach(func(int, float64) bool { full++; return false })
	b = binary.AppendUvarint(b, full)
	last := leastBin
	positive.ForEach(func(bin int, count float64) bool { // in order, without those that are empty
		b = binary.AppendUvarint(b, uint64(bin-last))
		b = binary.AppendUvarint(b, uint64(count))
		last = bin
		return false
	})
	return b, nil
}

// errSketch is returned for bytes that AppendBinary cannot have written.
var errSketch = errors.New("read sketch: the bytes are not those of a sketch")

// ParseSketch reads what AppendBinary wrote, and nothing else: other bytes are
// an error. What it allocates is bounded by the number of bins there can be.
func ParseSketch(b []byte) (*Sketch, error) {
	s := NewSketch()
	if err := s.MergeBinary(b); err != nil {
		return nil, err
	}
	return s, nil
}

// MergeBinary merges the sketch that AppendBinary wrote. On an error nothing is
// merged. It makes no sketch in between: a month has a million of them to merge.
func (s *Sketch) MergeBinary(b []byte) error {
	ignored, total, err := eachBin(b, func(int, uint64) {})
	if err != nil {
		return err
	}
	if s.Count() > maxCount-int64(total) || s.ignored > maxCount-int64(ignored) {
		return errTooMany
	}
	s.ignored += int64(ignored)
	bins := s.bins.GetPositiveValueStore()
	_, _, err = eachBin(b, func(bin int, count uint64) {
		if bin < leastBin {
			_ = s.bins.AddWithCount(0, float64(count))
			return
		}
		bins.AddWithCount(bin, float64(count))
	})
	return err
}

// eachBin shows what is in a sketch's bytes: the zeros, as a bin below the least,
// and then the bins.
func eachBin(b []byte, show func(bin int, count uint64)) (ignored, total uint64, err error) {
	if len(b) == 0 {
		return 0, 0, errSketch
	}
	if b[0] != sketchVersion {
		return 0, 0, fmt.Errorf("read sketch: version %d is not known (this is version %d)", b[0], sketchVersion)
	}
	r := varints{rest: b[1:]}
	ignored, zeros, full := r.next(), r.next(), r.next()
	if total = zeros; zeros > 0 {
		show(leastBin-1, zeros)
	}
	bin := uint64(0) // from leastBin
	for i := uint64(0); i < full && !r.bad; i++ {
		step, count := r.next(), r.next()
		if i > 0 && step == 0 || step > uint64(mostBin-leastBin)-bin || count == 0 {
			return 0, 0, errSketch
		}
		bin += step
		if total += count; total > maxCount {
			return 0, 0, errSketch
		}
		show(leastBin+int(bin), count)
	}
	if r.bad || len(r.rest) > 0 {
		return 0, 0, errSketch
	}
	return ignored, total, nil
}

// varints reads unsigned varints of at most 2^53 in their shortest form; bad
// says that there was something else.
type varints struct {
	rest []byte
	bad  bool
}

func (r *varints) next() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 || v > maxCount {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}
