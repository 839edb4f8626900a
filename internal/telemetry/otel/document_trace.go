package otel

import (
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

type tracesDocument struct {
	ResourceSpans []resourceSpans `json:"resourceSpans"`
}

type resourceSpans struct {
	Resource origin       `json:"resource"`
	Scopes   []scopeSpans `json:"scopeSpans"`
}

type scopeSpans struct {
	Scope scopeName      `json:"scope"`
	Spans []spanDocument `json:"spans"`
}

// spanDocument has no events and no links: Weir's spans have none.
type spanDocument struct {
	TraceID    string         `json:"traceId"`
	SpanID     string         `json:"spanId"`
	ParentID   string         `json:"parentSpanId,omitempty"`
	State      string         `json:"traceState,omitempty"`
	Flags      uint32         `json:"flags"`
	Name       string         `json:"name"`
	Kind       trace.SpanKind `json:"kind"` // numbered as in OTLP
	Start      whole          `json:"startTimeUnixNano"`
	End        whole          `json:"endTimeUnixNano"`
	Attributes []keyValue     `json:"attributes"`
	Dropped    int            `json:"droppedAttributesCount,omitempty"`
	Status     statusOfSpan   `json:"status"`
}

type statusOfSpan struct {
	Code    int    `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Bits of a span's flags that say whether its parent is another process's.
const (
	parentIsKnown  = 0x100
	parentIsRemote = 0x200
)

// documentOfSpans puts spans of one provider and one scope in a document.
func documentOfSpans(spans []sdk.ReadOnlySpan) tracesDocument {
	list := make([]spanDocument, len(spans))
	for i, s := range spans {
		list[i] = documentOf(s)
	}
	first := spans[0]
	return tracesDocument{[]resourceSpans{{originOf(first.Resource()), []scopeSpans{{scopeOf(first.InstrumentationScope()), list}}}}}
}

func documentOf(s sdk.ReadOnlySpan) spanDocument {
	at, parent := s.SpanContext(), s.Parent()
	d := spanDocument{
		TraceID: at.TraceID().String(), SpanID: at.SpanID().String(), State: at.TraceState().String(),
		Flags: uint32(at.TraceFlags()) | parentIsKnown,
		Name:  s.Name(), Kind: s.SpanKind(), Start: instant(s.StartTime()), End: instant(s.EndTime()),
		Attributes: attributesOf(s.Attributes()), Dropped: s.DroppedAttributes(),
		Status: statusOfSpan{Message: s.Status().Description},
	}
	if parent.HasSpanID() {
		d.ParentID = parent.SpanID().String()
	}
	if parent.IsRemote() {
		d.Flags |= parentIsRemote
	}
	switch s.Status().Code { // OTLP numbers them in another order
	case codes.Ok:
		d.Status.Code = 1
	case codes.Error:
		d.Status.Code = 2
	}
	return d
}
