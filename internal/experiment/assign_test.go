package experiment

import (
	"math"
	"strings"
	"testing"
)

// pair is a route with a 50/50 experiment of "a" (the baseline) and "b".
func pair(t testing.TB) *Route { return routeOf("pair", split(t, variants("a", "b"), 50, 50)) }

// canary is a route with a two-ended share of "candidate" against "baseline".
func canary(t testing.TB, share float64) *Route {
	r := routeOf("canary", twoEnded(t, &Variant{Name: "baseline"}, &Variant{Name: "candidate"}, share))
	r.Experiment.TwoEnded = true
	return r
}

// outcome is an assignment in a line.
func outcome(a Assignment) string {
	s := a.Variant.Name + " " + a.Reason.String()
	if a.Enrolled {
		s += " enrolled"
	}
	return s
}

func TestAssignByChance(t *testing.T) {
	r := pair(t)
	for _, name := range []string{"a", "b"} {
		in := user(userIn(t, r, name))
		a := (&Set{}).Assign(r, in)
		if got := outcome(a); got != name+" chance enrolled" {
			t.Errorf("got %s, want %s by chance", got, name)
		}
		if a.Probability != 0.5 || a.Experiment != r.Experiment || r.Experiment.Arms[a.Arm].Variant != a.Variant || a.Unit != in.Unit {
			t.Errorf("%+v", a)
		}
	}
}

func TestAssignTheMiddleOfATwoEndedShare(t *testing.T) {
	r := canary(t, 0.1)
	for name, want := range map[string]string{"candidate": "candidate chance enrolled", "baseline": "baseline chance enrolled", "": "baseline outside"} {
		a := (&Set{}).Assign(r, user(userIn(t, r, name)))
		if got := outcome(a); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if wantP := map[string]float64{"": 0.8}[name]; name == "" && (math.Abs(a.Probability-wantP) > 1e-12 || a.Arm != -1) {
			t.Errorf("the middle: %+v", a)
		}
	}
}

func TestAssignAboveOneHalfEnrolsNoBaseline(t *testing.T) {
	r := canary(t, 0.75)
	if got := outcome((&Set{}).Assign(r, user(userIn(t, r, "")))); got != "baseline outside" {
		t.Errorf("the rest gets %s", got)
	}
	a := (&Set{}).Assign(r, user(userIn(t, r, "candidate")))
	if a.Probability != 0.75 {
		t.Errorf("candidate with probability %v", a.Probability)
	}
}

func TestAssignWithoutAnythingToDraw(t *testing.T) {
	staff := pair(t)
	staff.Experiment.Audience = compile(t, `group("staff")`)
	for name, c := range map[string]struct {
		r    *Route
		in   *Input
		want string
	}{
		"no experiment":          {&Route{Baseline: &Variant{Name: "a"}}, user("u1"), "a outside"},
		"no experiment, no unit": {&Route{Baseline: &Variant{Name: "a"}}, &Input{}, "a outside"},
		"no unit":                {pair(t), &Input{}, "a no_unit"},
		"unit of another kind":   {pair(t), &Input{Unit: Unit{Kind: "session", ID: "s1"}}, "a no_unit"},
		"outside the audience":   {staff, user("u1"), "a outside"},
	} {
		a := (&Set{}).Assign(c.r, c.in)
		if got := outcome(a); got != c.want || a.Arm != -1 || a.Probability != 1 {
			t.Errorf("%s: %s, %+v; want %s", name, got, a, c.want)
		}
	}
	in := user("u1")
	in.Groups = []string{"staff"}
	if a := (&Set{}).Assign(staff, in); !a.Enrolled {
		t.Errorf("inside the audience: %s", outcome(a))
	}
}

func TestStoppedVariantIsServedTheBaselineAndLeavesTheAnalysis(t *testing.T) {
	r := routeOf("three", split(t, variants("a", "b", "c"), 40, 30, 30))
	inB, inC := user(userIn(t, r, "b")), user(userIn(t, r, "c"))
	r.Experiment.Arms[1].Stopped = true
	if a := (&Set{}).Assign(r, inB); outcome(a) != "a outside" || a.Arm != -1 {
		t.Errorf("who was in the stopped variant gets %s, arm %d", outcome(a), a.Arm)
	}
	if a := (&Set{}).Assign(r, inC); outcome(a) != "c chance enrolled" {
		t.Errorf("who was elsewhere gets %s", outcome(a))
	}
}

func TestForced(t *testing.T) {
	r := pair(t)
	inA := userIn(t, r, "a")
	stopped := pair(t)
	stopped.Experiment.Arms[1].Stopped = true
	zero := routeOf("zero", split(t, variants("a", "b"), 100, 0))
	for name, c := range map[string]struct {
		r    *Route
		ask  string
		may  bool
		want string
	}{
		"by name":                  {r, "b", true, "b forced"},
		"candidate":                {r, "candidate", true, "b forced"},
		"baseline":                 {r, "baseline", true, "a forced"},
		"without the scope":        {r, "b", false, "a chance enrolled"},
		"unknown":                  {r, "nobody", true, "a forced"},
		"stopped":                  {stopped, "b", true, "a forced"},
		"candidate stopped":        {stopped, "candidate", true, "a forced"},
		"a weight of zero":         {zero, "b", true, "b forced"},
		"candidate, none in force": {&Route{Baseline: &Variant{Name: "a"}}, "candidate", true, "a forced"},
	} {
		in := user(inA)
		in.Forced, in.MayForce = c.ask, c.may
		if got := outcome((&Set{}).Assign(c.r, in)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestFindKnowsTheNamesOfARoute(t *testing.T) {
	three := routeOf("three", split(t, variants("a", "b", "c"), 40, 30, 30))
	none := &Route{Baseline: &Variant{Name: "sonnet"}}
	for _, c := range []struct {
		r     *Route
		name  string
		want  string
		known bool
	}{
		{pair(t), "a", "a", true}, {pair(t), "b", "b", true}, {pair(t), "baseline", "a", true}, {pair(t), "candidate", "b", true},
		{pair(t), "B", "a", false}, {pair(t), "", "a", false}, {three, "c", "c", true}, {three, "candidate", "a", true},
		{none, "baseline", "sonnet", true}, {none, "sonnet", "sonnet", true}, {none, "candidate", "sonnet", true}, {none, "b", "sonnet", false},
	} {
		if v, known := c.r.Find(c.name); v.Name != c.want || known != c.known {
			t.Errorf("Find(%q) = %s, %t; want %s, %t", c.name, v.Name, known, c.want, c.known)
		}
	}
}

func TestVariantsAreTheNamesThatFindKnows(t *testing.T) {
	stopped := pair(t)
	stopped.Experiment.Arms[1].Stopped = true
	for want, r := range map[string]*Route{
		"baseline candidate a b": pair(t),
		"baseline candidate":     canary(t, 0.1),
		"baseline a b c":         routeOf("three", split(t, variants("a", "b", "c"), 40, 30, 30)),
		"baseline a":             stopped,
		"baseline sonnet":        {Baseline: &Variant{Name: "sonnet"}},
	} {
		got := r.Variants()
		if strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", got, want)
		}
		for _, name := range got {
			if _, known := r.Find(name); !known {
				t.Errorf("Find does not know %q of %v", name, got)
			}
		}
	}
}

func TestOverrides(t *testing.T) {
	r := pair(t)
	r.Overrides = []Override{
		{When: compile(t, `header["x-team"] == "red"`), Variant: "b"},
		{When: compile(t, `header["x-team"].startsWith("r") || header["x-user-group"] == "beta-testers"`), Variant: "candidate", Open: true},
		{When: compile(t, `header["x-team"] == "rose"`), Variant: "a", Open: true},
		{When: compile(t, `header["x-team"] == "gone"`), Variant: "of-an-earlier-experiment", Open: true},
	}
	id := userIn(t, r, "a")
	for name, c := range map[string]struct {
		header, value string
		may           bool
		want          string
	}{
		"nobody's":               {"x-team", "blue", true, "a chance enrolled"},
		"closed, without scope":  {"x-team", "red", false, "b override"}, // by the second, which is open
		"closed, with scope":     {"x-team", "red", true, "b override"},
		"open":                   {"x-user-group", "beta-testers", false, "b override"},
		"the first that matches": {"x-team", "rose", false, "b override"},
		"a variant long gone":    {"x-team", "gone", false, "a override"},
	} {
		in := user(id)
		in.MayForce = c.may
		in.Header = func(n string) string {
			if strings.EqualFold(n, c.header) {
				return c.value
			}
			return ""
		}
		a := (&Set{}).Assign(r, in)
		if got := outcome(a); got != c.want || a.Doubt != "" {
			t.Errorf("%s: %s (%s), want %s", name, got, a.Doubt, c.want)
		}
	}
	r.Overrides = r.Overrides[:1]
	in := user(id)
	in.Header = func(string) string { return "red" }
	if a := (&Set{}).Assign(r, in); a.Reason != Chance {
		t.Errorf("an override that is not open applied without scope force: %s", outcome(a))
	}
}

func TestOverrideComesBeforeUnitAndAudienceAndFallsToTheBaseline(t *testing.T) {
	always := []Override{{When: compile(t, "true"), Variant: "candidate", Open: true}}
	r := pair(t)
	r.Overrides = always
	if a := (&Set{}).Assign(r, &Input{}); outcome(a) != "b override" {
		t.Errorf("without a unit: %s", outcome(a))
	}
	if a := (&Set{}).Assign(r, &Input{Forced: "a", MayForce: true}); outcome(a) != "a forced" {
		t.Errorf("against what the caller forces: %s", outcome(a))
	}
	none := &Route{Baseline: &Variant{Name: "a"}, Overrides: always}
	if a := (&Set{}).Assign(none, user("u1")); outcome(a) != "a override" {
		t.Errorf("without a candidate: %s", outcome(a))
	}
}

func TestAnExpressionThatCannotBeEvaluatedIsFalseAndADoubt(t *testing.T) {
	r := pair(t)
	r.Overrides = []Override{{When: compile(t, `int(user) > 3`), Variant: "b", Open: true}}
	r.Experiment.Audience = compile(t, `header["x-age"] == "" || int(header["x-age"]) >= 18`)
	a := (&Set{}).Assign(r, user(userIn(t, r, "b")))
	if outcome(a) != "b chance enrolled" || !strings.Contains(a.Doubt, "override `int(user) > 3` counted as false") {
		t.Errorf("%s, doubt %q", outcome(a), a.Doubt)
	}
	in := user("u1")
	in.Header = func(string) string { return "old enough" }
	a = (&Set{}).Assign(r, in)
	if outcome(a) != "a outside" || !strings.Contains(a.Doubt, "; audience `header") {
		t.Errorf("%s, doubt %q", outcome(a), a.Doubt)
	}
}

// The gateway calls Assign from every request at once.
func TestAssignConcurrently(t *testing.T) {
	r := pair(t)
	r.Overrides = []Override{{When: compile(t, `header["x-team"] == user`), Variant: "b", Open: true}}
	done := make(chan string)
	for g := range 4 {
		go func() {
			in := user("u" + string(rune('a'+g)))
			in.Header = func(string) string { return "ub" }
			want, bad := (&Set{}).Assign(r, in), ""
			for range 2000 {
				if got := (&Set{}).Assign(r, in); got != want {
					bad = outcome(got) + ", before " + outcome(want)
				}
			}
			done <- bad
		}()
	}
	for range 4 {
		if bad := <-done; bad != "" {
			t.Error(bad)
		}
	}
}
