package main

import (
	"context"
	"reflect"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/upstream"
)

// putInForce makes pools and keys of compiled definitions and swaps them in.
// Requests under way stay on what they began with.
func (s *server) putInForce(c *definition.Compiled) error {
	old := s.inForce.Load()
	next := &inForce{compiled: c, pools: map[string]*upstream.Pool{}}
	if len(c.Keys) > 0 {
		keys, err := access.NewKeyring(c.Keys)
		if err != nil {
			return err
		}
		next.keys = keys
	}
	for _, m := range c.Models {
		p, err := s.pool(old, m)
		if err != nil {
			return err
		}
		next.pools[m.Name] = p
		s.weir.Model(m.Name).Up.SetBool(p.Ready() == nil)
	}
	err := s.gateway.Apply(gateway.Snapshot{
		Set: c.Set, Keys: next.keys, Pools: next.pools, Signer: s.signer, Environment: c.Environment,
		CookieTTL: c.Listen.SessionTTL, Secure: c.Listen.TLS != nil,
	})
	if err != nil {
		return err
	}
	s.inForce.Store(next)
	if old != nil {
		for name, p := range old.pools {
			if next.pools[name] != p {
				p.Close()
			}
		}
	}
	s.weir.Loaded(c.Revision, time.Now())
	return nil
}

// pool keeps the pool of a model that did not change, with its connections and
// what it learnt, and makes a new one otherwise.
func (s *server) pool(old *inForce, m definition.Model) (*upstream.Pool, error) {
	model, err := s.source.model(m)
	if err != nil {
		return nil, err
	}
	if old != nil {
		if p := old.pools[m.Name]; p != nil && reflect.DeepEqual(p.Model, model) {
			return p, nil
		}
	}
	return newPool(model)
}

// reloadOnce reads, compares with what is in force, and swaps.
func (s *server) reloadOnce() (definition.Problems, error) {
	c, problems, err := s.source.compile()
	if err != nil || problems.Failed() {
		return problems, err
	}
	now := s.inForce.Load().compiled
	if err := definition.Change(now, c); err != nil {
		return problems, err
	}
	if what := needsRestart(now.Listen, c.Listen); what != "" {
		s.log.Warn("listen." + what + " changed: it takes effect at the next start")
	}
	return problems, s.putInForce(c)
}

// needsRestart names a field of `listen` that a reload cannot change.
func needsRestart(a, b definition.Listen) string {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"data", a.Data == b.Data}, {"admin", a.Admin == b.Admin}, {"telemetry", a.Telemetry == b.Telemetry},
		{"tls", reflect.DeepEqual(a.TLS, b.TLS)}, {"secret", a.Secret == b.Secret && a.PreviousSecret == b.PreviousSecret},
		{"body_limit", a.BodyLimit == b.BodyLimit}, {"insecure", a.Insecure == b.Insecure},
		{"header_timeout", a.HeaderTimeout == b.HeaderTimeout}, {"body_timeout", a.BodyTimeout == b.BodyTimeout}, {"idle_timeout", a.IdleTimeout == b.IdleTimeout},
	} {
		if !f.same {
			return f.name
		}
	}
	return ""
}

// watchEvery is how often the definitions are looked at: a revoked key must be
// out within a second.
const watchEvery = 400 * time.Millisecond

// watch reloads when the definitions changed, until ctx ends.
func (s *server) watch(ctx context.Context) {
	if s.source.path == "" {
		return
	}
	seen := s.source.state()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := s.source.state(); now != seen {
			seen = now
			s.reload()
		}
	}
}

func (s *server) revision() string {
	if f := s.inForce.Load(); f != nil {
		return f.compiled.Revision
	}
	return ""
}
