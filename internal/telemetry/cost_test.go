package telemetry

import (
	"testing"
	"time"
)

// What the journey of a request does with telemetry may not allocate: at
// thousands of requests a second that is what a collector of garbage is for.
func TestHotPathDoesNotAllocate(t *testing.T) {
	r := New()
	l := NewLLM(r)
	s := l.Series("chat", "a", "m", "/v1/chat/completions")
	s.Outcome(OutcomeOK)
	route := NewWeir(r).Route("chat")
	micros := r.MicroCounter("dollars_total", "d").With()
	for name, f := range map[string]func(){
		"Counter.Inc":             func() { s.Success.Inc() },
		"Money.Add":               func() { s.Cost.Add(7) },
		"Counter.Add":             func() { s.TokensIn.Add(7) },
		"MicroCounter.Add":        func() { micros.Add(7) },
		"Gauge.Inc":               func() { route.InFlight.Inc() },
		"Gauge.Add":               func() { route.InFlight.Add(-1) },
		"Histogram.Observe":       func() { s.Duration.Observe(time.Second) },
		"Histogram.ObserveValue":  func() { s.Duration.ObserveValue(.3) },
		"Series.Outcome":          func() { s.Outcome(OutcomeOK).Inc() },
		"Series.End":              func() { s.End(OutcomeOK, time.Second) },
		"Group.With, found":       func() { l.Tokens.With("chat", "a", "m", "a", "input").Inc() },
		"LLM.Series, found again": func() { l.Series("chat", "a", "m", "/v1/chat/completions").TokensOut.Inc() },
	} {
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkCounterInc(b *testing.B) {
	c := New().Counter("c_total", "c", "a").With("x")
	for b.Loop() {
		c.Inc()
	}
}

func BenchmarkHistogramObserve(b *testing.B) {
	h := New().Histogram("h", "h", durationBounds).With()
	var d time.Duration
	for b.Loop() {
		h.Observe(d)
		d = (d + 37*time.Millisecond) % (2 * time.Minute)
	}
}

func BenchmarkSeriesEnd(b *testing.B) {
	s := NewLLM(New()).Series("chat", "a", "m", "/v1/chat/completions")
	for b.Loop() {
		s.End(OutcomeOK, 300*time.Millisecond)
	}
}

func BenchmarkSeriesLookUp(b *testing.B) {
	l := NewLLM(New())
	for b.Loop() {
		l.Series("chat", "a", "m", "/v1/chat/completions")
	}
}

func BenchmarkWith(b *testing.B) {
	f := New().Counter("c_total", "c", "route", "variant", "model", "model_version", "status")
	for b.Loop() {
		f.With("chat", "a", "m", "a", "success")
	}
}

// Two cores that count different things must not wait for each other.
func BenchmarkNeighboursInParallel(b *testing.B) {
	f := New().Counter("c_total", "c", "a")
	names := make(chan string, 2)
	names <- "x"
	names <- "y"
	b.SetParallelism(1)
	b.RunParallel(func(pb *testing.PB) {
		name := <-names
		c := f.With(name)
		for pb.Next() {
			c.Inc()
		}
		names <- name
	})
}
