package telemetry

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// gathered reads the registry into a map by name.
func gathered(r *Registry) map[string]Family {
	families := map[string]Family{}
	r.Gather(func(f Family) { families[f.Name] = f })
	return families
}

// sampleOf finds one series, or fails.
func sampleOf(t *testing.T, r *Registry, name string, values ...string) Sample {
	t.Helper()
	f, ok := gathered(r)[name]
	if !ok {
		t.Fatalf("family %q is not there", name)
	}
	for _, s := range f.Samples {
		if slices.Equal(s.Values, values) {
			return s
		}
	}
	t.Fatalf("family %q has no series %q: %v", name, values, f.Samples)
	return Sample{}
}

// hasSeries says whether a series is shown.
func hasSeries(r *Registry, name string, values ...string) bool {
	return slices.ContainsFunc(gathered(r)[name].Samples, func(s Sample) bool { return slices.Equal(s.Values, values) })
}

// panics returns what f panicked with, or fails.
func panics(t *testing.T, f func()) (message string) {
	t.Helper()
	defer func() {
		p := recover()
		if p == nil {
			t.Fatal("no panic")
		}
		message = p.(string)
	}()
	f()
	return ""
}

func TestValuesReachGather(t *testing.T) {
	r := New()
	c := r.Counter("c_total", "c", "a").With("x")
	c.Inc()
	c.Add(41)
	m := r.MicroCounter("dollars_total", "d").With()
	for range 10 {
		m.Add(100_000) // ten times 0.1 is 1, which floats would miss
	}
	g := r.Gauge("g", "g").With()
	g.Inc()
	g.Add(5)
	g.Dec()
	g.Dec()
	up := r.Gauge("up", "up", "model").With("m")
	up.SetBool(true)
	r.GaugeFunc("asked", "asked", func() float64 { return 2.5 })

	for _, want := range []struct {
		name   string
		values []string
		value  float64
		kind   Kind
	}{
		{"c_total", []string{"x"}, 42, KindCounter},
		{"dollars_total", nil, 1, KindCounter},
		{"g", nil, 4, KindGauge},
		{"up", []string{"m"}, 1, KindGauge},
		{"asked", nil, 2.5, KindGauge},
	} {
		if got := sampleOf(t, r, want.name, want.values...).Value; got != want.value {
			t.Errorf("%s: %v, want %v", want.name, got, want.value)
		}
		if got := gathered(r)[want.name].Kind; got != want.kind {
			t.Errorf("%s: kind %v, want %v", want.name, got, want.kind)
		}
	}
	up.SetBool(false)
	g.Set(-7)
	if up.Value() != 0 || g.Value() != -7 || c.Value() != 42 || m.Micros() != 1_000_000 {
		t.Error("a handle reads something else than it counted")
	}
}

func TestGatherIsInOrder(t *testing.T) {
	r := New()
	for _, name := range []string{"b", "a", "c"} {
		f := r.Counter(name, name, "x", "y")
		f.With("2", "1")
		f.With("1", "2")
		f.With("1", "1")
	}
	var names []string
	r.Gather(func(f Family) {
		names = append(names, f.Name)
		if !slices.IsSortedFunc(f.Samples, func(a, b Sample) int { return slices.Compare(a.Values, b.Values) }) {
			t.Errorf("%s: series out of order: %v", f.Name, f.Samples)
		}
	})
	if !slices.Equal(names, []string{"a", "b", "c", droppedName}) {
		t.Errorf("families in the order %q", names)
	}
}

func TestFamilyWithoutLabelsStartsAtZero(t *testing.T) {
	r := New()
	r.Counter("quiet_total", "q")
	if got := sampleOf(t, r, "quiet_total").Value; got != 0 {
		t.Errorf("%v, want 0", got)
	}
}

func TestDeclaringTwice(t *testing.T) {
	r := New()
	first := r.Counter("c_total", "c", "a")
	if again := r.Counter("c_total", "c", "a"); again != first {
		t.Error("the same declaration gave another family")
	}
	r.Histogram("h", "h", []float64{1, 2})
	for name, declare := range map[string]func(){
		"labels":  func() { r.Counter("c_total", "c", "b") },
		"kind":    func() { r.Gauge("c_total", "c", "a") },
		"scale":   func() { r.MicroCounter("c_total", "c", "a") },
		"buckets": func() { r.Histogram("h", "h", []float64{1, 3}) },
		"asked":   func() { r.GaugeFunc("c_total", "c", func() float64 { return 0 }) },
	} {
		if m := panics(t, declare); !strings.Contains(m, "declared twice") {
			t.Errorf("%s: panicked with %q", name, m)
		}
	}
}

func TestDeclarationsThatCannotBeExposed(t *testing.T) {
	r := New()
	for want, declare := range map[string]func(){
		`"0c" cannot be the name`:     func() { r.Counter("0c", "") },
		`"" cannot be the name`:       func() { r.GaugeFunc("", "", nil) },
		`"a-b" cannot be a label`:     func() { r.Counter("c", "", "a-b") },
		`"__name" cannot be a label`:  func() { r.Counter("c", "", "__name") },
		`label "a" is there twice`:    func() { r.Counter("c", "", "a", "a") },
		`belongs to the buckets`:      func() { r.Histogram("h", "", []float64{1}, "le") },
		`seconds and rise, not [1 1]`: func() { r.Histogram("h", "", []float64{1, 1}) },
		`seconds and rise, not [0]`:   func() { r.Histogram("h", "", []float64{0}) },
		`seconds and rise, not [NaN]`: func() { r.Histogram("h", "", []float64{math.NaN()}) },
		`seconds and rise, not [+In`:  func() { r.Histogram("h", "", []float64{math.Inf(1)}) },
		`labels ["a" "b"], got 1 val`: func() { r.Counter("two", "", "a", "b").With("x") },
	} {
		if m := panics(t, declare); !strings.Contains(m, want) {
			t.Errorf("want %q, panicked with %q", want, m)
		}
	}
}

func TestGaugeWhoseOwnerPanicsReadsNaN(t *testing.T) {
	r := New()
	r.GaugeFunc("broken", "b", func() float64 { panic("away") })
	r.Counter("works_total", "w").With().Inc()
	if got := sampleOf(t, r, "broken").Value; !math.IsNaN(got) {
		t.Errorf("%v, want NaN", got)
	}
	if got := sampleOf(t, r, "works_total").Value; got != 1 {
		t.Errorf("its neighbour reads %v, want 1", got)
	}
}
