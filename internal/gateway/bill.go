package gateway

import (
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
)

// rates finds what a model costs, and remembers it: a price changes when
// definitions do, when a dated row takes over, and when the endpoint turns out
// to serve another model.
type rates struct {
	tariff *meter.Tariff
	model  string // in definitions
	last   atomic.Pointer[rate]
}

type rate struct {
	id string
	meter.Rate
}

// at is the rate for the vendor's id of the model at a time.
func (r *rates) at(id string, now time.Time) *rate {
	if l := r.last.Load(); l != nil && l.id == id && (l.Until.IsZero() || now.Before(l.Until)) {
		return l
	}
	l := &rate{id, r.tariff.Rate(r.model, id, now)}
	r.last.Store(l)
	return l
}

// bill is what an exchange used and what that costs: the sum of its rounds.
type bill struct {
	usage    chat.Usage
	source   meter.Source // of the least certain round
	off      float64      // the largest error of a guess
	cost     meter.Micro
	basis    meter.Basis
	from     string
	rounds   int
	reported bool // the upstream reported every round
}

// add puts a round on the bill.
func (b *bill) add(r *rate, u chat.Usage, source meter.Source, off float64) {
	basis := r.Basis
	if basis == meter.Priced && source == meter.Guessed {
		basis = meter.Estimated
	}
	b.reported = (b.rounds == 0 || b.reported) && source == meter.Reported
	switch {
	case b.rounds == 0:
		b.basis, b.source = basis, source
	case basis != b.basis: // a part without a price makes of the rest a lower bound
		b.basis = meter.Estimated
	}
	if rank(source) > rank(b.source) {
		b.source = source
	}
	b.rounds++
	b.usage.Add(u)
	b.off, b.from = max(b.off, off), r.From
	if r.Basis != meter.Unpriced {
		b.cost += r.Price.Cost(u)
	}
}

// rank orders the sources by how little they can be relied on.
func rank(s meter.Source) int {
	switch s {
	case meter.Reported:
		return 1
	case meter.Counted:
		return 2
	case meter.Guessed:
		return 3
	}
	return 0
}

// tally puts the round that ends on the bill: once for each round, whether it
// was finished, broke off or was left. What the upstream reported counts; where
// it reported nothing, or said more since and did not finish, tokens are counted.
func (x *Exchange) tally() {
	m := &x.meter
	defer m.attempt()
	u, source, off := m.round, meter.Reported, 0.0
	cutOff := m.said.length > m.reportedAt && x.outcome != event.OK
	switch {
	case !m.asked || !m.known && !x.consumed():
		return
	case m.known && !cutOff:
	default:
		counter := meter.For(x.served.vendor, x.served.id)
		text, length := m.said.sample()
		n := counter.Count(text, length)
		u.Output = max(u.Output, n.Tokens)
		if !m.known {
			in := x.countInput(counter)
			u.Input, n = in.Tokens, n.Add(in)
		}
		if length == 0 && x.outcome != event.OK { // it may have said much that never came
			n = n.Add(meter.Count{Source: meter.Guessed, Error: unseen})
		}
		source, off = n.Source, n.Error
	}
	x.bill.add(x.served.rate, u, source, off)
}

// consumed reports whether an exchange that ended without a report used tokens: a
// model that answers with an error bills nothing, one that is left or that breaks
// off has read the request.
func (x *Exchange) consumed() bool {
	switch x.outcome {
	case event.UpstreamError, event.Rejected:
		return x.meter.said.length > 0
	case event.Refused, event.Invalid:
		return false
	}
	return true
}

// usage is what all rounds consumed, as far as they have ended.
func (x *Exchange) usage() chat.Usage { return x.bill.usage }

// enter writes the bill into the event.
func (x *Exchange) enter(e *event.Event) {
	b := &x.bill
	e.Usage, e.UsageKnown, e.UsageSource, e.UsageError = b.usage, b.reported, b.source, b.off
	e.Cost, e.CostBasis, e.PriceFrom = b.cost, b.basis, b.from
	if b.rounds == 0 && len(x.attempts) > 0 { // asked, and nothing was used
		e.CostBasis = meter.Priced
	}
}
