package analysis

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// The forest plot: each comparison's relative effect with its interval, around
// the line of no effect. Colour and shape both say better, worse or unclear, with
// the metric's direction taken into account.

// Measures of the drawing, in units of its view box.
const (
	forestWidth  = 860
	forestLeft   = 250 // where the plot begins: labels are to the left
	forestRight  = 640 // where it ends: numbers are to the right
	forestTop    = 30
	forestRow    = 34
	forestBottom = 34
	forestMost   = 1.0 // an effect beyond ±100 % does not widen the plot
)

type forest struct {
	Width, Height int
	Left, Right   int
	Zero          string // x of no effect
	Top, Bottom   int
	Ticks         []tick
	Rows          []forestLine
	Summary       string
}

type tick struct {
	At     string
	Label  string
	Anchor string // of the text, below a plot
}

type forestLine struct {
	Y           int
	Label, Sub  string
	Text        string // the numbers
	Says        string
	From, To    string // of the interval
	At          string // of the estimate
	Shape       string // points of the mark; "" is a circle
	Band        bool   // of what this many units would show
	BandX       string
	BandW       string
	Margin      string // x of what is tolerated; "" none
	ArrowLow    string // points, where the interval leaves the plot
	ArrowHigh   string
	Undefined   bool
	HasInterval bool
}

func forestOf(r Report) forest {
	f := forest{Width: forestWidth, Left: forestLeft, Right: forestRight, Top: forestTop}
	span := forestSpan(r)
	x := func(v float64) float64 {
		v = math.Max(-span, math.Min(span, v))
		return forestLeft + (v+span)/(2*span)*(forestRight-forestLeft)
	}
	f.Zero = at(x(0))
	y := forestTop + forestRow/2
	better, worse, unclear := 0, 0, 0
	for _, m := range r.Metrics {
		for _, c := range m.Comparisons {
			f.Rows = append(f.Rows, forestLineOf(r, m, c, y, span, x))
			y += forestRow
			switch c.Says {
			case SaysBetter:
				better++
			case SaysWorse:
				worse++
			default:
				unclear++
			}
		}
	}
	f.Bottom = y - forestRow/2 + 4
	f.Height = f.Bottom + forestBottom
	for _, v := range []float64{-span, -span / 2, 0, span / 2, span} {
		label := percent(v)
		if v > 0 {
			label = "+" + label
		}
		f.Ticks = append(f.Ticks, tick{at(x(v)), label, "middle"})
	}
	f.Summary = fmt.Sprintf("Relative effects of %d comparisons against the baseline: %d better, %d worse, %d unclear. The table below has the numbers.", len(f.Rows), better, worse, unclear)
	return f
}

// forestSpan is how far the plot reaches to both sides: as far as the primary
// metric and most of the others do. What is beyond has an arrow, so that one great
// effect does not make all others a dot.
func forestSpan(r Report) float64 {
	var ends []float64
	least := 0.0
	for _, m := range r.Metrics {
		for _, c := range m.Comparisons {
			end := 0.0
			for _, v := range []Number{c.Relative.Value, c.Relative.Low, c.Relative.High} {
				if v.OK() {
					end = math.Max(end, math.Abs(float64(v)))
				}
			}
			ends = append(ends, end)
			if m.Role == RolePrimary {
				least = math.Max(least, end)
			}
		}
	}
	if len(ends) > 0 {
		slices.Sort(ends)
		least = math.Max(least, ends[(len(ends)-1)*4/5])
	}
	for _, nice := range []float64{0.02, 0.04, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8} {
		if least <= nice {
			return nice
		}
	}
	return forestMost
}

func forestLineOf(r Report, m Reading, c Comparison, y int, span float64, x func(float64) float64) forestLine {
	value, interval := effectText(m.Metric, c)
	l := forestLine{Y: y, Label: clip(plain(m.Metric.Name), 30), Sub: clip(plain(c.Variant+", "+m.Role+", "+wanted(m.Metric)), 42), Says: c.Says, Text: value + " " + interval}
	e := c.Relative
	if e.Status != string(stats.OK) || !e.Value.OK() {
		l.Undefined, l.Text = true, "no interval: "+e.Status
		switch fits, _ := c.fits(); {
		case fits.Status == string(stats.OK): // told in the metric's own unit: the baseline is zero
			l.Text = value + " " + interval
		case e.Value.OK():
			l.Text = value + ", " + e.Status
		}
		return l
	}
	l.At = at(x(float64(e.Value)))
	l.Shape = shape(c.Says, x(float64(e.Value)), float64(y))
	if e.Low.OK() && e.High.OK() {
		l.HasInterval = true
		l.From, l.To = at(x(float64(e.Low))), at(x(float64(e.High)))
		if float64(e.Low) < -span {
			l.ArrowLow = points(x(-span)-7, float64(y), x(-span)+3, float64(y)-6, x(-span)+3, float64(y)+6)
		}
		if float64(e.High) > span {
			l.ArrowHigh = points(x(span)+7, float64(y), x(span)-3, float64(y)-6, x(span)-3, float64(y)+6)
		}
	}
	l.band(c, x)
	l.margin(r, m, c, span, x)
	return l
}

// relativeTo turns an amount in the metric's unit into one relative to the baseline.
func relativeTo(m Reading) (by float64, ok bool) {
	if len(m.Variants) == 0 || !m.Variants[0].Value.OK() || m.Variants[0].Value == 0 {
		return 0, false
	}
	return 1 / math.Abs(float64(m.Variants[0].Value)), true
}

// band is what this many units would show.
func (l *forestLine) band(c Comparison, x func(float64) float64) {
	mde := float64(c.MDE)
	if _, relative := c.fits(); !relative {
		mde *= float64(c.Relative.SE) / float64(c.Absolute.SE)
	}
	if math.IsNaN(mde) || math.IsInf(mde, 0) {
		return
	}
	l.Band, l.BandX, l.BandW = true, at(x(-mde)), at(x(mde)-x(-mde))
}

// margin is how much worse is tolerated.
func (l *forestLine) margin(r Report, m Reading, c Comparison, span float64, x func(float64) float64) {
	for _, b := range r.Bounds {
		if key(b.Bound.Metric) != key(m.Metric) || b.Variant != c.Variant || b.Bound.Margin.Value <= 0 {
			continue
		}
		v := b.Bound.Margin.Value
		if b.Bound.Margin.Absolute {
			by, ok := relativeTo(m)
			if !ok {
				return
			}
			v *= by
		}
		if m.Metric.Direction == metric.Up {
			v = -v
		}
		if math.Abs(v) <= span {
			l.Margin = at(x(v))
		}
	}
}

// shape is the mark of an estimate: a triangle up is better, down is worse, a
// diamond differs without a direction; "" is a circle: unclear.
func shape(says string, x, y float64) string {
	const s = 7
	switch says {
	case SaysBetter:
		return points(x, y-s, x+s, y+s-1, x-s, y+s-1)
	case SaysWorse:
		return points(x, y+s, x+s, y-s+1, x-s, y-s+1)
	case SaysDiffers:
		return points(x, y-s, x+s, y, x, y+s, x-s, y)
	}
	return ""
}

// at writes a coordinate.
func at(v float64) string { return fmt.Sprintf("%.1f", v) }

func points(xy ...float64) string {
	var b strings.Builder
	for i := 0; i+1 < len(xy); i += 2 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(at(xy[i]) + "," + at(xy[i+1]))
	}
	return b.String()
}
