// Package servers reads what model servers say of themselves: vLLM, TGI,
// TensorRT-LLM, Triton and SGLang, and the exporter of NVIDIA's DCGM for their
// GPUs. Queue, KV cache and GPU are known to them alone.
//
// It asks their metrics pages and nothing else, so no reading is ever billed. It
// reads only what definitions name. The numbers are per server and never per
// variant: two variants on one GPU cannot be told apart there. GPU use is to be
// shown, and not to be judged or scaled by: it is full under any load.
package servers

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/telemetry"
)

// Config says what is read and how.
type Config struct {
	Targets []Target
	Every   time.Duration     // between two readings; 0: 15 s
	Timeout time.Duration     // of one reading; 0: 5 s
	Limit   int64             // bytes of one page; 0: 8 MiB
	Via     http.RoundTripper // nil: a plain connection, no proxy, no link-local address
}

// Reader reads targets over and over.
type Reader struct {
	cfg     Config
	client  *http.Client
	changed chan struct{} // of one place: targets were replaced

	mu      sync.Mutex
	targets []*target
}

// New returns a reader. Nothing is read before Run.
func New(cfg Config) (*Reader, error) {
	cfg.Every = cmp.Or(cfg.Every, 15*time.Second)
	cfg.Timeout = cmp.Or(cfg.Timeout, 5*time.Second)
	cfg.Limit = cmp.Or(cfg.Limit, 8<<20)
	r := &Reader{cfg: cfg, client: newClient(cfg.Via), changed: make(chan struct{}, 1)}
	if err := r.SetTargets(cfg.Targets); err != nil {
		return nil, err
	}
	return r, nil
}

// SetTargets replaces what is read, as a reload does. A target that stays keeps
// its values. If one of them is wrong nothing is replaced.
func (r *Reader) SetTargets(targets []Target) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := make([]*target, 0, len(targets))
	for _, def := range targets {
		t, err := newTarget(def)
		if err != nil {
			return err
		}
		again := slices.ContainsFunc(next, func(o *target) bool { return o.def.Model == t.def.Model && o.def.URL == t.def.URL })
		if def.Endpoint == "" && !again && named(next, t) {
			t.def.Endpoint += t.path // two pages of one host
		}
		if named(next, t) {
			return fmt.Errorf("metrics of %q at %q: named twice", t.def.Model, t.def.Endpoint)
		}
		if i := slices.IndexFunc(r.targets, func(o *target) bool { return o.def == t.def }); i >= 0 {
			t = r.targets[i]
		}
		next = append(next, t)
	}
	r.targets = next
	select {
	case r.changed <- struct{}{}:
	default:
	}
	return nil
}

// Run reads all targets now and from then on, until ctx ends. Without targets it
// only waits for some.
func (r *Reader) Run(ctx context.Context) {
	select {
	case <-r.changed: // those that New set
	default:
	}
	tick := time.NewTicker(r.cfg.Every)
	defer tick.Stop()
	for {
		r.round(ctx)
		select {
		case <-ctx.Done():
			return
		case <-r.changed:
		case <-tick.C:
		}
	}
}

// together bounds how many pages are read at a time.
const together = 16

// round reads every target once and waits for all: a server that hangs is not
// asked again before it has been given up.
func (r *Reader) round(ctx context.Context) {
	places := make(chan struct{}, together)
	var reading sync.WaitGroup
	for _, t := range r.current() {
		places <- struct{}{}
		reading.Go(func() {
			defer func() { <-places }()
			got, err := r.read(ctx, t)
			if ctx.Err() == nil {
				t.note(got, err, time.Now())
			}
		})
	}
	reading.Wait()
}

func (r *Reader) current() []*target {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.targets)
}

// States is what is known now, by model.
func (r *Reader) States() map[string][]State {
	states := map[string][]State{}
	now := time.Now()
	for _, t := range r.current() {
		s := t.state(now)
		states[s.Model] = append(states[s.Model], s)
	}
	return states
}

// fresh is for how many intervals values are shown to a scraper. One lost reading
// leaves no gap; a server that stays away has no queue of 3 for ever.
const fresh = 3

// Telemetry is what is known now, in the order of the targets.
func (r *Reader) Telemetry() []telemetry.Server {
	var list []telemetry.Server
	now := time.Now()
	for _, t := range r.current() {
		s := t.state(now)
		one := telemetry.Server{Model: s.Model, Endpoint: s.Endpoint, Up: s.Up, Age: -1}
		if !s.ReadAt.IsZero() {
			one.Age = s.Age.Seconds()
		}
		if !s.ReadAt.IsZero() && s.Age <= fresh*r.cfg.Every+r.cfg.Timeout {
			one.Running, one.Waiting, one.KVUse = s.Running, s.Waiting, s.KVUse
			one.QueueSeconds, one.QueueLeft = s.queueSeconds, s.queueLeft
			for _, g := range s.GPUs {
				one.GPUs = append(one.GPUs, telemetry.ServerGPU{ID: g.ID, Use: g.Use, MemoryUsed: g.MemoryUsed, MemoryTotal: g.MemoryTotal})
			}
		}
		list = append(list, one)
	}
	return list
}
