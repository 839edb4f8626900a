package telemetry

// RouteSeries is everything counted for one route, resolved to handles.
type RouteSeries struct {
	Overhead         *Histogram
	NoUnit, Enrolled *Counter
	InFlight         *Gauge
}

// Route returns the handles of a route. It takes locks: call it when a snapshot
// is built.
func (w *Weir) Route(route string) *RouteSeries {
	return &RouteSeries{
		Overhead: w.Overhead.With(route),
		NoUnit:   w.NoUnit.With(route),
		Enrolled: w.Enrolled.With(route),
		InFlight: w.InFlight.With(route),
	}
}

// ModelSeries is everything counted for one model whatever the route, resolved
// to handles.
type ModelSeries struct {
	AttemptOK       *Counter // the usual result; others through Attempt
	MalformedFrames *Counter
	UsageMissing    *Counter
	UsageEstimated  *Counter
	Unpriced        *Counter
	Up              *Gauge

	attempts *CounterFamily
	model    string
}

// Model returns the handles of a model. It takes locks: call it when a snapshot
// is built. Up is 0 until it is set.
func (w *Weir) Model(model string) *ModelSeries {
	return &ModelSeries{
		AttemptOK:       w.Attempts.With(model, "ok"),
		MalformedFrames: w.MalformedFrames.With(model),
		UsageMissing:    w.UsageMissing.With(model),
		UsageEstimated:  w.UsageEstimated.With(model),
		Unpriced:        w.Unpriced.With(model),
		Up:              w.ModelUp.With(model),
		attempts:        w.Attempts,
		model:           model,
	}
}

// Attempt returns the counter of attempts that had this result: a class from
// Weir's own short list (connect, timeout, status_5xx, …), never an upstream's
// words. It looks the series up, which a failed attempt can afford.
func (m *ModelSeries) Attempt(result string) *Counter { return m.attempts.With(m.model, result) }
