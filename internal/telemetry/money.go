package telemetry

import "sync/atomic"

// Money is what one bundle has cost. Its series appear with the first amount, be
// that 0: a model without a price has no series, rather than one that says that
// nothing was spent.
//
// Add 0 when a snapshot with a price is built. The first request is a rise then,
// and not a new series, which rate() would not see.
type Money struct {
	counter atomic.Pointer[MicroCounter]
	find    func() *MicroCounter
}

// Add adds an amount in micro-dollars. What is below zero is left out.
func (m *Money) Add(micros int64) {
	c := m.counter.Load()
	if c == nil {
		c = m.find() // the same handle for all who ask
		m.counter.Store(c)
	}
	c.Add(micros)
}
