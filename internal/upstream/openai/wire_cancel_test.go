//go:build unix

package openai

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/upstream"
	"github.com/weirhq/weir/internal/upstream/upstreamtest"
)

// counted counts the open connections of a driver.
type counted struct {
	*net.TCPConn
	once sync.Once
	open *atomic.Int64
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.TCPConn.Close()
}

// counting has a driver count its open connections.
func counting(d *Driver) *atomic.Int64 {
	open := new(atomic.Int64)
	onDial(d, func(c net.Conn) net.Conn {
		open.Add(1)
		return &counted{TCPConn: c.(*net.TCPConn), open: open}
	})
	return open
}

var errClock = errors.New("a clock ran out")

// Whatever a call is doing, the end of its context ends it at once, says why,
// is seen by the server, and leaves nothing behind.
func TestCancelInEachPhase(t *testing.T) {
	long := strings.Replace(hello, "Hello", strings.Repeat("Hello", 4<<20), 1)
	head := "HTTP/1.1 200 OK\r\nContent-Type: "
	asked := func(answer string) func(*net.TCPConn) {
		return func(c *net.TCPConn) {
			if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(c, answer)
			}
		}
	}
	for _, c := range []struct {
		name   string
		serve  func(*net.TCPConn) // until the phase is reached
		body   string
		stream bool
	}{
		{"sending", func(*net.TCPConn) {}, long, false},
		{"waiting for a header", asked(""), hello, false},
		{"within a header", asked(head), hello, false},
		{"within a whole answer", asked(head + "application/json\r\nContent-Length: 1000\r\n\r\n{"), hello, false},
		{"within a chunked answer", asked(head + "application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"), hello, false},
		{"within the body of an error", asked("HTTP/1.1 500 No\r\nContent-Length: 1000\r\n\r\n{"), hello, false},
		{"within a stream", asked(head + "text/event-stream\r\n\r\n" + oneStream[:40]), hello, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			ended := make(chan time.Time, 1)
			ctx, cancel := context.WithCancelCause(t.Context())
			var at time.Time
			d, e := open(t, modelAt(listen(t, func(conn *net.TCPConn) {
				c.serve(conn)
				time.Sleep(50 * time.Millisecond)
				at = time.Now()
				cancel(errClock)
				_, _ = io.Copy(io.Discard, conn)
				ended <- time.Now()
			})))
			before, conns := runtime.NumGoroutine(), counting(d)
			r, err := d.Chat(ctx, callOf(t, e, c.stream, c.body))
			if err == nil {
				_, err = r.Frames.Next()
				defer r.Frames.Close()
			}
			if !errors.Is(err, context.Canceled) || !errors.Is(err, errClock) {
				t.Errorf("%v", err)
			}
			if late := time.Since(at); late > upstreamtest.Prompt {
				t.Errorf("ended %v after its context", late)
			}
			if late := (<-ended).Sub(at); late > upstreamtest.Prompt {
				t.Errorf("the server noticed after %v", late)
			}
			settle(t, before)
			if n := conns.Load(); n != 0 {
				t.Errorf("%d connections are open", n)
			}
		})
	}
}

func TestCancelWhileConnecting(t *testing.T) {
	d, e := open(t, modelAt("http://127.0.0.1:1/v1"))
	for _, t := range d.targets {
		t.wire.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, &connectError{fmt.Errorf("connecting: %w", ctx.Err())}
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(errClock) })
	_, err := d.Chat(ctx, callOf(t, e, false, hello))
	if !errors.Is(err, context.Canceled) || !errors.Is(err, errClock) {
		t.Error(err)
	}
}

// Many calls that end in every way, at once: nothing is left of them, and no
// caller sees an answer that is another's.
func TestMixedEndingsLeaveNothing(t *testing.T) {
	s := newServer(t)
	d, e := open(t, modelAt(s.URL+"/v1"))
	conns := counting(d)
	before := runtime.NumGoroutine()
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 40 {
				ending(t, d, e, worker+i)
			}
		})
	}
	all.Wait()
	if n := conns.Load(); n > 8 {
		t.Errorf("%d connections are open after at most 8 calls at a time", n)
	}
	d.Close()
	s.CloseClientConnections()
	settle(t, before)
	if n := conns.Load(); n != 0 {
		t.Errorf("%d connections are open", n)
	}
}

// ending makes a call and ends it in one of the ways.
func ending(t *testing.T, d *Driver, e *upstream.Endpoint, way int) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	long := strings.Replace(hello, `"max_tokens":4`, `"max_tokens":200`, 1)
	call := callOf(t, e, way%2 == 0, long)
	if way%5 == 0 {
		call.Model = "nobody"
	}
	if way%3 == 0 {
		time.AfterFunc(time.Duration(way%7)*time.Millisecond, cancel)
	}
	r, err := d.Chat(ctx, call)
	switch {
	case err != nil && ctx.Err() == nil:
		t.Error(err)
	case err != nil || r.Frames == nil:
		return
	}
	defer r.Frames.Close()
	for n := 0; way%4 != 0 || n < way%6; n++ {
		if _, err := r.Frames.Next(); err != nil {
			if err != io.EOF && ctx.Err() == nil {
				t.Error(err)
			}
			return
		}
	}
}

// Closing a stream while somebody reads it ends the reading.
func TestCloseWhileReading(t *testing.T) {
	d, e := open(t, modelAt(listen(t, func(c *net.TCPConn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
			_, _ = io.Copy(io.Discard, c)
		}
	})))
	conns := counting(d)
	for range 20 {
		out := newOutgoing()
		at := d.targets[e.Address()]
		if err := out.address(at, at.models, &upstream.Call{}, false); err != nil {
			t.Fatal(err)
		}
		res, err := at.wire.ask(t.Context(), out, false)
		out.release()
		if err != nil {
			t.Fatal(err)
		}
		read := make(chan error)
		go func() {
			_, err := res.Body.Read(make([]byte, 100))
			read <- err
		}()
		_ = res.Body.Close()
		if err := <-read; err == nil || err == io.EOF {
			t.Errorf("the read ended with %v", err)
		}
	}
	if n := conns.Load(); n != 0 {
		t.Errorf("%d connections are open", n)
	}
}
