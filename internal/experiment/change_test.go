package experiment

import (
	"encoding/json"
	"strings"
	"testing"
)

// setOf holds the experiment of one route.
func setOf(r *Route) *Set { return &Set{Routes: map[string]*Route{r.Name: r}} }

func three(t *testing.T, weights ...float64) *Route {
	return routeOf("three", split(t, variants("a", "b", "c"), weights...))
}

func TestChangesThatARunningExperimentAllows(t *testing.T) {
	spaced := pair(t)
	spaced.Experiment.Arms[0].Variant.Parameters = map[string]json.RawMessage{"stop": json.RawMessage(`["a", "b"]`)}
	tight := pair(t)
	tight.Experiment.Arms[0].Variant.Parameters = map[string]json.RawMessage{"stop": json.RawMessage(`["a","b"]`)}
	stopped := three(t, 50, 30, 20)
	stopped.Experiment.Arms[2].Stopped = true
	narrow := pair(t)
	narrow.Experiment.Audience = compile(t, `group("staff")`)
	renewed := three(t, 10, 20, 70)
	renewed.Experiment.Epoch, renewed.Experiment.Salt = 2, DefaultSalt("three", 2)
	for name, c := range map[string]struct{ was, is *Route }{
		"nothing":                        {pair(t), pair(t)},
		"the boundary of two":            {pair(t), routeOf("pair", split(t, variants("a", "b"), 90, 10))},
		"the boundary of two, to nobody": {pair(t), routeOf("pair", split(t, variants("a", "b"), 100, 0))},
		"a canary's share":               {canary(t, 0.1), canary(t, 0.5)},
		"a canary's share, past half":    {canary(t, 0.5), canary(t, 1)},
		"the audience":                   {pair(t), narrow},
		"a stop":                         {three(t, 50, 30, 20), stopped},
		"spaces in a parameter":          {spaced, tight},
		"the same weights in percent":    {three(t, 50, 30, 20), three(t, 0.5, 0.3, 0.2)},
		"anything under a new epoch":     {three(t, 50, 30, 20), renewed},
		"its end":                        {three(t, 50, 30, 20), &Route{Name: "chat"}},
		"its beginning":                  {&Route{Name: "chat"}, three(t, 50, 30, 20)},
	} {
		if err := setOf(c.was).CheckChange(setOf(c.is)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var none *Set
	if err := none.CheckChange(setOf(pair(t))); err != nil {
		t.Errorf("the first set: %v", err)
	}
}

func TestChangesThatARunningExperimentRefuses(t *testing.T) {
	edit := func(r *Route, f func(*Experiment)) *Route {
		f(r.Experiment)
		return r
	}
	for name, c := range map[string]struct {
		was, is *Route
		want    string
	}{
		"weights of three":     {three(t, 50, 30, 20), three(t, 50, 25, 25), `frozen, and that of "b" would change from 0.3 to 0.25`},
		"one of three to zero": {three(t, 50, 30, 20), three(t, 50, 50, 0), "frozen"},
		"a third variant":      {pair(t), routeOf("pair", split(t, variants("a", "b", "c"), 40, 30, 30)), "from a, b to a, b, c"},
		"one of three gone":    {three(t, 50, 30, 20), routeOf("three", split(t, variants("a", "b"), 50, 50)), "from a, b, c to a, b"},
		"a name of two":        {pair(t), routeOf("pair", split(t, variants("a", "z"), 50, 50)), "from a, b to a, z"},
		"their order":          {pair(t), routeOf("pair", split(t, variants("b", "a"), 50, 50)), "from a, b to b, a"},
		"the salt":             {pair(t), edit(pair(t), func(e *Experiment) { e.Salt = "pepper" }), `from "pair/1" to "pepper"`},
		"the unit":             {pair(t), edit(pair(t), func(e *Experiment) { e.Kind = "session" }), "from user to session"},
		"the route":            {pair(t), edit(pair(t), func(e *Experiment) { e.Route = "search" }), `from "chat" to "search"`},
		"how it is shared":     {pair(t), edit(pair(t), func(e *Experiment) { e.TwoEnded = true }), "place users differently"},
		"a model":              {pair(t), edit(pair(t), func(e *Experiment) { e.Arms[1].Variant.Model = "larger" }), `what answers as "b" would change`},
		"a parameter": {pair(t), edit(pair(t), func(e *Experiment) {
			e.Arms[0].Variant.Parameters = map[string]json.RawMessage{"temperature": json.RawMessage("0.3")}
		}), `what answers as "a" would change`},
		"a stop taken back": {edit(pair(t), func(e *Experiment) { e.Arms[1].Stopped = true }), pair(t), `"b" was stopped`},
	} {
		err := setOf(c.was).CheckChange(setOf(c.is))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "raise its epoch to 2") {
			t.Errorf("%s: %v; want %q and what to do", name, err, c.want)
		}
	}
}

func TestCheckChangeNamesEveryExperimentAtFault(t *testing.T) {
	was := &Set{Routes: map[string]*Route{"x": three(t, 50, 30, 20), "y": pair(t)}}
	is := &Set{Routes: map[string]*Route{"x": three(t, 20, 30, 50), "y": routeOf("pair", split(t, variants("a", "c"), 50, 50))}}
	err := was.CheckChange(is)
	if err == nil || !strings.Contains(err.Error(), `"pair"`) || !strings.Contains(err.Error(), `"three"`) {
		t.Errorf("%v", err)
	}
}
