package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) serveCommand() *cobra.Command {
	var (
		config    string
		at        addresses
		options   serverOptions
		insecure  bool
		kept      string
		adopt     string
		logFormat string
		verbose   bool
	)
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the gateway",
		Long: `Run the gateway from a file or folder of definitions, read again when it
changes or on SIGHUP. Without -c it reads ./weir.yaml; without that, the
environment: MODEL_A_ENDPOINT, MODEL_B_ENDPOINT, MODEL_A_WEIGHT, MODEL_B_WEIGHT.
Without those too it runs what the store owns, where --adopt made it the owner.

SIGTERM or SIGINT drains: /readyz turns 503, no new connections are taken,
answers under way finish until listen.drain is over (5m), the rest end with an
error in their own stream. A second signal ends at once.`,
		Example: "  weir serve -c weir.yaml\n  MODEL_A_ENDPOINT=http://127.0.0.1:8000 MODEL_B_ENDPOINT=http://127.0.0.1:8001 weir serve",
		Args:    takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			src, err := a.sourceOf(contextOf(cmd), config, kept, cmd.Flags().Changed("adopt"), adopt)
			if err != nil {
				return err
			}
			src.listen, src.insecure = at, insecure
			log, err := newLog(a.err, logFormat, verbose)
			if err != nil {
				return err
			}
			return a.serve(cmd.Context(), src, options, log)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&config, "config", "c", "", "`FILE` or folder of definitions (default ./weir.yaml)")
	f.StringVar(&at.data, "data", "", "`HOST:PORT` for applications; wins over listen.data")
	f.StringVar(&at.admin, "admin", "", "`HOST:PORT` for people and commands; wins over listen.admin")
	f.StringVar(&at.telemetry, "telemetry", "", "`HOST:PORT` for /metrics; wins over listen.telemetry")
	f.StringVar(&kept, "store", "", "`DIR` for the journal and the database; wins over store.dir (default weir-data)")
	f.StringVar(&adopt, "adopt", "", "let the store own the definitions, which weir apply then changes; `FILE` or folder holds the first ones")
	f.BoolVar(&insecure, "insecure", false, "accept addresses beyond loopback without TLS and without keys")
	f.BoolVar(&options.reusePort, "reuse-port", false, "share the addresses with another process that takes over (Linux)")
	f.BoolVar(&options.pprof, "pprof", false, "serve profiles at /debug/pprof/ on the admin listener")
	f.StringVar(&logFormat, "log", "text", "`FORMAT` of the log: text or json")
	f.BoolVarP(&verbose, "verbose", "v", false, "log every request")
	return cmd
}

// sourceOf decides who owns the definitions. A store that owns some already is
// their owner when nothing else is named.
func (a *app) sourceOf(ctx context.Context, config, kept string, adopting bool, first string) (source, error) {
	if kept == "" {
		kept, _ = a.env("WEIR_STORE")
	}
	if adopting && config != "" {
		return source{}, usage(errors.New("-c and --adopt: a file owns the definitions, or the store does"))
	}
	if adopting {
		return a.adopt(ctx, kept, first)
	}
	src, err := a.findSource(config)
	src.store = kept
	if err != nil && errors.Is(err, errNoDefinitions) {
		dir := cmp.Or(kept, defaultFolder)
		if r, ok, err := adopted(ctx, dir); ok && err == nil {
			return a.stored(dir, r), nil
		}
	}
	return src, err
}

func newLog(w io.Writer, format string, verbose bool) (*slog.Logger, error) {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if verbose {
		o.Level = slog.LevelDebug
	}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return nil, usage(fmt.Errorf("--log %q: it is text or json", format))
}

// serve runs until a signal.
func (a *app) serve(ctx context.Context, src source, options serverOptions, log *slog.Logger) error {
	tuneMemory(a.env)
	s, err := newServer(src, options, log)
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	if ctx == nil {
		ctx = context.Background()
	}
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	failed := s.start()
	go s.watch(watching)
	s.greet(a.err)
	for {
		select {
		case err := <-failed:
			s.finish()
			return err
		case <-ctx.Done():
			s.drain(s.inForce.Load().compiled.Listen.Drain, nil)
			return nil
		case sig := <-signals:
			if sig == syscall.SIGHUP {
				s.reload()
				continue
			}
			stopWatching()
			log.Info("draining: a second signal ends at once", "in_flight", s.gateway.InFlight(), "at_most", s.inForce.Load().compiled.Listen.Drain)
			s.drain(s.inForce.Load().compiled.Listen.Drain, secondSignal(signals))
			return nil
		}
	}
}

// secondSignal closes its channel at the next signal to stop.
func secondSignal(signals <-chan os.Signal) <-chan struct{} {
	now := make(chan struct{})
	go func() {
		for sig := range signals {
			if sig != syscall.SIGHUP {
				close(now)
				return
			}
		}
	}()
	return now
}

// greet says where everything is, and what to do next.
func (s *server) greet(w io.Writer) {
	c := s.inForce.Load().compiled
	fmt.Fprintf(w, "weir %s · %s · revision %s · ready in %d ms\n", versionText(), s.source.name(), c.Revision, time.Since(s.began).Milliseconds())
	fmt.Fprintf(w, "  data       %s/v1   (OpenAI-compatible)\n", s.data.url())
	fmt.Fprintf(w, "  admin      %s\n", s.adminListener.url())
	fmt.Fprintf(w, "  telemetry  %s/metrics\n", s.metrics.url())
	for _, p := range s.warnings {
		fmt.Fprintln(w, p)
	}
	pools := s.Pools()
	for _, name := range sorted(pools) {
		if err := pools[name].Ready(); err != nil {
			fmt.Fprintf(w, "warning: %s; until it is there the model answers 503, and the others serve\n", plain(err.Error()))
		}
	}
	route := ""
	if names := sorted(c.Set.Routes); len(names) > 1 {
		route = " --route " + names[0]
	}
	fmt.Fprintf(w, "next: weir chat --gateway %s%s \"Hello\"   (Ctrl-C stops)\n", s.data.url(), route)
}

// tuneMemory lets the garbage collector run less often, within what the process
// may have: measured to save CPU for memory that a gateway can spare. GOGC and
// GOMEMLIMIT, where they are set, stand.
func tuneMemory(env func(string) (string, bool)) {
	if _, set := env("GOGC"); !set {
		debug.SetGCPercent(150)
	}
	if _, set := env("GOMEMLIMIT"); !set {
		if most := memoryLimit(); most > 0 {
			debug.SetMemoryLimit(most / 10 * 9)
		}
	}
}
