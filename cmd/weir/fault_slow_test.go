package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// sloth is a client that takes its time.
type sloth struct {
	name, first, again string
	body               bool
}

var sloths = []sloth{
	{"says nothing", "", "", false},
	{"drips a request line", "P", "O", false},
	{"drips headers", "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n", "X: y\r\n", false},
	{"drips one header", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ", "y", false},
	{"drips a body", "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n", " ", true},
	{"drips a chunked body", "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", true},
	{"keeps a connection", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "", false},
}

// C5: whoever holds a connection without using it is let go of when the header's,
// the body's or the idle time is over, on every listener, and everybody else is
// served meanwhile.
func TestC5SlowlorisIsClosed(t *testing.T) {
	const limit, each = time.Second, 15
	a := model(t, "")
	l := newLive(t, strings.Replace(twoModelsOf(a.URL(), a.URL()), listenFree(""), listenFree(", header_timeout: 1s, body_timeout: 1s, idle_timeout: 1s"), 1))
	before := weigh(l)
	var wg sync.WaitGroup
	for _, at := range l.s.listeners() {
		for _, s := range sloths {
			if s.body && at == l.s.adminListener {
				continue // it has its own clock for those, and a test of it
			}
			for range each {
				wg.Go(func() {
					if held := s.hold(at.net.Addr().String(), 3*limit+time.Second); held > 3*limit {
						t.Errorf("%s, who %s, is still connected after %s", at.name, s.name, held)
					}
				})
			}
		}
	}
	over := make(chan struct{})
	go func() { wg.Wait(); close(over) }()
	served := 0
	for waiting := true; waiting; {
		select {
		case <-over:
			waiting = false
		default:
		}
		if g := l.ask("a", served%2 == 0); g.status != 200 {
			t.Errorf("another request meanwhile: %d %s %v", g.status, g.body, g.err)
		}
		if g := l.get(l.s.metrics.url() + "/readyz"); g.status != 200 {
			t.Errorf("/readyz meanwhile: %d %v", g.status, g.err)
		}
		served++
		time.Sleep(10 * time.Millisecond)
	}
	if served < 10 {
		t.Errorf("only %d requests were made meanwhile", served)
	}
	eventually(t, "what the connections held comes back", func() bool { return weigh(l).within(before) })
}

// hold keeps a connection and says how long it lasted, most at most.
func (s sloth) hold(address string, most time.Duration) time.Duration {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return most
	}
	defer func() { _ = conn.Close() }()
	start := time.Now()
	closed := make(chan struct{})
	go func() { // reads, so that the end is seen
		defer close(closed)
		_ = conn.SetReadDeadline(start.Add(most))
		_, _ = io.Copy(io.Discard, conn)
	}()
	_, _ = io.WriteString(conn, s.first)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-closed:
			return time.Since(start)
		case <-tick.C:
			if s.again != "" {
				_, _ = io.WriteString(conn, s.again)
			}
		}
	}
}

// C6, of the listeners: more headers than anybody needs are refused, on each.
func TestC6HeadersOverTheLimit(t *testing.T) {
	a := model(t, "")
	l := newLive(t, twoModelsOf(a.URL(), a.URL()))
	var many, long strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&many, "X-%d: y\r\n", i)
	}
	fmt.Fprintf(&long, "X-Long: %s\r\n", strings.Repeat("y", 200_000))
	for _, at := range l.s.listeners() {
		for name, headers := range map[string]string{"10,000 headers": many.String(), "a long one": long.String()} {
			conn, err := net.Dial("tcp", at.net.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.SetDeadline(time.Now().Add(soon))
			_, _ = io.WriteString(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"+headers+"\r\n{}")
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("%s, %s: %v %v", at.name, name, res, err)
			}
			_ = conn.Close()
		}
	}
	if a.Count() != 0 {
		t.Errorf("the model was asked %d times", a.Count())
	}
}
