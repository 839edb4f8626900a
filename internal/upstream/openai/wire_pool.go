package openai

import (
	"slices"
	"sync"
	"time"
)

// maxIdle bounds the connections that wait for a request, of one endpoint.
const maxIdle = 2048

// idlePool keeps the idle connections of one endpoint, the last used on top: so
// few are kept busy, and the others age and go. A timer that runs only while
// there are any closes those that waited too long.
type idlePool struct {
	keep time.Duration // how long one may wait
	most int

	mu      sync.Mutex
	conns   []idleConn // the longest idle first
	janitor *time.Timer
	awake   bool // the janitor will come
	closed  bool
}

type idleConn struct {
	*wireConn
	since time.Time
}

func newIdlePool(keep time.Duration, most int) *idlePool {
	return &idlePool{keep: keep, most: most}
}

// take gives the connection that was used last, or nil.
func (p *idlePool) take() *wireConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	top := len(p.conns) - 1
	if top < 0 || time.Since(p.conns[top].since) >= p.keep { // the janitor is on its way
		return nil
	}
	c := p.conns[top].wireConn
	p.conns[top].wireConn = nil
	p.conns = p.conns[:top]
	return c
}

// put keeps a connection for the next request, or closes it when there are
// enough or no request will come.
func (p *idlePool) put(c *wireConn) {
	if !p.kept(c) {
		_ = c.Close()
	}
}

func (p *idlePool) kept(c *wireConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.conns) >= p.most {
		return false
	}
	p.conns = append(p.conns, idleConn{c, time.Now()})
	if !p.awake {
		p.wake(p.keep)
	}
	return true
}

// wake has the janitor come in a while. The lock is held.
func (p *idlePool) wake(in time.Duration) {
	p.awake = true
	if p.janitor == nil {
		p.janitor = time.AfterFunc(in, p.sweep)
		return
	}
	p.janitor.Reset(in)
}

// sweep is the janitor's round.
func (p *idlePool) sweep() {
	for _, c := range p.expired(time.Now()) {
		_ = c.Close()
	}
}

// expired takes out what waited too long, and has the janitor come back for the
// rest.
func (p *idlePool) expired(now time.Time) []idleConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := 0
	for old < len(p.conns) && now.Sub(p.conns[old].since) >= p.keep {
		old++
	}
	gone := slices.Clone(p.conns[:old])
	p.conns = slices.Delete(p.conns, 0, old)
	if p.awake = len(p.conns) > 0; p.awake {
		p.wake(max(p.keep-now.Sub(p.conns[0].since), p.keep/8))
	}
	return gone
}

// close closes what is idle now, and what would become idle later.
func (p *idlePool) close() {
	p.mu.Lock()
	gone := p.conns
	p.conns, p.closed = nil, true
	if p.janitor != nil {
		p.janitor.Stop()
	}
	p.mu.Unlock()
	for _, c := range gone {
		_ = c.Close()
	}
}
