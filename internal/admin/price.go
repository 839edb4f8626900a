package admin

import (
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/upstream"
)

// Price is what a model's tokens cost now, and where that is known from: F3 of
// the list of faults is that nobody sees what is not known.
type Price struct {
	Known    bool         `json:"known" doc:"it has a price of its own"`
	Basis    meter.Basis  `json:"basis" enum:"priced,estimated,unpriced" doc:"of the cost of its answers"`
	From     string       `json:"from,omitempty" doc:"definitions, or the row of the list of prices with the day from which it counts"`
	Source   string       `json:"source,omitempty" doc:"the public page that the row was taken from"`
	ListAsOf time.Time    `json:"list_as_of,omitzero" doc:"when the list was last compared with the vendors' pages"`
	Until    time.Time    `json:"until,omitzero" doc:"when another price takes over, where that is known"`
	Policy   meter.Policy `json:"unpriced" enum:"deny,estimate,untracked" doc:"what is done without a price"`
	Refused  bool         `json:"refused,omitempty" doc:"it has no price and is not asked for that"`
	Unit     string       `json:"unit" enum:"micro-dollars per million tokens"`
	Input    meter.Micro  `json:"input"`
	Output   meter.Micro  `json:"output"`
	Cached   meter.Micro  `json:"cached_input"`
	Written  meter.Micro  `json:"cache_write"`
}

func (s *Server) tariff() *meter.Tariff {
	if s.cfg.Tariff == nil {
		return nil
	}
	return s.cfg.Tariff()
}

// priceOf is what a model costs now.
func (s *Server) priceOf(pool *upstream.Pool) Price {
	t, now := s.tariff(), s.cfg.Now()
	r := t.Rate(pool.Model.Name, pool.Model.ID, now)
	p := Price{Known: r.Known, Basis: r.Basis, From: r.From, Until: r.Until, Policy: meter.Untracked, Refused: r.Deny, Unit: "micro-dollars per million tokens",
		Input: r.Price.Input, Output: r.Price.Output, Cached: r.Price.CachedInput, Written: r.Price.CacheWrite}
	if t == nil {
		return p
	}
	terms := t.Models[pool.Model.Name]
	if terms.Unpriced != "" {
		p.Policy = terms.Unpriced
	}
	if row, ok := t.Book.Find(terms.Vendor, pool.Model.ID, now); ok && row.Name() == r.From {
		p.Source, p.ListAsOf = row.Source, t.Book.AsOf
	}
	return p
}

// Money is how a cost comes about: tokens times price.
type Money struct {
	Currency  string       `json:"currency" enum:"USD"`
	Lines     []MoneyLine  `json:"lines" doc:"empty when the price is not known"`
	Cost      meter.Micro  `json:"cost_micro" doc:"what was booked, in micro-dollars"`
	Basis     meter.Basis  `json:"basis" doc:"priced, estimated or unpriced; empty when no model was asked"`
	PriceFrom string       `json:"price_from" doc:"definitions, or the dated row of the list of prices"`
	Source    meter.Source `json:"usage_source" doc:"where the tokens are from: reported, counted or estimated; empty when nothing is known of them"`
	Error     float64      `json:"usage_error,omitempty" doc:"of an estimate: the relative error its method was measured to have"`
	Agrees    bool         `json:"agrees" doc:"the lines add up to the cost; they need not when the price has changed since"`
}

// MoneyLine is one class of tokens.
type MoneyLine struct {
	Tokens string      `json:"tokens" enum:"input,cached,cache_write,output"`
	Count  int64       `json:"count"`
	Price  meter.Micro `json:"price_micro_per_million" doc:"micro-dollars for a million tokens"`
	Cost   float64     `json:"cost_micro" doc:"before the sum is rounded"`
}

// money shows the sum that gave the event its cost, with the prices of its time.
func (s *Server) money(e *event.Event) Money {
	m := Money{Currency: currency, Lines: []MoneyLine{}, Cost: e.Cost, Basis: e.CostBasis, PriceFrom: e.PriceFrom, Source: e.UsageSource, Error: e.UsageError}
	rate := s.tariff().Rate(e.Model, e.ServedModel, e.Time)
	if rate.From == "" {
		m.Agrees = e.Cost == 0
		return m
	}
	u, p := e.Usage, rate.Price
	add := func(class string, count int64, price meter.Micro) {
		if count > 0 {
			m.Lines = append(m.Lines, MoneyLine{class, count, price, float64(count) * float64(price) / 1e6})
		}
	}
	cached := min(max(u.Cached, 0), max(u.Input, 0))
	written := min(max(u.CacheWrite, 0), max(u.Input, 0)-cached)
	add("input", u.Input-cached-written, p.Input)
	add("cached", cached, p.CachedInput)
	add("cache_write", written, p.CacheWrite)
	add("output", u.Output, p.Output)
	m.Agrees = p.Cost(u) == e.Cost
	return m
}
