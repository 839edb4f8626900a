// Package admin is the HTTP API of people and tools on the admin listener: the
// ring of events, what is in force, why a unit gets its variant, reload. It
// reads the running gateway through State and touches no live request.
//
// A browser on the operator's machine can reach this listener from any page it
// has open, so guard.go is as much a part of the API as the answers: which Host
// it answers to, which Origin may ask, who may read and who may operate.
//
// One table (table.go) registers the endpoints, documents them as OpenAPI and
// lists them on the page; nothing is served that does not stand in it.
package admin

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/upstream"
)

// State is the running gateway as this listener reads it. Each method gives
// what is in force at this moment and waits for nothing; what it returns is not
// changed by anybody.
type State interface {
	Set() *experiment.Set
	Keys() *access.Keyring            // nil: no keys are declared
	Pools() map[string]*upstream.Pool // by the model's name
	Status() Status
}

// Config is what a Server is made of. State and Events are required.
type Config struct {
	State  State
	Events *event.Ring

	// Reload reads the definitions again. nil: there is nothing to read again,
	// as when Weir was started from the environment.
	Reload func(context.Context) Reload

	// Hosts are further names that this listener answers to, as a caller writes
	// them: "weir.example.com" for any port, "weir.example.com:8443" for one.
	Hosts []string

	Pprof bool             // serve /debug/pprof/
	Log   *slog.Logger     // nil: silent
	Now   func() time.Time // nil: time.Now
}

// Server serves the admin listener.
type Server struct {
	cfg    Config
	clocks clocks
	hosts  map[string]bool
	routes *routes
	doc    []byte // openapi.json

	streams chan struct{}   // one place for each stream
	open    context.Context // ends with Close, and the streams with it
	close   context.CancelFunc
}

// maxStreams bounds the events:stream connections of one process.
const maxStreams = 64

// New makes the server. It serves nothing by itself: see Handler.
func New(cfg Config) (*Server, error) {
	if cfg.State == nil || cfg.Events == nil {
		return nil, errors.New("make admin server: State and Events are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, clocks: usualClocks, streams: make(chan struct{}, maxStreams)}
	s.open, s.close = context.WithCancel(context.Background())
	var err error
	if s.hosts, err = allowed(cfg.Hosts); err != nil {
		return nil, err
	}
	table := s.table()
	s.routes = register(table)
	if s.doc, err = document(table, cfg.State.Status().Version); err != nil {
		return nil, err
	}
	return s, nil
}

// Close ends the streams, so that the HTTP server's Shutdown has nothing left to
// wait for. Other requests are still answered. The error is always nil.
func (s *Server) Close() error {
	s.close()
	return nil
}
