package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
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
	var once, print bool
	var output string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a gateway, simulated models and simulated users, with nothing to set up",
		Long: `Run the real gateway on this machine with simulated models behind it and
simulated users in front: no key, no network, no GPU. Everything the models say
is marked as simulated. Ctrl-C stops it; nothing is left behind.`,
		Example: "  weir demo\n  weir demo --speed 5\n  weir demo --once -o json",
		Args:    takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if print {
				_, err := a.out.Write(demoDefinitions)
				return err
			}
			if output != "text" && output != "json" {
				return usage(fmt.Errorf("-o %q: it is text or json", output))
			}
			if d.speed <= 0 || d.speed > 100 {
				return usage(fmt.Errorf("--speed %v: it is above 0 and at most 100", d.speed))
			}
			ctx := cmd.Context()
			if ctx == nil {
				ctx = context.Background()
			}
			ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
			defer stop()
			if once {
				return d.once(ctx, output == "json")
			}
			return d.live(ctx)
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&d.seed, "seed", 1, "seed of the users: the same seed asks the same questions")
	f.Float64Var(&d.speed, "speed", 1, "how much faster than life the users come")
	f.BoolVar(&once, "once", false, "run a fixed number of requests, print the outcome, and end")
	f.StringVarP(&output, "output", "o", "text", "with --once: text or json")
	f.BoolVar(&print, "print", false, "print the demo's definitions and end")
	f.BoolVar(&d.noBrowser, "no-browser", false, "do not open a browser (there is no page yet, so none is opened)")
	_ = f.MarkHidden("no-browser")
	f.StringVar(&d.at.data, "data", "", "address for applications (default 127.0.0.1:8080, or a free port)")
	f.StringVar(&d.at.admin, "admin", "", "address for people and commands (default 127.0.0.1:8081, or a free port)")
	f.StringVar(&d.at.telemetry, "telemetry", "", "address for /metrics (default 127.0.0.1:8082, or a free port)")
	return cmd
}

// demo is one run: a server and the users in front of it.
type demo struct {
	app       *app
	seed      uint64
	speed     float64
	noBrowser bool
	at        addresses
}

// open starts the server, on free ports where the usual ones are taken.
func (d *demo) open() (*server, error) {
	log := slog.New(slog.NewTextHandler(d.app.err, &slog.HandlerOptions{Level: slog.LevelError}))
	src := source{env: d.app.env, inline: []definition.File{{Name: "demo.yaml", Text: demoDefinitions}}, listen: d.at}
	s, err := newServer(src, serverOptions{}, log)
	if errors.Is(err, syscall.EADDRINUSE) && d.at == (addresses{}) {
		src.listen = addresses{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}
		s, err = newServer(src, serverOptions{}, log)
	}
	return s, err
}

// usersPerSecond is how many requests the simulated users make at speed 1.
const usersPerSecond = 12

// live runs until ctx ends, with a line that moves.
func (d *demo) live(ctx context.Context) error {
	tuneMemory(d.app.env)
	s, err := d.open()
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
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
			<-done
			fmt.Fprintln(d.app.err)
			crowd.summary().write(d.app.out)
			return nil
		case <-tick.C:
			d.line(crowd.summary())
		}
	}
}

// line shows where things stand; in a terminal it replaces the one before.
func (d *demo) line(s summary) {
	if d.app.terminal {
		fmt.Fprintf(d.app.err, "\r\033[K%s", s.line())
		return
	}
	fmt.Fprintln(d.app.err, s.line())
}

// onceRequests is the length of `demo --once`.
const onceRequests = 300

// once sends a fixed number of requests and prints the outcome.
func (d *demo) once(ctx context.Context, asJSON bool) error {
	d.at = addresses{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}
	s, err := d.open()
	if err != nil {
		return err
	}
	s.start()
	defer s.finish()
	crowd := newCrowd(s.data.url(), d.seed)
	crowd.rush(ctx, onceRequests)
	sum := crowd.summary()
	if asJSON {
		e := json.NewEncoder(d.app.out)
		e.SetIndent("", "  ")
		if err := e.Encode(sum); err != nil {
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
	fmt.Fprintf(w, "Route \"support\" serves model steady; 25 %% of the users get the candidate, model quick.\nTry:\n")
	fmt.Fprintf(w, "  curl -i %s/v1/chat/completions -H 'x-user-id: you' -H 'content-type: application/json' \\\n    -d '{\"model\":\"support\",\"messages\":[{\"role\":\"user\",\"content\":\"Where is my parcel?\"}]}'\n", s.data.url())
	fmt.Fprintf(w, "  weir explain support you --admin %s\n  weir logs -f --admin %s\n\n", s.adminListener.url(), s.adminListener.url())
}
