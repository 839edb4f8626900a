package experiment

import (
	"strconv"
	"testing"
)

// begun is the pin of a conversation that the user begins on r.
func begun(t *testing.T, r *Route, id string) *Pin {
	t.Helper()
	in := user(id)
	a := (&Set{}).Assign(r, in)
	p := a.Carry(1_700_000_000)
	if p == nil {
		t.Fatalf("%s begins no pin", outcome(a))
	}
	return p
}

// later is the user's next turn, on a route as it is by then.
func later(r *Route, id string, p *Pin) Assignment {
	in := user(id)
	in.Pin = p
	return (&Set{}).Assign(r, in)
}

func TestPinKeepsWhatNothingHasMoved(t *testing.T) {
	r := pair(t)
	for _, name := range []string{"a", "b"} {
		id := userIn(t, r, name)
		a := later(r, id, begun(t, r, id))
		if outcome(a) != name+" pinned enrolled" || a.Probability != 0.5 || r.Experiment.Arms[a.Arm].Variant != a.Variant {
			t.Errorf("%s: %s, %+v", name, outcome(a), a)
		}
	}
}

// A rising share respects the conversations it finds. Those that the rise would
// have moved, or enrolled, are left out of the statistics at both ends.
func TestPinAcrossARisingShare(t *testing.T) {
	at5, at10, at75 := canary(t, 0.05), canary(t, 0.10), canary(t, 0.75)
	both := func(before, after *Route, was, is string) string {
		for i := range 10_000 {
			if id := "user-" + strconv.Itoa(i); got(before, id) == was && got(after, id) == is {
				return id
			}
		}
		t.Fatalf("no user moves from %q to %q", was, is)
		return ""
	}
	for _, c := range []struct {
		name          string
		before, after *Route
		was, is, want string
	}{
		{"still candidate", at5, at10, "candidate", "candidate", "candidate pinned enrolled"},
		{"still baseline", at5, at10, "baseline", "baseline", "baseline pinned enrolled"},
		{"still in the middle", at5, at10, "", "", "baseline pinned"},
		{"middle to candidate", at5, at10, "", "candidate", "baseline pinned"},
		{"middle to enrolled baseline", at5, at10, "", "baseline", "baseline pinned"},
		{"falling: candidate to middle", at10, at5, "candidate", "", "candidate pinned"},
		{"past one half: middle to candidate", at10, at75, "", "candidate", "baseline pinned"},
		{"past one half: still candidate", at10, at75, "candidate", "candidate", "candidate pinned enrolled"},
		{"past one half: baseline to rest", at10, at75, "baseline", "", "baseline pinned"},
	} {
		id := both(c.before, c.after, c.was, c.is)
		if a := later(c.after, id, begun(t, c.before, id)); outcome(a) != c.want || a.Enrolled != (a.Arm >= 0) {
			t.Errorf("%s: %s (arm %d), want %s", c.name, outcome(a), a.Arm, c.want)
		}
	}
}

// got is the variant of whichever arm owns the user; "" for none.
func got(r *Route, id string) string {
	if i := r.Experiment.owner(Hash(r.Experiment.Salt, "user", id)); i >= 0 {
		return r.Experiment.Arms[i].Variant.Name
	}
	return ""
}

func TestPinAcrossAMovedBoundary(t *testing.T) {
	vs := variants("a", "b")
	before := routeOf("pair", split(t, vs, 50, 50))
	after := routeOf("pair", split(t, vs, 20, 80))
	for i := range 2000 {
		id := "user-" + strconv.Itoa(i)
		was, is := got(before, id), got(after, id)
		want := was + " pinned"
		if was == is {
			want += " enrolled"
		}
		if a := later(after, id, begun(t, before, id)); outcome(a) != want {
			t.Fatalf("%s, from %s to %s: %s, want %s", id, was, is, outcome(a), want)
		}
	}
}

func TestPinIsBroken(t *testing.T) {
	vs := variants("a", "b")
	r := routeOf("pair", split(t, vs, 50, 50))
	idB := userIn(t, r, "b")
	p := begun(t, r, idB)

	stopped := routeOf("pair", split(t, vs, 50, 50))
	stopped.Experiment.Arms[1].Stopped = true
	epoch := routeOf("pair", split(t, vs, 50, 50))
	epoch.Experiment.Epoch = 2
	ended := &Route{Name: "chat", Baseline: vs[0]}
	for name, c := range map[string]struct {
		r    *Route
		want string
	}{
		"stopped":            {stopped, "a outside"},
		"another epoch":      {epoch, "b chance enrolled"}, // same salt here: only the pin is lost
		"another experiment": {routeOf("other", split(t, vs, 100, 0)), "a chance enrolled"},
		"share of zero":      {routeOf("pair", split(t, vs, 100, 0)), "a chance enrolled"},
		"variant is gone":    {routeOf("pair", split(t, variants("a", "c"), 100, 0)), "a chance enrolled"},
		"aborted":            {ended, "a outside"},
	} {
		if a := later(c.r, idB, p); outcome(a) != c.want {
			t.Errorf("%s: %s, want %s", name, outcome(a), c.want)
		}
	}
}

func TestPinOfAnotherUnitStaysOutOfTheStatistics(t *testing.T) {
	r := pair(t)
	a := later(r, userIn(t, r, "a"), begun(t, r, userIn(t, r, "b")))
	if outcome(a) != "b pinned" || a.Arm != -1 || a.Probability != 1 {
		t.Errorf("%s, %+v", outcome(a), a)
	}
}

func TestPinGivesWayToForceOverrideAndNoUnit(t *testing.T) {
	r := pair(t)
	id := userIn(t, r, "b")
	p := begun(t, r, id)
	in := user(id)
	in.Pin, in.Forced, in.MayForce = p, "a", true
	if a := (&Set{}).Assign(r, in); outcome(a) != "a forced" {
		t.Errorf("forced: %s", outcome(a))
	}
	if a := (&Set{}).Assign(r, &Input{Pin: p}); outcome(a) != "a no_unit" {
		t.Errorf("without a unit: %s", outcome(a))
	}
	r.Overrides = []Override{{When: compile(t, "true"), Variant: "a", Open: true}}
	if a := later(r, id, p); outcome(a) != "a override" {
		t.Errorf("overridden: %s", outcome(a))
	}
}

func TestCarry(t *testing.T) {
	r := canary(t, 0.1)
	in := user(userIn(t, r, "candidate"))
	a := (&Set{}).Assign(r, in)
	if p := a.Carry(42); *p != (Pin{Experiment: "canary", Epoch: 1, Variant: "candidate", Begun: 42}) {
		t.Errorf("by chance: %+v", p)
	}
	in = user(userIn(t, r, ""))
	a = (&Set{}).Assign(r, in)
	if p := a.Carry(42); *p != (Pin{Experiment: "canary", Epoch: 1, Variant: "baseline", Outside: true, Begun: 42}) {
		t.Errorf("outside: %+v", p)
	}
	in.Pin = begun(t, r, in.Unit.ID)
	a = (&Set{}).Assign(r, in)
	if p := a.Carry(1 << 40); p != in.Pin {
		t.Errorf("a pinned conversation began anew: %+v", p)
	}
	in.Forced, in.MayForce = "candidate", true
	if a = (&Set{}).Assign(r, in); a.Carry(42) != nil {
		t.Error("a forced request pinned the conversation")
	}
	r.Overrides = []Override{{When: compile(t, "true"), Variant: "candidate", Open: true}}
	in.Forced = ""
	if a = (&Set{}).Assign(r, in); a.Reason != Overridden || a.Carry(42) != nil {
		t.Errorf("an overridden request, %s, pinned the conversation", outcome(a))
	}
	a = (&Set{}).Assign(&Route{Baseline: r.Baseline}, in)
	if a.Carry(42) != nil {
		t.Error("no experiment pinned the conversation")
	}
}
