// Package admin is the HTTP API of people and tools on the admin listener: what
// happened to requests and what it cost, what is in force and how it came to be,
// why a unit gets its variant, and the changing of definitions. It reads the
// running gateway through State and the store through small interfaces, computes
// no sum itself, and touches no live request.
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
	"github.com/weirhq/weir/internal/feedback"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/upstream"
	"github.com/weirhq/weir/internal/usage"
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

	// Store gives what keeps records, or says why it cannot be asked now: it may be
	// away at the start and come later. nil: nothing is kept but the ring.
	Store func() (Store, error)

	// Record says how the keeping of records goes. nil: nothing is kept.
	Record func() RecordStatus

	// Definitions is what is in force as it was written, and the acting on it. nil:
	// no revisions are kept.
	Definitions Definitions

	// Plans is the experiments' lives. nil: nothing is kept, and they have none.
	Plans Plans

	// Recorder keeps what is decided here; Sync waits until what was recorded is on
	// disk. nil: only the memory of this listener does; nothing is waited for.
	Recorder event.Recorder
	Sync     func(context.Context) error

	// Tariff is what the models in force cost. nil: nothing is known of it.
	Tariff func() *meter.Tariff

	// Budgets are those in force, by name. nil: there are none.
	Budgets func() []usage.Budget

	// Servers is what the models' servers last said of themselves, by the model's
	// name. It asks none of them. nil: none is listened to.
	Servers func() map[string][]ServerState

	// HashUnit gives the keyed hash under which records keep a unit. nil: units can
	// be asked for by their hash only, and not be forgotten.
	HashUnit func(kind, id string) string

	// FeedbackWindow is how long after a request scores are taken of it; 0: feedback.Window.
	FeedbackWindow time.Duration

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

	links     *grants // to be opened once
	sessions  *grants // of browsers
	decided   decided
	forgotten forgotten

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
	s := &Server{cfg: cfg, clocks: usualClocks, streams: make(chan struct{}, maxStreams),
		links: newGrants(maxLinks), sessions: newGrants(maxSessions)}
	s.open, s.close = context.WithCancel(context.Background())
	var err error
	if s.hosts, err = allowed(cfg.Hosts); err != nil {
		return nil, err
	}
	if s.cfg.FeedbackWindow <= 0 {
		s.cfg.FeedbackWindow = feedback.Window
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
