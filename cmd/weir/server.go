package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/admin"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/telemetry"
	"github.com/weirhq/weir/internal/telemetry/prometheus"
	"github.com/weirhq/weir/internal/upstream"
)

// server is a running Weir: the gateway and its three listeners over one set of
// definitions. serve runs it until a signal, demo beside simulated users.
type server struct {
	source  source
	log     *slog.Logger
	options serverOptions
	mode    string // file, environment or demo
	signer  *experiment.Signer

	registry *telemetry.Registry
	weir     *telemetry.Weir
	llm      *telemetry.LLM
	ring     *event.Ring
	gateway  *gateway.Gateway
	admin    *admin.Server

	reloading sync.Mutex
	inForce   atomic.Pointer[inForce]
	seen      string // fingerprint of what was loaded at the start
	lastTry   atomic.Pointer[admin.Reload]
	began     time.Time
	warnings  definition.Problems // of the first load
	listening definition.Listen   // as it was at the start: a reload does not change it
	secure    bool                // the listeners speak TLS

	base context.Context // of every request; ends with gateway.ErrDraining
	stop context.CancelCauseFunc

	data, adminListener, metrics *listener
}

// serverOptions are what the command line says beside the definitions.
type serverOptions struct {
	reusePort bool // a second process may listen on the same addresses
	pprof     bool // profiles on the admin listener
}

// inForce is what the last good definitions made.
type inForce struct {
	compiled *definition.Compiled
	pools    map[string]*upstream.Pool
	keys     *access.Keyring // nil: none are declared
	secrets  []string        // files that the models' secrets are in
}

// listener is one of the three HTTP servers.
type listener struct {
	name   string
	server *http.Server
	net    net.Listener
	tls    bool // noted here: once it serves, net/http gives every server a TLSConfig
}

func (l *listener) url() string {
	scheme := "http"
	if l.tls {
		scheme = "https"
	}
	return scheme + "://" + l.net.Addr().String()
}

// ringSize is how many events are kept in memory.
const ringSize = 2048

// newServer loads the definitions and opens the listeners. Nothing is served yet.
func newServer(src source, options serverOptions, log *slog.Logger) (*server, error) {
	s := &server{source: src, options: options, log: log, registry: telemetry.New(), ring: event.NewRing(ringSize), began: time.Now()}
	s.mode = src.mode()
	s.base, s.stop = context.WithCancelCause(context.Background())
	s.weir, s.llm = telemetry.NewWeir(s.registry), telemetry.NewLLM(s.registry)
	s.weir.Build(versionText(), goVersion())
	state := src.state() // before they are read: a change from here on is seen by watch
	compiled, problems, err := src.load()
	if err != nil {
		return nil, err
	}
	s.warnings = problems.Warnings()
	s.listening, s.secure = compiled.Listen, compiled.Listen.TLS != nil
	if err := s.build(compiled); err != nil {
		return nil, err
	}
	if err := s.putInForce(compiled); err != nil {
		return nil, err
	}
	s.seen = state + s.secretStamps()
	return s, s.open(compiled.Listen)
}

// build makes the parts that live as long as the process.
func (s *server) build(c *definition.Compiled) error {
	listen := c.Listen
	keys, err := s.source.signingKeys(listen)
	if err != nil {
		return err
	}
	s.signer = experiment.NewSigner(keys...)
	s.gateway, err = gateway.New(gateway.Config{
		Recorder: s.ring, Telemetry: s.llm, Weir: s.weir, Log: s.log,
		BodyLimit: listen.BodyLimit, BodyTimeout: listen.BodyTimeout,
		Insecure: listen.Insecure, MetricsHandler: prometheus.Handler(s.registry), UnitKey: keys[0],
	})
	if err != nil {
		return err
	}
	s.admin, err = admin.New(admin.Config{State: s, Events: s.ring, Reload: s.adminReload(), Pprof: s.options.pprof, Log: s.log})
	return err
}

// open opens the listeners, all or none.
func (s *server) open(l definition.Listen) (err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, open := range s.listeners() {
			_ = open.net.Close() // nobody would answer there
		}
	}()
	var tlsConfig *tls.Config
	if tlsConfig, err = s.source.certificate(l.TLS); err != nil {
		return err
	}
	if s.data, err = s.listen("data", l.Data, s.gateway.Handler(), tlsConfig, l); err != nil {
		return err
	}
	if s.adminListener, err = s.listen("admin", l.Admin, s.admin.Handler(), tlsConfig, l); err != nil {
		return err
	}
	if s.metrics, err = s.listen("telemetry", l.Telemetry, s.telemetryHandler(), tlsConfig, l); err != nil {
		return err
	}
	s.metrics.server.ReadTimeout = l.HeaderTimeout + l.BodyTimeout // the other two bound bodies themselves
	return nil
}

// listen opens one listener. Every wait for a client is bounded.
func (s *server) listen(name, address string, h http.Handler, t *tls.Config, l definition.Listen) (*listener, error) {
	ln, err := listenTCP(address, s.options.reusePort)
	if err != nil {
		return nil, fmt.Errorf("open the %s listener on %s: %w; choose another address with listen.%s or --%s", name, address, err, name, name)
	}
	srv := &http.Server{
		Handler: h, TLSConfig: t.Clone(), // net/http adds to it as each begins to serve
		ReadHeaderTimeout: l.HeaderTimeout, IdleTimeout: l.IdleTimeout, MaxHeaderBytes: 64 << 10,
		WriteTimeout: l.BodyTimeout + writeTimeout, // the gateway and the event streams set their own
		BaseContext:  func(net.Listener) context.Context { return s.base },
		ErrorLog:     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return &listener{name: name, server: srv, net: ln, tls: t != nil}, nil
}

// writeTimeout is how long a short answer may take to be read, after the time that
// the request's body may take.
const writeTimeout = time.Minute

func (s *server) telemetryHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", prometheus.Handler(s.registry))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { probe(w, true) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { probe(w, s.gateway.Ready()) })
	return mux
}

func probe(w http.ResponseWriter, ok bool) {
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("not ready\n"))
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}

// listeners are those that are open.
func (s *server) listeners() []*listener {
	var open []*listener
	for _, l := range []*listener{s.data, s.adminListener, s.metrics} {
		if l != nil {
			open = append(open, l)
		}
	}
	return open
}

// start serves all listeners; the channel gives the first failure of one.
func (s *server) start() <-chan error {
	failed := make(chan error, 3)
	for _, l := range s.listeners() {
		go func() {
			var err error
			if l.tls {
				err = l.server.ServeTLS(l.net, "", "")
			} else {
				err = l.server.Serve(l.net)
			}
			if err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
				failed <- fmt.Errorf("serve %s: %w", l.name, err)
			}
		}()
	}
	return failed
}

// drain stops: not ready, no new connections, streams finish until the
// deadline, the rest end with an in-band error. now ends the wait at once.
func (s *server) drain(deadline time.Duration, now <-chan struct{}) {
	s.gateway.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.stopAccepting(ctx)
		_ = s.data.server.Shutdown(ctx)
	}()
	select {
	case <-done:
	case <-now:
	}
	s.finish()
	cancel()
	<-done
}

// lastCall is how long a client that just connected has for its request to arrive.
const lastCall = 300 * time.Millisecond

// stopAccepting closes the door before the shop: net/http's Shutdown hangs up on
// those who have connected and not yet been heard. A process that takes the
// address over is first given all who come from now on.
func (s *server) stopAccepting(ctx context.Context) {
	if s.options.reusePort {
		for _, l := range s.listeners() {
			steerAway(l.net)
		}
		pause(ctx, lastCall)
	}
	_ = s.data.net.Close()
	pause(ctx, lastCall)
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// grace is how long the in-band error of an interrupted stream may take to leave.
const grace = time.Second

// finish interrupts what is left and closes everything.
func (s *server) finish() {
	s.stop(gateway.ErrDraining)
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	for s.gateway.InFlight() > 0 && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	_ = s.admin.Close()
	for _, l := range s.listeners() {
		_ = l.server.Shutdown(ctx)
		_ = l.server.Close()
	}
	if f := s.inForce.Load(); f != nil {
		for _, p := range f.pools {
			p.Close()
		}
	}
}
