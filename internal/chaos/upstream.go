package chaos

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// UpstreamConfig says where an upstream listens and how it begins.
type UpstreamConfig struct {
	Addr   string   // host:port to listen on; empty: a free port of 127.0.0.1
	Models []string // what /models lists; empty: "chaos-1"
	Script Script   // played when nothing more particular is; empty: healthy
	Keep   int      // how many requests are remembered, the newest; empty: all
}

// Upstream is the scripted model server. It is safe for concurrent use.
type Upstream struct {
	cfg    UpstreamConfig
	ln     net.Listener
	oracle *oracle
	book   *playbook
	wg     sync.WaitGroup

	mu       sync.Mutex
	shut     bool
	conns    map[*conn]bool
	accepted int
}

// NewUpstream starts a scripted model server. Whoever gets it closes it.
func NewUpstream(cfg UpstreamConfig) (*Upstream, error) {
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if len(cfg.Models) == 0 {
		cfg.Models = []string{"chaos-1"}
	}
	ln, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen for the scripted upstream on %q: %w", cfg.Addr, err)
	}
	u := &Upstream{cfg: cfg, ln: ln, oracle: newOracle(cfg.Keep), book: newPlaybook(cfg.Script), conns: map[*conn]bool{}}
	u.wg.Go(u.accept)
	return u, nil
}

// URL returns the address that clients call, as "http://127.0.0.1:4711". Paths are
// known by their ends, so a base of URL() + "/v1" works as well.
func (u *Upstream) URL() string { return "http://" + u.Addr() }

// Addr returns host:port.
func (u *Upstream) Addr() string { return u.ln.Addr().String() }

// Connections returns how many connections were accepted in all, and how many are open.
func (u *Upstream) Connections() (accepted, open int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.accepted, len(u.conns)
}

// Close stops listening, closes every connection and waits for its goroutines. What
// was recorded can still be asked for.
func (u *Upstream) Close() error {
	u.mu.Lock()
	u.shut = true
	for c := range u.conns {
		c.close()
	}
	u.mu.Unlock()
	err := u.ln.Close()
	u.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil // closed before
	}
	return err
}

// accept serves connections until the listener is closed.
func (u *Upstream) accept() {
	for {
		nc, err := u.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(5 * time.Millisecond) // out of descriptors: others may close theirs
			continue
		}
		if c := u.admit(nc.(*net.TCPConn)); c != nil {
			u.wg.Go(c.read)
			u.wg.Go(c.serve)
		}
	}
}

// admit takes a connection in, or returns nil when it is refused by script or the
// upstream is shut.
func (u *Upstream) admit(nc *net.TCPConn) *conn {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.accepted++
	c := newConn(u, nc, u.accepted)
	switch {
	case u.shut:
		c.close()
		return nil
	case u.book.refuses():
		rec := u.oracle.begin(c.link, Request{Received: time.Now(), Script: "refuse"})
		u.oracle.end(rec, EndRefused)
		u.oracle.closed(c.link, time.Time{})
		c.close()
		return nil
	}
	u.conns[c] = true
	return c
}

// forget lets go of a connection that is over.
func (u *Upstream) forget(c *conn) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.conns, c)
}
