package main

import (
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/weirhq/weir/internal/chaos"
)

// freeAddress is one that nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// R3: with --reuse-port a second process takes over from the first. Whoever comes
// with a new connection is never refused, and streams end where they began.
func TestR3TakeoverRefusesNobody(t *testing.T) {
	a, b := long(t, "tokens=3")
	flags := []string{"--reuse-port", "--data", freeAddress(t), "--admin", freeAddress(t), "--telemetry", freeAddress(t)}
	p := launch(t, draining(a, b, "1m"), flags...)
	var asked, wrong atomic.Int64
	over := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: soon}
			for {
				select {
				case <-over:
					return
				default:
				}
				asked.Add(1)
				if g := ask(c, p.data, "a", asked.Load()%2 == 0); g.err != nil || g.status != 200 {
					wrong.Add(1)
					t.Errorf("request %d: %d %v", asked.Load(), g.status, g.err)
				}
			}
		})
	}
	b.SetScript(chaos.MustParse("tokens=30;delay-between=30ms"))
	data := p.data
	for range 6 {
		streams := p.streams(many(), "b", 5)
		next := relaunch(t, p.file, flags...)
		if next.data != data {
			t.Fatalf("the second process listens on %s, not on %s", next.data, data)
		}
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		for range 5 {
			if g := <-streams; g.err != nil || !g.done() {
				t.Errorf("a stream over the takeover: %v, done %v, code %q", g.err, g.done(), g.code())
			}
		}
		if code := p.ends(soon); code != 0 {
			t.Errorf("exit code %d", code)
		}
		p = next
	}
	close(over)
	wg.Wait()
	if n := asked.Load(); n < 100 {
		t.Errorf("only %d requests were made", n)
	}
	t.Logf("%d of %d requests went wrong in 6 takeovers", wrong.Load(), asked.Load())
	if strings.Contains(p.out.String(), "panic") {
		t.Error(p.out)
	}
}
