package meter

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/weirhq/weir/internal/chat"
)

func TestCost(t *testing.T) {
	// USD per million: 3, 15, cached .30, cache write 3.75.
	sonnet := Price{Input: 3_000_000, Output: 15_000_000, CachedInput: 300_000, CacheWrite: 3_750_000}
	for _, c := range []struct {
		name  string
		price Price
		usage chat.Usage
		want  Micro
	}{
		{"nothing", sonnet, chat.Usage{}, 0},
		{"1,000 in, 500 out: 0.003 + 0.0075 dollars", sonnet, chat.Usage{Input: 1000, Output: 500}, 10_500},
		// 200 × 3 + 700 × .30 + 100 × 3.75 + 500 × 15 = 600 + 210 + 375 + 7500
		{"cached and written are parts of the input", sonnet, chat.Usage{Input: 1000, Cached: 700, CacheWrite: 100, Output: 500}, 8685},
		{"reasoning is a part of the output", sonnet, chat.Usage{Output: 500, Reasoning: 400}, 7500},
		{"more cached than there was", sonnet, chat.Usage{Input: 100, Cached: 900}, 30},
		{"half a micro-dollar is rounded up", Price{Input: 500_000}, chat.Usage{Input: 1}, 1},
		{"less is rounded down", Price{Input: 499_999}, chat.Usage{Input: 1}, 0},
		{"free", Price{}, chat.Usage{Input: math.MaxInt64, Output: math.MaxInt64}, 0},
		{"beyond what fits", Price{Input: math.MaxInt64}, chat.Usage{Input: math.MaxInt64}, math.MaxInt64},
		{"negative counts", sonnet, chat.Usage{Input: -5, Output: -1, Cached: -1}, 0},
	} {
		if got := c.price.Cost(c.usage); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// Against arithmetic without bounds.
func TestCostIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		p := Price{Input: Micro(r.Int64N(1e12)), Output: Micro(r.Int64N(1e12)), CachedInput: Micro(r.Int64N(1e12)), CacheWrite: Micro(r.Int64N(1e12))}
		u := chat.Usage{Input: r.Int64N(1e7), Output: r.Int64N(1e7)}
		u.Cached = r.Int64N(u.Input + 1)
		u.CacheWrite = r.Int64N(u.Input - u.Cached + 1)
		sum := new(big.Int)
		for _, part := range []struct {
			n int64
			p Micro
		}{{u.Input - u.Cached - u.CacheWrite, p.Input}, {u.Cached, p.CachedInput}, {u.CacheWrite, p.CacheWrite}, {u.Output, p.Output}} {
			sum.Add(sum, new(big.Int).Mul(big.NewInt(part.n), big.NewInt(int64(part.p))))
		}
		want := sum.Add(sum, big.NewInt(million/2)).Div(sum, big.NewInt(million)).Int64()
		if got := p.Cost(u); int64(got) != want {
			t.Fatalf("%+v at %+v: %d, want %d", u, p, got, want)
		}
	}
}

func TestDecimal(t *testing.T) {
	for m, want := range map[Micro]string{0: "0", 1: "0.000001", 2_500_000: "2.5", 10_000_000: "10", 75_000: "0.075", -1_500_000: "-1.5",
		math.MaxInt64: "9223372036854.775807", math.MinInt64: "-9223372036854.775808"} {
		if got := m.Decimal(); got != want {
			t.Errorf("%d: %s, want %s", m, got, want)
		}
	}
}
