package stats

// Moments are sums over units that have a denominator, one pair (x, y) a unit,
// in exact integers: they come to the same digits in whatever order, on
// whatever replica, they were added.
type Moments struct {
	Units      int64 // K: units with y > 0
	Hits       int64 // of those, units with x > 0
	X, Y       Int128
	XX, YY, XY Int128
}

// Add adds a unit's pair; one without a denominator counts for nothing.
func (m *Moments) Add(x, y int64) { m.change(x, y, Int128.Add, 1) }

// Remove takes a unit's pair out again.
func (m *Moments) Remove(x, y int64) { m.change(x, y, Int128.Sub, -1) }

func (m *Moments) change(x, y int64, with func(a, b Int128) Int128, units int64) {
	if y <= 0 {
		return
	}
	m.Units += units
	if x > 0 {
		m.Hits += units
	}
	m.X, m.Y = with(m.X, Int(x)), with(m.Y, Int(y))
	m.XX, m.YY, m.XY = with(m.XX, Mul(x, x)), with(m.YY, Mul(y, y)), with(m.XY, Mul(x, y))
}

// Merge adds the sums of other units.
func (m *Moments) Merge(o Moments) {
	m.Units += o.Units
	m.Hits += o.Hits
	m.X, m.Y = m.X.Add(o.X), m.Y.Add(o.Y)
	m.XX, m.YY, m.XY = m.XX.Add(o.XX), m.YY.Add(o.YY), m.XY.Add(o.XY)
}
