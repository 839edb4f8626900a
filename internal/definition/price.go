package definition

import "math"

// PriceSpec is what tokens cost.
type PriceSpec struct {
	Input       *float64 `json:"input,omitzero" needed:"yes" doc:"US dollars for the tokens of the request." example:"0.15"`
	Output      *float64 `json:"output,omitzero" needed:"yes" doc:"US dollars for the tokens of the answer." example:"0.60"`
	CachedInput *float64 `json:"cached_input,omitzero" doc:"US dollars for tokens of the request that the vendor had cached. Left out: as input."`
	Per         string   `json:"per,omitzero" default:"1m" enum:"1m 1k" doc:"How many tokens the prices are for: a million or a thousand."`
}

// Price is what a million tokens cost, in micro-dollars: money is an integer.
type Price struct{ Input, Output, CachedInput int64 }

func (c *compiler) price(at []string, s *ModelSpec, v Vendor) *Price {
	if s.Price == nil {
		if !v.Simulated {
			c.warn(at, "add price: {input: .., output: ..} in dollars per million tokens, 0 if it costs nothing by the token",
				"has no price: the cost of its answers will not be known")
		}
		return nil
	}
	million := 1e6
	if s.Price.Per == "1k" {
		million = 1e9
	}
	amount := func(field string, dollars float64) int64 {
		micro := dollars * million
		whole := math.Round(micro)
		if dollars < 0 || micro > 1e15 {
			c.fail(with(at, "price", field), "write US dollars, 0 or more", "%v is out of range", dollars)
		} else if math.Abs(micro-whole) > 1e-6*max(1, whole) {
			c.fail(with(at, "price", field), "round it", "is finer than a millionth of a dollar per million tokens")
		}
		return int64(whole)
	}
	p := &Price{Input: amount("input", *s.Price.Input), Output: amount("output", *s.Price.Output)}
	p.CachedInput = p.Input
	if s.Price.CachedInput != nil {
		p.CachedInput = amount("cached_input", *s.Price.CachedInput)
	}
	return p
}
