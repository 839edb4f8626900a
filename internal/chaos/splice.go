package chaos

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// dialTimeout is how long a proxy tries to reach its target.
const dialTimeout = 5 * time.Second

// splice is a client's connection and the one to the target that belongs to it.
type splice struct {
	proxy      *Proxy
	client     *net.TCPConn
	fromClient *inlet
	ctx        context.Context // done when the splice is closed
	cancel     context.CancelFunc
	answered   atomic.Int64 // bytes passed to the client since it last sent something

	mu     sync.Mutex
	target *net.TCPConn // nil until connected
}

func newSplice(p *Proxy, client *net.TCPConn) *splice {
	ctx, cancel := context.WithCancel(context.Background())
	return &splice{proxy: p, client: client, fromClient: newInlet(), ctx: ctx, cancel: cancel}
}

// close ends both sides and lets the goroutines go.
func (s *splice) close() {
	s.cancel()
	s.client.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.target != nil {
		s.target.Close()
	}
}

// reset ends both sides with RST, after what was written to the client has gone out.
func (s *splice) reset() {
	settle(s.client)
	s.client.SetLinger(0)
	s.mu.Lock()
	if s.target != nil {
		s.target.SetLinger(0)
	}
	s.mu.Unlock()
	s.close()
}

// serve connects to the target and passes bytes both ways until both are done.
func (s *splice) serve() {
	defer s.proxy.forget(s)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer s.close()
	quiet := func(error, time.Time) {}
	wg.Go(func() { s.fromClient.run(s.client, s.ctx.Done(), quiet) })
	if _, ok := s.toxic(); !ok {
		return
	}
	target, err := s.dial()
	if err != nil {
		s.reset()
		return
	}
	fromTarget := newInlet()
	wg.Go(func() { fromTarget.run(target, s.ctx.Done(), quiet) })
	var both sync.WaitGroup
	both.Go(func() { s.pass(s.fromClient, target, false) })
	both.Go(func() { s.pass(fromTarget, s.client, true) })
	both.Wait()
}

// dial connects to the target.
func (s *splice) dial() (*net.TCPConn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	nc, err := d.DialContext(s.ctx, "tcp", s.proxy.target)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.target = nc.(*net.TCPConn)
	if s.ctx.Err() != nil { // closed meanwhile, without knowing of the target
		s.target.Close()
	}
	return s.target, nil
}

// pass carries what comes in to the other side, and then the way it ended.
func (s *splice) pass(in *inlet, to *net.TCPConn, answer bool) {
	for p := range in.pieces {
		t, ok := s.toxic()
		if !ok || !s.wait(time.Until(p.at.Add(t.Latency))) {
			s.close()
			return
		}
		if !answer {
			s.answered.Store(0)
		}
		if !s.write(p.data, to, t, answer) {
			return
		}
	}
	t, ok := s.toxic()
	switch {
	case !ok || !s.wait(time.Until(in.goneAt.Add(t.Latency))):
		s.close()
	case errors.Is(in.err, io.EOF):
		to.CloseWrite()
	default:
		s.reset()
	}
}

// write gives a piece to one side, as the toxic has it; it is false when the splice is over.
func (s *splice) write(b []byte, to *net.TCPConn, t Toxic, answer bool) bool {
	left := len(b)
	doomed := false
	if answer && t.Reset {
		left = max(t.ResetAt-int(s.answered.Load()), 0)
		doomed = left <= len(b)
		left = min(left, len(b))
	}
	for b = b[:left]; len(b) > 0; {
		n, err := to.Write(b[:t.writeSize(len(b))])
		if err != nil || !s.wait(t.pauseAfter(n)) {
			s.close()
			return false
		}
		b = b[n:]
		if answer {
			s.answered.Add(int64(n))
		}
	}
	if doomed {
		s.reset()
	}
	return !doomed
}

// toxic returns what is in force, once it is no blackhole. It is false when the splice
// is over or, in the blackhole, the client has given up.
func (s *splice) toxic() (Toxic, bool) {
	for {
		t, changed := s.proxy.now()
		if !t.Blackhole {
			return t, s.ctx.Err() == nil
		}
		select {
		case <-changed:
		case <-s.fromClient.gone:
			return t, false
		case <-s.ctx.Done():
			return t, false
		}
	}
}

// wait waits; it is false when the splice is over.
func (s *splice) wait(d time.Duration) bool {
	if d <= 0 {
		return s.ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}
