package openai

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// wire speaks HTTP/1.1 to one plain endpoint in the goroutine of the call: it
// writes the request, waits, and reads the answer. net/http's transport does the
// same with two goroutines a connection and hands each request through both,
// which costs more than all else that Weir does to a small request. TLS and
// HTTP/2 stay with the transport; making sense of answers is net/http's work
// here too.
type wire struct {
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	address string
	idle    *idlePool
}

// newWire makes the wire to a base URL, or nil where the transport has to serve.
func newWire(base *url.URL, d *dialer) *wire {
	if !canLook || base.Scheme != "http" || !usualHost(base.Host) {
		return nil
	}
	port := base.Port()
	if port == "" {
		port = "80"
	}
	return &wire{dial: d.plain, address: net.JoinHostPort(base.Hostname(), port), idle: newIdlePool(idleLocal, maxIdle)}
}

// usualHost tells a host that goes into a header as it is. Names in other
// scripts and zones of IPv6 have to be rewritten first; net/http knows how.
func usualHost(host string) bool {
	return !strings.ContainsFunc(host, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_:[]", r))
	})
}

// unsentError is a write of which the connection took nothing: the server cannot
// have seen any of the request.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }

func unsent(err error) bool {
	_, is := errors.AsType[*unsentError](err)
	return is
}

// ask puts a request and gives the answer once its header is there. The request
// moves on to another connection only when the one it was given took nothing of
// it. After that the server may have read it, and whether to repeat it is the
// gateway's to decide and to count.
func (w *wire) ask(ctx context.Context, out *outgoing, fresh bool) (*http.Response, error) {
	for again := 0; ; again++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c, err := w.take(ctx, fresh)
		if err != nil {
			return nil, err
		}
		res, err := c.exchange(ctx, out)
		if err == nil || !c.used || !unsent(err) || again == maxStale {
			return res, err
		}
	}
}

// take gives the idle connection that was used last, else a new one.
func (w *wire) take(ctx context.Context, fresh bool) (*wireConn, error) {
	for !fresh {
		c := w.idle.take()
		if c == nil {
			break
		}
		if c.quiet() {
			c.used = true
			return c, nil
		}
		_ = c.Close()
	}
	c, err := w.dial(ctx, "tcp", w.address)
	if err != nil {
		return nil, err
	}
	return newWireConn(c, w.idle), nil
}

// close gives idle connections up, and those in use after their answers.
func (w *wire) close() { w.idle.close() }
