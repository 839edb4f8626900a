package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// reply is what a response told.
type reply struct {
	first  time.Time       // first event of a stream
	token  time.Time       // first event of a stream with content
	gaps   []time.Duration // between the events of a stream
	events int             // "data:" events, without [DONE]
	done   bool            // a stream ended with [DONE], or a JSON body holds "choices"
	body   []byte          // what was kept of it; the next request overwrites it
	status int

	redialled bool // the kept connection was closed as it was used again
}

// client is one keep-alive connection.
type client struct {
	req    *request
	stream bool
	keep   bool // keep the bytes of a stream too, to look at its frames
	leave  int  // events after which the client goes away; stay: never
	conn   net.Conn
	r      *bufio.Reader
	body   []byte
	gaps   []time.Duration
}

const stay = -1

var (
	errStatus = errors.New("status")
	errLeft   = errors.New("left before the end")
)

// do sends the request and reads the whole response.
func (c *client) do(deadline time.Time) (rep reply, err error) {
	redialled := false
	for try := 0; ; try++ {
		fresh := c.conn == nil
		if fresh {
			if c.conn, err = net.DialTimeout("tcp", c.req.addr, 2*time.Second); err != nil {
				c.conn = nil
				return rep, err
			}
			c.r = bufio.NewReaderSize(c.conn, 64<<10)
		}
		_ = c.conn.SetDeadline(deadline)
		if _, err = c.conn.Write(c.req.bytes); err == nil && c.leave == 0 {
			c.close()
			return rep, errLeft
		}
		if err == nil {
			_, err = c.r.Peek(1)
		}
		if err == nil {
			break
		}
		c.close()
		var timeout net.Error
		// A server may close an idle connection just as we reuse it: dial again, once.
		if fresh || try > 0 || (errors.As(err, &timeout) && timeout.Timeout()) {
			return rep, err
		}
		redialled = true
	}
	keep := false
	if rep, keep, err = c.read(); err != nil || !keep {
		c.close()
	}
	rep.redialled = redialled
	return rep, err
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *client) read() (rep reply, keep bool, err error) {
	line, err := c.line()
	if err != nil {
		return rep, false, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return rep, false, fmt.Errorf("bad status line %q", line)
	}
	rep.status, _ = strconv.Atoi(string(line[9:12]))
	length, chunked, keep := -1, false, true
	for {
		if line, err = c.line(); err != nil {
			return rep, false, err
		}
		if len(line) == 0 {
			break
		}
		k, v, _ := bytes.Cut(line, []byte(":"))
		v = bytes.TrimSpace(v)
		switch {
		case len(k) == 14 && bytes.EqualFold(k, []byte("content-length")):
			length, _ = strconv.Atoi(string(v))
		case len(k) == 17 && bytes.EqualFold(k, []byte("transfer-encoding")):
			chunked = true
		case len(k) == 10 && bytes.EqualFold(k, []byte("connection")):
			keep = !bytes.EqualFold(v, []byte("close"))
		}
	}
	c.body, c.gaps = c.body[:0], c.gaps[:0]
	scan := sse{client: c, rep: &rep}
	switch {
	case chunked:
		for {
			if line, err = c.line(); err != nil {
				return rep, false, err
			}
			n, err := strconv.ParseInt(string(line), 16, 64)
			if err != nil {
				return rep, false, err
			}
			if err := c.feed(int(n), &scan); err != nil {
				return rep, false, err
			}
			if _, err := c.line(); err != nil {
				return rep, false, err
			}
			if n == 0 {
				break
			}
		}
	case length >= 0:
		err = c.feed(length, &scan)
	default:
		keep = false
		if err = c.feed(1<<62, &scan); err == io.EOF {
			err = nil
		}
	}
	if err != nil {
		return rep, false, err
	}
	rep.gaps, rep.body = c.gaps, c.body
	if !c.stream {
		rep.done = bytes.Contains(c.body, []byte(`"choices"`))
	}
	if rep.status != 200 {
		return rep, keep, errStatus
	}
	return rep, keep, nil
}

func (c *client) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	return bytes.TrimRight(line, "\r\n"), err
}

// feed passes n body bytes on as they arrive.
func (c *client) feed(n int, s *sse) error {
	for n > 0 {
		if _, err := c.r.Peek(1); err != nil {
			return err
		}
		p, _ := c.r.Peek(min(n, c.r.Buffered()))
		events := c.stream && s.rep.status == 200
		if events {
			s.feed(p)
		}
		if !events || c.keep {
			c.body = append(c.body, p...)
		}
		if c.leave != stay && s.rep.events >= c.leave {
			return errLeft
		}
		_, _ = c.r.Discard(len(p))
		n -= len(p)
	}
	return nil
}
