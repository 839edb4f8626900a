//go:build unix

package openai

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/upstream"
)

// talker is a server that answers request after request on each connection, by
// hand.
type talker struct {
	base  string
	conns atomic.Int64
	asked atomic.Int64
	last  atomic.Pointer[net.TCPConn]
}

func talk(t testing.TB, answer func(c *net.TCPConn, n int64)) *talker {
	s := &talker{}
	s.base = listen(t, func(c *net.TCPConn) {
		s.conns.Add(1)
		s.last.Store(c)
		in := bufio.NewReader(c)
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			answer(c, s.asked.Add(1))
		}
	})
	return s
}

// ok is a whole answer with its header.
func ok(more string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", more, len(oneAnswer), oneAnswer)
}

// logged is what package log writes until the end of the test.
func logged(t *testing.T) func() string {
	var b bytes.Buffer
	log.SetOutput(&b)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	return b.String
}

func TestAnswersOfManyShapes(t *testing.T) {
	chunked := func(trailer string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Took\r\n\r\n5\r\n%s\r\n%x;note=1\r\n%s\r\n0\r\n%s\r\n",
			oneAnswer[:5], len(oneAnswer)-5, oneAnswer[5:], trailer)
	}
	for _, c := range []struct {
		name   string
		answer string
		ends   bool // the server closes after it
		conns  int64
	}{
		{"length", ok(""), false, 1},
		{"the same length twice", ok(fmt.Sprintf("Content-Length: %d\r\n", len(oneAnswer))), false, 1},
		{"chunked", chunked(""), false, 1},
		{"chunked with a trailer", chunked("X-Took: 5\r\n"), false, 1},
		{"announced first", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok(""), false, 1},
		{"the last on its connection", ok("Connection: close\r\n"), false, 3},
		{"up to the end of the connection", "HTTP/1.1 200 OK\r\n\r\n" + oneAnswer, true, 3},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n" + oneAnswer, true, 3},
		{"HTTP/1.0 with a length", strings.Replace(ok(""), "1.1", "1.0", 1), false, 3},
		{"HTTP/1.0 that stays", strings.Replace(ok("Connection: keep-alive\r\n"), "1.1", "1.0", 1), false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := talk(t, func(conn *net.TCPConn, _ int64) {
				_, _ = io.WriteString(conn, c.answer)
				if c.ends {
					_ = conn.Close()
				}
			})
			d, e := open(t, modelAt(s.base))
			for range 3 {
				if got := answer(t, d, callOf(t, e, false, hello)); got != oneAnswer {
					t.Errorf("got %q", got)
				}
			}
			if n := s.conns.Load(); n != c.conns {
				t.Errorf("%d connections for 3 answers, want %d", n, c.conns)
			}
		})
	}
}

// Informational answers are bounded by their number, not by their bytes only.
func TestInformationalAnswersAreCounted(t *testing.T) {
	for n, fine := range map[int]bool{maxInformational: true, maxInformational + 1: false} {
		d, e := open(t, modelAt(says(t, strings.Repeat("HTTP/1.1 102 P\r\n\r\n", n)+ok(""))))
		r, err := d.Chat(t.Context(), callOf(t, e, false, hello))
		switch {
		case fine && err != nil, !fine && !has(err, upstream.Protocol):
			t.Errorf("%d of them: %v", n, err)
		case err == nil:
			_ = r.Frames.Close()
		}
	}
}

// An answer without a body has ended with its header.
func TestConnectionOfABodilessAnswerIsKept(t *testing.T) {
	s := talk(t, func(c *net.TCPConn, _ int64) { _, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n") })
	d, e := open(t, modelAt(s.base))
	for range 3 {
		if _, err := d.Chat(t.Context(), callOf(t, e, false, hello)); !has(err, upstream.Protocol) {
			t.Error(err)
		}
	}
	if n := s.conns.Load(); n != 1 {
		t.Errorf("%d connections for 3 requests", n)
	}
}

// A server that closes connections while they are idle may have closed them all:
// a second attempt has a connection of its own.
func TestSecondAttemptsAskAnew(t *testing.T) {
	s := talk(t, func(c *net.TCPConn, _ int64) { _, _ = io.WriteString(c, ok("")) })
	d, e := open(t, modelAt(s.base))
	for i, want := range []int64{1, 1, 2} {
		call := callOf(t, e, false, hello)
		if i == 2 {
			call.Attempt = 2
		}
		answer(t, d, call)
		if n := s.conns.Load(); n != want {
			t.Errorf("after request %d there were %d connections, want %d", i, n, want)
		}
	}
}

// Two answers to one request, at once or a little later: the second is nobody's
// answer, and nobody's to read.
func TestSecondAnswerIsDropped(t *testing.T) {
	evil := strings.Replace(ok(""), `"Hi"`, `"No"`, 1)
	for name, later := range map[string]time.Duration{"at once": 0, "later": 20 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			log, wrote := logged(t), make(chan bool, 3)
			s := talk(t, func(c *net.TCPConn, _ int64) {
				defer func() { wrote <- true }()
				if later == 0 {
					_, _ = io.WriteString(c, ok("")+evil)
					return
				}
				_, _ = io.WriteString(c, ok(""))
				time.Sleep(later)
				_, _ = io.WriteString(c, evil)
			})
			d, e := open(t, modelAt(s.base))
			for range 3 {
				if got := answer(t, d, callOf(t, e, false, hello)); got != oneAnswer {
					t.Errorf("got %q", got)
				}
				<-wrote
			}
			if n := s.conns.Load(); n != 3 {
				t.Errorf("%d connections for 3 requests", n)
			}
			if log() != "" {
				t.Errorf("logged %q", log())
			}
		})
	}
}

// What comes too late to be seen before the next request is on its way is no
// answer to it unless it looks like one, and is not quoted.
func TestRestOfAnotherAnswerIsNotQuoted(t *testing.T) {
	s := talk(t, func(c *net.TCPConn, n int64) {
		if n == 2 {
			_, _ = io.WriteString(c, "the-rest-of-a-private-answer\r\n")
		}
		_, _ = io.WriteString(c, ok(""))
	})
	d, e := open(t, modelAt(s.base))
	answer(t, d, callOf(t, e, false, hello))
	_, err := d.Chat(t.Context(), callOf(t, e, false, hello))
	if !has(err, upstream.Protocol) || strings.Contains(err.Error(), "private") {
		t.Error(err)
	}
}

// beforeWrite is a connection of which something happens just before writes.
type beforeWrite struct {
	*net.TCPConn
	do func()
}

func (c beforeWrite) Write(p []byte) (int, error) {
	c.do()
	return c.TCPConn.Write(p)
}

// The server closes an idle connection after it was looked at and before the
// request is written. What the connection takes, the server may have seen: that
// is an error, and the request is not sent again. What it does not take goes out
// on another.
func TestConnectionClosedBetweenLookAndWrite(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(*net.TCPConn)
		again bool
	}{
		"closed": {func(c *net.TCPConn) { _ = c.Close() }, false},
		"reset":  {func(c *net.TCPConn) { reset(c); _ = c.Close() }, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := talk(t, func(c *net.TCPConn, _ int64) { _, _ = io.WriteString(c, ok("")) })
			d, e := open(t, modelAt(s.base))
			writes := 0
			onDial(d, func(nc net.Conn) net.Conn {
				return beforeWrite{nc.(*net.TCPConn), func() {
					if writes++; writes == 2 {
						c.end(s.last.Load())
						time.Sleep(20 * time.Millisecond)
					}
				}}
			})
			answer(t, d, callOf(t, e, false, hello))
			r, err := d.Chat(t.Context(), callOf(t, e, false, hello))
			switch {
			case c.again && (err != nil || r.Status != 200 || writes != 3 || s.asked.Load() != 2):
				t.Errorf("%v; %d writes, %d requests arrived", err, writes, s.asked.Load())
			case !c.again && (!has(err, upstream.Header) || writes != 2 || s.asked.Load() != 1):
				t.Errorf("%v; %d writes, %d requests arrived", err, writes, s.asked.Load())
			}
		})
	}
}

// A server that refuses a long request answers at once, and then closes or just
// leaves the rest unread. The refusal arrives, every time, and does not wait for
// the rest to be sent.
func TestRefusalOfALongRequest(t *testing.T) {
	refusal := "HTTP/1.1 413 Content Too Large\r\nContent-Length: 21\r\n"
	body := `{"error":"too large"}`
	for name, c := range map[string]struct {
		header string
		after  func(c *net.TCPConn, done chan bool)
	}{
		"and closes":          {"Connection: close\r\n", func(*net.TCPConn, chan bool) {}},
		"and says it is open": {"", func(_ *net.TCPConn, done chan bool) { <-done }},
		"and half closes":     {"", func(c *net.TCPConn, done chan bool) { _ = c.CloseWrite(); <-done }},
	} {
		t.Run(name, func(t *testing.T) {
			done := make(chan bool)
			d, e := open(t, modelAt(listen(t, func(conn *net.TCPConn) {
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					_, _ = io.WriteString(conn, refusal+c.header+"\r\n"+body)
					c.after(conn, done)
				}
			})))
			call := callOf(t, e, false, strings.Replace(hello, "Hello", strings.Repeat("Hello", 4<<20), 1))
			before := runtime.NumGoroutine()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			for range 5 {
				r, err := d.Chat(ctx, call)
				if err != nil || r.Status != 413 || string(r.Body) != body {
					t.Errorf("%+v, %v", r, err)
				}
			}
			close(done)
			settle(t, before)
		})
	}
}

// settle waits for the goroutines to come down to what they were.
func settle(t *testing.T, before int) {
	t.Helper()
	for wait := time.Millisecond; runtime.NumGoroutine() > before; wait *= 2 {
		if wait > 2*time.Second {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(wait)
	}
}

// A body is long enough to leave in parts, and arrives as it was.
func TestLongRequestsArriveWhole(t *testing.T) {
	s := newServer(t)
	bothWays(t, func(t *testing.T, prepare func(*Driver)) {
		d, e := open(t, modelAt(s.URL+"/v1"))
		prepare(d)
		for _, size := range []int{1, oneWrite - 200, oneWrite, oneWrite + 1, 64 << 10, 20 << 20} {
			body := strings.Replace(hello, "Hello", strings.Repeat("h", size), 1)
			answer(t, d, callOf(t, e, false, body))
			if _, got := s.last(); got != strings.Replace(body, "route", llama, 1) {
				t.Errorf("%d bytes arrived as %d others", len(body), len(got))
			}
		}
	})
}

func TestSmallRequestIsOneWrite(t *testing.T) {
	s := newServer(t)
	d, e := open(t, modelAt(s.URL+"/v1"))
	writes := 0
	onDial(d, func(c net.Conn) net.Conn { return beforeWrite{c.(*net.TCPConn), func() { writes++ }} })
	for range 3 {
		answer(t, d, callOf(t, e, false, hello))
	}
	if writes != 3 {
		t.Errorf("%d writes for 3 requests", writes)
	}
}

// A connection belongs to the next request once its answer was read: who still
// holds the answer can do nothing to it.
func TestAnAnswerThatEndedLeavesItsConnectionAlone(t *testing.T) {
	s := newServer(t)
	d, e := open(t, modelAt(s.URL+"/v1"))
	w := d.targets[e.Address()].wire
	ask := func() *http.Response {
		out := newOutgoing()
		defer out.release()
		if err := out.address(d.targets[e.Address()], d.targets[e.Address()].models, &upstream.Call{}, false); err != nil {
			t.Fatal(err)
		}
		res, err := w.ask(t.Context(), out, false)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	first := ask()
	if _, err := io.ReadAll(first.Body); err != nil {
		t.Fatal(err)
	}
	second := ask()
	_ = first.Body.Close()
	if _, err := first.Body.Read(make([]byte, 100)); err != io.EOF {
		t.Errorf("reading on gives %v", err)
	}
	if b, err := io.ReadAll(second.Body); err != nil || !strings.Contains(string(b), llama) || s.made.Load() != 1 {
		t.Errorf("%q, %v, %d connections", b, err, s.made.Load())
	}
	third := ask()
	_ = third.Body.Close()
	if _, err := third.Body.Read(make([]byte, 100)); err != http.ErrBodyReadAfterClose {
		t.Errorf("reading after closing gives %v", err)
	}
}

// Nobody may write a line of their own into the header.
func TestHeaderCannotBeSplit(t *testing.T) {
	s := newServer(t)
	bothWays(t, func(t *testing.T, prepare func(*Driver)) {
		d, e := open(t, modelAt(s.URL+"/v1"))
		prepare(d)
		for name, value := range map[string]string{"Traceparent": "00\r\nX-Admin: 1", "Bag gage": "x", "Tracestate\r\nX-Admin": "1"} {
			call := callOf(t, e, false, hello)
			call.Header = map[string][]string{name: {value}}
			if _, err := d.Chat(t.Context(), call); err == nil {
				t.Errorf("%q: sent", name)
			}
		}
		if s.requests() != 0 {
			t.Error("something arrived")
		}
	})
}

func TestWhatAWireServes(t *testing.T) {
	for base, address := range map[string]string{
		"http://vllm-0:8000/v1":        "vllm-0:8000",
		"http://vllm/v1":               "vllm:80",
		"http://[::1]:8000/v1":         "[::1]:8000",
		"http://[::1]/v1":              "[::1]:80",
		"https://api.openai.com/v1":    "",
		"http://bücher.example/v1":     "",
		"http://[fe80::1%25eth0]:8000": "",
	} {
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if w := newWire(u, newDialer(time.Second)); w != nil {
			got = w.address
		}
		if got != address {
			t.Errorf("%s: %q, want %q", base, got, address)
		}
	}
}
