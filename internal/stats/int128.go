package stats

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
)

// Int128 is a signed integer of 128 bits, two's complement. Sums of squares of
// micro-units outgrow 64 bits at a few thousand users. Arithmetic wraps; at
// 2^127, 10^9 units of 10^14 each squared are far from it.
type Int128 struct {
	Hi int64
	Lo uint64
}

// Int is v as an Int128.
func Int(v int64) Int128 { return Int128{Hi: v >> 63, Lo: uint64(v)} }

// Add gives a + b.
func (a Int128) Add(b Int128) Int128 {
	lo, carry := bits.Add64(a.Lo, b.Lo, 0)
	return Int128{Hi: a.Hi + b.Hi + int64(carry), Lo: lo}
}

// Sub gives a - b.
func (a Int128) Sub(b Int128) Int128 {
	lo, borrow := bits.Sub64(a.Lo, b.Lo, 0)
	return Int128{Hi: a.Hi - b.Hi - int64(borrow), Lo: lo}
}

// Mul gives a × b of two 64-bit integers, exactly.
func Mul(a, b int64) Int128 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	h := int64(hi)
	if a < 0 {
		h -= b
	}
	if b < 0 {
		h -= a
	}
	return Int128{Hi: h, Lo: lo}
}

// Float is the nearest float64 or one of its neighbours.
func (a Int128) Float() float64 {
	if a.Hi < 0 && a != (Int128{Hi: math.MinInt64}) { // -1 is -2^64 + (2^64-1), which floats make 0
		return -Int128{}.Sub(a).Float()
	}
	return float64(a.Hi)*0x1p64 + float64(a.Lo)
}

// Big is a as a big integer.
func (a Int128) Big() *big.Int {
	b := new(big.Int).Lsh(big.NewInt(a.Hi), 64)
	return b.Add(b, new(big.Int).SetUint64(a.Lo))
}

// String writes a in decimal.
func (a Int128) String() string { return a.Big().String() }

// AppendBinary appends 16 bytes, big endian.
func (a Int128) AppendBinary(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint64(b, uint64(a.Hi))
	return binary.BigEndian.AppendUint64(b, a.Lo), nil
}

// ParseInt128 reads what AppendBinary wrote and gives the rest; ok is false when
// b is too short.
func ParseInt128(b []byte) (a Int128, rest []byte, ok bool) {
	if len(b) < 16 {
		return a, b, false
	}
	return Int128{Hi: int64(binary.BigEndian.Uint64(b)), Lo: binary.BigEndian.Uint64(b[8:])}, b[16:], true
}
