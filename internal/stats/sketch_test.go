package stats

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// draws are shapes that latencies, prices and token counts take.
var draws = map[string]func(r *rand.Rand) float64{
	"log-normal seconds": func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()*1.2 - 1) },
	"uniform":            func(r *rand.Rand) float64 { return r.Float64() * 100 },
	"heavy tail":         func(r *rand.Rand) float64 { return math.Pow(1-r.Float64(), -1.5) },
	"whole tokens":       func(r *rand.Rand) float64 { return float64(r.IntN(5)) },
	"one value":          func(*rand.Rand) float64 { return 0.25 },
	"tiny dollars":       func(r *rand.Rand) float64 { return 1e-8 * (1 + r.Float64()) },
}

func sketchOf(values []float64) *Sketch {
	s := NewSketch()
	for _, v := range values {
		s.Add(v)
	}
	return s
}

func encoded(t testing.TB, s *Sketch) []byte {
	t.Helper()
	b, err := s.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The oracle is the sorted sample: the value at rank floor(q × (n-1)).
func TestQuantilesAreWithinOnePercent(t *testing.T) {
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 7))
			for _, n := range []int{1, 2, 10, 1000, 20000} {
				values := make([]float64, n)
				for i := range values {
					values[i] = draw(r)
				}
				s := sketchOf(values)
				slices.Sort(values)
				for _, q := range []float64{0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1} {
					want := values[int(q*float64(n-1))]
					got, ok := s.Quantile(q)
					if !ok || math.Abs(got-want) > want*(Accuracy+1e-9) {
						t.Errorf("n = %d, quantile %g: %g, want %g within 1 %%", n, q, got, want)
					}
				}
				if s.Count() != int64(n) {
					t.Errorf("count %d, want %d", s.Count(), n)
				}
			}
		})
	}
}

// However values are spread over sketches, and whether those were written and
// read in between, the bytes of the merged sketch are those of the whole.
func TestSketchesMergeToTheWhole(t *testing.T) {
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 9))
			whole := NewSketch()
			parts := make([]*Sketch, 7)
			for i := range parts {
				parts[i] = NewSketch()
			}
			for range 5000 {
				v := draw(r)
				if r.IntN(100) == 0 {
					v = -1
				}
				whole.Add(v)
				parts[r.IntN(len(parts)-1)].Add(v) // the last stays empty
			}
			merged := NewSketch()
			for _, i := range r.Perm(len(parts)) {
				before := encoded(t, parts[i])
				p, err := ParseSketch(before)
				if err != nil {
					t.Fatal(err)
				}
				if err := merged.Merge(p); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(encoded(t, p), before) {
					t.Error("merging changed what was merged from")
				}
			}
			if !bytes.Equal(encoded(t, merged), encoded(t, whole)) {
				t.Error("the merged sketch differs from that of all values")
			}
			if merged.Count() != whole.Count() || merged.Ignored() != whole.Ignored() || whole.Ignored() == 0 {
				t.Errorf("merged %d and %d ignored, whole %d and %d", merged.Count(), merged.Ignored(), whole.Count(), whole.Ignored())
			}
		})
	}
}

func TestValuesAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		name    string
		add     float64
		count   int64
		ignored int64
		median  float64
	}{
		{"zero", 0, 1, 0, 0},
		{"less than is told apart", 1e-10, 1, 0, 0},
		{"the least", 1e-9, 1, 0, 1e-9},
		{"the greatest", 1e12, 1, 0, 1e12},
		{"more than is told apart", math.MaxFloat64, 1, 0, 1e12},
		{"negative", -1e-12, 0, 1, 0},
		{"not a number", math.NaN(), 0, 1, 0},
		{"infinite", math.Inf(1), 0, 1, 0},
		{"negative infinite", math.Inf(-1), 0, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sketchOf([]float64{c.add})
			s, err := ParseSketch(encoded(t, s))
			if err != nil {
				t.Fatal(err)
			}
			v, ok := s.Quantile(0.5)
			if s.Count() != c.count || s.Ignored() != c.ignored || ok != (c.count > 0) || math.Abs(v-c.median) > c.median*(Accuracy+1e-9) {
				t.Errorf("count %d, ignored %d, median %g %v", s.Count(), s.Ignored(), v, ok)
			}
		})
	}
	for _, q := range []float64{-0.1, 1.1, math.NaN()} {
		if _, ok := sketchOf([]float64{1}).Quantile(q); ok {
			t.Errorf("there is a quantile %g", q)
		}
	}
}

func TestBytesThatAreNoSketch(t *testing.T) {
	good := encoded(t, sketchOf([]float64{0, 0.5, 2, 2}))
	for n := range good {
		if _, err := ParseSketch(good[:n]); err == nil {
			t.Errorf("%d of %d bytes were read as a sketch", n, len(good))
		}
	}
	top := uint64(mostBin - leastBin)
	for name, b := range map[string][]byte{
		"one byte more":       append(slices.Clone(good), 0),
		"another version":     append([]byte{2}, good[1:]...),
		"a bin twice":         numbers(0, 0, 2, 5, 1, 0, 1),
		"an empty bin":        numbers(0, 0, 1, 5, 0),
		"a bin beyond all":    numbers(0, 0, 1, top+1, 1),
		"bins beyond all":     numbers(0, 0, 2, top, 1, 1, 1),
		"too many values":     numbers(0, maxCount, 1, 1, 1),
		"too many ignored":    numbers(maxCount + 1),
		"a number too long":   {1, 0x80, 0, 0, 0},
		"fewer bins than say": numbers(0, 0, 1<<50, 1, 1),
	} {
		if _, err := ParseSketch(b); err == nil || !strings.Contains(err.Error(), "read sketch") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseSketch(numbers(0, 0, 2, 0, 1, top, 1)); err != nil {
		t.Errorf("the first and the last bin: %v", err)
	}
}

func TestMergeRefusesMoreThanCanBeCounted(t *testing.T) {
	full, err := ParseSketch(numbers(0, maxCount, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := full.Merge(sketchOf([]float64{1})); err == nil || full.Count() != maxCount {
		t.Errorf("error %v, count %d", err, full.Count())
	}
}

// A minute of a busy route: what a roll-up row costs to keep.
func TestSketchIsCompact(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	s := NewSketch()
	for range 6000 {
		s.Add(draws["log-normal seconds"](r))
	}
	if n := len(encoded(t, s)); n > 1000 {
		t.Errorf("%d bytes for 6000 latencies", n)
	}
}

func FuzzParseSketch(f *testing.F) {
	f.Add([]byte{})
	f.Add(encoded(f, NewSketch()))
	f.Add(encoded(f, sketchOf([]float64{0, 1e-9, 0.5, 2, 2, 1e12, -1})))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSketch(b)
		if err != nil {
			return
		}
		if got := encoded(t, s); !bytes.Equal(got, b) {
			t.Errorf("read %x, written %x: a sketch has one form", b, got)
		}
		if v, ok := s.Quantile(0.99); ok != (s.Count() > 0) || v < 0 || v > 1.02*sketchMost {
			t.Errorf("quantile %g %v of %d", v, ok, s.Count())
		}
		o := sketchOf([]float64{1})
		if err := o.Merge(s); err == nil && o.Count() != s.Count()+1 {
			t.Errorf("merged %d, want one more than %d", o.Count(), s.Count())
		}
	})
}

// numbers are the bytes of a sketch that says these.
func numbers(v ...uint64) []byte {
	b := []byte{sketchVersion}
	for _, v := range v {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

// Merging the bytes is merging the sketch; bytes that are none leave it as it was.
func TestMergeBinaryIsMerge(t *testing.T) {
	a, b := sketchOf([]float64{0, 1, 2, 3e-9}), sketchOf([]float64{0, 2, 1e12, -1, math.NaN()})
	want := sketchOf([]float64{0, 1, 2, 3e-9})
	if err := want.Merge(b); err != nil {
		t.Fatal(err)
	}
	if err := a.MergeBinary(encoded(t, b)); err != nil || !bytes.Equal(encoded(t, a), encoded(t, want)) || a.Count() != 7 || a.Ignored() != 2 {
		t.Errorf("%v: %d values, %d ignored", err, a.Count(), a.Ignored())
	}
	bad := encoded(t, b)
	for _, one := range [][]byte{nil, bad[:len(bad)-1], append(slices.Clone(bad), 0), {sketchVersion, 0, 0, 2, 1, 1, 0, 1}} {
		if err := a.MergeBinary(one); err == nil || !bytes.Equal(encoded(t, a), encoded(t, want)) {
			t.Errorf("%x: %v, and %d values", one, err, a.Count())
		}
	}
}
