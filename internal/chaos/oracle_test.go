package chaos

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestCloseOfThePeerIsNoticedAtOnce(t *testing.T) {
	// A gateway has 250 ms to pass a close on; the oracle promises 50 ms, for it must be
	// far finer than what it judges. Three times that, for a busy machine.
	const fine = 3 * 50 * time.Millisecond
	for _, tt := range []struct{ script, body string }{
		{"silent", plainBody},
		{"ttft=1h", streamBody},
		{"stall-at-byte=0", streamBody},
		{"stall-at-byte=10", plainBody},
		{"stall-after=3", streamBody},
		{"stall-after=3;pings=1h", streamBody},
		{"delay-between=1h", streamBody},
		{"slice=1;slice-delay=1h", streamBody},
		{"tokens=1000000;delay-between=1ms", streamBody},
	} {
		u := start(t, tt.script)
		ctx, cancel := context.WithCancel(t.Context())
		gone := holdOpen(ctx, t, u.URL(), tt.body)
		if err := u.WaitCount(1, soon); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond) // into the silence
		left := time.Now()
		cancel()
		got, err := u.WaitClosed(1, soon)
		if err != nil {
			t.Fatalf("%s: %v", tt.script, err)
		}
		if late := got.ClosedAt.Sub(left); late < 0 || late > fine {
			t.Errorf("%s: noticed after %v", tt.script, late)
		}
		if got := finished(t, u, 1); got.Ended != EndPeerLeft {
			t.Errorf("%s: ended %q", tt.script, got.Ended)
		}
		<-gone
		u.Close()
	}
}

func TestLeavingInTheMiddleOfTheBodyIsRecorded(t *testing.T) {
	u := start(t, "")
	nc := rawPost(t, u.Addr(), plainBody)
	half := rawRequest(plainBody)
	nc.Write(half[:len(half)-5])
	if err := u.WaitCount(2, soon); err != nil {
		t.Fatal(err)
	}
	nc.Close()
	if got := finished(t, u, 2); got.Ended != EndPeerLeft || got.Bytes != 0 || got.Method != "POST" {
		t.Errorf("recorded %+v", got)
	}
}

func TestRequestIsRecordedWhole(t *testing.T) {
	u := start(t, "tokens=2")
	before := time.Now()
	send(t, client(t), u.URL()+"/v1/chat/completions?a=b", plainBody, http.Header{"X-Seen": {"1", "2"}, "Authorization": {"Bearer k"}})
	got := finished(t, u, 1)
	if got.Method != "POST" || got.Path != "/v1/chat/completions?a=b" || got.Host != u.Addr() || string(got.Body) != plainBody || got.Model != "m-1" {
		t.Errorf("recorded %+v", got)
	}
	if strings.Join(got.Header["X-Seen"], ",") != "1,2" || got.Header.Get("Authorization") != "Bearer k" {
		t.Errorf("headers %v", got.Header)
	}
	times := []time.Time{before, got.Received, got.FirstByte, got.LastByte, got.EndedAt, time.Now()}
	for i := range times[1:] {
		if times[i+1].Before(times[i]) {
			t.Errorf("times out of order: %v", times)
		}
	}
	if !got.ClosedAt.IsZero() || got.Script != "tokens=2" {
		t.Errorf("recorded %+v", got)
	}
}

func TestBytesAreCountedOnTheWire(t *testing.T) {
	u := start(t, "until-close;tokens=2")
	nc := rawPost(t, u.Addr(), streamBody)
	all, err := io.ReadAll(nc)
	if got := finished(t, u, 1); err != nil || got.Bytes != len(all) {
		t.Errorf("%d bytes recorded, %d read, %v", got.Bytes, len(all), err)
	}
}

func TestBackPressureShowsInTheRecord(t *testing.T) {
	u := start(t, "big-event=64MiB")
	nc := rawPost(t, u.Addr(), streamBody)
	if err := u.WaitCount(1, soon); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if got := u.Requests()[0]; got.Bytes == 0 || got.Bytes > 32<<20 || got.Ended != "" {
		t.Errorf("nobody reads, and recorded is %d bytes, ended %q", got.Bytes, got.Ended)
	}
	nc.Close()
	if got := finished(t, u, 1); got.Ended != EndPeerLeft {
		t.Errorf("ended %q", got.Ended)
	}
}

func TestWaits(t *testing.T) {
	u := start(t, "cut-at-byte=3")
	if err := u.WaitCount(1, time.Millisecond); err == nil || err.Error() != "wait for 1 requests: not within 1ms" {
		t.Errorf("WaitCount: %v", err)
	}
	if _, err := u.WaitEnded(1, time.Millisecond); err == nil || !strings.Contains(err.Error(), "not within 1ms") {
		t.Errorf("WaitEnded: %v", err)
	}
	nc := rawPost(t, u.Addr(), streamBody)
	if got := finished(t, u, 1); got.Ended != EndCut {
		t.Errorf("ended %q", got.Ended)
	}
	// The peer does not close, so the upstream does, after a while.
	if _, err := u.WaitClosed(1, soon); err == nil || !strings.Contains(err.Error(), "the upstream closed it first (cut)") {
		t.Errorf("WaitClosed: %v", err)
	}
	nc.Close()
	// A peer that closes in reply is seen to.
	nc = rawPost(t, u.Addr(), streamBody)
	io.ReadAll(nc)
	nc.Close()
	if got, err := u.WaitClosed(2, soon); err != nil || got.Ended != EndCut {
		t.Errorf("WaitClosed: %+v, %v", got, err)
	}
}

func TestKeepForgetsTheOldest(t *testing.T) {
	u, err := NewUpstream(UpstreamConfig{Keep: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	c := client(t)
	for range 10 {
		send(t, c, u.URL()+"/chat/completions", plainBody, nil)
	}
	list := u.Requests()
	if u.Count() != 10 || len(list) != 3 || list[0].ID != 8 || list[2].ID != 10 {
		t.Errorf("%d in all, kept %d", u.Count(), len(list))
	}
	if _, err := u.WaitEnded(7, soon); err == nil || !strings.Contains(err.Error(), "no longer kept (the oldest is 8)") {
		t.Errorf("a forgotten request: %v", err)
	}
	if got, err := u.WaitEnded(8, soon); err != nil || got.ID != 8 {
		t.Errorf("a kept request: %+v, %v", got, err)
	}
}

func TestManyAtOnce(t *testing.T) {
	u := start(t, "tokens=5")
	c := client(t)
	const n = 64
	for range n / 2 {
		u.Enqueue(Script{Status: 503})
	}
	var mu sync.Mutex
	statuses := map[int]int{}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			res := send(t, c, u.URL()+"/v1/chat/completions", streamBody, nil)
			u.Requests()
			mu.Lock()
			defer mu.Unlock()
			statuses[res.StatusCode]++
		})
	}
	wg.Wait()
	if statuses[503] != n/2 || statuses[200] != n/2 || u.Count() != n {
		t.Errorf("statuses %v of %d", statuses, u.Count())
	}
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	u := start(t, "")
	p, err := NewProxy(u.Addr())
	if err != nil {
		t.Fatal(err)
	}
	var pending []<-chan error
	for i, script := range []string{"silent", "ttft=1h", "stall-after=2", "big-event=64MiB", "delay-between=1h", "stall-after=1;pings=1ms"} {
		u.Enqueue(MustParse(script))
		pending = append(pending, holdOpen(t.Context(), t, []string{u.URL(), p.URL()}[i%2], streamBody))
		if err := u.WaitCount(i+1, soon); err != nil {
			t.Fatal(err)
		}
	}
	rawPost(t, u.Addr(), streamBody) // done, and kept alive
	finished(t, u, 7)
	p.Set(Toxic{Blackhole: true})
	rawPost(t, p.Addr(), streamBody)
	p.Close()
	u.Close()
	if left := ours(); left != "" {
		t.Errorf("goroutines left after Close:\n%s", left)
	}
	for _, done := range pending {
		if err := <-done; err == nil {
			t.Error("a client got a whole answer")
		}
	}
	if _, open := u.Connections(); open != 0 {
		t.Errorf("%d connections are open", open)
	}
	for _, r := range u.Requests() {
		if r.Ended != EndShutdown && r.Ended != EndDone && r.Ended != EndPeerLeft {
			t.Errorf("request %d (%s) ended %q", r.ID, r.Script, r.Ended)
		}
	}
	if err := errors.Join(u.Close(), p.Close()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
}

// ours lists the goroutines that run code of the upstream or the proxy.
func ours() string {
	buf := make([]byte, 1<<20)
	var left []string
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		for _, of := range []string{"conn", "inlet", "splice", "Upstream", "Proxy"} {
			if strings.Contains(g, "chaos.(*"+of+")") {
				left = append(left, g)
				break
			}
		}
	}
	return strings.Join(left, "\n\n")
}
