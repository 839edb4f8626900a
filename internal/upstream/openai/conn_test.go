package openai

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/upstream"
	"github.com/weirhq/weir/internal/upstream/upstreamtest"
)

var quiet = log.New(io.Discard, "", 0)

func TestConnectionIsUsedAgain(t *testing.T) {
	s := newServer(t)
	d, e := open(t, modelAt(s.URL+"/v1"))
	for i := range 20 {
		answer(t, d, callOf(t, e, i%2 == 0, hello))
		refused := callOf(t, e, false, hello)
		refused.Model = "nobody"
		answer(t, d, refused)
	}
	if n := s.made.Load(); n != 1 {
		t.Errorf("%d connections for 40 calls, one after the other", n)
	}
}

// C1: a reader who leaves is noticed upstream, whichever way the answer comes.
func TestLeavingIsNoticedUpstream(t *testing.T) {
	long := strings.Replace(hello, `"max_tokens":4`, `"max_tokens":5000`, 1)
	for _, c := range []struct {
		name  string
		leave func(t *testing.T, s *server, d *Driver, call *upstream.Call)
		call  bool // of a stream
	}{
		{"closing a stream", func(t *testing.T, s *server, d *Driver, call *upstream.Call) {
			_ = begun(t.Context(), t, d, call).Close()
		}, true},
		{"ending the context of a stream", func(t *testing.T, s *server, d *Driver, call *upstream.Call) {
			ctx, cancel := context.WithCancel(t.Context())
			frames := begun(ctx, t, d, call)
			t.Cleanup(func() { _ = frames.Close() })
			cancel()
		}, true},
		{"ending the context before the header", func(t *testing.T, s *server, d *Driver, call *upstream.Call) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				for s.requests() == 0 && ctx.Err() == nil {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(20 * time.Millisecond)
				cancel()
			}()
			if _, err := d.Chat(ctx, call); err == nil {
				t.Error("answered")
			}
		}, false},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS and HTTP/2 %v", c.name, secure), func(t *testing.T) {
				s := newServer(t)
				d, e := openTo(t, s, secure)
				c.leave(t, s, d, callOf(t, e, c.call, long))
				left := time.Now()
				select {
				case at := <-s.left:
					if late := at.Sub(left); late > upstreamtest.Prompt {
						t.Errorf("noticed after %v", late)
					}
				case <-time.After(10 * time.Second):
					t.Error("never noticed")
				}
			})
		}
	}
}

// begun gives the frames of a stream that has begun.
func begun(ctx context.Context, t *testing.T, d *Driver, call *upstream.Call) chat.Frames {
	r, err := d.Chat(ctx, call)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := r.Frames.Next(); err != nil {
			t.Fatal(err)
		}
	}
	return r.Frames
}

// openTo makes a driver for a server, over TLS and HTTP/2 if wanted.
func openTo(t *testing.T, s *server, secure bool) (*Driver, *upstream.Endpoint) {
	if !secure {
		return open(t, modelAt(s.URL+"/v1"))
	}
	h2 := httptest.NewUnstartedServer(s.Config.Handler)
	h2.EnableHTTP2 = true
	h2.StartTLS()
	t.Cleanup(h2.Close)
	d, e := open(t, modelAt(h2.URL+"/v1"))
	trust(d, h2)
	return d, e
}

// trust lets a driver accept a test server's certificate.
func trust(d *Driver, s *httptest.Server) {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	d.transport.DialTLSContext = (&dialer{clock: time.Second, tls: &tls.Config{NextProtos: []string{"h2", "http/1.1"}, RootCAs: roots}}).secure
}

func TestContractOverHTTP2(t *testing.T) {
	upstreamtest.Run(t, func(t *testing.T) (upstream.Driver, *upstream.Endpoint, string) {
		d, e := openTo(t, newServer(t), true)
		r, err := d.Chat(t.Context(), callOf(t, e, false, hello))
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Frames.Close()
		return d, e, llama
	})
}

func TestHTTP2IsSpoken(t *testing.T) {
	var proto atomic.Value
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proto.Store(r.Proto)
		_, _ = io.WriteString(w, oneAnswer)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	d, e := open(t, modelAt(s.URL+"/v1"))
	trust(d, s)
	answer(t, d, callOf(t, e, false, hello))
	if proto.Load() != "HTTP/2.0" {
		t.Errorf("spoke %v", proto.Load())
	}
}

// tellingConn tells when the client side closes it.
type tellingConn struct {
	net.Conn
	once sync.Once
	gone chan struct{}
}

func (c *tellingConn) Close() error {
	c.once.Do(func() { close(c.gone) })
	return c.Conn.Close()
}

// The server closes an idle connection in the very moment in which it is taken
// for the next request. The request is sent on another one: once, and without
// the caller seeing anything. This also holds the words that closedWhileIdle
// looks for.
func TestConnectionClosedAsItIsTaken(t *testing.T) {
	s := newServer(t)
	d, e := open(t, modelAt(s.URL+"/v1"))
	overTransport(d)
	var last *tellingConn
	onDial(d, func(c net.Conn) net.Conn {
		last = &tellingConn{Conn: c, gone: make(chan struct{})}
		return last
	})
	answer(t, d, callOf(t, e, false, hello))
	taken := 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		if taken++; i.Reused {
			s.CloseClientConnections()
			<-last.gone
		}
	}})
	before := s.requests()
	r, err := d.Chat(ctx, callOf(t, e, false, hello))
	if err != nil || r.Status != 200 {
		t.Fatalf("%+v, %v", r, err)
	}
	if taken != 2 || s.requests() != before+1 {
		t.Errorf("%d connections taken, %d requests arrived; want 2 and 1", taken, s.requests()-before)
	}
}

// A server that closes idle connections just when requests come: no request
// arrives twice, and what fails says so as a failure that the gateway may retry.
func TestIdleConnectionsThatCloseUnderRequests(t *testing.T) {
	var mu sync.Mutex
	arrived := map[string]int{}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		arrived[r.Header.Get("X-Request-Id")]++
		mu.Unlock()
		_, _ = io.WriteString(w, oneAnswer)
	}))
	s.Config.IdleTimeout = 5 * time.Millisecond
	s.Start()
	defer s.Close()
	d, e := open(t, modelAt(s.URL+"/v1"))
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 60 {
				call := callOf(t, e, false, hello)
				call.RequestID = fmt.Sprintf("%d-%d", worker, i)
				r, err := d.Chat(t.Context(), call)
				if err == nil {
					_ = r.Frames.Close()
				} else if !has(err, upstream.Header, upstream.Send) {
					t.Error(err)
				}
				time.Sleep(4500*time.Microsecond + rand.N(time.Millisecond))
			}
		})
	}
	all.Wait()
	for id, n := range arrived {
		if n != 1 {
			t.Errorf("request %s arrived %d times", id, n)
		}
	}
}

// After a server closed a connection, the next request simply takes another.
func TestConnectionClosedLongBefore(t *testing.T) {
	s := newServer(t)
	d, e := open(t, modelAt(s.URL+"/v1"))
	for range 5 {
		answer(t, d, callOf(t, e, false, hello))
		s.CloseClientConnections()
		time.Sleep(30 * time.Millisecond)
	}
}

// A server may answer before it has read the request; the transport then still
// sends, while the caller goes on to its next request. What arrives must be the
// request as it was. Small socket buffers keep the sending slow.
func TestBodiesAreNotMixedByEarlyAnswers(t *testing.T) {
	var mixed, early atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		_ = rc.EnableFullDuplex()
		w.WriteHeader(429)
		_ = rc.Flush()
		time.Sleep(2 * time.Millisecond)
		body, err := io.ReadAll(r.Body)
		_, text, _ := strings.Cut(string(body), `"content":"`)
		text, _, _ = strings.Cut(text, `"`)
		if err != nil {
			return
		}
		early.Add(1)
		if text == "" || strings.Trim(text, text[:1]) != "" {
			mixed.Add(1)
		}
	}))
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetReadBuffer(32 << 10)
		return ctx
	}
	s.Start()
	defer s.Close()
	d, e := open(t, modelAt(s.URL+"/v1"))
	onDial(d, func(c net.Conn) net.Conn {
		_ = c.(*net.TCPConn).SetWriteBuffer(32 << 10)
		return c
	})
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 8 {
				letter := string(rune('a' + (worker*7+i)%26))
				call := callOf(t, e, false, strings.Replace(hello, "Hello", strings.Repeat(letter, 200_000), 1))
				if _, err := d.Chat(t.Context(), call); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if mixed.Load() != 0 || early.Load() == 0 {
		t.Errorf("%d of %d requests arrived with another's bytes", mixed.Load(), early.Load())
	}
}

// A driver that is closed, because definitions changed, lets its streams end
// and keeps no connection after them.
func TestCloseLetsStreamsEnd(t *testing.T) {
	s := newServer(t)
	d, err := New(modelAt(s.URL + "/v1"))
	if err != nil {
		t.Fatal(err)
	}
	e := upstream.NewEndpoint(s.URL + "/v1")
	frames := begun(t.Context(), t, d, callOf(t, e, true, strings.Replace(hello, `"max_tokens":4`, `"max_tokens":50`, 1)))
	d.Close()
	var kind chat.FrameKind
	for {
		f, err := frames.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kind = f.Kind
	}
	if kind != chat.Done {
		t.Errorf("the last frame is of kind %d", kind)
	}
	_ = frames.Close()
	for i := 0; s.live.Load() > 0; i++ {
		if i == 100 {
			t.Fatalf("%d connections are left", s.live.Load())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestNoProxyFromTheEnvironment(t *testing.T) {
	d, _ := open(t, modelAt("http://127.0.0.1:1/v1"))
	if d.transport.Proxy != nil {
		t.Error("the environment could send requests elsewhere")
	}
}

func TestRefuseMetadata(t *testing.T) {
	for address, refused := range map[string]bool{
		"169.254.169.254:80":          true,
		"169.254.170.2:80":            true,
		"[::ffff:169.254.169.254]:80": true,
		"[fd00:ec2::254]:80":          true,
		"[fe80::a9fe:a9fe%1]:80":      true,
		"100.100.100.200:80":          true,
		"127.0.0.1:8000":              false,
		"10.0.0.7:8000":               false,
		"192.168.1.20:8000":           false,
		"[::1]:8000":                  false,
		"[2606:4700::1]:443":          false,
	} {
		if err := refuseMetadata(t.Context(), "tcp", address, nil); (err != nil) != refused {
			t.Errorf("%s: %v", address, err)
		}
	}
}
