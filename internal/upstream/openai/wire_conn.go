package openai

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
)

// maxInformational bounds the answers that go before the answer (100, 103). Few
// servers send one.
const maxInformational = 32

var (
	errLongHeader = fmt.Errorf("the answer's headers exceeded %d bytes", maxHeaderBytes)
	// errStray does not quote what came: it may be the rest of another's answer.
	errStray         = errors.New("malformed HTTP where an answer should begin")
	errInformational = fmt.Errorf("the answer's headers exceeded %d informational ones", maxInformational)
)

// wireConn is a connection with one request on it, or none. The goroutine of the
// call reads and writes it, but for what is said at sending; any may close it.
type wireConn struct {
	net.Conn
	home *idlePool
	in   *bufio.Reader
	left int64 // bytes that may come before the header counts as endless
	used bool  // it has served a request before
	look look
	cut  func() // closes it; a value that every request needs, made once
}

// newWireConn prepares a connection. Its buffer is small because hundreds of
// streams hold one each; a reader that brings more room is read into directly.
func newWireConn(nc net.Conn, home *idlePool) *wireConn {
	c := &wireConn{Conn: nc, home: home}
	c.in = bufio.NewReaderSize(c, 4<<10)
	c.cut = func() { _ = nc.Close() }
	c.look.at(nc)
	return c
}

// Read reads within the bound of the header.
func (c *wireConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errLongHeader
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// quiet tells that nothing has come since the last answer: no end, and nothing
// that the next request could take for its answer.
func (c *wireConn) quiet() bool { return c.look.quiet() }

// exchange sends a request and reads the answer's header. From its begin to the
// end of the body, the end of the context closes the connection: that ends every
// read and write at once, and is how a model learns that nobody listens any more.
func (c *wireConn) exchange(ctx context.Context, out *outgoing) (*http.Response, error) {
	b := &wireBody{conn: c, stop: context.AfterFunc(ctx, c.cut)}
	var failed error
	if b.rest, failed = c.send(out); c.used && unsent(failed) {
		b.finish(false)
		return nil, failed
	}
	// A server that refuses a long request answers and closes without reading the
	// rest, so a request that could not be sent may have an answer all the same.
	res, err := c.receive()
	if err != nil {
		b.finish(false)
		return nil, cmp.Or(failed, b.rest.failure(), err)
	}
	b.reusable = failed == nil && !res.Close && res.StatusCode >= 200 && c.look.possible()
	b.from, res.Body = res.Body, b
	if b.from == http.NoBody {
		b.end = io.EOF
		b.finish(true)
	}
	return res, nil
}

// receive reads the answer's header and those of informational answers before
// it; together they have one bound. 101 is an answer, which nobody asked for.
func (c *wireConn) receive() (*http.Response, error) {
	c.left = maxHeaderBytes
	for range maxInformational + 1 {
		res, err := http.ReadResponse(c.in, nil)
		switch {
		case err != nil && c.left <= 0:
			return nil, errLongHeader
		case err != nil && c.used && garbled(err):
			return nil, errStray
		case err != nil:
			return nil, fmt.Errorf("reading the answer's header: %w", err)
		case res.StatusCode/100 != 1 || res.StatusCode == http.StatusSwitchingProtocols:
			c.left = math.MaxInt64
			return res, nil
		}
	}
	return nil, errInformational
}
