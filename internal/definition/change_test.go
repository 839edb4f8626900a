package definition

import (
	"strings"
	"testing"
)

func TestChange(t *testing.T) {
	three := base + `experiments:
  e:
    route: support
    epoch: 1
    variants: {a: {weight: 50, baseline: true}, b: {weight: 30, model: n}, c: {weight: 20, parameters: {top_p: 0.5}}}
`
	two := base + "experiments: {e: {route: support, variants: {a: {weight: 50, baseline: true}, b: {weight: 50, model: n}}}}\n"
	for _, c := range []struct {
		name, was, is string
		refused       bool
	}{
		{"nothing", three, three, false},
		{"new weights of three", three, strings.NewReplacer("weight: 30", "weight: 20", "weight: 20", "weight: 30").Replace(three), true},
		{"new weights and a new epoch", three, strings.NewReplacer("weight: 30", "weight: 20", "weight: 20", "weight: 30", "epoch: 1", "epoch: 2").Replace(three), false},
		{"new weights of two", two, strings.NewReplacer("a: {weight: 50", "a: {weight: 60", "b: {weight: 50", "b: {weight: 40").Replace(two), false},
		{"another model under a variant's name", two, strings.Replace(two, "model: n", "model: n, parameters: {top_p: 1}", 1), true},
		{"a higher share", base + "experiments: {e: {route: support, candidate: n, share: 5%}}\n", base + "experiments: {e: {route: support, candidate: n, share: 10%}}\n", false},
		{"the experiment removed", two, base, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Change(good(t, c.was), good(t, c.is))
			if (err != nil) != c.refused {
				t.Errorf("%v, want refused %v", err, c.refused)
			}
		})
	}
	if err := Change(nil, good(t, three)); err != nil {
		t.Errorf("at the start: %v", err)
	}
}
