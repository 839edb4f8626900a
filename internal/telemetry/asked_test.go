package telemetry

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestAskedFamilyShowsWhatItsOwnerSaysNow(t *testing.T) {
	r := New()
	queue := map[string]float64{"m": 3, "n": 0.5}
	r.Ask("queue", "q", KindGauge, []string{"model"}, func(show Show) {
		for model, waiting := range queue {
			show(waiting, model)
		}
	})
	if got := sampleOf(t, r, "queue", "n").Value; got != 0.5 {
		t.Errorf("%v, want 0.5", got)
	}
	delete(queue, "n")
	queue["m"] = 4
	if hasSeries(r, "queue", "n") {
		t.Error("what the owner no longer knows is still shown")
	}
	if got := sampleOf(t, r, "queue", "m").Value; got != 4 {
		t.Errorf("%v, want 4", got)
	}
}

func TestAskedFamilyIsInOrderAndSaysNothingTwice(t *testing.T) {
	r := New()
	r.Ask("g", "g", KindGauge, []string{"a"}, func(show Show) {
		show(1, "b")
		show(2, "a")
		show(3, "b")
	})
	var got []string
	for _, s := range gathered(r)["g"].Samples {
		got = append(got, fmt.Sprint(s.Values, s.Value))
	}
	if want := []string{"[a] 2", "[b] 1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAskedFamilyHasACap(t *testing.T) {
	r := NewWithCap(10)
	r.Ask("g", "g", KindGauge, []string{"a"}, func(show Show) {
		for i := range 25 {
			show(1, fmt.Sprint(i))
		}
	})
	if n := len(gathered(r)["g"].Samples); n != 10 {
		t.Errorf("%d series, want 10", n)
	}
	if got := sampleOf(t, r, droppedName, "g").Value; got == 0 || int(got)%15 != 0 {
		t.Errorf("%v dropped, want 15 for each reading", got)
	}
}

func TestAskedFamilyWhoseOwnerPanicsHasNoSeries(t *testing.T) {
	r := New()
	r.Ask("broken", "b", KindGauge, nil, func(show Show) {
		show(1)
		panic("away")
	})
	r.Ask("mistaken", "m", KindGauge, []string{"a", "b"}, func(show Show) { show(1, "one value for two labels") })
	r.Counter("works_total", "w").With().Inc()
	families := gathered(r)
	if n := len(families["broken"].Samples) + len(families["mistaken"].Samples); n != 0 {
		t.Errorf("%d series", n)
	}
	if got := sampleOf(t, r, "works_total").Value; got != 1 {
		t.Errorf("its neighbour reads %v, want 1", got)
	}
}

func TestAskedAndAliasedDeclarations(t *testing.T) {
	r := New()
	c := r.Counter("c_total", "c", "a")
	r.Alias("c", c)
	none := func(Show) {}
	for want, declare := range map[string]func(){
		`"c_total" is declared twice`:     func() { r.Ask("c_total", "", KindCounter, nil, none) },
		`"c" is declared twice`:           func() { r.Alias("c", c) },
		`"0" cannot be the name`:          func() { r.Alias("0", c) },
		`"0c" cannot be the name`:         func() { r.Ask("0c", "", KindGauge, nil, none) },
		`a histogram cannot be asked for`: func() { r.Ask("h", "", KindHistogram, nil, none) },
	} {
		if m := panics(t, declare); !strings.Contains(m, want) {
			t.Errorf("want %q, panicked with %q", want, m)
		}
	}
	if f := gathered(r)["c"]; f.Name != "c" || f.Kind != KindCounter || !slices.Equal(f.Labels, []string{"a"}) {
		t.Errorf("the alias is %+v", f)
	}
}
