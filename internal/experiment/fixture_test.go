package experiment

import (
	"math/rand/v2"
	"strconv"
	"testing"
)

// variants are named after their letters: "a b c".
func variants(names ...string) []*Variant {
	vs := make([]*Variant, len(names))
	for i, n := range names {
		vs[i] = &Variant{Name: n, Model: "model-" + n}
	}
	return vs
}

// split is Split for weights that are right.
func split(t testing.TB, vs []*Variant, weights ...float64) []Arm {
	t.Helper()
	arms, err := Split(vs, weights)
	if err != nil {
		t.Fatal(err)
	}
	return arms
}

func twoEnded(t testing.TB, baseline, candidate *Variant, share float64) []Arm {
	t.Helper()
	arms, err := TwoEnded(baseline, candidate, share)
	if err != nil {
		t.Fatal(err)
	}
	return arms
}

func compile(t testing.TB, source string) *Expr {
	t.Helper()
	x, err := Compile(source)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// routeOf puts arms in force on a route whose baseline is the first variant
// marked so.
func routeOf(name string, arms []Arm) *Route {
	r := &Route{Name: "chat"}
	for i := range arms {
		if arms[i].Baseline {
			r.Baseline = arms[i].Variant
		}
	}
	r.Experiment = &Experiment{Name: name, Route: r.Name, Epoch: 1, Salt: DefaultSalt(name, 1), Kind: "user", Arms: arms}
	return r
}

func user(id string) *Input { return &Input{Unit: Unit{Kind: "user", ID: id}} }

// userIn finds a user whom chance gives the named variant of the route, or ""
// for one whom no arm owns.
func userIn(t testing.TB, r *Route, variant string) string {
	t.Helper()
	for i := range 100_000 {
		id := "u" + strconv.Itoa(i)
		got := ""
		if o := r.Experiment.owner(Hash(r.Experiment.Salt, "user", id)); o >= 0 {
			got = r.Experiment.Arms[o].Variant.Name
		}
		if got == variant {
			return id
		}
	}
	t.Fatalf("no user in 100,000 gets %q", variant)
	return ""
}

// ids are the shapes that units come in.
var ids = map[string]func(i int, r *rand.Rand) string{
	"sequential": func(i int, _ *rand.Rand) string { return strconv.Itoa(i) },
	"random":     func(_ int, r *rand.Rand) string { return strconv.FormatUint(r.Uint64(), 36) },
	"e-mail": func(i int, _ *rand.Rand) string {
		return "user" + strconv.Itoa(i) + "@example" + strconv.Itoa(i%7) + ".com"
	},
}

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, 2026)) }
