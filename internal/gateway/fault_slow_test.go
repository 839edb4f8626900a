package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/gateway"
)

// C5, of the body (headers and idle connections are the listener's: see
// cmd/weir): however slowly it comes and whoever sends it, a body is given up when
// its time is over, and everybody else is served meanwhile.
func TestC5DrippingBodiesAreClosed(t *testing.T) {
	const limit, each = 400 * time.Millisecond, 20
	r := newRig(t, setup{
		config: func(c *gateway.Config) { c.BodyTimeout = limit },
		keys:   []access.Key{{Name: "k", SHA256: access.Digest("good"), Scopes: access.All}},
	})
	if a := r.chat("r", true, "Authorization", "Bearer good"); a.status != 200 {
		t.Fatal("before anything:", a.status, a.body)
	}
	base := r.footprint()
	var wg sync.WaitGroup
	for _, d := range drips {
		for range each {
			wg.Go(func() { drip(r, d, limit) })
		}
	}
	for n := range 50 {
		if a := r.chat("r", n%2 == 0, "Authorization", "Bearer good"); a.status != 200 {
			t.Errorf("another request meanwhile: %d %s", a.status, a.body)
		}
	}
	wg.Wait()
	if n := r.up.Count(); n != 51 {
		t.Errorf("%d requests reached the upstream, want the 51 whole ones", n)
	}
	slow := 0
	for _, e := range r.events.all() {
		if e.Code == "body_timeout" {
			slow++
			if e.Outcome != event.Invalid || e.Status != http.StatusRequestTimeout {
				t.Errorf("outcome %v, status %d", e.Outcome, e.Status)
			}
		}
	}
	if slow != 2*each { // of those with a good key: the others are known before their body
		t.Errorf("%d bodies timed out, want %d", slow, 2*each)
	}
	r.returnsTo(base)
}

// drips are requests whose body comes a byte at a time.
var drips = []struct {
	name, start string
	status      int // that comes at once; 0: what comes when the time is over
}{
	{"a known length", "POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer good\r\nContent-Length: 100000\r\n", 0},
	{"chunked", "POST /v1/embeddings HTTP/1.1\r\nAuthorization: Bearer good\r\nTransfer-Encoding: chunked\r\n", 0},
	{"a bad key", "POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer bad\r\nContent-Length: 100000\r\n", 401},
	{"a bad key, chunked", "POST /v1/chat/completions HTTP/1.1\r\nAuthorization: Bearer bad\r\nTransfer-Encoding: chunked\r\n", 401},
	{"no such path", "POST /v2/chat HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", 404},
	{"a wrong method", "PUT /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", 405},
	{"a probe", "GET /healthz HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", 200},
	{"the list of models", "GET /v1/models HTTP/1.1\r\nAuthorization: Bearer good\r\nContent-Length: 100000\r\n", 200},
}

// drip sends until the connection is closed, and says what was wrong with how.
func drip(r *rig, d struct {
	name, start string
	status      int
}, limit time.Duration) {
	c := r.dial()
	defer c.leave(false)
	start := time.Now()
	c.write(d.start + "Host: " + r.host() + "\r\n\r\n")
	a, answered := dripUntilAnswer(c, strings.Contains(d.start, "chunked"))
	want := d.status
	if want == 0 {
		want = http.StatusRequestTimeout
	}
	if a.status != want {
		r.t.Errorf("%s: %d %s %v", d.name, a.status, a.body, a.err)
	}
	if took := answered.Sub(start); d.status/100 == 4 && took > limit {
		r.t.Errorf("%s: the answer waited %s for a body that is not wanted", d.name, took)
	}
	for time.Since(start) < 3*limit+time.Second { // after its last word net/http waits half a second
		if _, err := fmt.Fprint(c.conn, "1\r\n \r\n"); err != nil {
			return
		}
		time.Sleep(limit / 20)
	}
	r.t.Errorf("%s: the connection is still open", d.name)
}

// dripUntilAnswer sends a byte now and then until an answer has come.
func dripUntilAnswer(c *client, chunked bool) (answer, time.Time) {
	came := make(chan answer, 1)
	go func() { came <- c.answer() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case a := <-came:
			return a, time.Now()
		case <-tick.C:
			piece := " "
			if chunked {
				piece = "1\r\n \r\n"
			}
			_, _ = c.conn.Write([]byte(piece))
		}
	}
}
