//go:build unix

package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chaos"
)

// streams opens streams to a route and waits until each has begun. The channel
// gives how each of them ended.
func (p *process) streams(c *http.Client, route string, n int) <-chan got {
	p.t.Helper()
	ended := make(chan got, n)
	var begun sync.WaitGroup
	begun.Add(n)
	for range n {
		go func() {
			begin := sync.OnceFunc(begun.Done)
			defer begin()
			ended <- p.stream(c, route, begin)
		}()
	}
	begun.Wait()
	return ended
}

// stream reads one to its end, and calls begin when something has come.
func (p *process) stream(c *http.Client, route string, begin func()) got {
	req, err := http.NewRequest(http.MethodPost, p.data+"/v1/chat/completions", strings.NewReader(question(route, true)))
	if err != nil {
		return got{err: err}
	}
	res, err := c.Do(req)
	if err != nil {
		return got{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	in := bufio.NewReader(res.Body)
	first, err := in.ReadString('\n')
	begin()
	if err != nil {
		return got{err: err}
	}
	rest, err := io.ReadAll(in)
	return got{res.StatusCode, res.Header, first + string(rest), err}
}

// long makes models of which a's answers take about as long as said and b's have no end.
func long(t *testing.T, words string) (a, b *chaos.Upstream) {
	return model(t, words), model(t, "tokens=1000000;delay-between=50ms")
}

func draining(a, b *chaos.Upstream, drain string) string {
	return strings.Replace(twoModelsOf(a.URL(), b.URL()), listenFree(""), listenFree(", drain: "+drain), 1)
}

// many is a client with room for many streams.
func many() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512}, Timeout: 2 * time.Minute}
}

// R3: asked to stop with 200 streams under way, Weir is not ready and takes no
// more; streams that can finish do, and when the time is over the rest end with
// an error in their own stream.
func TestR3DrainsAtSIGTERM(t *testing.T) {
	const each = 100
	a, b := long(t, "tokens=40;delay-between=50ms") // 2 s
	p := launch(t, draining(a, b, "5s"))
	c := many()
	short, endless := p.streams(c, "a", each), p.streams(c, "b", each)
	idle, err := net.Dial("tcp", strings.TrimPrefix(p.data, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = idle.Close() }()
	start := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is not ready", func() bool { return status(p.telemetry+"/readyz") == http.StatusServiceUnavailable })
	eventually(t, "no connections are taken", func() bool {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(p.data, "http://"), time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	if s := status(p.telemetry + "/healthz"); s != 200 {
		t.Errorf("/healthz: %d", s)
	}
	if s := status(p.admin + "/api/v1/status"); s != 200 {
		t.Errorf("the admin listener is closed before the streams have ended: %d", s)
	}
	for range each {
		if g := <-short; g.err != nil || !g.done() || g.code() != "" {
			t.Errorf("a stream that could finish: %v, done %v, code %q", g.err, g.done(), g.code())
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Logf("the streams that could finish took %s: this machine is very busy", took)
	}
	for range each {
		if g := <-endless; g.err != nil || g.done() || g.code() != "shutting_down" {
			t.Errorf("a stream that could not: %v, done %v, code %q, %q", g.err, g.done(), g.code(), g.body[max(0, len(g.body)-200):])
		}
	}
	if took := time.Since(start); took < 5*time.Second || took > 15*time.Second {
		t.Errorf("the rest ended after %s, want 5 s", took)
	}
	if code := p.ends(15 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if n, m := a.Count(), b.Count(); n != each || m != each {
		t.Errorf("the models were asked %d and %d times", n, m)
	}
}

// R3: a second signal ends at once, whatever the time to drain, and the streams
// still learn why. A request that has no answer yet gets one.
func TestR3SecondSignalIsNow(t *testing.T) {
	for _, signals := range [][2]syscall.Signal{{syscall.SIGTERM, syscall.SIGTERM}, {syscall.SIGINT, syscall.SIGTERM}} {
		a, b := long(t, "silent")
		p := launch(t, draining(a, b, "5m"))
		c := many()
		endless := p.streams(c, "b", 50)
		waiting := make(chan got, 1)
		go func() { waiting <- ask(c, p.data, "a", false) }()
		if err := a.WaitCount(1, soon); err != nil {
			t.Fatal(err)
		}
		_ = p.cmd.Process.Signal(signals[0])
		eventually(t, "it is not ready", func() bool { return status(p.telemetry+"/readyz") == http.StatusServiceUnavailable })
		time.Sleep(300 * time.Millisecond)
		select {
		case <-p.done:
			t.Fatal("the first signal ended it")
		case g := <-endless:
			t.Fatalf("the first signal ended a stream: %v %q", g.err, g.code())
		default:
		}
		start := time.Now()
		_ = p.cmd.Process.Signal(signals[1])
		for range 50 {
			if g := <-endless; g.err != nil || g.done() || g.code() != "shutting_down" {
				t.Errorf("a stream: %v, done %v, code %q", g.err, g.done(), g.code())
			}
		}
		if g := <-waiting; g.status != http.StatusServiceUnavailable || g.code() != "shutting_down" {
			t.Errorf("the request that waited: %d %s %v", g.status, g.body, g.err)
		}
		if code := p.ends(soon); code != 0 {
			t.Errorf("exit code %d", code)
		}
		if took := time.Since(start); took > 9*time.Second { // three times the grace for last words, and the exit
			t.Errorf("ended %s after the second signal", took)
		}
	}
}

// R1, as far as there is state: killed in the middle of everything, Weir starts
// again at once on the same addresses and serves.
func TestKilledInTheMiddleStartsAgain(t *testing.T) {
	a, b := long(t, "tokens=5")
	p := launch(t, draining(a, b, "5m"))
	c := many()
	cut := p.streams(c, "b", 20)
	at := []string{"--data", strings.TrimPrefix(p.data, "http://"), "--admin", strings.TrimPrefix(p.admin, "http://"), "--telemetry", strings.TrimPrefix(p.telemetry, "http://")}
	for round := range 3 {
		_ = p.cmd.Process.Kill()
		<-p.done
		for range 20 {
			if g := <-cut; g.done() || g.err == nil {
				t.Errorf("round %d: a stream of a killed Weir ended well: %v", round, g.err)
			}
		}
		for _, q := range b.Requests() {
			if _, err := b.WaitClosed(q.ID, soon); err != nil {
				t.Fatalf("round %d: the model still answers a killed Weir: %v", round, err)
			}
		}
		p = relaunch(t, p.file, at...)
		if g := ask(c, p.data, "a", true); g.status != 200 || !g.done() {
			t.Errorf("round %d: %d %s %v", round, g.status, g.body, g.err)
		}
		cut = p.streams(c, "b", 20)
	}
}
