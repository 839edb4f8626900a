package otel

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// collector is a receiver of OTLP over HTTP that keeps what it gets, decoded.
type collector struct {
	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex
	spans    []*trace.Span
	metrics  map[string]*metrics.Metric // the last of each name
	resource map[string]string
	requests int
	header   http.Header
	raw      []byte // all bodies, one after the other

	hold   chan struct{} // closed: answers go out
	status int           // answered instead of taking anything; 0: take it
	answer string        // to what was taken
}

func newCollector(t *testing.T) *collector {
	c := &collector{t: t, metrics: map[string]*metrics.Metric{}, resource: map[string]string{}, hold: make(chan struct{})}
	close(c.hold)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", c.take(&trace.TracesData{}))
	mux.HandleFunc("POST /v1/metrics", c.take(&metrics.MetricsData{}))
	c.server = httptest.NewServer(mux)
	t.Cleanup(c.server.Close)
	return c
}

func (c *collector) take(kind proto.Message) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		body, err := unpacked(req)
		if err != nil {
			return
		}
		c.mu.Lock()
		hold, status, answer := c.hold, c.status, c.answer
		c.requests++
		c.header = req.Header.Clone()
		c.raw = append(c.raw, body...)
		c.mu.Unlock()
		select {
		case <-hold:
		case <-req.Context().Done():
			return
		}
		if status != 0 {
			w.WriteHeader(status)
			return
		}
		if got := req.Header.Get("Content-Type"); got != "application/json" {
			c.t.Errorf("Content-Type %q", got)
		}
		msg := proto.Clone(kind)
		if err := decode(body, msg); err != nil {
			c.t.Errorf("decode %s: %v", req.URL.Path, err)
		}
		c.keep(msg)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}
}

func unpacked(req *http.Request) ([]byte, error) {
	if req.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(req.Body)
	}
	r, err := gzip.NewReader(req.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// decode reads OTLP's JSON with the schema's own reader, which knows every field
// and refuses others. Ids are the one thing that it would read in another way.
func decode(body []byte, into proto.Message) error {
	body = ids.ReplaceAllFunc(body, func(pair []byte) []byte {
		name, id, _ := bytes.Cut(pair, []byte(`":"`))
		raw, err := hex.DecodeString(string(bytes.TrimSuffix(id, []byte(`"`))))
		if err != nil {
			return pair
		}
		return fmt.Appendf(nil, `%s":"%s"`, name, base64.StdEncoding.EncodeToString(raw))
	})
	return protojson.Unmarshal(body, into)
}

var ids = regexp.MustCompile(`"(traceId|spanId|parentSpanId)":"[^"]*"`)

func (c *collector) keep(msg proto.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m := msg.(type) {
	case *trace.TracesData:
		for _, r := range m.ResourceSpans {
			for _, s := range r.ScopeSpans {
				c.spans = append(c.spans, s.Spans...)
			}
			c.resource = attributes(r.Resource.Attributes)
		}
	case *metrics.MetricsData:
		for _, r := range m.ResourceMetrics {
			for _, s := range r.ScopeMetrics {
				for _, one := range s.Metrics {
					c.metrics[one.Name] = one
				}
			}
		}
	}
}

// attributes are attributes by name, their values in words.
func attributes(list []*common.KeyValue) map[string]string {
	m := map[string]string{}
	for _, kv := range list {
		m[kv.Key] = word(kv.Value)
	}
	return m
}

func word(v *common.AnyValue) string {
	switch v := v.Value.(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_ArrayValue:
		s := ""
		for _, one := range v.ArrayValue.Values {
			s += "[" + word(one) + "]"
		}
		return s
	case *common.AnyValue_BoolValue:
		if v.BoolValue {
			return "true"
		}
		return "false"
	case *common.AnyValue_IntValue:
		return sprint(v.IntValue)
	case *common.AnyValue_DoubleValue:
		return sprint(v.DoubleValue)
	}
	return "?"
}

func (c *collector) all() []*trace.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*trace.Span(nil), c.spans...)
}

func (c *collector) metric(name string) *metrics.Metric {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.metrics[name]
}
