package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhq/weir/bench/internal/load"
)

// scenario is one kind of load.
type scenario struct {
	name, about string
	stream      bool
	size        int
	rates       []float64 // open-loop rates
	conns       int       // of the closed loop
}

var scenarios = []scenario{
	{"small", "1 KB request, JSON answer", false, 1 << 10, []float64{500, 1000, 2000}, 32},
	{"large", "64 KB request, JSON answer", false, 64 << 10, []float64{200}, 16},
	{"stream", "1 KB request, SSE answer of 50 content chunks", true, 1 << 10, []float64{50}, 256},
}

// events of a stream: role, 50 content chunks, finish, usage.
const events = 53

func measure(targets []target) (runs []run, err error) {
	own, err := parseRates(*rates)
	if err != nil {
		return nil, err
	}
	for _, s := range scenarios {
		if !slices.Contains(strings.Split(*only, ","), s.name) {
			continue
		}
		if own != nil {
			s.rates = own
		}
		steps := slices.Clone(s.rates)
		if *closed {
			steps = append(steps, 0)
		}
		for round := range *rounds {
			for _, rate := range steps {
				for _, t := range targets {
					r, err := load.Run(s.config(t, rate))
					if err != nil {
						return nil, fmt.Errorf("%s: %w", t.name, err)
					}
					fmt.Fprintf(os.Stderr, "%s %d %-14s %v\n", s.name, round+1, t.name, r)
					runs = append(runs, run{s.name, t.name, round + 1, r})
				}
			}
		}
	}
	return runs, nil
}

func parseRates(s string) (v []float64, err error) {
	if s == "" {
		return nil, nil
	}
	for f := range strings.SplitSeq(s, ",") {
		r, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return nil, fmt.Errorf("-rates: %w", err)
		}
		v = append(v, r)
	}
	return v, nil
}

// config is one run of the scenario; rate 0 is the closed loop.
func (s scenario) config(t target, rate float64) load.Config {
	c := load.Config{
		URL: t.url, Model: t.model, Headers: t.headers, PID: t.pid,
		Stream: s.stream, BodySize: s.size, Rate: rate, Conns: *conns,
		Warmup: *warmup, Duration: *dur, Users: 100_000,
	}
	if s.stream {
		c.Events = events
	}
	if rate == 0 {
		c.Conns = s.conns
	}
	return c
}
