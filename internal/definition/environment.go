package definition

import (
	"fmt"
	"reflect"
	"strconv"
)

// The variables of an environment start, and what they mean when they are not
// set: two model servers in the cluster, nine users in ten on the first.
const (
	endpointA = "MODEL_A_ENDPOINT"
	endpointB = "MODEL_B_ENDPOINT"
	weightA   = "MODEL_A_WEIGHT"
	weightB   = "MODEL_B_WEIGHT"
	secretVar = "WEIR_SECRET"

	defaultEndpointA = "http://llm-model-a.llm-serving.svc.cluster.local:8000"
	defaultEndpointB = "http://llm-model-b.llm-serving.svc.cluster.local:8000"
	defaultWeightA   = 90
	defaultWeightB   = 10
)

// Lookup finds an environment variable, as os.LookupEnv does.
type Lookup func(name string) (string, bool)

// EnvironmentPresent reports whether an environment start is asked for: one of
// its variables is set, and not to nothing.
func EnvironmentPresent(lookup Lookup) bool {
	for _, name := range []string{endpointA, endpointB, weightA, weightB} {
		if _, set := get(lookup, name); set {
			return true
		}
	}
	return false
}

// get treats a variable that is set to nothing as not set: templates leave such.
func get(lookup Lookup, name string) (string, bool) {
	v, set := lookup(name)
	return v, set && v != ""
}

// FromEnvironment makes the document of an environment start: one route,
// `default`, for every request whatever model it names; variants model-a and
// model-b by weight; testers in the group beta-testers always on model-b. Which
// model each endpoint serves is asked from it.
func FromEnvironment(lookup Lookup) (*Document, Problems) {
	e := &environment{lookup: lookup}
	a, b := e.weights()
	doc := &Document{
		Environment: true,
		files:       []string{"environment"},
		Models: map[string]*ModelSpec{
			"model-a": e.model(endpointA, defaultEndpointA),
			"model-b": e.model(endpointB, defaultEndpointB),
		},
		Routes: map[string]*RouteSpec{EnvironmentRoute: {
			Baseline: &VariantSpec{Model: "model-a"},
			// The body's user_id counts as user.
			Unit:      []string{"user", "header:x-user-id"},
			Overrides: []OverrideSpec{{When: `header["x-user-group"] == "beta-testers"`, Variant: "model-b", Open: true}},
			Expose:    "always",
		}},
		Experiments: map[string]*ExperimentSpec{"environment": {
			Route: EnvironmentRoute,
			Variants: map[string]*ArmSpec{
				"model-a": {Weight: &a, Baseline: true},
				"model-b": {Weight: &b, Model: "model-b"},
			},
		}},
	}
	if _, set := get(lookup, secretVar); set {
		doc.Listen.Secret = Variable(secretVar)
	}
	if e.problems.Failed() {
		return nil, e.problems
	}
	fill(reflect.ValueOf(doc).Elem())
	return doc, nil
}

type environment struct {
	lookup   Lookup
	problems Problems
}

func (e *environment) fail(name, hint, format string, args ...any) {
	e.problems = append(e.problems, Problem{Place: Place{File: "environment"}, Path: name, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (e *environment) model(name, otherwise string) *ModelSpec {
	text, set := get(e.lookup, name)
	if !set {
		text = otherwise
	}
	if _, message, hint := endpoint(text); message != "" {
		e.fail(name, hint, "%s", message)
	}
	return &ModelSpec{Vendor: "vllm", Endpoint: text}
}

// weights reads the two weights. Reading only the first and taking the rest for
// the second would hide a slip, so they must sum to 100.
func (e *environment) weights() (a, b Share) {
	first, ok1 := e.weight(weightA, defaultWeightA)
	second, ok2 := e.weight(weightB, defaultWeightB)
	if ok1 && ok2 && first+second != 100 {
		fix, value := weightB, 100-first
		if _, set := get(e.lookup, weightA); !set {
			fix, value = weightA, 100-second
		}
		e.fail(fix, fmt.Sprintf("set %s=%d", fix, value), "%s %s and %s %s sum to %d, not 100",
			weightA, e.shown(weightA, first), weightB, e.shown(weightB, second), first+second)
	}
	return Share(first), Share(second)
}

// shown tells a default from what was set: it is the one nobody thought of.
func (e *environment) shown(name string, value int) string {
	if _, set := get(e.lookup, name); set {
		return strconv.Itoa(value)
	}
	return strconv.Itoa(value) + " (its default)"
}

func (e *environment) weight(name string, otherwise int) (int, bool) {
	text, set := get(e.lookup, name)
	if !set {
		return otherwise, true
	}
	w, err := strconv.Atoi(text)
	if err != nil || w < 0 || w > 100 {
		e.fail(name, "set a whole number from 0 to 100", "%q is no weight", text)
		return 0, false
	}
	return w, true
}
