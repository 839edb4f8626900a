package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/telemetry"
	"github.com/weirhq/weir/internal/upstream"
)

// leaveWithin is three times the promise of 250 ms: so soon the upstream sees
// that the client left.
const leaveWithin = 750 * time.Millisecond

// journeys are requests for the paths of the inventory. A path that has none
// here fails the tests that walk it: no path is added without being thought of.
var journeys = map[string]struct {
	body    func(route string, stream bool, more ...string) string
	streams bool
}{
	"/v1/chat/completions": {chatBody, true},
	"/v1/embeddings": {func(route string, _ bool, more ...string) string {
		return `{"model":"` + route + `","input":["one","two"]` + strings.Join(append([]string{""}, more...), ",") + `}`
	}, false},
}

// eachPath runs a test for every path of the inventory.
func eachPath(t *testing.T, test func(t *testing.T, path string)) {
	for _, path := range gateway.Paths() {
		if journeys[path].body == nil {
			t.Fatalf("%s is in the inventory, and journeys has no request for it", path)
		}
		t.Run(strings.TrimPrefix(path, "/v1/"), func(t *testing.T) { test(t, path) })
	}
}

// leaving is a moment at which a client leaves.
type leaving struct {
	name, script string
	stream       bool
	read         bool // something of the answer has been read before
}

var leavings = []leaving{
	{"before the header", "silent", false, false},
	{"in the middle of a whole answer", "stall-at-byte=20", false, false},
	{"before the header of a stream", "silent", true, false},
	{"before the first token", "stall-after=0", true, false},
	{"while pings go by", "stall-after=0;pings=10ms", true, false},
	{"in mid-stream", "stall-after=5", true, true},
	{"in a stream that goes on", "tokens=10000;delay-between=5ms", true, true},
}

// C1: the client leaves, at any moment and on every path. The upstream is left at
// once, the exchange is cancelled and no error, and nothing of it stays.
func TestC1ClientLeaves(t *testing.T) {
	eachPath(t, func(t *testing.T, path string) {
		for _, l := range leavings {
			if l.stream && !journeys[path].streams {
				continue
			}
			t.Run(strings.ReplaceAll(l.name, " ", "-"), func(t *testing.T) { leaves(t, path, l) })
		}
	})
}

func leaves(t *testing.T, path string, l leaving) {
	r := newRig(t, setup{route: retries(1, "b")})
	if a := r.post(path, journeys[path].body("r", false)); a.status != 200 {
		t.Fatal("before anything:", a.status, a.body)
	}
	r.up.SetScript(chaos.MustParse(l.script))
	base := r.footprint()
	const times = 10
	for n := 2; n < 2+times; n++ {
		c := r.dial()
		c.request(path, journeys[path].body("r", l.stream))
		if err := r.up.WaitCount(n, 5*time.Second); err != nil {
			t.Fatal(err)
		}
		if l.read {
			c.readUntil("data:")
		}
		left := c.leave(n%2 == 0)
		q, err := r.up.WaitClosed(n, leaveWithin)
		if err != nil {
			t.Fatalf("%v (%s of an answer of %d bytes)", err, time.Since(left), q.Bytes)
		}
	}
	for i, e := range r.events.wait(t, 1+times)[1:] {
		if e.Outcome != event.Cancelled || e.Status != 499 || len(e.Attempts) != 1 || e.Path != path {
			t.Fatalf("event %d: %+v", i, e)
		}
	}
	if n := r.sum("llm_requests_total", "error"); n != 0 {
		t.Errorf("llm_requests_total counts %v errors", n)
	}
	if n := r.sum("weir_requests_total", "cancelled"); n != times {
		t.Errorf("weir_requests_total counts %v cancelled requests, want %d", n, times)
	}
	if n := r.snap.Pools["a"].Endpoints[0].Failures(); n != 0 {
		t.Errorf("the endpoint is blamed for %d failures", n)
	}
	if n := r.second.Count(); n != 0 {
		t.Errorf("another model was asked %d times for clients who had left", n)
	}
	r.returnsTo(base)
}

// C1, between two attempts: the wait before the next one ends with the client,
// and what it waited for is not asked.
func TestC1ClientLeavesBetweenAttempts(t *testing.T) {
	eachPath(t, func(t *testing.T, path string) {
		r := newRig(t, setup{route: retries(100)})
		r.up.SetScript(chaos.MustParse("status=503"))
		c := r.dial()
		c.request(path, journeys[path].body("r", false))
		if _, err := r.up.WaitEnded(3, 5*time.Second); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // into the pause, which is 25 ms or more
		c.leave(false)
		e := r.last(1)
		asked := r.up.Count()
		if e.Outcome != event.Cancelled || e.Status != 499 || len(e.Attempts) < 3 {
			t.Errorf("%+v", e)
		}
		time.Sleep(300 * time.Millisecond) // four times the longest pause
		if n := r.up.Count(); n != asked {
			t.Errorf("%d more requests on the wire after the client had left", n-asked)
		}
	})
}

// C1, while the vendor's id of the model is being asked for.
func TestC1ClientLeavesBeforeTheModelIsKnown(t *testing.T) {
	r := newRig(t, setup{models: func(a, _ *upstream.Model) { a.ID = "" }})
	r.up.ForPath("/models", chaos.MustParse("silent"))
	c := r.dial()
	c.request(chatPath, chatBody("r", true))
	if err := r.up.WaitCount(1, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	c.leave(false)
	if _, err := r.up.WaitClosed(1, leaveWithin); err != nil {
		t.Error(err)
	}
	if e := r.last(1); e.Outcome != event.Cancelled || e.Status != 499 {
		t.Errorf("%+v", e)
	}
}

// C1, in the middle of the body: nobody is asked.
func TestC1ClientLeavesWithinItsBody(t *testing.T) {
	eachPath(t, func(t *testing.T, path string) {
		r := newRig(t, setup{})
		c := r.dial()
		c.write("POST " + path + " HTTP/1.1\r\nHost: " + r.host() + "\r\nContent-Length: 1000\r\n\r\n" + `{"model":"r",`)
		time.Sleep(20 * time.Millisecond)
		c.leave(false)
		if e := r.last(1); e.Outcome != event.Cancelled || e.Status != 499 {
			t.Errorf("%+v", e)
		}
		if n := r.up.Count(); n != 0 {
			t.Errorf("the upstream was asked %d times", n)
		}
	})
}

// A client that does not take its answer is left when the answer's time, and the
// grace for slow readers, is over; until then it only holds back its own model.
func TestClientThatDoesNotReadIsLeft(t *testing.T) {
	r := newRig(t, setup{
		config: func(c *gateway.Config) { c.WriteGrace = 200 * time.Millisecond },
		models: clocks(upstream.Clocks{Total: 300 * time.Millisecond}),
		route:  func(r *experiment.Route) { r.Retries = 0 },
	})
	r.up.SetScript(chaos.Script{Raw: wide(400)})
	c := r.dial()
	c.request(chatPath, chatBody("r", true))
	start := time.Now()
	e := r.last(1)
	if e.Outcome != event.Cancelled || e.Code != "client_too_slow" {
		t.Fatalf("outcome %v, code %q after %d frames", e.Outcome, e.Code, e.Frames)
	}
	for time.Since(start) < 3*500*time.Millisecond && r.gw.InFlight() > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if n := r.gw.InFlight(); n != 0 {
		t.Errorf("%d exchanges still wait for a reader after %s", n, time.Since(start))
	}
}

// A body that came, but not in the chunks that were promised, is the client's
// mistake: it did not leave.
func TestMalformedChunksAreInvalid(t *testing.T) {
	r := newRig(t, setup{})
	for n, body := range []string{"zz\r\n{}\r\n", "2\r\n{}xx\r\n0\r\n\r\n", "-1\r\n{}\r\n"} {
		c := r.dial()
		c.write("POST " + chatPath + " HTTP/1.1\r\nHost: " + r.host() + "\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
		a := c.answer()
		if e := r.last(n + 1); a.status != 400 || a.code() != "invalid_chunking" || e.Outcome != event.Invalid {
			t.Errorf("%q: %d %s, outcome %v", body, a.status, a.body, e.Outcome)
		}
	}
}

// What is pooled between requests does not keep their bodies from being freed.
func TestLargeBodiesAreFreed(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // one pool
	r := newRig(t, setup{})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	const size = 24 << 20
	r.chat("r", false)
	before := heap()
	var more strings.Builder
	for i := range 60 { // more members than the small ones have
		fmt.Fprintf(&more, `,"k%d":1`, i)
	}
	if a := r.post(chatPath, `{"model":"nope","pad":"`+strings.Repeat("x", size)+`"`+more.String()+`,"messages":[{}]}`); a.status != 404 {
		t.Fatal(a.status, a.body)
	}
	for range 10 {
		r.chat("r", false)
		r.client.CloseIdleConnections()
	}
	if now := heap(); now > before+size/2 {
		t.Errorf("%d MiB after the large request, %d before", now>>20, before>>20)
	}
}

// wide is a stream of so many events that it fits into no buffers on the way.
func wide(events int) []byte {
	return pieces(strings.Repeat("x", events<<16), 1<<16)
}

// A reader that pauses holds its model up, and the model's idle clock stands still
// meanwhile.
func TestPausingReaderIsNotTheModelsSilence(t *testing.T) {
	const idle = 200 * time.Millisecond
	r := newRig(t, setup{models: clocks(upstream.Clocks{Idle: idle})})
	r.up.SetScript(chaos.Script{Raw: wide(400)})
	c := r.dial()
	c.request(chatPath, chatBody("r", true))
	time.Sleep(4 * idle)
	if n := r.events.count(); n != 0 {
		t.Fatalf("ended while its client paused: %+v", r.last(1))
	}
	if a := c.answer(); !a.done() || a.err != nil {
		t.Errorf("%d bytes, %v", len(a.body), a.err)
	}
	if e := r.last(1); e.Outcome != event.OK {
		t.Errorf("outcome %v, clock %q", e.Outcome, e.Clock)
	}
}

// After a pause of the reader the idle clock goes on: a model that stalls then is
// found out.
func TestIdleClockGoesOnAfterAPause(t *testing.T) {
	const idle = 200 * time.Millisecond
	r := newRig(t, setup{models: clocks(upstream.Clocks{Idle: idle})})
	script := chaos.Script{Raw: wide(400)}
	script.Stall.At = chaos.Point{Of: chaos.Frames, N: 399}
	r.up.SetScript(script)
	c := r.dial()
	c.request(chatPath, chatBody("r", true))
	time.Sleep(4 * idle)
	if a := c.answer(); a.code() != "timeout_idle" {
		t.Errorf("code %q, %v", a.code(), a.err)
	}
	if e := r.last(1); e.Outcome != event.Timeout || e.Clock != "idle" {
		t.Errorf("outcome %v, clock %q", e.Outcome, e.Clock)
	}
}

// A reader that stops is left long before the exchange's own time is over.
func TestReaderThatStopsIsLeft(t *testing.T) {
	r := newRig(t, setup{config: func(c *gateway.Config) { c.WriteGrace = 300 * time.Millisecond }})
	r.up.SetScript(chaos.Script{Raw: wide(400)})
	r.dial().request(chatPath, chatBody("r", true))
	if e := r.last(1); e.Outcome != event.Cancelled || e.Code != "client_too_slow" || e.Clock != "" || e.Total > 5*time.Second {
		t.Errorf("outcome %v, code %q, clock %q after %s", e.Outcome, e.Code, e.Clock, e.Total)
	}
	if n := r.snap.Pools["a"].Endpoints[0].Failures(); n != 0 {
		t.Errorf("the endpoint is blamed for %d failures", n)
	}
}

// A total that runs out while the client is waited for is not held against the
// model: how slow the rest of it would have been nobody knows.
func TestTotalOfAPausingReaderIsItsOwn(t *testing.T) {
	const total = 300 * time.Millisecond
	r := newRig(t, setup{models: clocks(upstream.Clocks{Total: total})})
	r.up.SetScript(chaos.Script{Raw: wide(400)})
	c := r.dial()
	c.request(chatPath, chatBody("r", true))
	time.Sleep(2 * total)
	if a := c.answer(); a.code() != "client_too_slow" || a.done() {
		t.Errorf("code %q, %v", a.code(), a.err)
	}
	if e := r.last(1); e.Outcome != event.Cancelled || e.Clock != "total" {
		t.Errorf("outcome %v, clock %q", e.Outcome, e.Clock)
	}
}

// client is a connection to the gateway without a library on it.
type client struct {
	t    *testing.T
	conn *net.TCPConn
	in   *bufio.Reader
	host string
}

func (r *rig) host() string { return strings.TrimPrefix(r.url, "http://") }

func (r *rig) dial() *client {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.host())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return &client{r.t, conn.(*net.TCPConn), bufio.NewReader(conn), r.host()}
}

func (c *client) write(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatal(err)
	}
}

// request sends a POST; headers are whole lines.
func (c *client) request(path, body string, headers ...string) {
	c.t.Helper()
	c.write(fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s",
		path, c.host, len(body), strings.Join(append(headers, ""), "\r\n"), body))
}

// answer reads one answer to its end.
func (c *client) answer() answer {
	c.t.Helper()
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return answer{err: err, header: http.Header{}}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(b), err}
}

// readUntil reads until a line begins so.
func (c *client) readUntil(start string) {
	c.t.Helper()
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			c.t.Fatalf("read until %q: %v", start, err)
		}
		if strings.HasPrefix(line, start) {
			return
		}
	}
}

// leave closes the connection, or resets it, and says when.
func (c *client) leave(reset bool) time.Time {
	if reset {
		_ = c.conn.SetLinger(0)
	}
	now := time.Now()
	_ = c.conn.Close()
	return now
}

// footprint is what a process holds.
type footprint struct{ goroutines, descriptors int }

// footprint is what is held when nothing is under way.
func (r *rig) footprint() footprint {
	r.client.CloseIdleConnections()
	least := footprint{1 << 30, 1 << 30}
	for range 20 { // connections that were just closed are still being let go of
		now := held()
		least = footprint{min(least.goroutines, now.goroutines), min(least.descriptors, now.descriptors)}
		time.Sleep(5 * time.Millisecond)
	}
	return least
}

// returnsTo waits until no more is held than before.
func (r *rig) returnsTo(base footprint) {
	r.t.Helper()
	r.client.CloseIdleConnections()
	now := held()
	for deadline := time.Now().Add(5 * time.Second); now.goroutines > base.goroutines || now.descriptors > base.descriptors; now = held() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			r.t.Fatalf("held %+v, before it was %+v\n%s", now, base, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// held counts goroutines, and descriptors where the system tells.
func held() footprint {
	files, _ := os.ReadDir("/dev/fd")
	return footprint{runtime.NumGoroutine(), len(files)}
}

// sum adds up the series of a family that carry a label value.
func (r *rig) sum(family, value string) float64 {
	total := 0.0
	r.reg.Gather(func(f telemetry.Family) {
		if f.Name != family {
			return
		}
		for _, s := range f.Samples {
			for _, v := range s.Values {
				if v == value {
					total += s.Value
				}
			}
		}
	})
	return total
}

// has reports whether a family has a series with that value of a label.
func (r *rig) has(family, value string) (found bool) {
	r.reg.Gather(func(f telemetry.Family) {
		for _, s := range f.Samples {
			found = found || f.Name == family && slices.Contains(s.Values, value)
		}
	})
	return found
}
