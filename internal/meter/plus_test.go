package meter

import (
	"math"
	"testing"
)

func TestPlus(t *testing.T) {
	const most, least = Micro(math.MaxInt64), Micro(math.MinInt64)
	for _, c := range []struct{ a, b, want Micro }{
		{1, 2, 3}, {most - 2, 1, most - 1}, {-5, 3, -2}, {least + 2, -1, least + 1},
		{most - 1, 1, most}, {most - 1, 2, most}, {most / 2, most/2 + 9, most}, {most, most, most},
		{least + 1, -2, least}, {least, least, least}, {least / 2, least/2 - 1, least},
		{most, -1, most}, {most, least, most}, {least, 1, least}, // how far beyond it is, nobody knows
	} {
		if got := Plus(c.a, c.b); got != c.want {
			t.Errorf("%d + %d = %d, want %d", c.a, c.b, got, c.want)
		}
		if (c.a != most || c.b != least) && Plus(c.b, c.a) != c.want {
			t.Errorf("%d + %d = %d, want %d", c.b, c.a, Plus(c.b, c.a), c.want)
		}
	}
}
