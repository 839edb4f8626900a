package test

import (
	"encoding/json"
	"testing"
)

// checkExplain asks the command which variant some users get, of the running
// Weir and of its file alone, and holds both against what happened.
func checkExplain(t *testing.T, w *weir, variants []string) {
	t.Helper()
	for _, i := range []int{0, 1, 2, 100, 335, 670} {
		for _, where := range [][]string{{"--admin", w.admin}, {"--config", w.file}} {
			x := explain(t, append([]string{"math", userID(i)}, where...)...)
			if x.Variant != variants[i] || x.Reason != "chance" || !x.Enrolled || x.Probability != 0.5 {
				t.Errorf("weir explain math %s %s says %+v, and %s is what happened", userID(i), where, x, variants[i])
			}
		}
	}
}

// explanation is what is read of `weir explain -o json`.
type explanation struct {
	Variant, Reason string
	Enrolled        bool
	Probability     float64
}

func explain(t *testing.T, args ...string) explanation {
	t.Helper()
	out, errs, code := run(t, nil, "", weirBinary, append([]string{"explain", "-o", "json"}, args...)...)
	var x explanation
	if err := json.Unmarshal([]byte(out), &x); err != nil || code != 0 {
		t.Fatalf("weir explain %q: exit %d, %v\n%s%s", args, code, err, out, errs)
	}
	return x
}
