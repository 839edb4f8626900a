package upstream

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/weirhq/weir/internal/fault"
)

// Pool is the running form of a model: its endpoints, in rotation, behind the
// driver that speaks to them.
type Pool struct {
	Model     Model
	Driver    Driver
	Endpoints []*Endpoint // never empty

	turn  atomic.Uint32
	asker asker
}

// NewPool puts a driver behind a model's endpoints. A model without any is its
// vendor's own, or one that runs inside Weir.
func NewPool(m Model, d Driver) *Pool {
	p := &Pool{Model: m, Driver: d, asker: asker{free: make(chan struct{}, 1)}}
	for _, address := range m.Bases() {
		p.Endpoints = append(p.Endpoints, NewEndpoint(address))
	}
	return p
}

// Bases are the base URLs that answer for the model: those defined, or the
// vendor's. One without an address (a simulated model) gets its name instead.
func (m *Model) Bases() []string {
	switch {
	case len(m.Endpoints) > 0:
		return m.Endpoints
	case m.Vendor.BaseURL != "":
		return []string{m.Vendor.BaseURL}
	}
	return []string{m.Vendor.Driver + ":" + m.Name}
}

// Ready says why the model cannot serve, or nil. It asks nobody.
func (m *Model) Ready() error {
	if m.KeyErr == nil {
		return nil
	}
	what := "cannot be read"
	if strings.HasPrefix(m.KeyName, "env:") {
		what = "is not set"
	}
	return fault.New(fault.Unavailable, "model_unavailable", "model %q: secret %s %s", m.Name, m.KeyName, what).With(m.KeyErr)
}

// Ready says why the model cannot serve, or nil. It asks nobody.
func (p *Pool) Ready() error { return p.Model.Ready() }

// Close releases the driver's connections. Answers under way are not cut off.
func (p *Pool) Close() { p.Driver.Close() }

// Pick chooses the endpoint of the next attempt: the next in turn, other than
// the one that just failed where there is another. not may be nil.
func (p *Pool) Pick(not *Endpoint) *Endpoint {
	n := uint32(len(p.Endpoints))
	if n == 1 {
		return p.Endpoints[0]
	}
	i := p.turn.Add(1) - 1
	if e := p.Endpoints[i%n]; e != not {
		return e
	}
	return p.Endpoints[(i+1)%n]
}

// asker finds out a model's id: one question at a time, and not again within a
// second of a failure, however many requests want to know.
type asker struct {
	known atomic.Pointer[string]
	free  chan struct{} // a lock that a context can give up waiting for
	at    time.Time     // of the last failure; this and err are held by the lock
	err   *fault.Error
}

const (
	askAgain = time.Second      // after a failure
	askFor   = 10 * time.Second // at most, for one question
)

// ModelID is the vendor's id of the model: as defined, or what its endpoint
// lists when that is exactly one.
func (p *Pool) ModelID(ctx context.Context) (string, error) {
	if p.Model.ID != "" {
		return p.Model.ID, nil
	}
	if id := p.asker.known.Load(); id != nil {
		return *id, nil
	}
	select {
	case p.asker.free <- struct{}{}:
		defer func() { <-p.asker.free }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	return p.askOnce(ctx)
}

// Forget gives up an id that was asked for, because the endpoint does not know it
// any more: it serves another model now. The next call asks again, though not more
// often than once a second.
func (p *Pool) Forget(id string) {
	known := p.asker.known.Load()
	if p.Model.ID != "" || known == nil || *known != id {
		return
	}
	if p.asker.known.CompareAndSwap(known, nil) {
		select {
		case p.asker.free <- struct{}{}:
			gone := fault.New(fault.Upstream, "model_unknown", "model %q: its endpoint does not know %q any more", p.Model.Name, id)
			p.asker.at, p.asker.err = time.Now(), gone
			<-p.asker.free
		default: // somebody asks already
		}
	}
}

// askOnce asks unless somebody just did. The lock is held.
func (p *Pool) askOnce(ctx context.Context) (string, error) {
	a := &p.asker
	if id := a.known.Load(); id != nil {
		return *id, nil
	}
	if a.err != nil && time.Since(a.at) < askAgain {
		again := *a.err
		return "", &again
	}
	id, err := p.ask(ctx)
	switch {
	case err == nil:
		a.known.Store(&id)
	case ctx.Err() != nil: // this caller left: no news about the endpoint
		return "", context.Cause(ctx)
	default:
		kept := *fault.From(err) // callers may complete the one they are given
		a.at, a.err = time.Now(), &kept
	}
	return id, err
}

// ask puts the question to one endpoint after the other until one answers.
func (p *Pool) ask(ctx context.Context) (string, error) {
	lister, ok := p.Driver.(Lister)
	if !ok {
		return "", fault.New(fault.Unavailable, "model_unknown", "model %q: its id is not known and cannot be asked for", p.Model.Name).
			Mend("Set `model:` of %q", p.Model.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	var failed error
	for _, e := range p.Endpoints {
		ids, err := lister.Models(ctx, e)
		if err == nil {
			return p.only(ids)
		}
		failed = errors.Join(failed, err)
	}
	return "", fault.New(fault.Upstream, "model_unknown", "model %q: its endpoint does not say which model it serves", p.Model.Name).
		Mend("Set `model:` of %q, or see whether the endpoint is up", p.Model.Name).With(failed)
}

// only takes the one id that is there. With several, choosing would be a guess
// that changes under an experiment's feet.
func (p *Pool) only(ids []string) (string, error) {
	switch len(ids) {
	case 1:
		return ids[0], nil
	case 0:
		return "", fault.New(fault.Unavailable, "model_unknown", "model %q: its endpoint serves no model", p.Model.Name).
			Mend("Load one there, or set `model:` of %q", p.Model.Name)
	}
	return "", fault.New(fault.Unavailable, "model_ambiguous", "model %q: its endpoint serves %d models: %s", p.Model.Name, len(ids), listed(ids)).
		Mend("Set `model:` of %q to one of them", p.Model.Name)
}

// listed names all, as long as that is readable.
func listed(ids []string) string {
	const most = 50
	if len(ids) > most {
		return strings.Join(ids[:most], ", ") + ", ..."
	}
	return strings.Join(ids, ", ")
}
