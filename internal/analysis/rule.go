package analysis

import (
	"fmt"
	"math"
	"strings"
)

// Evidence is what the rule of decision reads, and all of it.
type Evidence struct {
	Metric     string // the primary's name; "" when none was declared
	AA         bool
	Decided    *Decided
	Clock      Clock
	SRM        float64 // p-value of the split; 1 when nothing speaks against it
	Response   float64 // p-value of a difference in who has an outcome at all; 1 likewise
	Alpha      float64 // of this look
	Confidence float64 // of the intervals, 0.95
	Mode       Mode
	Minimum    Amount
	Margin     Amount
	Lowered    string // in what the plan asks for less than usual
	Candidates []Candidate
}

// Candidate is the evidence on one variant against the baseline.
type Candidate struct {
	Name    string
	Primary Gap
	Gain    *Gap // of mode NoWorse, when one is named
	Proofs  []Proof
	Harms   []Harm
}

// Proof is a bound that must be shown to hold.
type Proof struct {
	Gap    Gap
	Margin Amount
	Limit  *float64 // `max`, in the metric's unit; nil: none
	Past   bool     // the limit is not shown to hold
}

// Harm is a bound that is shown to be broken.
type Harm struct {
	Metric string
	Action string // "rollback", "pause", "warn"
	Why    string // "error_rate 9 % against 1 %"
	Size   string // "dearer by 200 %"; "" where that is not known
}

// Below these p-values the groups are not taken for comparable.
const (
	srmAlpha      = 0.001
	responseAlpha = 0.01
)

// Outcome is what the rule comes to.
type Outcome struct {
	Verdict  Verdict `json:"verdict"`
	Variant  string  `json:"variant,omitempty"` // that is deployed, rolled back or kept out
	Sentence string  `json:"sentence"`
	Change   string  `json:"what_would_change_it"`
}

// Decide is the rule of decision. testdata/rule.txt tells it row by row. Harm
// is heard at any time; everything else waits for the clock. What is missing
// never speaks for a candidate.
func Decide(e Evidence) Outcome {
	switch {
	case e.Metric == "":
		return Outcome{Verdict: Describes, Sentence: "No primary metric was declared: the report describes and decides nothing.",
			Change: "Declare a primary metric, its direction and the smallest effect worth having before the next epoch."}
	case e.Decided != nil:
		return e.final()
	}
	if o, ok := e.harm(); ok {
		return o
	}
	if e.SRM < srmAlpha {
		return Outcome{Verdict: Invalid,
			Sentence: fmt.Sprintf("The groups are not comparable: units are not split as planned (%s). No effect can be trusted.", pIs(e.SRM, math.Inf(-1))),
			Change:   "Find what loses or adds units in one variant, mend it, and start a new epoch."}
	}
	if !e.Clock.rings() {
		return e.notYet()
	}
	if e.AA {
		return e.same()
	}
	return e.look()
}

func (e Evidence) final() Outcome {
	o := Outcome{Verdict: e.Decided.Verdict, Variant: e.Decided.Variant,
		Sentence: "Decided on " + e.Decided.Time.UTC().Format("2006-01-02") + ": " + e.Decided.Why,
		Change:   "Nothing: the look was taken, and it is final for this epoch. A new question is a new epoch."}
	if len(e.Candidates) > 0 {
		if h, ok := e.harm(); ok && o.Verdict != RollBack { // harm is heard after the decision too
			h.Sentence += " (The look had said: " + string(o.Verdict) + ".)"
			return h
		}
	}
	return o
}

// harm finds the first candidate whose harm asks for a rollback.
func (e Evidence) harm() (Outcome, bool) {
	for _, c := range e.Candidates {
		for _, h := range c.Harms {
			if h.Action == "rollback" {
				return Outcome{Verdict: RollBack, Variant: c.Name,
					Sentence: fmt.Sprintf("Roll back %s: %s.", c.Name, e.harmful(c, h)),
					Change:   "Nothing in this epoch. Mend " + c.Name + " and start a new one."}, true
			}
		}
	}
	return Outcome{}, false
}

// harmful tells a harm, and at the look what it is paid for.
func (e Evidence) harmful(c Candidate, h Harm) string {
	if e.Clock.rings() && h.Size != "" && c.Primary.Undefined == "" && c.Primary.Estimate > 0 {
		return fmt.Sprintf("%s, %s: the %s bound fails. Harm is shown: %s", c.Primary.by(), h.Size, shortName(h.Metric), h.Why)
	}
	return "it does harm: " + h.Why
}

func (e Evidence) notYet() Outcome {
	o := Outcome{Verdict: NotYet}
	if e.Clock.Units == 0 {
		o.Sentence = "Not yet: a variant has no data. No data is no good news."
		o.Change = "Requests with a unit in every variant."
		return o
	}
	o.Sentence = "Not yet: " + strings.Join(e.Clock.lacks(), "; ") + "."
	for _, c := range e.Candidates {
		for _, h := range c.Harms {
			o.Sentence += fmt.Sprintf(" Harm is shown in %s: %s (the bound's action is %s).", c.Name, h.Why, h.Action)
		}
	}
	o.Change = e.Clock.wait()
	return o
}

// same judges an A/A: variants that answer alike must look alike.
func (e Evidence) same() Outcome {
	for _, c := range e.Candidates {
		switch p := c.Primary.P; {
		case c.Primary.Undefined != "":
			return Outcome{Verdict: Inconclusive, Variant: c.Name,
				Sentence: "A/A: no difference can be computed: " + c.Primary.Undefined + ".", Change: "A new epoch with more data."}
		case p < srmAlpha:
			return Outcome{Verdict: Invalid, Variant: c.Name,
				Sentence: fmt.Sprintf("A/A: %s answers as the baseline does, yet %s differs (%s): something in the way of measuring tells them apart.", c.Name, e.Metric, pIs(p, math.Inf(-1))),
				Change:   "Find the cause before any experiment on this route is believed."}
		case p < e.Alpha:
			return Outcome{Verdict: Inconclusive, Variant: c.Name,
				Sentence: fmt.Sprintf("A/A: %s differs between variants that answer alike (%s). Chance does this once in %s.", e.Metric, pIs(p, math.Inf(-1)), digits(1/e.Alpha)),
				Change:   "Run the A/A again: twice in a row is no chance."}
		}
	}
	return Outcome{Verdict: NoDifference, Sentence: "A/A: variants that answer alike look alike on " + e.Metric + ", as they must.",
		Change: "Nothing: this route can be measured."}
}

// look judges each candidate and takes the best of what was found.
func (e Evidence) look() Outcome {
	if len(e.Candidates) == 0 {
		return Outcome{Verdict: Inconclusive, Sentence: "No candidate is left to compare.", Change: "A new epoch."}
	}
	best, gain := Outcome{}, math.Inf(-1)
	var others []string
	for _, c := range e.Candidates {
		o := e.judge(c)
		o.Variant = c.Name
		if len(e.Candidates) > 1 {
			others = append(others, c.Name+": "+words(o.Verdict))
		}
		size := c.Primary.Estimate
		if c.Primary.Undefined != "" {
			size = math.Inf(-1)
		}
		if rank(o.Verdict) > rank(best.Verdict) || rank(o.Verdict) == rank(best.Verdict) && size > gain {
			best, gain = o, size
		}
	}
	if others != nil {
		best.Sentence += " Each variant against the baseline, adjusted by Holm: " + strings.Join(others, ", ") + "."
	}
	if e.Lowered != "" && best.Verdict != NotYet {
		best.Sentence += " " + e.Lowered
	}
	if best.Verdict == NotYet {
		best.Variant = ""
		return best
	}
	if best.Change == "" {
		best.Change = "Nothing: the look was taken, and it is final for this epoch. A new question is a new epoch."
	}
	return best
}

// rank orders what is told when several candidates differ.
func rank(v Verdict) int {
	switch v {
	case Deploy:
		return 5
	case NotYet:
		return 4
	case Inconclusive:
		return 3
	case NoDifference:
		return 2
	case Keep:
		return 1
	}
	return 0
}

// judge is the decision on one candidate.
func (e Evidence) judge(c Candidate) Outcome {
	g := c.Primary
	var o Outcome
	switch {
	case g.Undefined != "":
		o = Outcome{Verdict: Inconclusive, Sentence: fmt.Sprintf("%s cannot be judged on %s: %s.", c.Name, e.Metric, g.Undefined)}
	case e.Mode == NoWorse:
		o = e.noWorse(c)
	default:
		o = e.better(c)
	}
	if o.Verdict == Deploy {
		o = e.gates(c, o)
	}
	if !e.Clock.last() && (o.Verdict == Inconclusive || o.Verdict == NoDifference) {
		need := max(2*e.Clock.Units, e.Clock.Need)
		return Outcome{Verdict: NotYet,
			Sentence: fmt.Sprintf("First of two looks, not past its bound (%s, needed %s): the second decides.", pIs(g.P, math.Inf(-1)), digits(e.Alpha)),
			Change:   fmt.Sprintf("The second look, at %s units a variant.", thousands(need))}
	}
	return o
}

// better judges a candidate that must be better, by enough to matter.
func (e Evidence) better(c Candidate) Outcome {
	g := c.Primary
	shown := fmt.Sprintf("%s on %s (%s interval %s, %s)", g.by(), e.Metric, percent(e.Confidence), g.within(), pIs(g.P, math.Inf(-1)))
	switch significant := g.P < e.Alpha; {
	case significant && g.Estimate < 0:
		return Outcome{Verdict: Keep, Sentence: fmt.Sprintf("Keep the baseline: %s is %s.", c.Name, shown)}
	case significant && g.Estimate >= e.Minimum.Value:
		s := fmt.Sprintf("Deploy %s: it is %s", c.Name, shown)
		if e.Minimum.Value > 0 {
			s += ", past the minimum of " + e.Minimum.text(g.Metric.Unit)
		}
		return Outcome{Verdict: Deploy, Sentence: s + "."}
	case g.High < e.Minimum.Value:
		return Outcome{Verdict: NoDifference,
			Sentence: fmt.Sprintf("Keep the baseline: no worthwhile difference. %s is %s, and even the better end of the interval is below the minimum of %s.", c.Name, shown, e.Minimum.text(g.Metric.Unit))}
	case significant:
		return Outcome{Verdict: Inconclusive,
			Sentence: fmt.Sprintf("Inconclusive: %s is %s, but not shown to reach the minimum of %s.", c.Name, shown, e.Minimum.text(g.Metric.Unit)),
			Change:   "A new epoch with more units, or a smaller minimum declared before it."}
	}
	return Outcome{Verdict: Inconclusive, Sentence: fmt.Sprintf("Inconclusive: %s is %s; that is not shown to be different from none.", c.Name, shown),
		Change: "A new epoch, planned for more units: this look is final."}
}

// noWorse judges a candidate that must not be worse, and gain something by it.
func (e Evidence) noWorse(c Candidate) Outcome {
	g := c.Primary
	margin := e.Margin.text(g.Metric.Unit)
	shown := fmt.Sprintf("%s on %s, %s interval %s", g.by(), e.Metric, percent(e.Confidence), g.within())
	switch {
	case g.High < -e.Margin.Value:
		return Outcome{Verdict: Keep, Sentence: fmt.Sprintf("Keep the baseline: %s is %s, worse than the margin of %s.", c.Name, shown, margin)}
	case !(g.Low > -e.Margin.Value):
		return Outcome{Verdict: Inconclusive,
			Sentence: fmt.Sprintf("Inconclusive: %s is %s; it is not shown to stay within the margin of %s.", c.Name, shown, margin),
			Change:   "A new epoch, planned for more units: this look is final."}
	case c.Gain == nil:
		return Outcome{Verdict: Deploy, Sentence: fmt.Sprintf("Deploy %s: it is no worse: %s, within the margin of %s.", c.Name, shown, margin)}
	}
	gain := fmt.Sprintf("%s: %s (%s interval %s, %s)", name(c.Gain.Metric), c.Gain.by(), percent(e.Confidence), c.Gain.within(), pIs(c.Gain.P, math.Inf(-1)))
	switch {
	case c.Gain.Undefined != "":
		return Outcome{Verdict: Inconclusive, Sentence: fmt.Sprintf("Inconclusive: %s is no worse (%s), but the gain cannot be judged: %s.", c.Name, shown, c.Gain.Undefined)}
	case c.Gain.P < e.Alpha && c.Gain.Estimate > 0:
		return Outcome{Verdict: Deploy, Sentence: fmt.Sprintf("Deploy %s: it is no worse (%s, within the margin of %s), and gains on %s.", c.Name, shown, margin, gain)}
	case c.Gain.P < e.Alpha:
		return Outcome{Verdict: Keep, Sentence: fmt.Sprintf("Keep the baseline: %s is no worse (%s), but loses where it should gain, on %s.", c.Name, shown, gain)}
	}
	return Outcome{Verdict: Inconclusive, Sentence: fmt.Sprintf("Inconclusive: %s is no worse (%s), but its gain is not shown, on %s.", c.Name, shown, gain),
		Change: "A new epoch, planned for more units: this look is final."}
}

// gates are what a deployment must pass beside its primary metric.
func (e Evidence) gates(c Candidate, o Outcome) Outcome {
	keep := func(v Verdict, why, change string) Outcome { return Outcome{Verdict: v, Sentence: why, Change: change} }
	if len(c.Harms) > 0 {
		h := c.Harms[0]
		if h.Size != "" {
			return keep(Keep, fmt.Sprintf("Keep the baseline: %s, %s: the %s bound fails. Harm is shown: %s.", c.Primary.by(), h.Size, shortName(h.Metric), h.Why),
				"A wider bound, declared before a new epoch, if the price is worth it.")
		}
		return keep(Keep, fmt.Sprintf("Keep the baseline: %s, but harm is shown: %s.", c.Primary.by(), h.Why), "")
	}
	if failed, sizes := c.failed(); failed != nil {
		return keep(Keep, fmt.Sprintf("Keep the baseline: %s, %s: the %s %s.", c.Primary.by(), list(sizes), list(failed), fails(len(failed))),
			"A wider bound, declared before a new epoch, if the price is worth it.")
	}
	if open := c.unproven(); open != nil {
		return keep(Inconclusive, fmt.Sprintf("Inconclusive: %s, but not everything that must hold is shown: %s.", c.Primary.by(), strings.Join(open, "; ")),
			"A new epoch, planned for more units, so that each bound can be shown.")
	}
	if e.Response < responseAlpha {
		return keep(Inconclusive, fmt.Sprintf("Inconclusive: %s, but the variants differ in how many units have an outcome at all (%s): those compared are not alike.", c.Primary.by(), pIs(e.Response, math.Inf(-1))),
			"A metric over all requests, or outcomes gathered alike in each variant.")
	}
	if !e.Clock.enough() {
		end := "time is up after " + daysText(math.Floor(e.Clock.Days))
		if e.Clock.Complete {
			end = "no more data will come"
		}
		return keep(Inconclusive, fmt.Sprintf("Inconclusive: %s is %s on %s, but %s and there is too little to deploy on: %s.",
			c.Name, c.Primary.by(), e.Metric, end, strings.Join(e.Clock.lacks(), "; ")),
			"More traffic, more time, or a unit of which there are more.")
	}
	return o
}

func fails(n int) string {
	if n == 1 {
		return "bound fails"
	}
	return "bounds fail"
}

// failed names the proofs whose estimate is past the margin or the limit.
func (c Candidate) failed() (metrics, sizes []string) {
	for _, p := range c.Proofs {
		if p.Gap.Undefined == "" && p.Gap.Estimate < -p.Margin.Value {
			metrics = append(metrics, name(p.Gap.Metric))
			sizes = append(sizes, p.Gap.sized())
		}
	}
	return metrics, sizes
}

// unproven names the proofs that the interval leaves open.
func (c Candidate) unproven() (why []string) {
	for _, p := range c.Proofs {
		switch {
		case p.Gap.Undefined != "":
			why = append(why, name(p.Gap.Metric)+" cannot be judged ("+p.Gap.Undefined+")")
		case !(p.Gap.Low > -p.Margin.Value):
			why = append(why, fmt.Sprintf("%s within %s (it may be %s)", name(p.Gap.Metric), p.Margin.text(p.Gap.Metric.Unit), p.Gap.within()))
		case p.Past:
			why = append(why, fmt.Sprintf("%s below its limit of %s", name(p.Gap.Metric), inUnit(*p.Limit, p.Gap.Metric.Unit, false)))
		}
	}
	return why
}

// words are a verdict as people say it.
func words(v Verdict) string { return strings.ReplaceAll(string(v), "_", " ") }
