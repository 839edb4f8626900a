package main

import (
	"net"
	"net/http"
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
// with a new connection is never refused, who keeps one is told to come anew, and
// streams end where they began.
func TestR3TakeoverRefusesNobody(t *testing.T) {
	a, b := long(t, "tokens=3")
	flags := []string{"--reuse-port", "--data", freeAddress(t), "--admin", freeAddress(t), "--telemetry", freeAddress(t)}
	p := launch(t, draining(a, b, "1m"), flags...)
	data := p.data
	var asked, wrong atomic.Int64
	over := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			c := &http.Client{Transport: &http.Transport{DisableKeepAlives: i < 3}, Timeout: soon}
			for {
				select {
				case <-over:
					return
				default:
				}
				asked.Add(1)
				if g := ask(c, data, "a", asked.Load()%2 == 0); g.err != nil || g.status != 200 {
					wrong.Add(1)
					t.Errorf("request %d: %d %v", asked.Load(), g.status, g.err)
				}
			}
		})
	}
	b.SetScript(chaos.MustParse("tokens=30;delay-between=30ms"))
	for i := range 6 {
		streams := p.streams(many(), "b", 5)
		next := relaunch(t, p.file, flags...)
		if next.data != data {
			t.Fatalf("the second process listens on %s, not on %s", next.data, data)
		}
		leaves, stays := p, next
		if i%2 == 1 { // the newcomer was a mistake and is taken back
			leaves, stays = next, p
		}
		_ = leaves.cmd.Process.Signal(syscall.SIGTERM)
		for range 5 {
			if g := <-streams; g.err != nil || !g.done() {
				t.Errorf("a stream over the takeover: %v, done %v, code %q", g.err, g.done(), g.code())
			}
		}
		if code := leaves.ends(soon); code != 0 {
			t.Errorf("exit code %d", code)
		}
		p = stays
	}
	close(over)
	wg.Wait()
	if n := asked.Load(); n < 100 {
		t.Errorf("only %d requests were made", n)
	}
	if wrong.Load() > 0 {
		t.Logf("%d of %d requests went wrong in 6 takeovers", wrong.Load(), asked.Load())
	}
}

// The second process to join an address gets all connections once the first says
// so; a third that joins shares them again.
func TestSteering(t *testing.T) {
	address, taken := "127.0.0.1:0", make([]atomic.Int64, 3)
	var all []net.Listener
	join := func() {
		ln, err := listenTCP(address, true)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ln.Close() })
		i := len(all)
		all, address = append(all, ln), ln.Addr().String()
		go func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				taken[i].Add(1)
				_ = conn.Close()
			}
		}()
	}
	knock := func(n int) (got [3]int64) {
		for i := range taken {
			got[i] = -taken[i].Load()
		}
		for range n {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = conn.Read(make([]byte, 1)) // until it was taken, and closed
			_ = conn.Close()
		}
		for i := range taken {
			got[i] += taken[i].Load()
		}
		return got
	}
	join()
	join()
	if got := knock(64); got[0] == 0 || got[1] == 0 {
		t.Errorf("two share as %v", got)
	}
	steerAway(all[0], 1)
	if got := knock(64); got[0] != 0 || got[1] != 64 {
		t.Errorf("after the first stepped back they share as %v", got)
	}
	join()
	if got := knock(64); got[0] == 0 || got[1] == 0 || got[2] == 0 {
		t.Errorf("three share as %v", got)
	}
}
