// Package gateway is the journey of one request, from the client to a model and
// back, and nothing else: serve.go reads top to bottom like the list in
// ARCHITECTURE.md. It is the fast wing. It knows no database and waits for
// nothing but the client and the model: what should be in force comes in as a
// Snapshot through an atomic pointer, what happened goes out through an
// event.Recorder. Features join as Steps; a route without them pays nothing.
package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/feedback"
	"github.com/weirhq/weir/internal/telemetry"
)

// Config is what a Gateway is made of. Recorder, Telemetry and Weir are required.
type Config struct {
	Recorder  event.Recorder
	Telemetry *telemetry.LLM
	Weir      *telemetry.Weir
	Log       *slog.Logger // nil: silent

	// Steps gives the features of a variant on a route. It is asked once for
	// each pair when a snapshot is applied. nil: no features.
	Steps func(*experiment.Route, *experiment.Variant) Steps

	BodyLimit   int64         // bytes of a request body; 0: 32 MiB
	BodyTimeout time.Duration // to read a request body; 0: 1 min
	// WriteGrace is how long a client may take to take in one write, and an
	// exchange's last beyond the total clock; 0: 30 s.
	WriteGrace time.Duration

	// Insecure says that the operator accepts callers without keys from
	// anywhere; without it they must come from this machine, and be meant for it.
	Insecure bool
	// MetricsHandler is served at /metrics on the data listener in environment
	// mode. nil: 404.
	MetricsHandler http.Handler
	// UnitKey keys the hashes of units and conversations in events.
	UnitKey []byte

	// Find finds the request that feedback is about: the one thing here that may be
	// asked of a store, and never for a request to a model. nil: nothing is kept, and
	// feedback is not taken.
	Find Finder
	// Tokens makes and opens the tokens of browsers. nil: none are.
	Tokens *feedback.Signer
	// FeedbackWindow is how long after a request feedback is taken, and how long a
	// token is good; 0: feedback.Window.
	FeedbackWindow time.Duration
}

// Gateway serves the data plane.
type Gateway struct {
	cfg      Config
	log      *limitedLog
	state    atomic.Pointer[state]
	draining atomic.Bool
	inFlight atomic.Int64
	hasher   *unitHasher

	tagValues tagValues
	strangers strangers
	said      saidMemory
}

// ErrDraining is the cause with which a server's base context is cancelled when
// the time to finish streams is over: they end with an in-band error.
var ErrDraining = errors.New("weir is shutting down")

// New makes a gateway that answers 503 until Apply gives it a snapshot.
func New(cfg Config) (*Gateway, error) {
	if cfg.Recorder == nil || cfg.Telemetry == nil || cfg.Weir == nil {
		return nil, errors.New("make gateway: recorder and telemetry are required")
	}
	if cfg.BodyLimit <= 0 {
		cfg.BodyLimit = 32 << 20
	}
	if cfg.BodyTimeout <= 0 {
		cfg.BodyTimeout = time.Minute
	}
	if cfg.WriteGrace <= 0 {
		cfg.WriteGrace = 30 * time.Second
	}
	if cfg.FeedbackWindow <= 0 {
		cfg.FeedbackWindow = feedback.Window
	}
	if cfg.Steps == nil {
		cfg.Steps = func(*experiment.Route, *experiment.Variant) Steps { return Steps{} }
	}
	g := &Gateway{cfg: cfg, log: newLimitedLog(cfg.Log), hasher: newUnitHasher(cfg.UnitKey)}
	return g, nil
}

// Drain makes the gateway not ready; requests under way and requests that still
// arrive on open connections are served.
func (g *Gateway) Drain() { g.draining.Store(true) }

// Draining reports whether Drain was called.
func (g *Gateway) Draining() bool { return g.draining.Load() }

// InFlight is the number of exchanges under way.
func (g *Gateway) InFlight() int64 { return g.inFlight.Load() }

// Ready reports whether requests can be served: a snapshot is in force, at least
// one of its models can be asked, and the gateway is not draining. One model
// without its secret is that model's trouble; with all of them so, every answer
// would be a 503 behind a green light. It asks no model.
func (g *Gateway) Ready() bool {
	st := g.state.Load()
	return st != nil && st.able && !g.draining.Load()
}

// stopped reports whether ctx ended because Weir is shutting down.
func stopped(ctx context.Context) bool { return errors.Is(context.Cause(ctx), ErrDraining) }
