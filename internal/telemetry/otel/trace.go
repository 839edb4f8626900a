package otel

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/weirhq/weir/internal/event"
)

// tracer makes spans of events and sends them. It belongs to one goroutine.
type tracer struct {
	exporter sdk.SpanExporter
	spans    *collected
	tracer   trace.Tracer
	counts   *counts
	ctx      context.Context // of all sending; ends with stop
	stop     context.CancelFunc
}

// collected keeps the spans that end until they are sent. The SDK's own batches
// would drop spans without saying how many.
type collected struct{ ended []sdk.ReadOnlySpan }

func (c *collected) OnEnd(s sdk.ReadOnlySpan) { c.ended = append(c.ended, s) }

func (*collected) OnStart(context.Context, sdk.ReadWriteSpan) {}
func (*collected) Shutdown(context.Context) error             { return nil }
func (*collected) ForceFlush(context.Context) error           { return nil }

// scope is what the spans and the metrics say they come from.
const scope = "github.com/weirhq/weir"

func newTracer(cfg Config, who *resource.Resource, c *counts) (*tracer, error) {
	t := &tracer{spans: &collected{}, counts: c}
	t.ctx, t.stop = context.WithCancel(context.Background())
	p, err := newPoster(cfg, "traces", cfg.Patience)
	if err != nil {
		return nil, err
	}
	t.exporter = spanExporter{p}
	provider := sdk.NewTracerProvider(sdk.WithResource(who), sdk.WithSpanProcessor(t.spans),
		sdk.WithSampler(sdk.ParentBased(sdk.AlwaysSample()))) // who asks may have decided
	t.tracer = provider.Tracer(scope, trace.WithInstrumentationVersion(cfg.Version))
	return t, nil
}

// send sends the spans of some requests, and counts what became of them.
func (t *tracer) send(batch []*event.Event) {
	for _, e := range batch {
		t.request(e)
	}
	spans := t.spans.ended
	t.spans.ended = nil
	if len(spans) == 0 {
		return // those who ask wanted none
	}
	lost := 0
	if err := t.exporter.ExportSpans(t.ctx, spans); err != nil {
		lost = refused(err, len(spans))
		t.counts.lost(fmt.Errorf("send traces: %w", err))
	}
	t.counts.spansLost.Add(uint64(lost))
	t.counts.spansSent.Add(uint64(len(spans) - lost))
}

// refused is how many of all were lost to an error.
func refused(err error, all int) int {
	var some *partly
	if errors.As(err, &some) {
		return int(min(some.refused, int64(all)))
	}
	return all
}

// request makes the span of a request, with one for each attempt below.
func (t *tracer) request(e *event.Event) {
	ctx := parent(e.Traceparent)
	ctx, span := t.tracer.Start(ctx, spanName(e), trace.WithTimestamp(e.Time), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(ofRequest(e)...))
	if !span.IsRecording() {
		return
	}
	for i, at := range laidOut(e) {
		_, tried := t.tracer.Start(ctx, fmt.Sprintf("attempt %d", i+1),
			trace.WithTimestamp(e.Time.Add(at.start)), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(ofAttempt(e, i)...))
		if e.Attempts[i].Result != "ok" {
			tried.SetStatus(codes.Error, "")
		}
		tried.End(trace.WithTimestamp(e.Time.Add(at.end)))
	}
	if e.Outcome.Against() {
		span.SetStatus(codes.Error, "") // no words: they may hold what was said
	}
	span.End(trace.WithTimestamp(e.Time.Add(e.Total)))
}

// parent is the context of the caller's own trace, if it has sent one.
func parent(traceparent string) context.Context {
	if traceparent == "" {
		return context.Background()
	}
	return propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": traceparent})
}

// part is a stretch of a request's time, from its arrival.
type part struct{ start, end time.Duration }

// laidOut says when each attempt was. One whose beginning was not measured is put
// where the one before it ended; the one that answered lasts until the answer's end.
func laidOut(e *event.Event) []part {
	parts := make([]part, len(e.Attempts))
	var tried time.Duration
	for i := range e.Attempts {
		tried += e.Attempts[i].Took
	}
	at := min(max(e.Overhead, 0)+e.QueueWait, max(e.Total-tried, 0))
	for i := range e.Attempts {
		if after := e.Attempts[i].After; after > 0 {
			at = after
		}
		end := min(at+e.Attempts[i].Took, e.Total)
		if i == len(e.Attempts)-1 && e.Attempts[i].Result == "ok" {
			end = e.Total
		}
		parts[i] = part{min(at, end), end}
		at = end
	}
	return parts
}
