package chaos

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Bounds of what an upstream takes and waits for.
const (
	maxBody = 256 << 20   // bytes of a request's body; larger is answered 413
	linger  = time.Second // how long the peer may take to close after us
)

// conn is one connection: a goroutine that reads, another that serves.
type conn struct {
	*net.TCPConn
	up   *Upstream
	link *link
	in   *inlet
	buf  *bufio.Reader
	quit chan struct{} // closed by close
	once sync.Once
}

func newConn(u *Upstream, nc *net.TCPConn, id int) *conn {
	in := newInlet()
	return &conn{TCPConn: nc, up: u, link: &link{id: id}, in: in, buf: bufio.NewReader(in), quit: make(chan struct{})}
}

// close ends the connection from our side and lets its goroutines go.
func (c *conn) close() {
	c.once.Do(func() {
		close(c.quit)
		c.TCPConn.Close()
	})
}

// read watches the peer.
func (c *conn) read() {
	c.in.run(c.TCPConn, c.quit, func(err error, at time.Time) {
		if errors.Is(err, net.ErrClosed) {
			at = time.Time{} // it was us
		}
		c.up.oracle.closed(c.link, at)
	})
}

// serve answers requests until the connection is over.
func (c *conn) serve() {
	defer c.up.forget(c)
	defer c.close()
	for c.one() {
	}
}

// one serves a single request; it says whether another may follow.
func (c *conn) one() bool {
	req, err := http.ReadRequest(c.buf)
	if err != nil {
		c.invalid()
		return false
	}
	rec := c.up.oracle.begin(c.link, Request{
		Method: req.Method, Path: req.RequestURI, Host: req.Host, Header: req.Header, Received: time.Now(),
	})
	body, err := c.body(req)
	if err != nil {
		c.leave(rec, c.why())
		return false
	}
	how := c.answer(rec, body, req)
	if how != EndDone && how != EndEarly || req.Close {
		c.leave(rec, how)
		return false
	}
	c.up.oracle.end(rec, how)
	return true
}

// body reads the body; one that is too large comes back one byte too long.
func (c *conn) body(req *http.Request) ([]byte, error) {
	if req.Header.Get("Expect") == "100-continue" {
		if _, err := io.WriteString(c.TCPConn, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(io.LimitReader(req.Body, maxBody+1))
}

// answer chooses the script and plays it. It sets req.Close when nothing can follow.
func (c *conn) answer(rec *record, body []byte, req *http.Request) Ending {
	ask := readAsk(body)
	to := endpointOf(req.Method, req.URL.Path)
	c.up.oracle.update(rec, func(r *Request) { r.Body, r.Model = body, ask.Model })
	s, err := c.up.book.choose(rec.Request, to.asksModel())
	if s.UntilClose || !req.ProtoAtLeast(1, 1) {
		s.UntilClose, req.Close = true, true
	}
	a := c.up.compose(s, to, ask, rec.ID)
	switch {
	case err != nil:
		a = failure(http.StatusBadRequest, err.Error(), "")
	case len(body) > maxBody:
		a = failure(http.StatusRequestEntityTooLarge, "the body is too large", "")
		req.Close = true
	}
	if req.Method == http.MethodHead {
		a.frames = nothing
	}
	c.up.oracle.update(rec, func(r *Request) { r.Script = s.String() })
	p := player{conn: c, rec: rec, script: s, closing: req.Close}
	how := p.play(a)
	req.Close = req.Close || s.LengthOff > 0 // the peer waits for more than there is
	return how
}

// invalid answers what is no HTTP. A peer that just leaves is not worth a record.
func (c *conn) invalid() {
	select {
	case <-c.in.gone:
		return
	case <-c.quit:
		return
	default:
	}
	rec := c.up.oracle.begin(c.link, Request{Received: time.Now()})
	io.WriteString(c.TCPConn, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	c.leave(rec, EndInvalid)
}

// why tells the reason that a connection cannot be used.
func (c *conn) why() Ending {
	select {
	case <-c.quit:
		return EndShutdown
	default:
		return EndPeerLeft
	}
}

// leave records the ending, then closes the connection in the manner of it: a peer
// that has seen the end can rely on the record.
func (c *conn) leave(rec *record, how Ending) {
	c.up.oracle.end(rec, how)
	switch how {
	case EndReset:
		settle(c.TCPConn)
		c.SetLinger(0)
	case EndPeerLeft:
		c.up.oracle.closed(c.link, time.Now()) // a write may find out before the reader does
	case EndRefused, EndShutdown:
	default:
		c.CloseWrite()
		c.pause(linger)
	}
	c.close()
}

// pause waits, unless the connection ends before; then it says how.
func (c *conn) pause(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.in.gone:
	case <-c.quit:
	}
	return ended(c.why())
}

// ended is an Ending as an error, to unwind a player.
type ended Ending

func (e ended) Error() string { return "the answer ended: " + string(e) }
