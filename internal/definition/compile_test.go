package definition

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/meter"
)

func TestCompiledModel(t *testing.T) {
	m := good(t, `models:
  llama:
    vendor: vllm
    model: meta-llama/Llama-3.1-8B-Instruct
    endpoints: [http://a:8000, "https://b/", http://c:8000/openai/v1/]
    key: env:VLLM_KEY
    context: 8192
    price: {input: .00010, output: 0.00079, per: 1k}
    clocks: {connect: 2s, header: 20s, first_token: 30s, idle: 10s, total: 1m30s}
    max_answer: 1MiB
    max_event: 64KiB
    options: {seed: 1, first_token: 180ms, nested: {a: [1, two, null, true]}}
`).Models[0]
	if m.Name != "llama" || m.Vendor != "vllm" || m.ID != "meta-llama/Llama-3.1-8B-Instruct" || m.Key.Variable() != "VLLM_KEY" || m.Context != 8192 {
		t.Errorf("%+v", m)
	}
	if want := []string{"http://a:8000/v1", "https://b/v1", "http://c:8000/openai/v1"}; !slices.Equal(m.Endpoints, want) {
		t.Errorf("endpoints %q, want %q", m.Endpoints, want)
	}
	if want := (Clocks{2 * time.Second, 20 * time.Second, 30 * time.Second, 10 * time.Second, 90 * time.Second}); m.Clocks != want {
		t.Errorf("clocks %+v", m.Clocks)
	}
	// 0.10 and 0.79 dollars per million tokens, in micro-dollars.
	if want := (meter.Price{Input: 100_000, Output: 790_000, CachedInput: 100_000, CacheWrite: 100_000}); m.Price == nil || *m.Price != want {
		t.Errorf("price %+v, want %+v", m.Price, want)
	}
	if m.MaxAnswer != 1<<20 || m.MaxEvent != 64<<10 {
		t.Errorf("limits %d, %d", m.MaxAnswer, m.MaxEvent)
	}
	if m.Options["first_token"] != "180ms" || m.Options["seed"] != 1.0 {
		t.Errorf("options %v", m.Options)
	}
}

// What is left out gets its default, and a zero that was written stays.
func TestDefaults(t *testing.T) {
	c := good(t, "models: {m: {vendor: simulated}}\nroutes: {r: {baseline: m}, s: {baseline: m, retries: 0}}\nkeys: {k: {sha256: "+strings.Repeat("ab", 32)+"}}\n")
	if want := (Clocks{Connect: 5 * time.Second, FirstToken: time.Minute, Idle: time.Minute, Total: 2 * time.Minute}); c.Models[0].Clocks != want {
		t.Errorf("clocks %+v", c.Models[0].Clocks)
	}
	r := c.Set.Routes["r"]
	if r.Retries != 1 || c.Set.Routes["s"].Retries != 0 || r.Expose != experiment.Trusted || r.Baseline.Name != "baseline" {
		t.Errorf("route %+v", r)
	}
	if want := []experiment.UnitSource{{From: "header", Name: "x-user-id", Kind: "user"}, {From: "user", Kind: "user"}}; !slices.Equal(r.Unit, want) {
		t.Errorf("unit %+v", r.Unit)
	}
	l := c.Listen
	if l.Data != "127.0.0.1:8080" || l.Admin != "127.0.0.1:8081" || l.Telemetry != "127.0.0.1:8082" || l.Drain != 5*time.Minute ||
		l.BodyLimit != 32<<20 || l.SessionTTL != time.Hour || l.MetricsOnData {
		t.Errorf("listen %+v", l)
	}
	if k := c.Keys[0]; k.Scopes != access.Call || k.Project != "default" {
		t.Errorf("key %+v", k)
	}
}

func TestUnitsOfEachKind(t *testing.T) {
	c := good(t, base+`  sessions: {baseline: m, unit: [header:X-Session-Id, cookie], unit_kind: session}
  keys: {baseline: m, unit: [key]}
  people: {baseline: m, unit: [safety_identifier, metadata:account]}
keys: {k: {sha256: `+strings.Repeat("ab", 32)+`}}
listen: {secret: env:S}
`)
	for name, want := range map[string]string{"sessions": "session session", "keys": "key", "people": "user user"} {
		var kinds []string
		for _, u := range c.Set.Routes[name].Unit {
			kinds = append(kinds, u.Kind)
		}
		if got := strings.Join(kinds, " "); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if r := c.Set.Routes["sessions"]; !r.Cookie || r.Unit[0].Name != "x-session-id" {
		t.Errorf("sessions: %+v", r)
	}
}

func TestCanary(t *testing.T) {
	c := good(t, base+"experiments: {try: {route: support, candidate: {parameters: {temperature: 0.2}}, share: 5%, audience: group(\"staff\"), epoch: 3}}\n")
	r := c.Set.Routes["support"]
	e := r.Experiment
	if e == nil || !e.TwoEnded || e.Salt != "try/3" || e.Epoch != 3 || e.Kind != "user" || e.Audience == nil || len(e.Hash) != 16 {
		t.Fatalf("experiment %+v", e)
	}
	candidate, ok := r.Find("candidate")
	if !ok || candidate.Model != "m" || string(candidate.Parameters["temperature"]) != "0.2" {
		t.Errorf("candidate %+v: it has the baseline's model and its own parameters", candidate)
	}
	for _, a := range e.Arms {
		if a.Probability != 0.05 {
			t.Errorf("%s has the share %v", a.Variant.Name, a.Probability)
		}
		if a.Baseline && a.Variant != r.Baseline {
			t.Error("the enrolled baseline is not the route's")
		}
	}
}

// The order of arms is the baseline's, then that of names: where a line stands in
// the file moves no user.
func TestVariantsByWeight(t *testing.T) {
	const one = `  z: {weight: 50, baseline: true}
      b: {weight: 30, model: n}
      a: {weight: 20, parameters: {top_p: 0.5}}`
	const other = `  a: {weight: 0.2, parameters: {top_p: 0.5}}
      z: {weight: 0.5}
      b: {weight: 0.3, model: n}`
	var hashes, ranges []string
	for _, variants := range []string{one, other} {
		c := good(t, base+"experiments:\n  e:\n    route: support\n    variants:\n    "+variants+"\n    stopped: [b]\n")
		r := c.Set.Routes["support"]
		got := ""
		for _, a := range r.Experiment.Arms {
			got += a.Variant.Name + " "
			if a.Baseline != (a.Variant.Name == "z") || a.Candidate || a.Stopped != (a.Variant.Name == "b") {
				t.Errorf("arm %+v", a)
			}
		}
		if got != "z a b " {
			t.Errorf("order %s", got)
		}
		if r.Baseline.Name != "z" || r.Experiment.Arms[0].Variant != r.Baseline {
			t.Errorf("the route's baseline is %q: requests outside are served, and told, the same", r.Baseline.Name)
		}
		hashes = append(hashes, r.Experiment.Hash)
		ranges = append(ranges, strings.TrimSpace(got))
	}
	if hashes[0] != hashes[1] || ranges[0] != ranges[1] {
		t.Errorf("the order of lines made another experiment: %q", hashes)
	}
}

// Which variant is the baseline: the one marked, the one named so, or the one that
// is equal to what the route serves.
func TestTheBaselineOfAnExperiment(t *testing.T) {
	for _, c := range []struct{ variants, want string }{
		{"{x: {weight: 50, baseline: true}, y: {weight: 50, model: n}}", "x"},
		{"{baseline: {weight: 50}, y: {weight: 50, model: n}}", "baseline"},
		{"{x: {weight: 50, model: n}, y: {weight: 50, model: m}}", "y"},
		{"{x: {weight: 50, model: n}, y: {weight: 50}}", "y"},
		{"{x: {weight: 50}, y: {weight: 50, baseline: true}}", "y"},
	} {
		r := good(t, base+"experiments: {e: {route: support, variants: "+c.variants+"}}\n").Set.Routes["support"]
		if r.Baseline.Name != c.want {
			t.Errorf("%s: baseline %s, want %s", c.variants, r.Baseline.Name, c.want)
		}
		if other, ok := r.Find("candidate"); !ok || other == r.Baseline {
			t.Errorf("%s: of two variants the other is the candidate", c.variants)
		}
	}
}

// A seed's experiment, as it is written there: weights of one, one model, two
// temperatures.
func TestWeightsOfOne(t *testing.T) {
	r := good(t, `models: {m: {vendor: simulated}}
routes: {customer-support: {unit: [user], baseline: {model: m, parameters: {temperature: 0.3}}}}
experiments:
  customer-support-v2-test:
    route: customer-support
    variants:
      control: {weight: 0.7, parameters: {temperature: 0.3}}
      treatment: {weight: 0.3, parameters: {temperature: 0.5}}
`).Set.Routes["customer-support"]
	arms := r.Experiment.Arms
	if len(arms) != 2 || arms[0].Variant.Name != "control" || arms[0].Probability != 0.7 || !arms[1].Candidate || r.Baseline.Name != "control" {
		t.Errorf("arms %+v", arms)
	}
}

func TestRevision(t *testing.T) {
	revision := func(text string) string { return good(t, text).Revision }
	const canary = base + "experiments: {e: {route: support, candidate: n, share: 5%}}\n"
	first := revision(canary)
	if len(first) != 16 {
		t.Errorf("revision %q", first)
	}
	for name, text := range map[string]string{
		"a comment":             "# hello\n" + canary,
		"another form":          strings.Replace(canary, "5%", "0.05", 1),
		"the long form":         strings.Replace(canary, "candidate: n", "candidate: {model: n}", 1),
		"a default written out": canary + "listen: {drain: 5m}\n",
	} {
		if got := revision(text); got != first {
			t.Errorf("%s made another revision", name)
		}
	}
	for name, text := range map[string]string{
		"a share":   strings.Replace(canary, "5%", "6%", 1),
		"an option": strings.Replace(canary, "m: {vendor: simulated}", "m: {vendor: simulated, options: {seed: 2}}", 1),
	} {
		if revision(text) == first {
			t.Errorf("%s made no other revision", name)
		}
	}
}

// The driver's check of a model is shown where its options stand.
func TestCheckModel(t *testing.T) {
	doc, problems := Parse([]File{{"weir.yaml", []byte("models:\n  m:\n    vendor: simulated\n    options: {sped: 1}\n")}})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	_, problems = doc.Compile(Options{CheckModel: func(m Model) error {
		return &mistake{"no option " + names(m.Options)[0], "it is speed"}
	}})
	if got := lines(problems.Failures()); got != "weir.yaml:4:5: models.m.options: no option sped; it is speed\n" {
		t.Errorf("got %s", got)
	}
}

func TestExpiredKeysAreDoubted(t *testing.T) {
	doc, _ := Parse([]File{{"weir.yaml", []byte(base + "keys: {k: {sha256: " + strings.Repeat("ab", 32) + ", expires: 2026-01-01}}\n")}})
	for _, c := range []struct {
		now  string
		want int
	}{{"2025-12-31", 0}, {"2026-01-01", 1}} {
		now, _ := time.Parse(time.DateOnly, c.now)
		out, problems := doc.Compile(Options{Now: now})
		if out == nil || len(problems) != c.want {
			t.Errorf("on %s: %v", c.now, problems)
		}
	}
}

func TestKeysWithPatterns(t *testing.T) {
	c := good(t, base+"keys: {k: {sha256: "+strings.Repeat("ab", 32)+", routes: [supp*, simulated/n, 'simulated/*'], groups: [staff], scopes: [call, force]}}\n")
	if _, err := access.NewKeyring(c.Keys); err != nil {
		t.Fatal(err)
	}
	if k := c.Keys[0]; k.Scopes != access.Call|access.Force || len(c.Warnings) != 0 {
		t.Errorf("%+v %v", k, c.Warnings)
	}
}
