package definition

import (
	"maps"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/experiment"
)

func lookup(vars map[string]string) Lookup {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

// fromEnvironment compiles an environment start that must be good.
func fromEnvironment(t *testing.T, vars map[string]string) *Compiled {
	t.Helper()
	doc, problems := FromEnvironment(lookup(vars))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	c, problems := doc.Compile(Options{Vendors: vendorTable(t)})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEnvironmentDefaults(t *testing.T) {
	c := fromEnvironment(t, nil)
	if !c.Environment || !c.Listen.MetricsOnData || len(c.Models) != 2 || len(c.Set.Routes) != 1 {
		t.Fatalf("%+v", c)
	}
	for i, want := range []string{"http://llm-model-a.llm-serving.svc.cluster.local:8000/v1", "http://llm-model-b.llm-serving.svc.cluster.local:8000/v1"} {
		if m := c.Models[i]; m.Endpoints[0] != want || m.ID != "" {
			t.Errorf("model %+v, want %s and its id to be asked for", m, want)
		}
	}
	r := c.Set.Routes[EnvironmentRoute]
	arms := r.Experiment.Arms
	if len(arms) != 2 || arms[0].Variant.Name != "model-a" || arms[0].Probability != 0.9 || arms[1].Variant.Name != "model-b" || arms[1].Probability != 0.1 {
		t.Errorf("arms %+v", arms)
	}
	if r.Baseline.Name != "model-a" || r.Expose != experiment.Always || r.Unit[0].From != "user" || r.Unit[1].Name != "x-user-id" {
		t.Errorf("route %+v", r)
	}
}

// Testers are sent to model-b, whoever they are; a unit-less request is served
// model-a and not counted.
func TestEnvironmentAssignment(t *testing.T) {
	c := fromEnvironment(t, nil)
	r := c.Set.Routes[EnvironmentRoute]
	testers := func(name string) string {
		if strings.EqualFold(name, "x-user-group") {
			return "beta-testers"
		}
		return ""
	}
	a := c.Set.Assign(r, &experiment.Input{Unit: experiment.Unit{Kind: "user", ID: "test123"}, Header: testers})
	if a.Variant.Name != "model-b" || a.Reason != experiment.Overridden || a.Enrolled {
		t.Errorf("a tester got %+v", a)
	}
	a = c.Set.Assign(r, &experiment.Input{})
	if a.Variant.Name != "model-a" || a.Reason != experiment.NoUnit || a.Enrolled {
		t.Errorf("nobody in particular got %+v", a)
	}
}

func TestEnvironmentMatrix(t *testing.T) {
	for _, c := range []struct {
		name string
		vars map[string]string
		want string // of the problems; "" when it is good
	}{
		{"two weights", map[string]string{"MODEL_A_WEIGHT": "75", "MODEL_B_WEIGHT": "25"}, ""},
		{"all to one", map[string]string{"MODEL_A_WEIGHT": "0", "MODEL_B_WEIGHT": "100"}, ""},
		{"set to nothing", map[string]string{"MODEL_A_WEIGHT": "", "MODEL_A_ENDPOINT": ""}, ""},
		{"endpoints", map[string]string{"MODEL_A_ENDPOINT": "http://127.0.0.1:9001", "MODEL_B_ENDPOINT": "https://b.example.com/openai/v1"}, ""},
		{"only A", map[string]string{"MODEL_A_WEIGHT": "80"},
			"environment: MODEL_B_WEIGHT: MODEL_A_WEIGHT 80 and MODEL_B_WEIGHT 10 (its default) sum to 90, not 100; set MODEL_B_WEIGHT=20\n"},
		{"only B", map[string]string{"MODEL_B_WEIGHT": "50"},
			"environment: MODEL_A_WEIGHT: MODEL_A_WEIGHT 90 (its default) and MODEL_B_WEIGHT 50 sum to 140, not 100; set MODEL_A_WEIGHT=50\n"},
		{"both, and not 100", map[string]string{"MODEL_A_WEIGHT": "70", "MODEL_B_WEIGHT": "20"},
			"environment: MODEL_B_WEIGHT: MODEL_A_WEIGHT 70 and MODEL_B_WEIGHT 20 sum to 90, not 100; set MODEL_B_WEIGHT=30\n"},
		{"no number", map[string]string{"MODEL_A_WEIGHT": "ninety"},
			"environment: MODEL_A_WEIGHT: \"ninety\" is no weight; set a whole number from 0 to 100\n"},
		{"a fraction", map[string]string{"MODEL_A_WEIGHT": "0.9", "MODEL_B_WEIGHT": "-1"},
			"environment: MODEL_A_WEIGHT: \"0.9\" is no weight; set a whole number from 0 to 100\nenvironment: MODEL_B_WEIGHT: \"-1\" is no weight; set a whole number from 0 to 100\n"},
		{"no URL", map[string]string{"MODEL_A_ENDPOINT": "llm-model-a:8000"},
			"environment: MODEL_A_ENDPOINT: is no http or https URL; write http://HOST:PORT/v1 or https://HOST/v1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, problems := FromEnvironment(lookup(c.vars))
			if got := lines(problems); got != c.want || (doc == nil) != (c.want != "") {
				t.Fatalf("\n got %s\nwant %s", got, c.want)
			}
			if c.want == "" {
				fromEnvironment(t, c.vars)
			}
		})
	}
}

func TestEnvironmentPresent(t *testing.T) {
	for _, c := range []struct {
		vars map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"MODEL_A_ENDPOINT": ""}, false},
		{map[string]string{"OPENAI_API_KEY": "x", "WEIR_SECRET": "y"}, false},
		{map[string]string{"MODEL_A_ENDPOINT": "http://a"}, true},
		{map[string]string{"MODEL_B_WEIGHT": "5"}, true},
	} {
		if got := EnvironmentPresent(lookup(c.vars)); got != c.want {
			t.Errorf("%v: %v", c.vars, got)
		}
	}
}

// The secret is referred to, never read; and what was set changes the revision.
func TestEnvironmentSecretAndRevision(t *testing.T) {
	vars := map[string]string{"WEIR_SECRET": canary}
	c := fromEnvironment(t, vars)
	if c.Listen.Secret != Variable("WEIR_SECRET") {
		t.Errorf("secret %v", c.Listen.Secret)
	}
	doc, _ := FromEnvironment(lookup(vars))
	if again, problems := Parse([]File{{"written.yaml", doc.Canonical()}}); again == nil {
		t.Errorf("written out it cannot be read: %v", problems)
	}
	if strings.Contains(string(doc.Canonical()), canary) {
		t.Error("the secret is in the document")
	}
	other := maps.Clone(vars)
	other["MODEL_A_WEIGHT"], other["MODEL_B_WEIGHT"] = "50", "50"
	if fromEnvironment(t, other).Revision == c.Revision {
		t.Error("other weights, same revision")
	}
}
