package analysis

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// What all written forms of a report share: how a number, an interval and a
// verdict are put into words.

// Title is the verdict as a heading: "DEPLOY B", "NOT YET".
func (o Outcome) Title() string {
	if o.Verdict == Keep {
		return "KEEP THE BASELINE"
	}
	t := strings.ToUpper(words(o.Verdict))
	switch o.Verdict {
	case Deploy, RollBack:
		return t + " " + o.Variant
	case NoDifference:
		return t + ": KEEP THE BASELINE"
	}
	return t
}

// fits is the effect that fits the metric.
func (c Comparison) fits() (e Effect, relative bool) {
	if c.Fits == "relative" {
		return c.Relative, true
	}
	return c.Absolute, false
}

// signed writes a difference with its arithmetic sign.
func signed(v Number, m metric.Metric, relative bool) string {
	if !v.OK() {
		return "–"
	}
	s := percent(float64(v))
	if !relative {
		s = inUnit(float64(v), m.Unit, true)
	}
	if v > 0 {
		return "+" + s
	}
	return s
}

// bracket writes an interval; what has no bound is infinite.
func bracket(low, high string) string { return "[" + low + ", " + high + "]" }

// effectText is estimate and interval of what fits: "+5.9 pp [+4 pp, +7.8 pp]".
func effectText(m metric.Metric, c Comparison) (estimate, interval string) {
	e, relative := c.fits()
	switch {
	case e.Status == string(stats.OK):
		bare := m
		if !relative {
			bare.Unit = withoutWords(m.Unit)
		}
		return signed(e.Value, m, relative), bracket(signed(e.Low, bare, relative), signed(e.High, bare, relative))
	case e.Value.OK():
		return signed(e.Value, m, relative), e.Status
	}
	return "–", e.Status
}

func estimateText(m metric.Metric, e Estimate) (value, interval string) {
	if !e.Value.OK() {
		return "–", e.Status
	}
	value = inUnit(float64(e.Value), m.Unit, false)
	if !e.Low.OK() || !e.High.OK() {
		if e.Status != string(stats.OK) {
			return value, e.Status
		}
		return value, ""
	}
	return value, bracket(short(float64(e.Low), m.Unit, false), short(float64(e.High), m.Unit, false))
}

// mdeText is what this many units would show.
func mdeText(m metric.Metric, c Comparison) string {
	if !c.MDE.OK() {
		return "–"
	}
	_, relative := c.fits()
	return "±" + strings.TrimPrefix(signed(c.MDE, m, relative), "+")
}

// pOf is the p-value, adjusted where it was, and its logarithm where that is known.
func (c Comparison) pOf() (p, log10 float64) {
	if c.AdjustedBy != "" && c.Adjusted.OK() {
		return float64(c.Adjusted), 0
	}
	return float64(c.P), float64(c.Log10P)
}

func pText(c Comparison) string { return probability(c.pOf()) }

func pSaid(c Comparison) string { return pIs(c.pOf()) }

// wanted tells a metric's direction.
func wanted(m metric.Metric) string {
	switch m.Direction {
	case metric.Up:
		return "higher is better"
	case metric.Down:
		return "lower is better"
	}
	return "no direction"
}

// mark is what a comparison says as a sign, so that colour is not the only one.
func mark(says string) string {
	switch says {
	case SaysBetter:
		return "▲"
	case SaysWorse:
		return "▼"
	case SaysDiffers:
		return "◆"
	}
	return "●"
}

// intervals tells of which kind the intervals of the report are.
func (r Report) intervals() string {
	for _, m := range r.Metrics {
		for _, c := range m.Comparisons {
			kind := "interim: they hold at all looks together"
			if c.Interval == IntervalFixed {
				kind = "fixed: for the one look of the decision"
			}
			return fmt.Sprintf("intervals of %s, %s", percent(c.Confidence), kind)
		}
	}
	return "nothing is compared"
}

// period tells from when to when.
func (r Report) period() string {
	if r.Started.IsZero() {
		return "no times known"
	}
	return fmt.Sprintf("%s to %s UTC, %s", r.Started.Format("2006-01-02 15:04"), r.Now.Format("2006-01-02 15:04"), lasted(r.Clock.Days))
}

// lasted writes how long something went on, in the unit that suits it.
func lasted(days float64) string {
	in := func(n float64, unit string) string {
		if s := digits(n); s != "1" {
			return s + " " + unit + "s"
		}
		return "1 " + unit
	}
	switch {
	case days >= 2:
		return in(days, "day")
	case days*24 >= 2:
		return in(math.Round(days*240)/10, "hour")
	}
	return in(math.Round(days*24*60), "minute")
}

// where tells what the report is of: a route of Weir's, or data from elsewhere.
func (r Report) where() string {
	if r.Route == "" {
		return "data from elsewhere"
	}
	return fmt.Sprintf("route %s, epoch %d", r.Route, r.Epoch)
}

// plain takes control characters out of what others named.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf) {
			return '·'
		}
		return r
	}, s)
}

// dayLine is a day of a metric, a cell for each variant.
type dayLine struct {
	Day   string
	Cells []string
}

// daysOf are the days of the first metric.
func (r Report) daysOf() (variants []string, lines []dayLine) {
	if len(r.Metrics) == 0 {
		return nil, nil
	}
	at := map[string]int{}
	for i, e := range r.Metrics[0].Variants {
		variants, at[e.Variant] = append(variants, e.Variant), i
	}
	for _, d := range r.Days {
		i, ok := at[d.Variant]
		if d.Metric != r.Metrics[0].Metric.Name || !ok {
			continue
		}
		day := d.Day.Format("2006-01-02")
		if n := len(lines); n == 0 || lines[n-1].Day != day {
			lines = append(lines, dayLine{day, make([]string, len(variants))})
		}
		lines[len(lines)-1].Cells[i] = fmt.Sprintf("%s of %s", meanText(r, d), thousands(d.N))
	}
	return variants, lines
}
