package experiment

import (
	"strings"
	"testing"
)

func explained(r *Route, in *Input) string {
	t := (&Set{}).Explain(r, in)
	lines := make([]string, len(t.Steps))
	for i, s := range t.Steps {
		lines[i] = s.String()
	}
	return strings.Join(lines, "\n")
}

// u1 of checkout/1 hashes to 0439e17a50fbd499 (hash_test.go); over 2^64 that is
// 0.016508.
func TestExplainGivesTheFigures(t *testing.T) {
	r := routeOf("checkout", split(t, variants("a", "b"), 90, 10))
	r.Overrides = []Override{
		{When: compile(t, `group("staff")`), Variant: "b"},
		{When: compile(t, `header["x-user-group"] == "beta-testers"`), Variant: "b", Open: true},
	}
	r.Experiment.Audience = compile(t, `user != ""`)
	want := strings.TrimSpace(`
route: chat, baseline a
override: ` + "`group(\"staff\")`" + ` not read: it is not open and the caller lacks scope force
override: ` + "`header[\"x-user-group\"] == \"beta-testers\"`" + ` does not match
experiment: checkout, epoch 1, salt "checkout/1", by user
experiment: a owns [0.000000, 0.900000]
experiment: b owns [0.900000, 1.000000]
audience: ` + "`user != \"\"`" + ` is true
hash: 0439e17a50fbd499, which is 0.016508: a owns [0.000000, 0.900000]
result: a, reason chance, enrolled, probability 0.900000`)
	if got := explained(r, user("u1")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestExplainSaysWhyNot(t *testing.T) {
	r := pair(t)
	inB := userIn(t, r, "b")
	closed := pair(t)
	closed.Experiment.Audience = compile(t, `int(key) > 3`)
	stopped := pair(t)
	stopped.Experiment.Arms[1].Stopped = true
	none := &Route{Name: "plain", Baseline: &Variant{Name: "a"}}
	for name, c := range map[string]struct {
		r    *Route
		edit func(*Input)
		want string
	}{
		"no experiment": {none, func(*Input) {}, "experiment: none in force: the baseline"},
		"no unit":       {r, func(in *Input) { in.Unit = Unit{} }, "unit: none: the request carries none"},
		"another kind":  {r, func(in *Input) { in.Unit.Kind = "key" }, "is not a user"},
		"no scope":      {r, func(in *Input) { in.Forced = "b" }, "ignored: the caller lacks scope force"},
		"unknown":       {r, func(in *Input) { in.Forced, in.MayForce = "z", true }, "the route knows no such variant, so a"},
		"audience":      {closed, func(*Input) {}, "audience: `int(key) > 3` counted as false: type conversion"},
		"stopped":       {stopped, func(*Input) {}, "stopped: served the baseline, not enrolled"},
		"old pin":       {r, func(in *Input) { in.Pin = &Pin{Experiment: "x", Epoch: 3, Variant: "b"} }, "pin: x epoch 3, b: ignored, it names another experiment"},
		"pin":           {r, func(in *Input) { in.Pin = &Pin{Experiment: "pair", Epoch: 1, Variant: "a"} }, "began with a and its unit has since moved: not enrolled"},
	} {
		in := user(inB)
		c.edit(in)
		if got := explained(c.r, in); !strings.Contains(got, c.want) {
			t.Errorf("%s: no %q in\n%s", name, c.want, got)
		}
	}
}

// Whatever a request carries, what is explained is what happens.
func TestExplainAgreesWithAssign(t *testing.T) {
	rand := seeded(6)
	pick := func(s ...string) string { return s[rand.IntN(len(s))] }
	set := &Set{}
	audience, override := compile(t, `header["x"] != "out"`), compile(t, `header["x"] == "over"`)
	for range 5000 {
		r := canary(t, float64(rand.IntN(11))/10)
		if rand.IntN(2) == 0 {
			r = pair(t)
			r.Experiment.Arms[rand.IntN(2)].Stopped = rand.IntN(3) == 0
		}
		r.Experiment.Audience = audience
		r.Overrides = []Override{{When: override, Variant: pick("a", "b", "candidate"), Open: rand.IntN(2) == 0}}
		x := pick("", "out", "over")
		in := &Input{Unit: Unit{Kind: pick("user", "user", "key"), ID: pick("", "u1", "u2", "u3", "u4", "u5")}, Header: func(string) string { return x },
			Forced: pick("", "", "b", "candidate"), MayForce: rand.IntN(2) == 0}
		if rand.IntN(2) == 0 {
			in.Pin = &Pin{Experiment: pick("pair", "canary"), Epoch: 1, Variant: pick("a", "b", "baseline", "candidate"), Outside: rand.IntN(2) == 0}
		}
		a, trace := set.Assign(r, in), set.Explain(r, in)
		if a != trace.Assignment {
			t.Fatalf("assigned %+v, explained %+v", a, trace.Assignment)
		}
		if a.Enrolled && (a.Arm < 0 || a.Reason != Chance && a.Reason != Pinned || r.Experiment.Arms[a.Arm].Stopped || a.Variant != r.Experiment.Arms[a.Arm].Variant) {
			t.Fatalf("enrolled, and %+v", a)
		}
	}
}
