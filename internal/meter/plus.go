package meter

import "math"

// What 64 bits hold is nine million million dollars. A sum beyond it comes of a
// price, or of a server's count of tokens, that is nonsense. It must neither turn
// into a small or a negative amount, nor take away every screen and report that
// it is a part of, for as long as it is kept. So it stays at the end of the range,
// whatever is added to it later, and whoever shows sums says so.

// Plus adds two amounts or counts. One that is Beyond stays as it is.
func Plus[N ~int64](a, b N) N {
	switch {
	case Beyond(a):
		return a
	case Beyond(b):
		return b
	case b > 0 && a > math.MaxInt64-b:
		return math.MaxInt64
	case b < 0 && a < math.MinInt64-b:
		return math.MinInt64
	}
	return a + b
}

// Beyond reports that a sum is at the end of the range: it is that much, or more.
func Beyond[N ~int64](n N) bool { return n == math.MaxInt64 || n == math.MinInt64 }
