// Package otel tells an OpenTelemetry collector what happened: a trace of each
// request and metrics, over OTLP/HTTP in JSON, in the conventions for generative AI.
// They are still in development; names.go has all that are used.
//
// It holds names and numbers, and never what was said. It is fed with events at
// their end, off the path of requests: a collector that is slow or away makes
// the queue run full, what does not fit is dropped and counted, and nobody waits.
//
// Whether definitions ask for it at all is not decided here; without a Sender
// nothing is sent.
package otel

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/offlimits"
	"github.com/weirhq/weir/internal/telemetry"
)

// Config says where to send and what.
type Config struct {
	Endpoint        string // of the collector, "http://127.0.0.1:4318"; /v1/traces and /v1/metrics are added
	Header          map[string]string
	Traces, Metrics bool
	Interval        time.Duration // between two times that metrics are sent; 0: 30 s
	Version         string        // of Weir
	Queue           int           // requests that may wait; 0: 4,096
	Batch           time.Duration // how long a trace may wait for others; 0: 1 s
	Timeout         time.Duration // of one request to the collector; 0: 10 s
	Patience        time.Duration // how long traces that the collector did not take are tried again; 0: 30 s
}

// Sender sends. It is an event.Recorder.
type Sender struct {
	cfg     Config
	events  chan *event.Event // to be counted
	spans   chan *event.Event // to be traced
	tracer  *tracer           // nil: traces are off
	metrics *instruments      // nil: metrics are off
	closing chan struct{}
	once    sync.Once
	feeding sync.WaitGroup
	sending sync.WaitGroup

	dropped atomic.Uint64
	counts  counts
}

// counts is what became of what was sent.
type counts struct {
	spansSent, spansLost, metricsSent, metricsLost atomic.Uint64

	why atomic.Pointer[string] // of the last loss
}

func (c *counts) lost(err error) {
	why := err.Error()
	c.why.Store(&why)
}

var _ event.Recorder = (*Sender)(nil)

// New returns a sender that is at work. A collector that is away is no error.
func New(cfg Config) (*Sender, error) {
	if cfg.Endpoint == "" {
		return nil, errors.New("OpenTelemetry: no endpoint is given")
	}
	cfg.Interval = cmp.Or(cfg.Interval, 30*time.Second)
	cfg.Queue = cmp.Or(cfg.Queue, 4096)
	cfg.Batch = cmp.Or(cfg.Batch, time.Second)
	cfg.Timeout = cmp.Or(cfg.Timeout, 10*time.Second)
	cfg.Patience = cmp.Or(cfg.Patience, 30*time.Second)
	s := &Sender{cfg: cfg, closing: make(chan struct{}), events: make(chan *event.Event, cfg.Queue), spans: make(chan *event.Event, cfg.Queue)}
	who, err := resource.Merge(resource.Environment(), resource.NewSchemaless(
		attribute.String("service.name", "weir"), attribute.String("service.version", cfg.Version)))
	if err != nil {
		return nil, err
	}
	if cfg.Traces {
		if s.tracer, err = newTracer(cfg, who, &s.counts); err != nil {
			return nil, err
		}
	}
	if cfg.Metrics {
		if s.metrics, err = newInstruments(cfg, who, &s.counts); err != nil {
			return nil, err
		}
	}
	s.feeding.Go(s.feed)
	s.sending.Go(s.send)
	return s, nil
}

// newClient makes the client for the collector. It follows no redirect: headers
// may hold credentials.
func newClient(cfg Config) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.DialContext = (&net.Dialer{Timeout: cfg.Timeout, ControlContext: refuseMetadata}).DialContext
	return &http.Client{
		Transport: transport, Timeout: cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func refuseMetadata(_ context.Context, _, address string, _ syscall.RawConn) error {
	return offlimits.Refuse(address)
}

// Close sends what is left, and gives up when ctx ends. Records that come later
// are dropped.
func (s *Sender) Close(ctx context.Context) error {
	s.once.Do(func() { close(s.closing) })
	s.feeding.Wait() // does not wait for a collector
	done := make(chan struct{})
	go func() {
		s.sending.Wait()
		close(done)
	}()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if s.tracer != nil {
		s.tracer.stop()
	}
	if s.metrics != nil {
		err = errors.Join(err, s.metrics.close(ctx))
	}
	<-done // what was under way ends with stop
	return err
}

// Telemetry is what became of everything so far.
func (s *Sender) Telemetry() telemetry.OTLPState {
	return telemetry.OTLPState{
		Dropped: s.dropped.Load(), SpansSent: s.counts.spansSent.Load(), SpansLost: s.counts.spansLost.Load(),
		MetricsSent: s.counts.metricsSent.Load(), MetricsLost: s.counts.metricsLost.Load(),
	}
}

// Trouble is why something was last lost, "" when nothing was.
func (s *Sender) Trouble() string {
	if why := s.counts.why.Load(); why != nil {
		return *why
	}
	return ""
}
