package otel

import (
	"context"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// spanExporter and metricExporter are what the SDK calls an exporter. They keep
// nothing.
type (
	spanExporter   struct{ *poster }
	metricExporter struct{ *poster }
)

var (
	_ sdktrace.SpanExporter = spanExporter{}
	_ sdkmetric.Exporter    = metricExporter{}
)

// ExportSpans sends the spans of one provider and one scope.
func (e spanExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	return e.post(ctx, documentOfSpans(spans))
}

// Export sends metrics.
func (e metricExporter) Export(ctx context.Context, data *metricdata.ResourceMetrics) error {
	document, err := documentOfMetrics(data)
	if err != nil {
		return err
	}
	return e.post(ctx, document)
}

// Temporality is that of sums since the start: what was lost comes with the next.
func (metricExporter) Temporality(sdkmetric.InstrumentKind) metricdata.Temporality {
	return metricdata.CumulativeTemporality
}

// Aggregation is the SDK's own choice.
func (metricExporter) Aggregation(k sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return sdkmetric.DefaultAggregationSelector(k)
}

// ForceFlush has nothing to send.
func (*poster) ForceFlush(ctx context.Context) error { return ctx.Err() }

// Shutdown closes connections that nobody uses.
func (p *poster) Shutdown(context.Context) error {
	p.client.CloseIdleConnections()
	return nil
}
