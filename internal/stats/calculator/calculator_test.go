package calculator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// written are examples whose figures were written with few digits: how far an answer
// may be from them.
var written = map[string]float64{
	"group_sequential_adjusted_alpha": 1e-5, "normal_mixture_bound": 1e-5, "cuped_theta": 1e-5, "delta_method_variance_of_lift": 1e-5,
}

// Every worked case, ours and of SciPy, statsmodels and R (testdata/*.py, *.R), to 1e-6.
func TestWorkedCases(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.jsonl")
	run := func(name string, text []byte, slack map[string]float64) {
		number := 0
		for line := range bytes.Lines(text) {
			number++
			var c Example
			if err := json.Unmarshal(line, &c); err != nil {
				t.Fatalf("%s:%d: %v", name, number, err)
			}
			t.Run(fmt.Sprintf("%s/%s:%d", c.Method, name, number), func(t *testing.T) { checkCase(t, c, slack[c.Method]) })
		}
	}
	run("examples.jsonl", examples, written)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		run(filepath.Base(f), text, nil)
	}
}

func checkCase(t *testing.T, c Example, slack float64) {
	m, err := Named(c.Method)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Run(c.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	var have, want map[string]any
	if err := json.Unmarshal(got, &have); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	if err := json.Unmarshal(c.Outputs, &want); err != nil {
		t.Fatal(err)
	}
	for name, w := range want {
		h, there := have[name]
		if !there {
			t.Errorf("%s is missing from %s", name, got)
		} else if !near(h, w, slack) {
			t.Errorf("%s = %v, want %v (inputs %.300s)", name, h, w, c.Inputs)
		}
	}
}

// near compares to 1e-6 of the value, which is also what is allowed beside 0 and for
// differences that cancel: a billionth of nothing.
func near(have, want any, slack float64) bool {
	switch w := want.(type) {
	case float64:
		h, number := have.(float64)
		return number && math.Abs(h-w) <= slack+1e-12*min(1, math.Abs(w)*1e6+1e-2)+1e-6*math.Abs(w)
	case []any:
		h, list := have.([]any)
		if !list || len(h) != len(w) {
			return false
		}
		for i := range w {
			if !near(h[i], w[i], slack) {
				return false
			}
		}
		return true
	}
	return have == want
}
