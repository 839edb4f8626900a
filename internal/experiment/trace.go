package experiment

import "fmt"

// Trace is how an assignment came about, for `weir explain`.
type Trace struct {
	Steps      []Step
	Assignment Assignment
}

// Step is one question assignment asked, and the answer with its figures.
type Step struct {
	Name string `json:"name"` // route, forced, override, experiment, unit, audience, pin, hash, result
	Text string `json:"text"`
}

// String is the step as a line.
func (s Step) String() string { return s.Name + ": " + s.Text }

// Explain assigns as Assign does, and says how. The text names the unit and
// quotes expressions, so it is for whoever may read the experiment.
func (s *Set) Explain(r *Route, in *Input) Trace {
	var t Trace
	t.add("route", "%s, baseline %s", r.Name, r.Baseline.Name)
	t.Assignment = decide(r, in, &t)
	t.result()
	return t
}

// The methods below do nothing on a nil trace, which is what requests carry.
// Their arguments are typed, so that calling one does not allocate.

func (t *Trace) add(name, format string, args ...any) {
	t.Steps = append(t.Steps, Step{name, fmt.Sprintf(format, args...)})
}

func (t *Trace) mayNotForce(name string) {
	if t != nil {
		t.add("forced", "%q was asked for and ignored: the caller lacks scope force", name)
	}
}

func (t *Trace) forced(name string, v *Variant, known bool) {
	switch {
	case t == nil:
	case !known:
		t.add("forced", "%q was asked for; the route knows no such variant, so %s", name, v.Name)
	default:
		t.add("forced", "%q was asked for: %s", name, v.Name)
	}
}

func (t *Trace) overrideClosed(o *Override) {
	if t != nil {
		t.add("override", "`%s` not read: it is not open and the caller lacks scope force", o.When)
	}
}

func (t *Trace) overrideMissed(o *Override, err error) {
	switch {
	case t == nil:
	case err != nil:
		t.add("override", "`%s` counted as false: %v", o.When, err)
	default:
		t.add("override", "`%s` does not match", o.When)
	}
}

func (t *Trace) override(o *Override, v *Variant) {
	if t != nil {
		t.add("override", "`%s` matches: %s, which is %s", o.When, o.Variant, v.Name)
	}
}

func (t *Trace) experiment(e *Experiment) {
	switch {
	case t == nil:
	case e == nil:
		t.add("experiment", "none in force: the baseline")
	default:
		t.add("experiment", "%s, epoch %d, salt %q, by %s", e.Name, e.Epoch, e.Salt, e.Kind)
		for i := range e.Arms {
			t.add("experiment", "%s", &e.Arms[i])
		}
	}
}

// String is the variant with the range it owns, as fractions of the whole.
func (a *Arm) String() string {
	s := a.Variant.Name + " owns nothing"
	if !a.Empty {
		s = fmt.Sprintf("%s owns [%.6f, %.6f]", a.Variant.Name, fraction(a.From), fraction(a.To))
	}
	if a.Stopped {
		s += ", stopped: served the baseline, not enrolled"
	}
	return s
}

func (t *Trace) noUnit(e *Experiment, u Unit) {
	switch {
	case t == nil:
	case u.ID == "":
		t.add("unit", "none: the request carries none of the route's sources, so the baseline, not enrolled")
	default:
		t.add("unit", "%s %q is not a %s: the baseline, not enrolled", u.Kind, u.ID, e.Kind)
	}
}

func (t *Trace) audience(x *Expr, inside bool, err error) {
	switch {
	case t == nil:
	case x == nil:
		t.add("audience", "everyone")
	case err != nil:
		t.add("audience", "`%s` counted as false: %v", x, err)
	default:
		t.add("audience", "`%s` is %t", x, inside)
	}
}

func (t *Trace) pinBroken(p *Pin, why string) {
	if t != nil {
		t.add("pin", "%s epoch %d, %s: ignored, %s", p.Experiment, p.Epoch, p.Variant, why)
	}
}

func (t *Trace) pin(a *Assignment, p *Pin) {
	switch {
	case t == nil:
	case a.Enrolled:
		t.add("pin", "the conversation began with %s, which its unit still has", a.Variant.Name)
	case p.Outside:
		t.add("pin", "the conversation began outside, with the baseline: %s, not enrolled", a.Variant.Name)
	default:
		t.add("pin", "the conversation began with %s and its unit has since moved: not enrolled", a.Variant.Name)
	}
}

func (t *Trace) draw(e *Experiment, u uint64, owner int) {
	if t == nil {
		return
	}
	whose := "nobody's: the baseline, not enrolled"
	if owner >= 0 {
		whose = e.Arms[owner].String()
	}
	t.add("hash", "%016x, which is %.6f: %s", u, fraction(u), whose)
}

func (t *Trace) result() {
	a := &t.Assignment
	enrolled := "not enrolled"
	if a.Enrolled {
		enrolled = "enrolled"
	}
	t.add("result", "%s, reason %s, %s, probability %.6f", a.Variant.Name, a.Reason, enrolled, a.Probability)
}
