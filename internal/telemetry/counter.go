package telemetry

import "sync/atomic"

// cacheLine keeps neighbouring series out of one another's cache line: without
// it two cores that count different things would still wait for each other.
type cacheLine [56]byte

// Counter is a whole number that only rises.
type Counter struct {
	n atomic.Uint64
	_ cacheLine
}

// CounterFamily is a family of counters.
type CounterFamily = Group[Counter]

// Inc adds one.
func (c *Counter) Inc() { c.n.Add(1) }

// Add adds n.
func (c *Counter) Add(n uint64) { c.n.Add(n) }

// Value returns the count.
func (c *Counter) Value() uint64 { return c.n.Load() }

func (c *Counter) sample() Sample { return Sample{Value: float64(c.n.Load())} }

// MicroCounter is a sum that only rises, kept in millionths of what it shows:
// adding a million micro-dollars shows one dollar. Adding floats would lose
// cents after a few million requests; this never drifts.
type MicroCounter struct {
	n atomic.Uint64
	_ cacheLine
}

// MicroCounterFamily is a family of counters in millionths.
type MicroCounterFamily = Group[MicroCounter]

// Add adds n millionths. What is below zero is left out: a correction belongs in
// the ledger, a counter only rises.
func (c *MicroCounter) Add(n int64) {
	if n > 0 {
		c.n.Add(uint64(n))
	}
}

// Micros returns the sum in millionths.
func (c *MicroCounter) Micros() uint64 { return c.n.Load() }

func (c *MicroCounter) sample() Sample { return Sample{Value: float64(c.n.Load()) / 1e6} }
