package openai

import (
	"errors"
	"net"
	"os"
	"time"
)

const (
	// patience is how long a call waits for the connection to take a long request
	// before it looks for an answer meanwhile.
	patience = 5 * time.Millisecond
	// lastWords is how long an answer may take after sending failed.
	lastWords = 250 * time.Millisecond
	// lateSend is how long sending may go on after the answer has ended, for the
	// connection to be used again.
	lateSend = 50 * time.Millisecond
)

// send writes a request: in one go, unless it is long and the connection slow to
// take it. Then a goroutine goes on, because a server may answer before it has
// read everything, or instead.
func (c *wireConn) send(out *outgoing) (*sending, error) {
	if out.rest == nil {
		n, err := c.Conn.Write(out.head)
		return nil, c.unfinished(int64(n), err)
	}
	parts := net.Buffers{out.head, out.rest}
	_ = c.SetWriteDeadline(time.Now().Add(patience))
	n, err := parts.WriteTo(c.Conn)
	_ = c.SetWriteDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return c.sendOn(out, parts), nil
	}
	return nil, c.unfinished(n, err)
}

// unfinished is the error of a request of which n bytes could be written.
func (c *wireConn) unfinished(n int64, err error) error {
	switch {
	case err == nil:
		return nil
	case n == 0:
		err = &unsentError{err}
	}
	_ = c.SetReadDeadline(time.Now().Add(lastWords))
	return err
}

// sending is a request that is still being written. The body of its answer owns
// it: at the latest it ends with the connection.
type sending struct {
	done chan struct{}
	err  error // valid once done is closed
}

func (c *wireConn) sendOn(out *outgoing, parts net.Buffers) *sending {
	s := &sending{done: make(chan struct{})}
	out.hold()
	go func() {
		defer close(s.done)
		defer out.release()
		if _, s.err = parts.WriteTo(c.Conn); s.err != nil {
			_ = c.SetReadDeadline(time.Now().Add(lastWords))
		}
	}()
	return s
}

// finished reports whether everything was sent, now or very soon.
func (s *sending) finished(c *wireConn) bool {
	if s == nil {
		return true
	}
	_ = c.SetWriteDeadline(time.Now().Add(lateSend))
	<-s.done
	_ = c.SetWriteDeadline(time.Time{})
	return s.err == nil
}

// wait returns when it has ended. The connection must be closed by then.
func (s *sending) wait() {
	if s != nil {
		<-s.done
	}
}

// failure is why it ended early, other than by our closing the connection.
func (s *sending) failure() error {
	if s == nil || errors.Is(s.err, net.ErrClosed) {
		return nil
	}
	return s.err
}
