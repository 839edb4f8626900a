package otel

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	schema "go.opentelemetry.io/proto/otlp/trace/v1"
)

func TestValuesOfADocument(t *testing.T) {
	for want, v := range map[string]attribute.Value{
		`{"stringValue":""}`:                  attribute.StringValue(""),
		`{"stringValue":"a \"b\" \ufffd"}`:    attribute.StringValue("a \"b\" \xff"),
		`{"boolValue":false}`:                 attribute.BoolValue(false),
		`{"intValue":"0"}`:                    attribute.Int64Value(0),
		`{"intValue":"-9223372036854775808"}`: attribute.Int64Value(math.MinInt64),
		`{"doubleValue":0.1}`:                 attribute.Float64Value(0.1),
		`{"doubleValue":"NaN"}`:               attribute.Float64Value(math.NaN()),
		`{"doubleValue":"-Infinity"}`:         attribute.Float64Value(math.Inf(-1)),
		`{"stringValue":"[1,2]"}`:             attribute.Int64SliceValue([]int64{1, 2}),
		`{"arrayValue":{"values":[]}}`:        attribute.StringSliceValue(nil),
		`{"arrayValue":{"values":[{"stringValue":"stop"},{"stringValue":""}]}}`: attribute.StringSliceValue([]string{"stop", ""}),
	} {
		got, err := json.Marshal(valueOf(v))
		if err != nil || string(got) != want {
			t.Errorf("%s, want %s: %v", got, want, err)
		}
	}
}

// The schema's reader sees every field of a span as it was.
func TestSpanInADocument(t *testing.T) {
	state, _ := trace.ParseTraceState("vendor=1")
	parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{15: 1}, SpanID: trace.SpanID{7: 2}, TraceFlags: trace.FlagsSampled, TraceState: state, Remote: true})
	spans := &collected{}
	tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans), sdk.WithResource(resource.Empty())).Tracer(scope)
	for _, kind := range []trace.SpanKind{trace.SpanKindInternal, trace.SpanKindServer, trace.SpanKindClient, trace.SpanKindProducer, trace.SpanKindConsumer} {
		_, span := tracer.Start(trace.ContextWithSpanContext(t.Context(), parent), "<"+kind.String()+">", trace.WithSpanKind(kind))
		span.SetStatus(codes.Ok, "")
		span.End()
	}
	var got schema.TracesData
	body, err := json.Marshal(documentOfSpans(spans.ended))
	if err != nil {
		t.Fatal(err)
	}
	if err := decode(body, &got); err != nil {
		t.Fatal(err)
	}
	for i, s := range got.ResourceSpans[0].ScopeSpans[0].Spans {
		want := spans.ended[i]
		id := want.SpanContext().SpanID()
		if string(s.SpanId) != string(id[:]) || s.TraceId[15] != 1 || s.ParentSpanId[7] != 2 || s.TraceState != "vendor=1" {
			t.Errorf("ids of %v", s)
		}
		if s.Flags != uint32(schema.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK|schema.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)|1 {
			t.Errorf("flags %x", s.Flags)
		}
		if kind := strings.ToUpper(want.SpanKind().String()); s.Kind.String() != "SPAN_KIND_"+kind || s.Name != want.Name() || s.Status.Code != schema.Status_STATUS_CODE_OK {
			t.Errorf("%s: kind %s, status %s", s.Name, s.Kind, s.Status.Code)
		}
		if s.StartTimeUnixNano != uint64(want.StartTime().UnixNano()) || s.EndTimeUnixNano != uint64(want.EndTime().UnixNano()) {
			t.Errorf("from %d to %d", s.StartTimeUnixNano, s.EndTimeUnixNano)
		}
	}
}

func TestHistogramInADocument(t *testing.T) {
	began := time.Unix(1, 0)
	point := metricdata.HistogramDataPoint[int64]{
		Attributes: attribute.NewSet(attribute.String("k", "v")), StartTime: began, Time: began.Add(time.Second), Count: math.MaxUint64, Sum: 7,
		Bounds: []float64{1, 4}, BucketCounts: []uint64{0, math.MaxUint64, 0}, Min: metricdata.NewExtrema[int64](0), Max: metricdata.NewExtrema[int64](4),
	}
	data := &metricdata.ResourceMetrics{Resource: resource.Empty(), ScopeMetrics: []metricdata.ScopeMetrics{{Metrics: []metricdata.Metrics{
		{Name: "n", Unit: "s", Description: "d", Data: metricdata.Histogram[int64]{DataPoints: []metricdata.HistogramDataPoint[int64]{point}}}}}}}
	document, err := documentOfMetrics(data)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	var got metrics.MetricsData
	if err := decode(body, &got); err != nil {
		t.Fatal(err)
	}
	m := got.ResourceMetrics[0].ScopeMetrics[0].Metrics[0]
	h := m.GetHistogram()
	p := h.GetDataPoints()[0]
	if m.Name+m.Unit+m.Description != "nsd" || h.AggregationTemporality != metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE {
		t.Errorf("%v", m)
	}
	if p.Count != math.MaxUint64 || p.GetSum() != 7 || p.BucketCounts[1] != math.MaxUint64 || len(p.ExplicitBounds) != 2 || p.Min == nil || p.GetMax() != 4 ||
		p.StartTimeUnixNano != 1e9 || p.TimeUnixNano != 2e9 || attributes(p.Attributes)["k"] != "v" {
		t.Errorf("point %v", p)
	}
	data.ScopeMetrics[0].Metrics[0].Data = metricdata.Sum[int64]{}
	if _, err := documentOfMetrics(data); err == nil || !strings.Contains(err.Error(), "metric n") {
		t.Errorf("a sum, which nothing here encodes: %v", err)
	}
}
