package definition

import (
	"math"
	"time"

	"github.com/weirhq/weir/internal/meter"
)

// PriceSpec is what tokens cost.
type PriceSpec struct {
	Input       *float64 `json:"input,omitzero" needed:"yes" doc:"US dollars for the tokens of the request." example:"0.15"`
	Output      *float64 `json:"output,omitzero" needed:"yes" doc:"US dollars for the tokens of the answer." example:"0.60"`
	CachedInput *float64 `json:"cached_input,omitzero" doc:"US dollars for tokens of the request that the vendor had cached. Left out: as input."`
	CacheWrite  *float64 `json:"cache_write,omitzero" doc:"US dollars for tokens of the request that the vendor writes into its cache. Left out: as input."`
	Per         string   `json:"per,omitzero" default:"1m" enum:"1m 1k" doc:"How many tokens the prices are for: a million or a thousand."`
}

// PricesSpec is the section `prices`.
type PricesSpec struct {
	List     Reference `json:"list,omitzero" doc:"A list of your own, as file:PATH: its rows win over those that Weir brings along. It is read again when definitions are. weir prices check FILE checks one." example:"file:prices.json"`
	Unpriced string    `json:"unpriced,omitzero" default:"untracked" enum:"deny estimate untracked" doc:"What happens to a model without a price, unless the model says so itself."`
}

// price is what the model's own definition says, nil when it says nothing.
func (c *compiler) price(at []string, s *ModelSpec) *meter.Price {
	if s.Price == nil {
		return nil
	}
	million := 1e6
	if s.Price.Per == "1k" {
		million = 1e9
	}
	amount := func(field string, dollars *float64, otherwise meter.Micro) meter.Micro {
		if dollars == nil {
			return otherwise
		}
		micro := *dollars * million
		whole := math.Round(micro)
		if *dollars < 0 || micro > 1e15 {
			c.fail(with(at, "price", field), "write US dollars, 0 or more", "%v is out of range", *dollars)
		} else if math.Abs(micro-whole) > 1e-6*max(1, whole) {
			c.fail(with(at, "price", field), "round it", "is finer than a millionth of a dollar per million tokens")
		}
		return meter.Micro(whole)
	}
	p := &meter.Price{Input: amount("input", s.Price.Input, 0), Output: amount("output", s.Price.Output, 0)}
	p.CachedInput = amount("cached_input", s.Price.CachedInput, p.Input)
	p.CacheWrite = amount("cache_write", s.Price.CacheWrite, p.Input)
	return p
}

// unpriced is the policy of a model.
func (c *compiler) unpriced(s *ModelSpec) meter.Policy {
	if s.Unpriced != "" {
		return meter.Policy(s.Unpriced)
	}
	return meter.Policy(c.doc.Prices.Unpriced)
}

// tariff puts together what the models cost, and warns of those of which nobody
// knows: their money would be missing from every sum.
func (c *compiler) tariff(models []Model) *meter.Tariff {
	c.file(c.doc.Prices.List, "prices", "list")
	t := &meter.Tariff{Book: c.options.Prices, Models: make(map[string]meter.Terms, len(models))}
	if t.Book == nil {
		t.Book = meter.Builtin()
	}
	for _, m := range models {
		t.Models[m.Name] = meter.Terms{Vendor: m.Vendor, Price: m.Price, Unpriced: m.Unpriced, Free: c.simulated(m.Vendor)}
	}
	now := c.options.Now
	if now.IsZero() {
		now = time.Unix(1<<40, 0) // the newest row of each model
	}
	for _, m := range models {
		if rate := t.Rate(m.Name, m.ID, now); !rate.Known && m.Vendor != "" {
			c.withoutPrice(path("models", m.Name), &m, rate)
		}
	}
	return t
}

func (c *compiler) withoutPrice(at []string, m *Model, rate meter.Rate) {
	const add = "add price: {input: .., output: ..} in dollars per million tokens, 0 if it costs nothing by the token"
	switch {
	case m.Unpriced == meter.Deny && m.ID == "":
		c.warn(at, add, "has no price, and which model its endpoint serves is not known here: it is refused unless the list of prices has it")
	case m.Unpriced == meter.Deny:
		c.warn(at, add, "has no price: every request to it is refused, as unpriced: deny asks")
	case rate.Basis == meter.Estimated:
		c.warn(at, add, "has no price: its cost is estimated by %s", rate.From)
	default:
		c.warn(at, add, "has no price: the cost of its answers will not be known")
	}
}

// simulated reports whether a vendor is the one that is built in and free.
func (c *compiler) simulated(vendor string) bool {
	for _, v := range c.options.Vendors {
		if v.Name == vendor {
			return v.Simulated
		}
	}
	return vendor == "simulated"
}
