// Package meter turns tokens into money: prices as dated rows of data, tokens
// counted where no usage was reported, and the policy for what has no price. It
// decides nothing about budgets and reads no clock.
package meter

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/weirhq/weir/internal/chat"
)

// Micro is money in millionths of a US dollar.
type Micro int64

// Basis says what an amount rests on. There is no silent zero: what costs
// nothing is Priced at 0, what cannot be priced is Unpriced.
type Basis string

// The bases.
const (
	Priced    Basis = "priced"    // reported or counted tokens at a known price
	Estimated Basis = "estimated" // tokens or price are an estimate
	Unpriced  Basis = "unpriced"  // no price is known: the amount is 0 and says nothing
)

// Source says where the numbers of tokens come from.
type Source string

// The sources.
const (
	Reported Source = "reported"  // by the upstream
	Counted  Source = "counted"   // by us, with the vendor's own tokenizer
	Guessed  Source = "estimated" // by us, with another measure; Event.UsageError says how far off it may be
)

// Price is what a million tokens cost. Input is for tokens of the request that
// are neither Cached nor CacheWrite.
type Price struct {
	Input, Output, CachedInput, CacheWrite Micro
}

// Cost is what usage costs, rounded to the nearest micro-dollar, half up.
// Cached and CacheWrite are parts of Input, Reasoning is a part of Output. An
// amount beyond int64 is the largest one; negative counts are taken for 0.
func (p Price) Cost(u chat.Usage) Micro {
	cached := min(max(u.Cached, 0), max(u.Input, 0))
	written := min(max(u.CacheWrite, 0), max(u.Input, 0)-cached)
	var hi, lo uint64
	add := func(tokens int64, price Micro) {
		h, l := bits.Mul64(uint64(max(tokens, 0)), uint64(max(price, 0)))
		var carry uint64
		lo, carry = bits.Add64(lo, l, 0)
		hi, _ = bits.Add64(hi, h, carry)
	}
	add(max(u.Input, 0)-cached-written, p.Input)
	add(cached, p.CachedInput)
	add(written, p.CacheWrite)
	add(u.Output, p.Output)
	lo, carry := bits.Add64(lo, million/2, 0)
	if hi += carry; hi >= million { // the quotient would not fit
		return math.MaxInt64
	}
	quotient, _ := bits.Div64(hi, lo, million)
	return Micro(min(quotient, math.MaxInt64))
}

const million = 1_000_000

// Decimal writes the amount in dollars, as short as it can be: "2.5".
func (m Micro) Decimal() string {
	sign, rest := "", uint64(m)
	if m < 0 {
		sign, rest = "-", -rest
	}
	whole, part := rest/million, rest%million
	if part == 0 {
		return sign + strconv.FormatUint(whole, 10)
	}
	digits := strconv.FormatUint(million+part, 10)[1:]
	return sign + strconv.FormatUint(whole, 10) + "." + strings.TrimRight(digits, "0")
}
