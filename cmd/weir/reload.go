package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/upstream"
)

// putInForce makes pools and keys of compiled definitions and swaps them in.
// Requests under way stay on what they began with.
func (s *server) putInForce(l *loaded) error {
	old, c := s.inForce.Load(), l.compiled
	next := &inForce{
		compiled: c, files: l.files, document: l.document, by: l.by, note: l.note, at: time.Now(),
		pools: map[string]*upstream.Pool{}, secrets: secretFiles(c),
	}
	next.number.Store(int64(l.number))
	next.since.Store(l.since)
	if len(c.Keys) > 0 {
		keys, err := access.NewKeyring(c.Keys)
		if err != nil {
			return err
		}
		next.keys = keys
	}
	if err := s.apply(old, next); err != nil {
		next.closeBut(old)
		return err
	}
	s.inForce.Store(next)
	old.closeBut(next)
	for name, p := range next.pools {
		s.weir.Model(name).Up.SetBool(p.Ready() == nil)
	}
	s.retain(old, next)
	if err := s.out.servers.SetTargets(targets(c.Telemetry.Servers)); err != nil {
		s.log.Error("model servers' own metrics are not read anew", "error", err.Error())
	}
	s.weir.Loaded(c.Revision, next.at)
	s.keepRevision(next)
	return nil
}

// apply makes the pools and hands everything to the gateway.
func (s *server) apply(old, next *inForce) error {
	c := next.compiled
	for _, m := range c.Models {
		p, err := s.pool(old, m)
		if err != nil {
			return err
		}
		next.pools[m.Name] = p
	}
	return s.hand(next)
}

// hand gives everything to the gateway, with what plans serve now.
func (s *server) hand(f *inForce) error {
	c, set := f.compiled, s.served(f.compiled)
	err := s.gateway.Apply(gateway.Snapshot{
		Set: set, Keys: f.keys, Pools: f.pools, Signer: s.signer, Environment: c.Environment,
		CookieTTL: c.Listen.SessionTTL, Secure: s.secure, Tariff: c.Tariff, Bodies: c.Store.Bodies,
	})
	if err == nil {
		f.set.Store(set)
	}
	return err
}

// closeBut closes the pools that the other does not go on with.
func (f *inForce) closeBut(other *inForce) {
	if f == nil {
		return
	}
	for name, p := range f.pools {
		if other == nil || other.pools[name] != p {
			p.Close()
		}
	}
}

// retain forgets the numbers of what two reloads in a row do without. Not at once:
// requests under way still count under the names they began with.
func (s *server) retain(old, next *inForce) {
	if old == nil {
		return
	}
	route := func(name string) bool {
		return name == "" || strings.Contains(name, "/") || old.compiled.Set.Routes[name] != nil || next.compiled.Set.Routes[name] != nil
	}
	model := func(name string) bool { return name == "" || old.pools[name] != nil || next.pools[name] != nil }
	s.llm.Retain(func(r, _, m string) bool { return route(r) && model(m) })
	s.weir.Retain(route, func(name string) bool { return next.pools[name] != nil })
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

// reloadOnce reads, compares with what is in force, and swaps. Of definitions that
// the store owns, those in force are read again: secrets and the list of prices may
// have changed, and what was there at the start may have been followed by others.
func (s *server) reloadOnce() (definition.Problems, error) {
	src := s.source
	if f := s.inForce.Load(); src.stored {
		src.inline, src.number, src.since, src.by, src.note = f.files, int(f.number.Load()), f.since.Load(), f.by, f.note
	}
	l, problems, err := src.compile()
	if err != nil || problems.Failed() {
		return problems, err
	}
	if err := s.allowed(l.compiled); err != nil {
		return problems, err
	}
	return problems, s.putInForce(l)
}

// allowed says whether what is in force may be followed by c.
func (s *server) allowed(c *definition.Compiled) error {
	now := s.inForce.Load().compiled
	if len(now.Keys) > 0 && len(c.Keys) == 0 {
		// A file read while it is being written can lack its end, and without
		// keys everybody on this machine may do everything.
		return errKeysGone
	}
	running := *now
	running.Set = s.Set() // what is a draft, or over, may change
	if err := definition.Change(&running, c); err != nil {
		return err
	}
	if err := s.unchangedPlans(now, c); err != nil {
		return err
	}
	if what := needsRestart(&s.started, c); what != "" {
		s.log.Warn(what + " changed: it takes effect at the next start")
	}
	return nil
}

// needsRestart names a field that a reload cannot change.
func needsRestart(then, now *definition.Compiled) string {
	a, b := &then.Listen, &now.Listen
	for _, f := range []struct {
		name string
		same bool
	}{
		{"listen.data", a.Data == b.Data}, {"listen.admin", a.Admin == b.Admin}, {"listen.telemetry", a.Telemetry == b.Telemetry},
		{"listen.tls", reflect.DeepEqual(a.TLS, b.TLS)}, {"listen.secret", a.Secret == b.Secret && a.PreviousSecret == b.PreviousSecret},
		{"listen.body_limit", a.BodyLimit == b.BodyLimit}, {"listen.insecure", a.Insecure == b.Insecure},
		{"listen.header_timeout", a.HeaderTimeout == b.HeaderTimeout}, {"listen.body_timeout", a.BodyTimeout == b.BodyTimeout}, {"listen.idle_timeout", a.IdleTimeout == b.IdleTimeout},
		{"store.dir", then.Store.Dir == now.Store.Dir}, {"store.journal_limit", then.Store.JournalLimit == now.Store.JournalLimit},
		{"store.keep", then.Store.Keep == now.Store.Keep}, {"telemetry.otlp", reflect.DeepEqual(then.Telemetry.OTLP, now.Telemetry.OTLP)},
		{"telemetry.servers.interval", then.Telemetry.Servers.Interval == now.Telemetry.Servers.Interval},
	} {
		if !f.same {
			return f.name
		}
	}
	return ""
}

// errKeysGone refuses to open a guarded door by a reload.
var errKeysGone = errors.New("keys: there were keys and now there are none, which would let callers in without one; " +
	"keep at least one key, or restart Weir if you mean it")

// watchEvery is how often the definitions are looked at: a revoked key must be
// out within a second.
const watchEvery = 250 * time.Millisecond

// watch reloads when the definitions changed, until ctx ends.
func (s *server) watch(ctx context.Context) {
	if s.source.path == "" {
		return
	}
	seen, before := s.seen, ""
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.fingerprint()
		if now != seen && now == before { // the same twice: nobody is still writing
			seen = now
			s.reload()
		}
		before = now
	}
}

// fingerprint changes with the definitions and with the files of their secrets.
func (s *server) fingerprint() string { return s.source.state() + s.secretStamps() }

// secretStamps are size and time of the files that secrets are in.
func (s *server) secretStamps() string {
	print := ""
	if f := s.inForce.Load(); f != nil {
		for _, name := range f.secrets {
			st, err := os.Stat(name)
			if err != nil {
				print += "\n" + name + " cannot be read"
				continue
			}
			print += fmt.Sprintf("\n%s %d %d", name, st.Size(), st.ModTime().UnixNano())
		}
	}
	return print
}

// secretFiles are the files that the models' secrets are in, and the list of
// prices: a change of any of them is a change of the definitions.
func secretFiles(c *definition.Compiled) []string {
	var names []string
	add := func(r definition.Reference) {
		if r.Path() != "" {
			names = append(names, r.Path())
		}
	}
	if c.PriceList != "" {
		names = append(names, c.PriceList)
	}
	for _, m := range c.Models {
		add(m.Key)
		for _, r := range m.SecretHeader {
			add(r)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (s *server) revision() string {
	if f := s.inForce.Load(); f != nil {
		return f.compiled.Revision
	}
	return ""
}
