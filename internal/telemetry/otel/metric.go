package otel

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/weirhq/weir/internal/event"
)

// instruments count events for the collector. The counts are sums since the start, so
// what could not be sent comes with the next time.
type instruments struct {
	provider   *sdk.MeterProvider
	tokens     metric.Int64Histogram
	duration   metric.Float64Histogram
	firstChunk metric.Float64Histogram
}

func newInstruments(cfg Config, who *resource.Resource, c *counts) (*instruments, error) {
	p, err := newPoster(cfg, "metrics", 0) // the next time is the next try
	if err != nil {
		return nil, err
	}
	m := &instruments{provider: sdk.NewMeterProvider(sdk.WithResource(who),
		sdk.WithReader(sdk.NewPeriodicReader(counted{metricExporter{p}, c}, sdk.WithInterval(cfg.Interval), sdk.WithTimeout(cfg.Timeout))))}
	in := m.provider.Meter(scope, metric.WithInstrumentationVersion(cfg.Version))
	var errs [3]error
	m.tokens, errs[0] = in.Int64Histogram(tokenUsage, metric.WithUnit("{token}"),
		metric.WithDescription("Number of input and output tokens used."), metric.WithExplicitBucketBoundaries(tokenBounds...))
	m.duration, errs[1] = in.Float64Histogram(operationDuration, metric.WithUnit("s"),
		metric.WithDescription("Time from a request's arrival to the end of its answer."), metric.WithExplicitBucketBoundaries(durationBounds...))
	m.firstChunk, errs[2] = in.Float64Histogram(timeToFirstChunk, metric.WithUnit("s"),
		metric.WithDescription("Time to the first visible token of a streamed answer."), metric.WithExplicitBucketBoundaries(chunkBounds...))
	return m, errors.Join(errs[:]...)
}

// note counts one request. What was refused before a model was chosen has no part
// in it, as in the llm_ families.
func (m *instruments) note(e *event.Event) {
	if e.Outcome == event.Refused || e.Outcome == event.Invalid {
		return
	}
	ctx := context.Background()
	l := list{operationName.String(operation(e.Path)), text(providerName, provider(e.Vendor))}
	l.text(requestModel, model(e))
	l.text(weirRoute, e.Route)
	l.text(weirVariant, e.Variant())
	with := metric.WithAttributeSet(attribute.NewSet(l...))
	if usageKnown(e) {
		m.tokens.Record(ctx, e.Usage.Input, with, metric.WithAttributes(tokenType.String("input")))
		m.tokens.Record(ctx, e.Usage.Output, with, metric.WithAttributes(tokenType.String("output")))
	}
	if e.FirstToken > 0 {
		m.firstChunk.Record(ctx, e.FirstToken.Seconds(), with)
	}
	if p := problem(e); p != "" {
		m.duration.Record(ctx, e.Total.Seconds(), with, metric.WithAttributes(text(errorType, p)))
		return
	}
	m.duration.Record(ctx, e.Total.Seconds(), with)
}

// close sends what was not sent yet, and gives up when ctx ends.
func (m *instruments) close(ctx context.Context) error {
	if err := m.provider.Shutdown(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("send the last metrics: %w", err)
	}
	return nil
}

// counted counts what became of what an exporter sent. It keeps errors to itself:
// the SDK would print them, and they are shown as counts.
type counted struct {
	sdk.Exporter
	counts *counts
}

func (c counted) Export(ctx context.Context, data *metricdata.ResourceMetrics) error {
	if err := c.Exporter.Export(ctx, data); err != nil {
		c.counts.metricsLost.Add(1)
		c.counts.lost(fmt.Errorf("send metrics: %w", err))
		return nil
	}
	c.counts.metricsSent.Add(1)
	return nil
}
