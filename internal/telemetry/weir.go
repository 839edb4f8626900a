package telemetry

import (
	"sync"
	"time"
)

// overheadBounds, in seconds: what Weir adds is tens of microseconds when all is
// well, so the buckets are fine there and coarse where something is wrong.
var overheadBounds = []float64{
	.00005, .0001, .00015, .0002, .0003, .0005, .00075, .001, .002, .005, .01, .025, .05, .1, .25, 1,
}

// Weir holds the families about the gateway itself.
type Weir struct {
	Overhead        *HistogramFamily // weir_overhead_seconds{route}
	NoUnit          *CounterFamily   // weir_no_unit_total{route}
	Enrolled        *CounterFamily   // weir_enrolled_total{route}
	InFlight        *GaugeFamily     // weir_in_flight{route}
	Attempts        *CounterFamily   // weir_attempts_total{model,result}
	MalformedFrames *CounterFamily   // weir_stream_frames_malformed_total{model}
	UsageMissing    *CounterFamily   // weir_usage_missing_total{model}
	UsageEstimated  *CounterFamily   // weir_usage_estimated_total{model}
	Unpriced        *CounterFamily   // weir_unpriced_requests_total{model}
	ModelUp         *GaugeFamily     // weir_model_up{model}
	Feedback        *CounterFamily   // weir_feedback_total{result}
	Reloads         *CounterFamily   // weir_config_reloads_total{result}
	BuildInfo       *GaugeFamily     // weir_build_info{version,goversion}

	lastReload *Gauge       // weir_config_last_reload_success_timestamp_seconds
	configInfo *GaugeFamily // weir_config_info{revision}

	mu       sync.Mutex
	revision string // shown by configInfo
}

// NewWeir declares the families in the registry.
func NewWeir(r *Registry) *Weir {
	w := &Weir{
		Overhead: r.Histogram("weir_overhead_seconds",
			"Time that Weir itself added to a request, in seconds: the whole less the wait for upstreams.", overheadBounds, "route"),
		NoUnit: r.Counter("weir_no_unit_total",
			"Requests that carried no unit: served the baseline, not enrolled.", "route"),
		Enrolled: r.Counter("weir_enrolled_total",
			"Requests enrolled in an experiment.", "route"),
		InFlight: r.Gauge("weir_in_flight",
			"Requests being served now, streams included.", "route"),
		Attempts: r.Counter("weir_attempts_total",
			"Requests sent upstream, retries and fallbacks included, by result.", "model", "result"),
		MalformedFrames: r.Counter("weir_stream_frames_malformed_total",
			"Frames of upstream streams that could not be read.", "model"),
		UsageMissing: r.Counter("weir_usage_missing_total",
			"Answers without a count of tokens from the upstream.", "model"),
		UsageEstimated: r.Counter("weir_usage_estimated_total",
			"Requests whose tokens are an estimate: neither reported, nor counted with the vendor's own tokenizer.", "model"),
		Unpriced: r.Counter("weir_unpriced_requests_total",
			"Requests that no price is known for: their cost is in no sum.", "model"),
		ModelUp: r.Gauge("weir_model_up",
			"1 if the model can be asked, 0 if not, for instance because its secret is missing.", "model"),
		Feedback: r.Counter("weir_feedback_total",
			"Calls of /v1/feedback by result: accepted, unchecked (taken while the store was away), repeated, refused, unauthorized, not_found, limited, unavailable.", "result"),
		Reloads: r.Counter("weir_config_reloads_total",
			"Times the definitions were read, the start included, by result: success or error. After an error the last good ones stay in force.", "result"),
		BuildInfo: r.Gauge("weir_build_info",
			"Always 1; the labels say what is running.", "version", "goversion"),
		lastReload: r.Gauge("weir_config_last_reload_success_timestamp_seconds",
			"When the definitions in force were read, in Unix seconds; 0 before the first.").With(),
		configInfo: r.Gauge("weir_config_info",
			"Always 1; the label names the revision of the definitions in force.", "revision"),
	}
	w.Reloads.With(resultSuccess)
	w.Reloads.With(resultError)
	for _, result := range FeedbackResults {
		w.Feedback.With(result)
	}
	return w
}

// FeedbackResults are the labels of weir_feedback_total, there from the start at zero.
var FeedbackResults = []string{"accepted", "unchecked", "repeated", "refused", "unauthorized", "not_found", "limited", "unavailable"}

const (
	resultSuccess = "success"
	resultError   = "error"
)

// Build says what is running.
func (w *Weir) Build(version, goversion string) { w.BuildInfo.With(version, goversion).Set(1) }

// Loaded says that definitions came into force, at the start or by a reload.
func (w *Weir) Loaded(revision string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.revision != revision {
		w.configInfo.Retain(func([]string) bool { return false }) // only one is in force
		w.revision = revision
	}
	w.configInfo.With(revision).Set(1)
	w.lastReload.Set(at.Unix())
	w.Reloads.With(resultSuccess).Inc()
}

// LoadFailed says that definitions were refused; the last good ones stay in force.
func (w *Weir) LoadFailed() { w.Reloads.With(resultError).Inc() }

// Retain forgets the series of routes and models that a reload removed. When to
// call it: see LLM.Retain.
func (w *Weir) Retain(route, model func(name string) bool) {
	byRoute := func(v []string) bool { return route(v[0]) }
	w.Overhead.Retain(byRoute)
	w.NoUnit.Retain(byRoute)
	w.Enrolled.Retain(byRoute)
	w.InFlight.Retain(byRoute)
	byModel := func(v []string) bool { return model(v[0]) }
	w.Attempts.Retain(byModel)
	w.MalformedFrames.Retain(byModel)
	w.UsageMissing.Retain(byModel)
	w.UsageEstimated.Retain(byModel)
	w.Unpriced.Retain(byModel)
	w.ModelUp.Retain(byModel)
}
