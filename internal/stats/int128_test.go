package stats

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"testing/quick"
)

func TestInt128AgreesWithBig(t *testing.T) {
	same := func(a, b, c, d int64) bool {
		p, q := Mul(a, b), Mul(c, d)
		x, y := new(big.Int).Mul(big.NewInt(a), big.NewInt(b)), new(big.Int).Mul(big.NewInt(c), big.NewInt(d))
		sum, diff := new(big.Int).Add(x, y), new(big.Int).Sub(x, y)
		return p.String() == x.String() && p.Add(q).String() == sum.String() && p.Sub(q).String() == diff.String()
	}
	// The product of two of these and its sum with another stay within 127 bits.
	edges := []int64{0, 1, -1, math.MaxInt64 / 2, -math.MaxInt64 / 2, 1 << 32, -(1 << 32)}
	for _, a := range edges {
		for _, b := range edges {
			if !same(a, b, b, -a) {
				t.Errorf("%d × %d", a, b)
			}
		}
	}
	half := func(v int64) int64 { return v / 2 }
	if err := quick.Check(func(a, b, c, d int64) bool { return same(half(a), half(b), half(c), half(d)) }, nil); err != nil {
		t.Error(err)
	}
}

func TestInt128TravelsAsBytes(t *testing.T) {
	for _, a := range []Int128{{}, Int(-1), Mul(math.MaxInt64, math.MinInt64), Mul(math.MinInt64, math.MinInt64)} {
		b, _ := a.AppendBinary([]byte{7})
		got, rest, ok := ParseInt128(b[1:])
		if got != a || len(rest) != 0 || !ok {
			t.Errorf("%v became %v, rest %x, %v", a, got, rest, ok)
		}
		if _, _, ok := ParseInt128(b[2:]); ok {
			t.Error("15 bytes were read as a number")
		}
	}
	if f := Mul(-3, 1<<62).Float(); f != -3*0x1p62 {
		t.Errorf("as a float: %g", f)
	}
}

func TestMomentsMergeInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var whole, left, right, undone Moments
	hits := int64(0)
	for i := range 1000 {
		x, y := r.Int64N(2e12)-1e12, r.Int64N(4)
		if i%5 == 0 {
			x = -int64(i % 2) // no hit, and at its edge: x+1 below is none or one
		}
		if x > 0 && y > 0 {
			hits++
		}
		whole.Add(x, y)
		undone.Add(x, y)
		if i%2 == 0 {
			left.Add(x, y)
		} else {
			right.Add(x, y)
		}
		undone.Add(x+1, y+1)
		undone.Remove(x+1, y+1)
	}
	right.Merge(left)
	if right != whole || undone != whole {
		t.Errorf("merged %+v, undone %+v, want %+v", right, undone, whole)
	}
	if whole.Hits != hits {
		t.Errorf("%d units with a hit, want %d", whole.Hits, hits)
	}
	if whole.Units == 0 || whole.Units == 1000 {
		t.Errorf("%d units: those without a denominator count for nothing", whole.Units)
	}
}

// Of a small negative number the high half says -2^64 and the low half nearly as
// much the other way: added as floats they would be 0.
func TestFloatOfSmallNegatives(t *testing.T) {
	for _, v := range []int64{-1, -800, -1 << 40, math.MinInt64, 7} {
		if got := Int(v).Float(); got != float64(v) {
			t.Errorf("%d became %v", v, got)
		}
	}
	if got := (Int128{Hi: math.MinInt64}).Float(); got != -0x1p127 {
		t.Errorf("the least became %v", got)
	}
}
