package chaos

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// between starts a proxy before a target.
func between(t *testing.T, target string, toxic Toxic) *Proxy {
	t.Helper()
	p, err := NewProxy(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	p.Set(toxic)
	return p
}

// target is a TCP server that does one thing with each connection.
func target(t *testing.T, do func(*net.TCPConn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				do(nc.(*net.TCPConn))
			}()
		}
	}()
	return ln.Addr().String()
}

// dial connects, with a deadline that no test should meet.
func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(60 * time.Second))
	return nc.(*net.TCPConn)
}

func TestProxyWithoutToxicChangesNothing(t *testing.T) {
	u := start(t, "")
	p := between(t, u.Addr(), Toxic{})
	c := client(t)
	for _, g := range Golden() {
		u.Enqueue(Script{Raw: g.Bytes})
		if res := send(t, c, p.URL()+"/v1/chat/completions", streamBody, nil); res.err != nil || res.body != string(g.Bytes) {
			t.Errorf("%s: %d of %d bytes, %v", g.Name, len(res.body), len(g.Bytes), res.err)
		}
	}
	if accepted, open := p.Connections(); accepted != 1 || open != 1 {
		t.Errorf("%d connections, %d open", accepted, open)
	}
}

func TestProxyPassesTheEndsOn(t *testing.T) {
	u := start(t, "")
	p := between(t, u.Addr(), Toxic{})
	t.Run("client leaves", func(t *testing.T) {
		u.Enqueue(MustParse("stall-after=2"))
		ctx, cancel := context.WithCancel(t.Context())
		gone := holdOpen(ctx, t, p.URL(), streamBody)
		if err := u.WaitCount(1, soon); err != nil {
			t.Fatal(err)
		}
		left := time.Now()
		cancel()
		if got, err := u.WaitClosed(1, soon); err != nil || got.ClosedAt.Sub(left) > 250*time.Millisecond {
			t.Errorf("the upstream saw it after %v, %v", got.ClosedAt.Sub(left), err)
		}
		<-gone
	})
	t.Run("target resets", func(t *testing.T) {
		u.Enqueue(MustParse("rst-at-byte=20"))
		if res := post(t, p.URL(), streamBody); !errors.Is(res.err, syscall.ECONNRESET) || len(res.body) != 20 {
			t.Errorf("%d bytes, %v", len(res.body), res.err)
		}
	})
	t.Run("target cuts", func(t *testing.T) {
		u.Enqueue(MustParse("cut-at-byte=20"))
		if res := post(t, p.URL(), streamBody); !errors.Is(res.err, io.ErrUnexpectedEOF) || len(res.body) != 20 {
			t.Errorf("%d bytes, %v", len(res.body), res.err)
		}
	})
	t.Run("client is done sending", func(t *testing.T) {
		echo := between(t, target(t, func(nc *net.TCPConn) {
			all, _ := io.ReadAll(nc)
			nc.Write(all)
		}), Toxic{})
		nc := dial(t, echo.Addr())
		io.WriteString(nc, "all of it")
		nc.CloseWrite()
		if all, err := io.ReadAll(nc); string(all) != "all of it" || err != nil {
			t.Errorf("%q, %v", all, err)
		}
	})
	t.Run("target is not there", func(t *testing.T) {
		ln, _ := net.Listen("tcp", "127.0.0.1:0")
		ln.Close()
		nc, err := net.Dial("tcp", between(t, ln.Addr().String(), Toxic{}).Addr())
		if err == nil { // else it was reset before it could be used
			defer nc.Close()
			_, err = nc.Read(make([]byte, 1))
		}
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("connect and read: %v", err)
		}
	})
}

func TestProxyResets(t *testing.T) {
	g, _ := goldenNamed("long")
	u := start(t, "golden=long")
	p := between(t, u.Addr(), Toxic{ResetOnAccept: true})
	if res := post(t, p.URL(), streamBody); !errors.Is(res.err, syscall.ECONNRESET) && !errors.Is(res.err, io.EOF) && !errors.Is(res.err, syscall.EPIPE) {
		t.Errorf("at accept: %v", res.err)
	}
	if u.Count() != 0 {
		t.Error("at accept: the target got a request")
	}
	for i, n := range []int{0, 1, 17, 1000, 5000} {
		p.Set(Toxic{Reset: true, ResetAt: n})
		nc := rawPost(t, p.Addr(), streamBody)
		all, err := io.ReadAll(nc)
		if len(all) != n || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("at %d: read %d bytes, %v", n, len(all), err)
		}
		finished(t, u, i+1)
	}
	// On a connection that has been used before, counting begins anew.
	p.Set(Toxic{})
	c := client(t)
	ask := func() result { return send(t, c, p.URL()+"/v1/chat/completions", streamBody, nil) }
	if res := ask(); res.body != string(g.Bytes) {
		t.Fatal(res.err)
	}
	p.Set(Toxic{Reset: true, ResetAt: 2000})
	if res := ask(); !errors.Is(res.err, syscall.ECONNRESET) || len(res.body) < 1000 || len(res.body) > 2000 {
		t.Errorf("used connection: %d bytes, %v", len(res.body), res.err)
	}
	if accepted, _ := p.Connections(); accepted != 7 {
		t.Errorf("%d connections, want 7: the last two requests share one", accepted)
	}
}

func TestProxyDelays(t *testing.T) {
	u := start(t, "tokens=40;delay-between=5ms")
	p := between(t, u.Addr(), Toxic{Latency: 100 * time.Millisecond})
	begun := time.Now()
	res := post(t, p.URL(), streamBody)
	took := time.Since(begun)
	// Each way once. One frame after the other would be 43 times 100 ms.
	if took < 400*time.Millisecond || took > 3*time.Second {
		t.Errorf("took %v", took)
	}
	if r := readStream(t, res.body); !r.done || len(strings.Fields(r.text[0])) != 40 {
		t.Errorf("%+v", r)
	}
}

func TestProxySlicesBothWays(t *testing.T) {
	largest := make(chan int, 1)
	addr := target(t, func(nc *net.TCPConn) {
		buf, most, all := make([]byte, 4096), 0, 0
		for all < 100 {
			n, err := nc.Read(buf)
			if err != nil {
				return
			}
			most, all = max(most, n), all+n
		}
		largest <- most
		nc.Write(buf[:100])
	})
	p := between(t, addr, Toxic{Slice: 1, SliceDelay: time.Millisecond})
	nc := dial(t, p.Addr())
	nc.Write(make([]byte, 100))
	if most := <-largest; most > 50 {
		t.Errorf("the target read %d bytes at once", most)
	}
	buf, most, all := make([]byte, 4096), 0, 0
	for all < 100 {
		n, err := nc.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		most, all = max(most, n), all+n
	}
	if most > 50 {
		t.Errorf("the client read %d bytes at once", most)
	}
}

func TestProxyLimitsBandwidth(t *testing.T) {
	u := start(t, "big-event=40000;tokens=1")
	p := between(t, u.Addr(), Toxic{Bandwidth: 100_000})
	begun := time.Now()
	res := post(t, p.URL(), streamBody)
	if took := time.Since(begun); took < 400*time.Millisecond || len(res.body) < 40000 || res.err != nil {
		t.Errorf("%d bytes took %v, %v", len(res.body), took, res.err)
	}
}

func TestProxyBlackhole(t *testing.T) {
	u := start(t, "golden=ascii")
	p := between(t, u.Addr(), Toxic{Blackhole: true})
	quiet := func(nc *net.TCPConn) {
		t.Helper()
		nc.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if n, err := nc.Read(make([]byte, 1)); n > 0 || !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "timeout") {
			t.Errorf("read %d bytes, %v", n, err)
		}
		nc.SetReadDeadline(time.Now().Add(soon))
	}
	waiting, leaving := rawPost(t, p.Addr(), streamBody), rawPost(t, p.Addr(), streamBody)
	quiet(waiting)
	if u.Count() != 0 {
		t.Error("the target got a request through a blackhole")
	}
	leaving.Close()
	eventually(t, "the client that gave up is let go", func() bool { _, open := p.Connections(); return open == 1 })

	p.Set(Toxic{})
	buf := make([]byte, 12)
	if _, err := io.ReadFull(waiting, buf); err != nil || string(buf) != "HTTP/1.1 200" {
		t.Errorf("after it: %q, %v", buf, err)
	}
	// And in the middle of an answer, on a live connection.
	u.SetScript(MustParse("tokens=1000;delay-between=2ms"))
	live := rawPost(t, p.Addr(), streamBody)
	if _, err := io.ReadFull(live, buf); err != nil {
		t.Fatal(err)
	}
	p.Set(Toxic{Blackhole: true})
	drain(live, 50*time.Millisecond)
	quiet(live)
	live.Close()
	if got, err := u.WaitClosed(2, soon); err != nil {
		t.Errorf("a client that gave up: %+v, %v", got, err)
	}
}

func TestProxyToNowhereIsRefused(t *testing.T) {
	if _, err := NewProxy("http://a/"); err == nil || !strings.Contains(err.Error(), `start a proxy to "http://a/": want host:port`) {
		t.Errorf("NewProxy: %v", err)
	}
}

// drain reads what is on its way until nothing has come for a while.
func drain(nc *net.TCPConn, quiet time.Duration) {
	buf := make([]byte, 4096)
	for {
		nc.SetReadDeadline(time.Now().Add(quiet))
		if _, err := nc.Read(buf); err != nil {
			return
		}
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
