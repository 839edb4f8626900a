package analysis

import "github.com/weirhq/weir/internal/stats"

// everyRequest are measures that every request of a unit counts in: from them
// enrolment is read where nobody counted it.
var everyRequest = []string{"error", "cancel", "fallback", "timeout"}

// enrol counts who takes part.
func (a *analysis) enrol() {
	total, weights := int64(0), 0.0
	for _, v := range a.plan.Variants {
		if e := a.enrolledIn(v.Name); !v.Stopped {
			total += e.Units
			weights += v.Weight
		}
	}
	for _, v := range a.plan.Variants {
		e := a.enrolledIn(v.Name)
		row := Enrolment{Variant: v.Name, Baseline: v.Name == a.baseline().Name, Stopped: v.Stopped, Answers: v.Answers,
			Units: e.Units, Requests: e.Requests, Share: none, Top: none}
		if !v.Stopped && total > 0 {
			row.Share = Number(float64(e.Units) / float64(total))
		}
		if !v.Stopped && weights > 0 {
			row.Expected = v.Weight / weights
		}
		if s, ok := a.in.Shape[v.Name]; ok && s.Requests > 0 {
			row.Top = Number(s.Top)
		}
		a.r.Enrolment = append(a.r.Enrolment, row)
	}
	for _, v := range a.variants {
		a.enrolled = append(a.enrolled, a.enrolledIn(v.Name))
	}
}

func (a *analysis) enrolledIn(variant string) Enrolled {
	if e, ok := a.in.Enrolled[variant]; ok {
		e.Variant = variant
		return e
	}
	e := Enrolled{Variant: variant}
	if s, ok := a.in.Shape[variant]; ok && s.Units > 0 {
		e.Units, e.Requests = s.Units, s.Requests
		return e
	}
	for _, name := range everyRequest {
		if s, ok := a.in.Sums[variant][name]; ok {
			e.Units, e.Requests = s.Units, whole(s.Y)
			return e
		}
	}
	for _, s := range a.in.Sums[variant] { // the greatest of all, whatever the order
		e.Units, e.Requests = max(e.Units, s.Units), max(e.Requests, observations(s))
	}
	return e
}

// observations is how many there are, of a measure whose denominator is not tokens:
// that is only known to be at least the number of units.
func observations(s stats.Moments) int64 {
	if s.Y.Float() > 1e6*float64(s.Units) {
		return s.Units
	}
	return whole(s.Y)
}
