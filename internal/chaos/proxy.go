package chaos

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Proxy is a TCP proxy that spoils connections; it knows nothing of what flows
// through it. It is safe for concurrent use.
type Proxy struct {
	target string
	ln     net.Listener
	wg     sync.WaitGroup

	mu       sync.Mutex
	toxic    Toxic
	changed  chan struct{} // closed and replaced by Set
	shut     bool
	accepted int
	open     map[*splice]bool
}

// NewProxy listens on a free port of 127.0.0.1 and connects each client to target, a
// host:port. Whoever gets it closes it.
func NewProxy(target string) (*Proxy, error) {
	if _, err := net.ResolveTCPAddr("tcp", target); err != nil {
		return nil, fmt.Errorf("start a proxy to %q: want host:port: %w", target, err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the proxy to %q: %w", target, err)
	}
	p := &Proxy{target: target, ln: ln, changed: make(chan struct{}), open: map[*splice]bool{}}
	p.wg.Go(p.accept)
	return p, nil
}

// Addr returns the host:port that clients connect to.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

// URL returns the same as "http://host:port".
func (p *Proxy) URL() string { return "http://" + p.Addr() }

// Set changes what is spoilt, from the next piece on, of live connections too.
func (p *Proxy) Set(t Toxic) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.toxic = t
	close(p.changed)
	p.changed = make(chan struct{})
}

// now returns the toxic in force, and what is closed when another is.
func (p *Proxy) now() (Toxic, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.toxic, p.changed
}

// Connections returns how many connections were accepted in all, and how many are open.
func (p *Proxy) Connections() (accepted, open int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted, len(p.open)
}

// Close stops listening, closes every connection and waits for its goroutines.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.shut = true
	for s := range p.open {
		s.close()
	}
	p.mu.Unlock()
	err := p.ln.Close()
	p.wg.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil // closed before
	}
	return err
}

// accept takes connections until the listener is closed.
func (p *Proxy) accept() {
	for {
		nc, err := p.ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(5 * time.Millisecond) // out of descriptors: others may close theirs
			continue
		}
		if s := p.admit(nc.(*net.TCPConn)); s != nil {
			p.wg.Go(s.serve)
		}
	}
}

// admit takes a connection in, or returns nil when it was reset or the proxy is shut.
func (p *Proxy) admit(nc *net.TCPConn) *splice {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.accepted++
	if p.shut || p.toxic.ResetOnAccept {
		reset(nc)
		return nil
	}
	s := newSplice(p, nc)
	p.open[s] = true
	return s
}

// forget lets go of a connection that is over.
func (p *Proxy) forget(s *splice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, s)
}

// reset closes a connection with RST.
func reset(c *net.TCPConn) {
	c.SetLinger(0)
	c.Close()
}
