package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirhq/weir/internal/definition"
)

//go:embed demo.yaml
var demoDefinitions []byte

func (a *app) demoCommand() *cobra.Command {
	d := demo{app: a}
	var once, print, noBrowser bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a gateway, simulated models and simulated users, with nothing to set up",
		Long: `Run the real gateway on this machine with simulated models behind it and
simulated users in front: no key, no network, no GPU. Everything the models say
is marked as simulated. Ctrl-C stops it; nothing is left behind.

The usual addresses are used where they are free, others where they are taken.`,
		Example: "  weir demo\n  weir demo --speed 5\n  weir demo --once -o json\n  weir demo --print > weir.yaml",
		Args:    takes(0, 0),
	}
	output := a.form(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case print:
			_, err := a.out.Write(demoDefinitions)
			return err
		case d.speed <= 0 || d.speed > 100:
			return usage(fmt.Errorf("--speed %v: it is above 0 and at most 100", d.speed))
		case output.word != "text" && !once:
			return advise(usage(errors.New("-o json goes with --once: without it the demo has no end to report")), "weir demo --once -o json")
		}
		ctx, stop := interruptible(contextOf(cmd))
		defer stop()
		ctx, forget := signal.NotifyContext(ctx, syscall.SIGHUP) // the terminal was closed: nothing is left behind then either
		defer forget()
		if once {
			return d.once(ctx, output.word == "json")
		}
		return d.live(ctx)
	}
	f := cmd.Flags()
	f.Uint64Var(&d.seed, "seed", 1, "seed of the users, a `NUMBER`: the same seed asks the same questions")
	f.Float64Var(&d.speed, "speed", 1, "how many `TIMES` faster than life the users come")
	f.BoolVar(&once, "once", false, "run a fixed number of requests, print the outcome, and end")
	f.BoolVar(&print, "print", false, "print the demo's definitions and end")
	f.BoolVar(&noBrowser, "no-browser", false, "do not open a browser (there is no page yet, so none is opened)")
	_ = f.MarkHidden("no-browser")
	f.StringVar(&d.at.data, "data", "", "`HOST:PORT` for applications (default 127.0.0.1:8080, or a free port)")
	f.StringVar(&d.at.admin, "admin", "", "`HOST:PORT` for people and commands (default 127.0.0.1:8081, or a free port)")
	f.StringVar(&d.at.telemetry, "telemetry", "", "`HOST:PORT` for /metrics (default 127.0.0.1:8082, or a free port)")
	return cmd
}

// demo is one run: a server and the users in front of it.
type demo struct {
	app   *app
	seed  uint64
	speed float64
	at    addresses
	kept  string // folder, gone with the demo
}

// open starts the server, on free ports where the usual ones are taken.
func (d *demo) open() (*server, error) {
	log := slog.New(slog.NewTextHandler(d.app.err, &slog.HandlerOptions{Level: slog.LevelError}))
	at := addresses{freeOr(d.at.data, "127.0.0.1:8080"), freeOr(d.at.admin, "127.0.0.1:8081"), freeOr(d.at.telemetry, "127.0.0.1:8082")}
	kept, err := os.MkdirTemp("", "weir-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for what the demo keeps: %w", err)
	}
	d.kept = kept
	src := source{env: d.app.env, store: kept, inline: []definition.File{{Name: "demo.yaml", Text: demoDefinitions}}, listen: at}
	return newServer(src, serverOptions{}, log)
}

// forget removes what the demo kept.
func (d *demo) forget() {
	if d.kept != "" {
		_ = os.RemoveAll(d.kept)
	}
}

// freeOr is the address asked for, else the usual one, or any free port of this
// machine when that is taken.
func freeOr(asked, usual string) string {
	if asked != "" {
		return asked
	}
	ln, err := net.Listen("tcp", usual)
	if err != nil {
		return "127.0.0.1:0"
	}
	_ = ln.Close()
	return usual
}

// usersPerSecond is how many requests the simulated users make at speed 1.
const usersPerSecond = 12

// live runs until ctx ends, with a line that moves.
func (d *demo) live(ctx context.Context) error {
	tuneMemory(d.app.env)
	s, err := d.open()
	defer d.forget()
	if err != nil {
		return err
	}
	failed := s.start()
	defer s.finish()
	s.greetDemo(d.app.err)
	crowd := newCrowd(s.data.url(), d.seed)
	done := make(chan struct{})
	go func() {
		defer close(done)
		crowd.come(ctx, time.Duration(float64(time.Second)/(usersPerSecond*d.speed)))
	}()
	every := time.Second
	if !d.app.terminal {
		every = 5 * time.Second // each is a line of its own
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
			<-done
			if d.app.terminal {
				fmt.Fprintln(d.app.err)
			}
			crowd.summary().write(d.app.out)
			fmt.Fprintln(d.app.err, "next: weir init writes definitions of your own, weir serve runs them")
			return nil
		case <-tick.C:
			d.line(crowd.summary())
		}
	}
}

// line shows where things stand; in a terminal it replaces the one before.
func (d *demo) line(s summary) {
	if d.app.terminal {
		d.app.replaceLine(s.line())
		return
	}
	fmt.Fprintln(d.app.err, s.line())
}

// onceRequests is the length of `demo --once`.
const onceRequests = 300

// once sends a fixed number of requests and prints the outcome.
func (d *demo) once(ctx context.Context, asJSON bool) error {
	const free = "127.0.0.1:0"
	d.at = addresses{cmp.Or(d.at.data, free), cmp.Or(d.at.admin, free), cmp.Or(d.at.telemetry, free)}
	s, err := d.open()
	defer d.forget()
	if err != nil {
		return err
	}
	s.start()
	defer s.finish()
	crowd := newCrowd(s.data.url(), d.seed)
	crowd.rush(ctx, onceRequests)
	sum := crowd.summary()
	if asJSON {
		if err := d.app.writeJSON(sum); err != nil {
			return err
		}
	} else {
		sum.write(d.app.out)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if sum.Requests != onceRequests || len(sum.Variants) != 2 {
		return fmt.Errorf("the demo did not go as it should: %d of %d requests, %d of 2 variants", sum.Requests, onceRequests, len(sum.Variants))
	}
	return nil
}

// greetDemo says what runs where and what to try.
func (s *server) greetDemo(w io.Writer) {
	fmt.Fprintf(w, "weir %s · demo · all models and users are SIMULATED · ready in %d ms · Ctrl-C stops\n", versionText(), time.Since(s.began).Milliseconds())
	fmt.Fprintf(w, "  data       %s/v1\n  admin      %s\n  telemetry  %s/metrics\n\n", s.data.url(), s.adminListener.url(), s.metrics.url())
	fmt.Fprintf(w, "Route \"support\" serves model steady; 25 %% of the users get the candidate, model quick.\nTry, in another terminal:\n")
	if s.data.url() != usualGateway || s.adminListener.url() != usualAdmin {
		fmt.Fprintf(w, "  export WEIR_GATEWAY=%s WEIR_ADMIN=%s\n", s.data.url(), s.adminListener.url())
	}
	fmt.Fprintf(w, "  curl -i %s/v1/chat/completions -H 'x-user-id: you' -H 'content-type: application/json' \\\n    -d '{\"model\":\"support\",\"messages\":[{\"role\":\"user\",\"content\":\"Where is my parcel?\"}]}'\n", s.data.url())
	fmt.Fprintf(w, "  weir chat --unit you \"Where is my parcel?\"\n  weir explain support you\n  weir logs -f\n\n")
}
