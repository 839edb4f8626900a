package meter

import "time"

// Policy says what happens to a model without a price.
type Policy string

// The policies.
const (
	Deny      Policy = "deny"      // it is not asked
	Estimate  Policy = "estimate"  // as dear as the dearest that is known of its vendor, and marked
	Untracked Policy = "untracked" // it is asked, and its cost is shown as unknown
)

// FromDefinitions is Rate.From of a price that the model's definition names.
const FromDefinitions = "definitions"

// Terms are what definitions say of the cost of one model.
type Terms struct {
	Vendor   string
	Price    *Price // nil: as the book says
	Unpriced Policy // empty: Untracked
	Free     bool   // it costs nothing and never will: it is simulated
}

// Tariff is what the models in force cost: what their definitions say, else the
// book. It is immutable. A nil Tariff knows no price.
type Tariff struct {
	Book   *Book
	Models map[string]Terms // by name in definitions
}

// Rate is what a model costs at a time.
type Rate struct {
	Price Price
	Basis Basis  // of amounts that rest on counts; Unpriced when no price is known
	From  string // "definitions", "openai/gpt-4o@2024-10-02"; "" when nothing is known
	Known bool   // the price is its own
	Deny  bool   // it is not to be asked
	Until time.Time
	// Until is when another row of the book takes over; zero: not that is known.
}

// Rate finds what a model costs. id is the vendor's own, "" while it is not known:
// nothing is denied for that.
func (t *Tariff) Rate(model, id string, at time.Time) Rate {
	if t == nil {
		return Rate{Basis: Unpriced}
	}
	terms := t.Models[model]
	switch {
	case terms.Price != nil:
		return Rate{Price: *terms.Price, Basis: Priced, From: FromDefinitions, Known: true}
	case terms.Free:
		return Rate{Basis: Priced, From: "simulated", Known: true}
	}
	row, until := t.Book.find(terms.Vendor, id, at)
	switch {
	case row != nil:
		return Rate{Price: row.Price, Basis: Priced, From: row.Name(), Known: true, Until: until}
	case terms.Unpriced == Deny:
		return Rate{Basis: Unpriced, Deny: id != "", Until: until}
	case terms.Unpriced == Estimate:
		if p, from := t.dearest(terms.Vendor, at); from != "" {
			return Rate{Price: p, Basis: Estimated, From: from, Until: t.Book.changes(at)}
		}
	}
	return Rate{Basis: Unpriced, Until: until}
}

// dearest takes the highest of each amount that is known of a vendor: an
// estimate that errs, errs upwards.
func (t *Tariff) dearest(vendor string, at time.Time) (p Price, from string) {
	add := func(q Price) {
		from = "the dearest of " + vendor
		p.Input, p.Output = max(p.Input, q.Input), max(p.Output, q.Output)
		p.CachedInput, p.CacheWrite = max(p.CachedInput, q.CachedInput), max(p.CacheWrite, q.CacheWrite)
	}
	for _, m := range t.Models {
		if m.Vendor == vendor && m.Price != nil {
			add(*m.Price)
		}
	}
	for _, r := range t.Book.InForce(at) {
		if r.Vendor == vendor {
			add(r.Price)
		}
	}
	return p, from
}
