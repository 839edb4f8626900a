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
	"github.com/weirhq/weir/internal/feedback"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/reconcile"
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

	registry   *telemetry.Registry
	weir       *telemetry.Weir
	llm        *telemetry.LLM
	ring       *event.Ring
	kept       *keeper // nil: nothing is kept beyond the ring
	book       *reconcile.Book
	controller *reconcile.Controller
	out        *outgoing
	gateway    *gateway.Gateway
	admin      *admin.Server

	reloading sync.Mutex
	inForce   atomic.Pointer[inForce]
	seen      string // fingerprint of what was loaded at the start
	lastTry   atomic.Pointer[admin.Reload]
	began     time.Time
	warnings  definition.Problems // of the first load
	started   definition.Compiled // as it was at the start: a reload does not change all of it
	secure    bool                // the listeners speak TLS

	base context.Context // of every request; ends with gateway.ErrDraining
	stop context.CancelCauseFunc

	data, adminListener, metrics *listener

	background     context.Context // of what runs beside the listeners
	stopBackground context.CancelFunc
	working        sync.WaitGroup
	spending       spending
}

// serverOptions are what the command line says beside the definitions.
type serverOptions struct {
	reusePort bool // a second process may listen on the same addresses
	pprof     bool // profiles on the admin listener

	// Of tests: an engine that hangs, and steps that break.
	openStore storeOpener // nil: the built-in engine
	steps     func(*experiment.Route, *experiment.Variant) gateway.Steps
}

// inForce is what the last good definitions made.
type inForce struct {
	compiled *definition.Compiled
	files    []definition.File              // as written
	document []byte                         // canonical
	by, note string                         // who put it in force, and why
	at       time.Time                      // of the load; a restart and a reload make another one
	number   atomic.Int64                   // of the revision; 0: not kept yet
	set      atomic.Pointer[experiment.Set] // as units meet it: without the experiments that share nobody out now
	since    atomic.Pointer[time.Time]      // of the revision, where it is older than the load; nil: at
	pools    map[string]*upstream.Pool
	keys     *access.Keyring // nil: none are declared
	secrets  []string        // files that the models' secrets are in
}

// listener is one of the three HTTP servers.
type listener struct {
	name   string
	server *http.Server
	net    net.Listener
	came   atomic.Int64 // connections
	tls    bool         // noted here: once it serves, net/http gives every server a TLSConfig
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
// What was opened by then is closed again when one of them fails.
func newServer(src source, options serverOptions, log *slog.Logger) (*server, error) {
	if options.openStore == nil {
		options.openStore = openStore
	}
	s := &server{source: src, options: options, log: log, registry: telemetry.New(), ring: event.NewRing(ringSize), began: time.Now()}
	s.mode = src.mode()
	s.base, s.stop = context.WithCancelCause(context.Background())
	s.weir, s.llm = telemetry.NewWeir(s.registry), telemetry.NewLLM(s.registry)
	s.weir.Build(versionText(), goVersion())
	err := s.load()
	if err != nil {
		s.release()
	}
	return s, err
}

// load reads the definitions and makes of them what serves.
func (s *server) load() error {
	state := s.source.state() // before they are read: a change from here on is seen by watch
	l, problems, err := s.source.load()
	if err != nil {
		return err
	}
	listen := l.compiled.Listen
	s.warnings = problems.Warnings()
	s.started, s.secure = *l.compiled, listen.TLS != nil
	if err := s.build(l.compiled); err != nil {
		return err
	}
	if err := s.putInForce(l); err != nil {
		return err
	}
	s.seen = state + s.secretStamps()
	return s.open(listen)
}

// build makes the parts that live as long as the process.
func (s *server) build(c *definition.Compiled) error {
	listen := c.Listen
	families := telemetry.NewRecord(s.registry)
	if err := s.openKept(c.Store, families); err != nil {
		return err
	}
	if err := s.openPlans(); err != nil {
		return err
	}
	var err error
	if s.out, err = newOutgoing(c.Telemetry, s.registry, s.source.secret); err != nil {
		return err
	}
	keys, err := s.signingKeys(listen)
	if err != nil {
		return err
	}
	s.signer = experiment.NewSigner(keys...)
	s.gateway, err = gateway.New(gateway.Config{
		Recorder: s.recorder(), Telemetry: s.llm, Weir: s.weir, Log: s.log, Steps: s.options.steps,
		BodyLimit: listen.BodyLimit, BodyTimeout: listen.BodyTimeout,
		Insecure: listen.Insecure, MetricsHandler: prometheus.Handler(s.registry), UnitKey: keys[0],
		Find: s.finding(), Tokens: feedback.NewSigner(keys...), FeedbackWindow: c.Store.Keep.Exposures,
	})
	if err != nil {
		return err
	}
	families.Budgets(s.spending.ratios)
	cfg := admin.Config{
		State: s, Events: s.ring, Reload: s.adminReload(), Pprof: s.options.pprof, Log: s.log,
		Definitions: definitions{s}, Tariff: func() *meter.Tariff { return s.inForce.Load().compiled.Tariff },
		Budgets: s.budgets, Servers: s.out.states, HashUnit: s.gateway.HashUnit, FeedbackWindow: c.Store.Keep.Exposures,
		Plans: life{s.controller, s},
	}
	if s.kept != nil {
		cfg.Store = func() (admin.Store, error) { return s.kept.people() }
		cfg.Record, cfg.Recorder, cfg.Sync = s.kept.status, s.kept, s.kept.own.journal.Sync
	}
	s.admin, err = admin.New(cfg)
	return err
}

// openKept opens the folder for what is kept. A start from the environment, as in
// a container without a disk, goes on without one and says so.
func (s *server) openKept(c definition.Store, families *telemetry.Record) error {
	kept, err := openKeeper(c, families, s.options.openStore, s.definedPlans, s.log)
	if err != nil {
		if s.source.owner() == ownerEnvironment && s.source.inline == nil && s.source.store == "" {
			s.log.Warn("nothing is kept beyond the memory of recent requests", "error", err.Error())
			return nil
		}
		return err
	}
	s.kept = kept
	kept.show(families)
	return nil
}

// recorder is where records go: the journal first, since it is what an answer
// waits for.
func (s *server) recorder() event.Recorder {
	to := event.Recorders{}
	if s.kept != nil {
		to = append(to, s.kept)
	}
	to = append(to, s.ring)
	if s.out.otlp != nil {
		to = append(to, s.out.otlp)
	}
	if len(to) == 1 {
		return to[0]
	}
	return to
}

// signingKeys are those that are declared, else the one that this folder keeps,
// else one that lives as long as the process.
func (s *server) signingKeys(l definition.Listen) ([][]byte, error) {
	if l.Secret.IsZero() && s.kept != nil {
		return [][]byte{s.kept.key}, nil
	}
	return s.source.signingKeys(l)
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
	open := &listener{name: name, server: srv, net: ln, tls: t != nil}
	srv.ConnState = func(_ net.Conn, is http.ConnState) {
		if is == http.StateNew {
			open.came.Add(1)
		}
	}
	return open, nil
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
	s.background, s.stopBackground = context.WithCancel(context.Background())
	if s.kept != nil {
		s.kept.start()
		s.working.Go(func() { s.watchSpending(s.background) })
		s.working.Go(func() { newScheduler(s.schedule()).run(s.background) })
		s.working.Go(func() { s.controller.Run(s.background) })
	}
	s.working.Go(func() { s.out.run(s.background) })
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
		s.stepBack(ctx)
	}
	_ = s.data.net.Close()
	pause(ctx, lastCall)
}

// stepBack leaves new connections to the other process. Which of the two joined
// second the system does not say: if they still come here, it was this one.
func (s *server) stepBack(ctx context.Context) {
	for to := range uint32(2) {
		for _, l := range s.listeners() {
			steerAway(l.net, 1-to)
		}
		pause(ctx, lastCall/2) // what is queued here
		came := s.data.came.Load()
		pause(ctx, lastCall/2)
		if s.data.came.Load() == came {
			return
		}
	}
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
	s.idle(ctx)
	_ = s.admin.Close()
	for _, l := range s.listeners() {
		_ = l.server.Shutdown(ctx)
		_ = l.server.Close()
	}
	cut, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	s.idle(cut) // those whose connection was closed now have something to record yet
	s.release()
}

// idle waits until no request is under way.
func (s *server) idle(ctx context.Context) {
	for s.gateway.InFlight() > 0 && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
}

// release gives back what is held beside the listeners: first who writes records,
// then what they are written to.
func (s *server) release() {
	s.inForce.Load().closeBut(nil)
	if s.stopBackground != nil { // it was started
		s.stopBackground()
		ctx, cancel := context.WithTimeout(context.Background(), closeWait)
		defer cancel()
		_ = leaving(ctx, func() error { s.working.Wait(); return nil }) // a store that hangs may hold one of them
	}
	if s.out != nil {
		s.out.close()
	}
	s.kept.stop()
}
