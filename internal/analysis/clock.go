package analysis

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/metric"
)

// What a plan asks for where it says nothing else. Below these a verdict is
// easier to come by and weaker, and the report says so.
const (
	usualUnits = 1000
	usualDays  = 7
)

// Clock is the decision clock: what must have come in before a look is taken.
// A look is taken once. It is inconclusive or not; taking it again and again is
// what makes false findings.
type Clock struct {
	Units    int64    `json:"units"`        // with an outcome on the primary metric, of the variant that has the fewest
	Of       string   `json:"of,omitempty"` // the primary metric, when fewer units have an outcome on it than take part
	Requests int64    `json:"requests"`     // of the same
	MinUnits int64    `json:"min_units"`
	Need     int64    `json:"need"` // units that this look asks for: the floor, or what power asks for
	Days     float64  `json:"days"`
	MinDays  int      `json:"min_days"` // rounded up to whole weeks from seven on
	MaxDays  int      `json:"max_days"` // after which it is decided with what there is
	Missing  []string `json:"missing_weekdays,omitempty"`
	Look     int      `json:"look"` // the one that comes next, or is taken now: 1 or 2
	Looks    int      `json:"looks"`
	PerDay   float64  `json:"units_per_day"` // of the same variant, since the start
	Waits    []string `json:"incomplete,omitempty"`
	Complete bool     `json:"complete,omitempty"` // no more will come
	Held     string   `json:"held,omitempty"`     // why no look is taken, whatever comes in
	Rung     bool     `json:"rung"`               // this report takes the look: see Report.Took
}

// rings tells whether the look is taken now.
func (c Clock) rings() bool { return c.Units > 0 && (len(c.lacks()) == 0 || c.over()) }

// over tells that time is up: it is decided with what there is. What is recorded
// and only not read yet is waited for all the same: it may hold the harm.
func (c Clock) over() bool { return c.Held == "" && (c.Complete || c.late() && len(c.Waits) == 0) }

func (c Clock) late() bool { return c.MaxDays > 0 && c.Days >= float64(c.MaxDays) }

// last tells that no look comes after this one.
func (c Clock) last() bool { return c.Look >= c.Looks || c.over() }

// enough tells whether what was gathered may carry a deployment: planned units
// may be short when time is up, the floor may not.
func (c Clock) enough() bool {
	return c.Units >= c.MinUnits && c.Days >= float64(c.MinDays) && len(c.Missing) == 0
}

// lacks tells what the clock waits for.
func (c Clock) lacks() (why []string) {
	if c.Units < c.Need {
		why = append(why, fmt.Sprintf("%s of %s units in the smallest variant", thousands(c.Units), thousands(c.Need))+c.of())
	}
	if c.Days < float64(c.MinDays) {
		why = append(why, fmt.Sprintf("%s of %d days", digits(math.Floor(c.Days*10)/10), c.MinDays))
	}
	if len(c.Missing) > 0 {
		why = append(why, "no requests yet on "+list(c.Missing)+" in every variant")
	}
	if c.Held != "" {
		why = append(why, c.Held)
	}
	return append(why, c.Waits...)
}

// of tells what the units that are counted have, where that is not all of them.
func (c Clock) of() string {
	if c.Of == "" {
		return ""
	}
	return " with an outcome on " + c.Of
}

// wait tells how long that may take, at the rate so far.
func (c Clock) wait() string {
	if c.Held != "" {
		return "Put the definition back as it was at the start, or raise the epoch: then units are drawn anew."
	}
	if len(c.Waits) > 0 && (c.late() || c.Units >= c.Need && c.Days >= float64(c.MinDays) && len(c.Missing) == 0) {
		return "The look is taken when the record is complete."
	}
	days := float64(c.MinDays) - c.Days
	if missing := float64(c.Need - c.Units); missing > 0 {
		if c.PerDay <= 0 {
			return fmt.Sprintf("%s more units in each variant; how long that takes cannot be said, since none come in.", thousands(int64(missing)))
		}
		days = math.Max(days, missing/c.PerDay)
	}
	if days <= 0 {
		days = float64(len(c.Missing))
	}
	left := float64(c.MaxDays) - c.Days
	if c.MaxDays > 0 && days > left {
		return fmt.Sprintf("%s at this rate, but time is up in %s: then it is decided with what there is.", about(days), daysText(left))
	}
	return about(days) + " at this rate."
}

func about(days float64) string { return "About " + more(daysText(days)) }

func daysText(days float64) string {
	if n := int64(math.Ceil(days)); n != 1 {
		return thousands(n) + " days"
	}
	return "1 day"
}

// more makes "9 days" "9 more days".
func more(s string) string { return strings.Replace(s, " ", " more ", 1) }

// lowered tells in what a plan asks for less than usual; "" when it does not.
func (p Plan) lowered() string {
	var less []string
	if p.MinUnits < usualUnits {
		less = append(less, fmt.Sprintf("%s units instead of %s", thousands(p.MinUnits), thousands(usualUnits)))
	}
	if p.MinDays < usualDays {
		less = append(less, fmt.Sprintf("%d days instead of %d", p.MinDays, usualDays))
	}
	if !p.Weekdays {
		less = append(less, "no rule on weekdays")
	}
	if less == nil {
		return ""
	}
	return "This plan asks for less than usual (" + list(less) + "): its verdict is easier to come by, and weaker."
}

// newClock reads the clock of an input.
func newClock(in Input, enrolled []Enrolled) Clock {
	p := in.Plan
	c := Clock{MinUnits: p.MinUnits, MinDays: wholeWeeks(p.MinDays), MaxDays: p.MaxDays, Looks: p.Looks, Look: 1, Waits: in.Coverage, Complete: in.Complete, Held: in.Held}
	if c.MaxDays == 0 {
		c.MaxDays = c.MinDays + 28
	}
	c.Days = in.Times.Now.Sub(in.Times.Started).Hours() / 24
	if in.Times.Started.IsZero() || c.Days < 0 {
		c.Days = 0
	}
	for i, e := range enrolled {
		n := in.judged(e)
		if n < e.Units {
			c.Of = p.Primary.Metric.Name
		}
		if i == 0 || n < c.Units {
			c.Units, c.Requests = n, e.Requests
		}
	}
	if c.Days > 0 {
		c.PerDay = float64(c.Units) / math.Max(c.Days, 1.0/24)
	}
	c.Need = max(p.MinUnits, p.Units)
	if p.Looks == 2 {
		// Two equal looks: the first at half the planned units, never below the floor,
		// the second at twice of what the first had.
		c.Need = max(p.MinUnits, (p.Units+1)/2)
		if in.First != nil {
			c.Look, c.Need = 2, max(2*in.First.Units, p.Units)
		}
	}
	if p.Weekdays {
		c.Missing = missingWeekdays(in)
	}
	c.Rung = c.rings() && in.Decided == nil && p.Primary != nil
	return c
}

// judged is how many units of a variant the decision rests on: those that have an
// outcome on the primary metric. Users of whom nothing is known decide nothing,
// however many they are.
func (in Input) judged(e Enrolled) int64 {
	g := in.Plan.Primary
	if g == nil || g.Metric.Kind == metric.Quantile {
		return e.Units
	}
	return min(e.Units, in.Sums[e.Variant][g.Metric.Measure].Units)
}

// wholeWeeks rounds up from seven days on, so that each weekday weighs alike.
func wholeWeeks(days int) int {
	if days < usualDays {
		return max(days, 0)
	}
	return (days + 6) / 7 * 7
}

func missingWeekdays(in Input) (missing []string) {
	for i := range 7 {
		day := (i + 1) % 7 // Monday first
		for _, v := range in.Plan.inForce() {
			if in.Weekdays[v.Name][day] == 0 {
				missing = append(missing, time.Weekday(day).String())
				break
			}
		}
	}
	if len(missing) == 7 {
		return []string{"any weekday"}
	}
	return missing
}
