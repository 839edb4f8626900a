package telemetry

// OTLPState is what the sender of OpenTelemetry says of itself at one reading;
// all of it since the start.
type OTLPState struct {
	Dropped     uint64 // requests that were left out because the queue was full
	SpansSent   uint64
	SpansLost   uint64 // the collector did not take them
	MetricsSent uint64 // times that metrics were sent
	MetricsLost uint64 // times that the collector did not take them; the next time makes up for it
}

// NewOTLP declares the families about sending OpenTelemetry.
func NewOTLP(r *Registry, ask func() OTLPState) {
	r.Ask("weir_otlp_requests_dropped_total", "Requests without a trace or without their part in OpenTelemetry's metrics, because the queue was full.",
		KindCounter, nil, func(show Show) { show(float64(ask().Dropped)) })
	r.Ask("weir_otlp_spans_total", "Spans that were to be sent, by result: sent or lost.",
		KindCounter, []string{"result"}, func(show Show) {
			s := ask()
			show(float64(s.SpansSent), "sent")
			show(float64(s.SpansLost), "lost")
		})
	r.Ask("weir_otlp_metric_pushes_total", "Times that metrics were to be sent, by result: sent or lost. What is lost comes with the next.",
		KindCounter, []string{"result"}, func(show Show) {
			s := ask()
			show(float64(s.MetricsSent), "sent")
			show(float64(s.MetricsLost), "lost")
		})
}
