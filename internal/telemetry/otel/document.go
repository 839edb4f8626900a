package otel

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
)

// The parts of an OTLP document that traces and metrics share, in OTLP's JSON: as
// protobuf's own, but ids are in hex and enumerations are numbers. It is written
// here because the SDK's exporters bring gRPC and generated code into the binary,
// several times the size of everything that is sent.

// whole is a 64-bit integer, a string in JSON: readers may hold numbers as doubles.
type whole uint64

func (n whole) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(n), 10), nil }

// instant is a time in nanoseconds since 1970.
func instant(t time.Time) whole { return whole(max(0, t.UnixNano())) }

// double is a number that may be none, which JSON has no number for.
type double float64

func (d double) MarshalJSON() ([]byte, error) {
	switch f := float64(d); {
	case math.IsNaN(f):
		return []byte(`"NaN"`), nil
	case math.IsInf(f, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(f)
	}
}

type keyValue struct {
	Key   string   `json:"key"`
	Value anyValue `json:"value"`
}

// anyValue has one field, or none for an empty value.
type anyValue struct {
	Text   any     `json:"stringValue,omitempty"`
	Bool   any     `json:"boolValue,omitempty"`
	Int    any     `json:"intValue,omitempty"`
	Double any     `json:"doubleValue,omitempty"`
	List   *values `json:"arrayValue,omitempty"`
}

type values struct {
	Values []anyValue `json:"values"`
}

func attributesOf(kvs []attribute.KeyValue) []keyValue {
	list := make([]keyValue, len(kvs))
	for i, kv := range kvs {
		list[i] = keyValue{string(kv.Key), valueOf(kv.Value)}
	}
	return list
}

// valueOf knows the kinds of value that Weir's attributes have. Another is sent in
// words.
func valueOf(v attribute.Value) anyValue {
	switch v.Type() {
	case attribute.BOOL:
		return anyValue{Bool: v.AsBool()}
	case attribute.INT64:
		return anyValue{Int: strconv.FormatInt(v.AsInt64(), 10)}
	case attribute.FLOAT64:
		return anyValue{Double: double(v.AsFloat64())}
	case attribute.STRINGSLICE:
		texts := v.AsStringSlice()
		list := &values{make([]anyValue, len(texts))}
		for i, s := range texts {
			list.Values[i].Text = s
		}
		return anyValue{List: list}
	default:
		return anyValue{Text: v.String()}
	}
}

// origin is who something comes from.
type origin struct {
	Attributes []keyValue `json:"attributes"`
}

func originOf(r *resource.Resource) origin { return origin{attributesOf(r.Attributes())} }

type scopeName struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
}

func scopeOf(s instrumentation.Scope) scopeName { return scopeName{s.Name, s.Version} }
