package telemetry

import "sync/atomic"

// Gauge is a whole number that rises and falls.
type Gauge struct {
	n atomic.Int64
	_ cacheLine
}

// GaugeFamily is a family of gauges.
type GaugeFamily = Group[Gauge]

// Set replaces the value.
func (g *Gauge) Set(n int64) { g.n.Store(n) }

// SetBool sets 1 for true and 0 for false.
func (g *Gauge) SetBool(yes bool) {
	if yes {
		g.n.Store(1)
		return
	}
	g.n.Store(0)
}

// Add adds n, which may be negative.
func (g *Gauge) Add(n int64) { g.n.Add(n) }

// Inc adds one.
func (g *Gauge) Inc() { g.n.Add(1) }

// Dec takes one away.
func (g *Gauge) Dec() { g.n.Add(-1) }

// Value returns the value.
func (g *Gauge) Value() int64 { return g.n.Load() }

func (g *Gauge) sample() Sample { return Sample{Value: float64(g.n.Load())} }
