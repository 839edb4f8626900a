package experiment

// Assign says which variant a request gets. It is a pure function of the set
// and of what the request carried, and allocates nothing unless an expression
// has to be evaluated.
//
// The first that applies decides:
//
//  1. the caller forced a variant and may;
//  2. an override matches, and is open or the caller may force;
//  3. no experiment is in force, there is no unit of its kind, or the audience
//     leaves the unit out: the baseline, not enrolled;
//  4. the conversation carries a pin of this experiment and epoch: it stays;
//  5. chance, by the hash of the unit.
//
// A forced variant without scope force is ignored, and a name that the route
// does not know is served the baseline: whoever wants to refuse either asks
// Input.MayForce and Route.Find first, and shows the caller an error.
func (s *Set) Assign(r *Route, in *Input) Assignment { return decide(r, in, nil) }

// decide is Assign and Explain in one, so that what is explained is what
// happens. The trace is nil on the path of requests.
func decide(r *Route, in *Input, t *Trace) Assignment {
	a := Assignment{Experiment: r.Experiment, Variant: r.Baseline, Arm: -1, Unit: in.Unit, Reason: Outside, Probability: 1, Pin: in.Pin}
	if a.forced(r, in, t) || a.overridden(r, in, t) || a.excluded(r, in, t) || a.pinned(r, in, t) {
		return a
	}
	a.drawn(r, in, t)
	return a
}

// excluded reports that nothing is to be drawn for this request.
func (a *Assignment) excluded(r *Route, in *Input, t *Trace) bool {
	e := r.Experiment
	t.experiment(e)
	if e == nil {
		return true
	}
	if in.Unit.ID == "" || in.Unit.Kind != e.Kind {
		a.Reason = NoUnit
		t.noUnit(e, in.Unit)
		return true
	}
	inside, err := e.Audience.Eval(r.Name, in)
	a.doubt("audience", e.Audience, err)
	t.audience(e.Audience, inside, err)
	return !inside
}

// pinned keeps a conversation with the variant it began with. A pin is broken
// by another experiment or epoch, by stopping its variant, and by a candidate's
// share of zero, which stops it too. The baseline is never too small to stay with.
//
// It stays in the statistics only if it entered them when it began and its
// unit is still assigned what the conversation is served. Where a share has
// moved under a conversation the two differ, and neither reading is right:
// counted as served, the unit appears in two variants; counted as assigned, one
// variant's answers are booked on the other. A conversation that began outside
// stays outside at both ends, so a rising share leaves out the candidate's old
// conversations and the baseline's alike.
func (a *Assignment) pinned(r *Route, in *Input, t *Trace) bool {
	e, p := r.Experiment, in.Pin
	if p == nil {
		return false
	}
	if p.Experiment != e.Name || p.Epoch != e.Epoch {
		t.pinBroken(p, "it names another experiment or epoch")
		return false
	}
	if p.Outside {
		a.Reason = Pinned
		t.pin(a, p)
		return true
	}
	i := e.arm(p.Variant)
	if i < 0 || e.Arms[i].Stopped || e.Arms[i].Empty && !e.Arms[i].Baseline {
		t.pinBroken(p, "that variant gets nobody now")
		return false
	}
	arm := &e.Arms[i]
	a.Variant, a.Reason = arm.Variant, Pinned
	if e.owner(Hash(e.Salt, in.Unit.Kind, in.Unit.ID)) == i {
		a.Arm, a.Enrolled, a.Probability = i, true, arm.Probability
	}
	t.pin(a, p)
	return true
}

// drawn assigns by chance.
func (a *Assignment) drawn(r *Route, in *Input, t *Trace) {
	e := r.Experiment
	u := Hash(e.Salt, in.Unit.Kind, in.Unit.ID)
	i := e.owner(u)
	t.draw(e, u, i)
	switch {
	case i < 0:
		a.Probability = e.middle()
	case e.Arms[i].Stopped: // served the baseline, and left the analysis
		a.Probability = e.Arms[i].Probability
	default:
		arm := &e.Arms[i]
		a.Variant, a.Arm, a.Reason, a.Enrolled, a.Probability = arm.Variant, i, Chance, true, arm.Probability
	}
}

// owner is the arm whose range holds u, -1 when none does.
func (e *Experiment) owner(u uint64) int {
	for i := range e.Arms {
		if a := &e.Arms[i]; !a.Empty && a.From <= u && u <= a.To {
			return i
		}
	}
	return -1
}

// arm is the arm of the variant of that name, -1 when there is none.
func (e *Experiment) arm(name string) int {
	for i := range e.Arms {
		if e.Arms[i].Variant.Name == name {
			return i
		}
	}
	return -1
}

// middle is the share that no arm owns.
func (e *Experiment) middle() float64 {
	rest := 1.0
	for i := range e.Arms {
		rest -= e.Arms[i].Probability
	}
	return rest
}

// doubt notes an expression that could not be evaluated.
func (a *Assignment) doubt(what string, x *Expr, err error) {
	if err == nil {
		return
	}
	if a.Doubt != "" {
		a.Doubt += "; "
	}
	a.Doubt += what + " `" + x.String() + "` counted as false: " + err.Error()
}

// Carry is the pin that the conversation takes along from here on, begun at now
// (unix seconds) unless it was pinned already; nil when it takes none. One that
// begins outside an experiment in force is pinned to the baseline, so that a
// rising share does not change its model half-way. Overridden and forced
// requests begin nothing.
func (a *Assignment) Carry(now int64) *Pin {
	switch {
	case a.Experiment == nil || a.Reason == Overridden || a.Reason == Forced:
		return nil
	case a.Reason == Pinned:
		return a.Pin
	}
	return &Pin{Experiment: a.Experiment.Name, Epoch: a.Experiment.Epoch, Variant: a.Variant.Name, Outside: !a.Enrolled, Begun: now}
}
