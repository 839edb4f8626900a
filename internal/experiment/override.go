package experiment

import "slices"

// Names that every route knows besides those of its variants.
const (
	BaselineName  = "baseline"
	CandidateName = "candidate"
)

// Find is the variant that an override or a caller means by a name: a variant
// of the experiment in force, "baseline" or the baseline's own name, or
// "candidate". A candidate that is not in force, and a stopped variant, are the
// baseline. It reports false for a name the route does not know.
func (r *Route) Find(name string) (*Variant, bool) {
	if e := r.Experiment; e != nil {
		for i := range e.Arms {
			a := &e.Arms[i]
			if a.Variant.Name != name && !(a.Candidate && name == CandidateName) {
				continue
			}
			if a.Stopped {
				return r.Baseline, true
			}
			return a.Variant, true
		}
	}
	known := name == BaselineName || name == CandidateName || name == r.Baseline.Name
	return r.Baseline, known
}

// Variants are the names that Find knows and that are in force, for whoever has
// to be told.
func (r *Route) Variants() []string {
	names := []string{BaselineName}
	if e := r.Experiment; e != nil {
		for i := range e.Arms {
			if a := &e.Arms[i]; a.Candidate && !a.Stopped {
				names = append(names, CandidateName)
			}
		}
		for i := range e.Arms {
			if a := &e.Arms[i]; !a.Stopped && !slices.Contains(names, a.Variant.Name) {
				names = append(names, a.Variant.Name)
			}
		}
	}
	if !slices.Contains(names, r.Baseline.Name) {
		names = append(names, r.Baseline.Name)
	}
	return names
}

// forced serves what the caller asked for, outside the statistics.
func (a *Assignment) forced(r *Route, in *Input, t *Trace) bool {
	if in.Forced == "" {
		return false
	}
	if !in.MayForce {
		t.mayNotForce(in.Forced)
		return false
	}
	v, known := r.Find(in.Forced)
	a.Variant, a.Reason = v, Forced
	t.forced(in.Forced, v, known)
	return true
}

// overridden serves the variant of the first override that matches and applies
// to this caller, outside the statistics.
func (a *Assignment) overridden(r *Route, in *Input, t *Trace) bool {
	for i := range r.Overrides {
		o := &r.Overrides[i]
		if !o.Open && !in.MayForce {
			t.overrideClosed(o)
			continue
		}
		match, err := o.When.Eval(r.Name, in)
		a.doubt("override", o.When, err)
		if !match {
			t.overrideMissed(o, err)
			continue
		}
		v, _ := r.Find(o.Variant)
		a.Variant, a.Reason = v, Overridden
		t.override(o, v)
		return true
	}
	return false
}
