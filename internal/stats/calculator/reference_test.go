package calculator

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/reference/stats.md from the methods")

const page = "../../../docs/reference/stats.md"

// The page of the methods is what the methods say of themselves.
func TestReference(t *testing.T) {
	want := reference()
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the methods say (%v); run go test ./internal/stats/calculator -run Reference -update", page, err)
	}
}

const pageHead = `# The calculator

<!-- Made by go test ./internal/stats/calculator -run Reference -update. Edit the methods in internal/stats/calculator. -->

` + "`weir stats METHOD` reads one JSON object and prints one; `POST /api/v1/stats/METHOD` takes and gives the same. `weir stats --list` names the methods,\n`weir stats --batch` answers JSON lines `{\"method\", \"inputs\"}`. The code is that of the reports." + `

Arm a is the baseline and arm b the candidate; every effect is b minus a. Where ` + "`alpha`" + ` is left out it is 0.05, and tests have two sides. A value that is
undefined is ` + "`null`, with `\"status\": \"undefined\"` and a `reason`" + `; an infinite one is ` + "`null` with a `status`" + ` that says which. Inputs that do not fit are
errors that name the field. An answer may hold more than is shown.

Where a sample is a list, ` + "`NAME_generator`" + ` may describe it instead, in the methods that name it: ` + "`{\"kind\": \"quantile_grid\", \"dist\", \"n\", \"shift\", \"scale\", \"shape\"}`" + ` takes
u = (i + 0.5)/n and gives, by ` + "`dist`, `exponential` shift+scale·(-ln(1-u)), `pareto` shift+scale·(1-u)^(-1/shape), `lognormal` shift+scale·exp(shape·Φ⁻¹(u))." + `
`

func reference() string {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, m := range Methods() {
		e := m.Example()
		fmt.Fprintf(&b, "\n## %s\n\n%s.\n\n- Inputs: %s\n- Outputs: %s\n", m.Name, m.Summary, coded(m.Inputs), coded(m.Outputs))
		if m.Source != "" {
			fmt.Fprintf(&b, "- Source: %s\n", m.Source)
		}
		if len(e.Inputs) < 1000 {
			fmt.Fprintf(&b, "\n```console\n$ echo '%s' | weir stats %s\n%s\n```\n", e.Inputs, m.Name, e.Outputs)
		}
	}
	return b.String()
}

func coded(names []string) string { return "`" + strings.Join(names, "`, `") + "`" }

// Each method says what it is, has a worked case, and sorted names.
func TestMethodsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Methods() {
		if m.Summary == "" || m.run == nil || len(m.Example().Inputs) == 0 || seen[m.Name] {
			t.Errorf("%s: no summary, nothing to run, no worked case, or twice", m.Name)
		}
		if !slices.IsSorted(m.Outputs) {
			t.Errorf("%s: outputs are not sorted: %v", m.Name, m.Outputs)
		}
		seen[m.Name] = true
	}
}
