package analysis

import (
	"fmt"
	"math"
	"time"

	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/stats"
)

// Sample is what a route's traffic was like: its recent requests, added up by unit.
type Sample struct {
	Requests int64                    `json:"requests"`
	NoUnit   int64                    `json:"no_unit"` // further requests, that could not be assigned
	Units    int64                    `json:"units"`
	From     time.Time                `json:"from"`
	To       time.Time                `json:"to"`
	Fresh    []int64                  `json:"fresh_units"` // units seen for the first time, by 24 hours from From on
	Sums     map[string]stats.Moments `json:"-"`           // by measure
}

// Prospect is what an experiment could see on a route like that.
type Prospect struct {
	Sample   Sample    `json:"sample"`
	Variants int       `json:"variants"`
	Metrics  []Outlook `json:"metrics"` // the primary first
	// Units of each variant and Days that the primary metric needs; 0: not known, and
	// Why says so.
	Units int64   `json:"units_per_variant,omitempty"`
	Days  float64 `json:"days,omitempty"` // not known from less than a day of traffic
	// Power is the chance that a difference of the size that is asked for is told
	// from none, at the units it is planned for, or at those that come before its time
	// is up, where they are fewer; where the candidate has to be no
	// worse, that an equal one is shown to be. Proofs are part of it; that the
	// estimate reaches the minimum too, which deploying asks for, is not: of a
	// candidate that is better by just that, half do. Nor is the gain of a candidate that may be no worse.
	Power float64 `json:"power"`
	Known bool    `json:"known"`
	Why   string  `json:"why"` // in a sentence
}

// Outlook is one metric's part.
type Outlook struct {
	Metric  metric.Metric `json:"metric"`
	Role    string        `json:"role"`    // "primary", "bound", "gain", "explored"
	Now     float64       `json:"now"`     // its value in the sample
	Spread  float64       `json:"spread"`  // standard deviation between units, relative to the value; of a geometric mean, of the logarithm
	Asked   float64       `json:"asked"`   // the difference it should see, relative
	Units   int64         `json:"units"`   // of each variant that it needs; 0: never
	Days    float64       `json:"days"`    // until there are so many; 0: not within a year
	MDE     float64       `json:"mde"`     // relative, at the planned units
	Month   float64       `json:"mde_4w"`  // relative, after four weeks of this traffic
	Power   float64       `json:"power"`   // for Asked, at the planned units
	Planned int64         `json:"planned"` // units of each variant that Power and MDE are of
	Known   bool          `json:"known"`
	Why     string        `json:"why,omitempty"`
}

// assumedEffect is what power is computed for where a plan names no smallest
// effect worth having.
const assumedEffect = 0.05

// Foresee says what a plan could see on a route like the sample's.
func Foresee(p Plan, s Sample) Prospect {
	out := Prospect{Sample: s, Variants: len(p.Variants), Metrics: []Outlook{}}
	if p.Primary == nil {
		out.Why = "no primary metric is declared: there is nothing to have power for"
		return out
	}
	g := p.Primary
	asked := g.Minimum
	if g.Mode == NoWorse {
		asked = g.Margin
	}
	primary := p.outlook(s, g.Metric, "primary", asked, 0)
	out.Metrics = append(out.Metrics, primary)
	planned := max(p.MinUnits, p.Units)
	if p.Units == 0 && primary.Known {
		planned = max(planned, primary.Units)
	}
	if most, known := p.attainable(s); known {
		planned = min(planned, most)
	}
	out.Known, out.Units, out.Days = primary.Known, primary.Units, primary.Days
	out.Metrics[0] = p.outlook(s, g.Metric, "primary", asked, planned)
	out.Power = out.Metrics[0].Power
	if g.Gain != nil {
		gain := p.outlook(s, *g.Gain, "gain", Amount{}, planned)
		out.Metrics = append(out.Metrics, gain)
	}
	for _, b := range p.Bounds {
		o := p.outlook(s, b.Metric, "bound", b.Margin, planned)
		if b.Prove {
			out.Known = out.Known && o.Known
			out.Power *= o.Power
		}
		out.Metrics = append(out.Metrics, o)
	}
	for _, m := range p.Metrics {
		out.Metrics = append(out.Metrics, p.outlook(s, m, "explored", Amount{}, planned))
	}
	out.Why = out.sentence(p, planned)
	return out
}

// sentence says what the prospect is.
func (o *Prospect) sentence(p Plan, planned int64) string {
	m := &o.Metrics[0]
	switch {
	case o.Sample.Units == 0:
		return "nothing is recorded of this route's units yet, so its power is not known"
	case !m.Known:
		return fmt.Sprintf("the power for %s is not known: %s", m.Metric.Name, m.Why)
	case !o.Known:
		return "the power is not known, because that of a bound that has to be proven is not"
	}
	when := "which this traffic does not bring within a year"
	if most, known := p.attainable(o.Sample); known && most == planned && most < max(p.MinUnits, p.Units, m.Units) {
		return fmt.Sprintf("%s units of each variant are needed, and this traffic brings %s in the %d days that it may take: with those a difference of %s in %s is told from none %.0f times in 100",
			thousands(max(p.MinUnits, p.Units, m.Units)), thousands(most), p.MaxDays, percent(m.Asked), m.Metric.Name, 100*o.Power)
	}
	if o.Sample.To.Sub(o.Sample.From) < 24*time.Hour {
		when = "and how many days they take is known after a day of traffic"
	} else if d := p.daysFor(o.Sample, planned); d > 0 {
		when = fmt.Sprintf("which take about %.0f days of this traffic", math.Ceil(d))
	}
	return fmt.Sprintf("a difference of %s in %s is told from none %.0f times in 100 with %s units of each variant, %s",
		percent(m.Asked), m.Metric.Name, 100*o.Power, thousands(planned), when)
}

// attainable is how many units of each variant come before the plan's time is up.
// It is not known from less than a day of traffic, or of a plan without an end.
func (p Plan) attainable(s Sample) (units int64, known bool) {
	if p.MaxDays <= 0 || s.Units == 0 || s.To.Sub(s.From) < 24*time.Hour {
		return 0, false
	}
	return max(2, p.unitsBy(s, float64(p.MaxDays))), true
}

// fewestUnits is how many units tell how units differ.
const fewestUnits = 100

// outlook computes one metric's part; planned 0: what it needs itself.
func (p Plan) outlook(s Sample, m metric.Metric, role string, asked Amount, planned int64) Outlook {
	o := Outlook{Metric: m, Role: role}
	value, spread, why := s.spread(m)
	if why == "" && s.Units < fewestUnits {
		why = fmt.Sprintf("its record has %d units, and how they differ is told by %d or more", s.Units, fewestUnits)
	}
	if why != "" {
		o.Why = why
		return o
	}
	o.Now, o.Spread, o.Known = value, spread, true
	o.Asked = assumedEffect
	switch {
	case asked.Value > 0 && asked.Absolute && value != 0:
		o.Asked = asked.Value / math.Abs(value)
	case asked.Value > 0:
		o.Asked = asked.Value
	}
	delta := o.Asked
	if m.Kind == metric.Geometric {
		delta = math.Log1p(o.Asked)
	}
	z := stats.NormalCritical(p.criticalAlpha(), stats.TwoSided) + stats.NormalQuantile(p.Power)
	if spread > 0 {
		o.Units = int64(math.Ceil(2 * z * z * spread * spread / (delta * delta)))
	} else {
		o.Units = 2
	}
	o.Days = p.daysFor(s, o.Units)
	if planned == 0 {
		planned = max(o.Units, p.MinUnits)
	}
	o.Planned = planned
	o.MDE = p.mde(m, spread, z, planned)
	if s.To.Sub(s.From) >= 24*time.Hour {
		o.Month = p.mde(m, spread, z, p.unitsBy(s, 28))
	}
	if spread > 0 {
		se := spread * math.Sqrt(2/float64(planned))
		o.Power = stats.NormalLower(delta/se - stats.NormalCritical(p.criticalAlpha(), stats.TwoSided))
	} else {
		o.Power = 1
	}
	return o
}

// criticalAlpha is the alpha that each of several candidates is held to at worst,
// by Holm.
func (p Plan) criticalAlpha() float64 {
	return p.Alpha / float64(max(1, len(p.Variants)-1))
}

// mde is the smallest difference that is found with the plan's power, relative.
func (p Plan) mde(m metric.Metric, spread, z float64, units int64) float64 {
	if units < 2 {
		return 0
	}
	d := z * spread * math.Sqrt(2/float64(units))
	if m.Kind == metric.Geometric {
		d = math.Expm1(d)
	}
	return d
}

// spread gives a metric's value in the sample and how much units differ in it:
// the standard deviation of a unit's part, relative to the value.
func (s Sample) spread(m metric.Metric) (value, spread float64, why string) {
	if m.Kind == metric.Quantile {
		return 0, 0, "the power of a quantile is not computed; " + m.Measure + ", its geometric mean, is the one to plan with"
	}
	sums, ok := s.Sums[m.Measure]
	if !ok || sums.Units < 2 {
		return 0, 0, "the record of this route has no " + m.Name
	}
	k := float64(sums.Units)
	if m.Kind == metric.PerUnit {
		mean := stats.MeanPerUnitOf(sums)
		if mean.Mean == 0 {
			return 0, 0, m.Name + " is zero so far, so a relative difference of it has no meaning"
		}
		return mean.Mean * m.Scale, math.Sqrt(mean.Variance) / math.Abs(mean.Mean), ""
	}
	r := stats.RatioOf(sums)
	if r.Status != stats.OK {
		return 0, 0, r.Reason
	}
	sd := math.Sqrt(r.Variance * k)
	if m.Kind == metric.Geometric {
		return math.Exp(r.Value * m.Scale), sd * m.Scale, ""
	}
	if r.Value == 0 {
		return 0, 0, m.Name + " is zero so far, so a relative difference of it has no meaning"
	}
	return r.Value * m.Scale, sd / math.Abs(r.Value), ""
}

// unitsBy is how many units of each variant so many days bring.
func (p Plan) unitsBy(s Sample, days float64) int64 {
	share := 1.0
	for _, v := range p.Variants {
		share = min(share, v.Weight)
	}
	return int64(s.unitsIn(days) * share * p.Enrols())
}

// Enrols is the share of the route's units that take part: less than all of a
// two-ended share.
func (p Plan) Enrols() float64 {
	if p.Enrolled > 0 {
		return p.Enrolled
	}
	return 1
}

// unitsIn is how many different units so many days bring: those of the sample,
// and from its end on as many new ones a day as in its second half, when those
// who come often have been seen.
func (s Sample) unitsIn(days float64) float64 {
	have := s.To.Sub(s.From).Hours() / 24
	if s.Units == 0 || have <= 0 {
		return 0
	}
	if days <= have {
		var n float64
		for i, fresh := range s.Fresh {
			part := min(1, max(0, days-float64(i))) / min(1, max(have-float64(i), 1e-9))
			n += float64(fresh) * min(1, part)
		}
		return n
	}
	half := len(s.Fresh) / 2
	var late float64
	for _, n := range s.Fresh[half:] {
		late += float64(n)
	}
	return float64(s.Units) + (days-have)*late/max(have-float64(half), 1.0/24)
}

// daysFor is how many days bring so many units of each variant; 0: more than a year.
func (p Plan) daysFor(s Sample, units int64) float64 {
	low, high := 0.0, 366.0
	if s.To.Sub(s.From) < 24*time.Hour { // nobody knows who comes again tomorrow
		return 0
	}
	if p.unitsBy(s, high) < units {
		return 0
	}
	for range 40 {
		mid := (low + high) / 2
		if p.unitsBy(s, mid) < units {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}
