package analysis

import (
	"fmt"
	"math"
	"time"

	"github.com/weirhq/weir/internal/metric"
)

// The sequential plot: the primary metric's effect as it was looked at over time,
// in the band that holds at all looks together, with the line of no effect and
// that of what was asked for. Crossing zero once and back is what a fixed interval
// would have shown as a finding.

const (
	courseWidth  = 860
	courseHeight = 300
	courseLeft   = 70
	courseRight  = 840
	courseTop    = 16
	courseBottom = 256
)

type coursePlot struct {
	Width, Height            int
	Left, Right, Top, Bottom int
	Variant, Metric          string
	Band, Line               string // points
	Dots                     []dot
	Zero                     string
	Asked, AskedLabel        string // y, and what it is; "" none
	Ticks                    []tick // of the values
	Times                    []tick
	Summary                  string
	Rows                     []courseRow
}

type dot struct{ X, Y string }

type courseRow struct{ Time, Units, Estimate, Interval string }

func coursesOf(r Report) (list []coursePlot) {
	if len(r.Metrics) == 0 || r.Metrics[0].Role != RolePrimary {
		return nil
	}
	m := r.Metrics[0].Metric
	for _, c := range r.Metrics[0].Comparisons {
		var looks []PlotLook
		for _, l := range r.Looks {
			if l.Variant == c.Variant && l.Metric == m.Name && l.Estimate.OK() && l.Low.OK() && l.High.OK() {
				looks = append(looks, l)
			}
		}
		if len(looks) > 1 {
			list = append(list, courseOf(r, m, c, looks))
		}
	}
	return list
}

func courseOf(r Report, m metric.Metric, c Comparison, looks []PlotLook) coursePlot {
	_, relative := c.fits()
	p := coursePlot{Width: courseWidth, Height: courseHeight, Left: courseLeft, Right: courseRight, Top: courseTop, Bottom: courseBottom, Variant: plain(c.Variant), Metric: plain(m.Name)}
	asked, label := askedLine(r.Inputs.Plan.Primary, m, relative)
	low, high := courseRange(looks, asked)
	from, to := looks[0].Time, looks[len(looks)-1].Time
	x := func(t time.Time) float64 {
		return courseLeft + (courseRight-courseLeft)*float64(t.Sub(from))/math.Max(1, float64(to.Sub(from)))
	}
	y := func(v float64) float64 {
		v = math.Max(low, math.Min(high, v))
		return courseBottom - (courseBottom-courseTop)*(v-low)/(high-low)
	}
	var top, bottom, line []float64
	for _, l := range looks {
		top = append(top, x(l.Time), y(float64(l.High)))
		bottom = append([]float64{x(l.Time), y(float64(l.Low))}, bottom...)
		line = append(line, x(l.Time), y(float64(l.Estimate)))
		p.Dots = append(p.Dots, dot{at(x(l.Time)), at(y(float64(l.Estimate)))})
		p.Rows = append(p.Rows, courseRow{l.Time.Format("2006-01-02 15:04"), thousands(l.Units), signed(l.Estimate, m, relative), bracket(signed(l.Low, m, relative), signed(l.High, m, relative))})
	}
	p.Band, p.Line, p.Zero = points(append(top, bottom...)...), points(line...), at(y(0))
	if !math.IsNaN(asked) {
		p.Asked, p.AskedLabel = at(y(asked)), label
	}
	step := niceStep((high - low) / 5)
	for i := math.Ceil(low / step); i*step <= high; i++ {
		p.Ticks = append(p.Ticks, tick{At: at(y(i * step)), Label: signed(Number(i*step), m, relative)})
	}
	for i := range 5 {
		t := from.Add(to.Sub(from) * time.Duration(i) / 4)
		p.Times = append(p.Times, tick{at(x(t)), t.Format("01-02 15:04"), []string{"start", "middle", "middle", "middle", "end"}[i]})
	}
	last := p.Rows[len(p.Rows)-1]
	p.Summary = fmt.Sprintf("%s of %s against the baseline at %d looks; at the last %s, always-valid interval %s. The table below has every look.", p.Metric, p.Variant, len(looks), last.Estimate, last.Interval)
	return p
}

// niceStep is 1, 2 or 5 of a power of ten, at least v.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, n := range []float64{1, 2, 5} {
		if v <= n*power {
			return n * power
		}
	}
	return 10 * power
}

// askedLine is what the primary metric must reach, in the plot's terms: NaN when
// nothing is asked, or in other terms.
func askedLine(g *Goal, m metric.Metric, relative bool) (v float64, label string) {
	if g == nil {
		return math.NaN(), ""
	}
	amount, label, sign := g.Minimum, "asked for: ", 1.0
	if g.Mode == NoWorse {
		amount, label, sign = g.Margin, "tolerated: ", -1
	}
	if amount.Value <= 0 || amount.Absolute == relative {
		return math.NaN(), ""
	}
	if m.Direction == metric.Down {
		sign = -sign
	}
	return sign * amount.Value, label + amount.text(m.Unit)
}

// courseRange is what the plot shows: the estimates, zero and what is asked for in
// any case, and of wide first intervals what fits beside them.
func courseRange(looks []PlotLook, asked float64) (low, high float64) {
	last := looks[len(looks)-1]
	width := 2.5 * float64(last.High-last.Low)
	take := func(v float64) { low, high = math.Min(low, v), math.Max(high, v) }
	for _, l := range looks {
		take(float64(l.Estimate))
		take(math.Max(float64(l.Low), float64(l.Estimate)-width))
		take(math.Min(float64(l.High), float64(l.Estimate)+width))
	}
	if !math.IsNaN(asked) {
		take(asked)
	}
	if low == high {
		high = low + 1
	}
	pad := (high - low) * 0.05
	return low - pad, high + pad
}
