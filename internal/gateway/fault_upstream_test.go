package gateway_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/upstream"
)

// retries sets how often a route tries again, and what it falls back to.
func retries(n int, fallback ...string) func(*experiment.Route) {
	return func(r *experiment.Route) { r.Retries, r.Fallback = n, fallback }
}

// U1: refused, reset, no such name, TLS error. The next target is asked at once;
// without one the error is typed and says nothing of the inside.
func TestU1UnreachableUpstreamFallsBack(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := "http://" + closed.Addr().String() + "/v1"
	_ = closed.Close()
	plain := newUpstream(t)
	for name, endpoint := range map[string]string{
		"refused": dead, "no such name": "http://no-such-host.invalid/v1", "TLS to a plain server": "https://" + plain.Addr() + "/v1",
	} {
		t.Run(name, func(t *testing.T) {
			broken := func(a, _ *upstream.Model) { a.Endpoints = []string{endpoint} }
			r := newRig(t, setup{models: broken, route: retries(1, "b")})
			a := r.chat("r", true)
			if a.status != 200 || a.text(t) == "" || !a.done() {
				t.Fatalf("with a fallback: %d %s", a.status, a.body)
			}
			if e := r.last(1); e.Outcome != event.OK || !e.Fallback || e.Model != "b" || len(e.Attempts) != 2 || e.Attempts[0].Result != "connect" {
				t.Errorf("event %+v", e)
			}
			r = newRig(t, setup{models: broken, route: retries(1)})
			a = r.chat("r", true)
			if a.status != http.StatusBadGateway || a.code() != "upstream_connect" || strings.Contains(a.body, "127.0.0.1") || strings.Contains(a.body, "invalid/") {
				t.Errorf("without one: %d %s", a.status, a.body)
			}
			if e := r.last(1); e.Outcome != event.UpstreamError || len(e.Attempts) != 2 {
				t.Errorf("event %+v", e)
			}
		})
	}
}

// U1, reset after the connection stood: before anything, and inside the header.
func TestU1ResetIsTriedOnceMore(t *testing.T) {
	for _, script := range []string{"rst", "rst-at-wire-byte=20", "cut-at-wire-byte=20", "refuse"} {
		r := newRig(t, setup{})
		r.up.Enqueue(chaos.MustParse(script))
		if a := r.chat("r", false); a.status != 200 {
			t.Errorf("%s: %d %s", script, a.status, a.body)
		}
		if e := r.last(1); len(e.Attempts) != 2 || e.Attempts[1].Result != "ok" {
			t.Errorf("%s: attempts %+v", script, e.Attempts)
		}
	}
}

// clocks sets the clocks of model a.
func clocks(c upstream.Clocks) func(a, b *upstream.Model) {
	return func(a, _ *upstream.Model) { a.Clocks = c }
}

// U4: connected, then silent. The first-token clock ends it, and another target
// may be asked since nothing was relayed. The time allowed is three times the promise.
func TestU4SilenceEndsAtTheFirstTokenClock(t *testing.T) {
	const limit = 200 * time.Millisecond
	for _, script := range []string{"silent", "stall-after=0", "stall-after=1", "stall-after=0;pings=20ms"} {
		r := newRig(t, setup{models: clocks(upstream.Clocks{FirstToken: limit}), route: retries(1, "b")})
		r.up.SetScript(chaos.MustParse(script))
		start := time.Now()
		a := r.chat("r", true)
		if took := time.Since(start); took < limit || took > 3*limit {
			t.Errorf("%s: took %s", script, took)
		}
		if a.status != 200 || a.text(t) == "" || !a.done() {
			t.Errorf("%s: %d %s", script, a.status, a.body)
		}
		e := r.last(1)
		if len(e.Attempts) != 2 || e.Attempts[0].Result != "timeout_first_token" || e.Model != "b" {
			t.Errorf("%s: %+v", script, e.Attempts)
		}
		if _, err := r.up.WaitClosed(1, time.Second); err != nil {
			t.Errorf("%s: the silent upstream was not left: %v", script, err)
		}
	}
}

// U4 without another target: a typed error, and the same place is not asked again.
func TestU4SilentRouteIsNotAskedTwice(t *testing.T) {
	r := newRig(t, setup{models: clocks(upstream.Clocks{FirstToken: 100 * time.Millisecond, Header: 100 * time.Millisecond})})
	r.up.SetScript(chaos.MustParse("silent"))
	for n, stream := range []bool{true, false} {
		a := r.chat("r", stream)
		want := map[bool]string{true: "timeout_first_token", false: "timeout_header"}[stream]
		if a.status != http.StatusGatewayTimeout || a.code() != want {
			t.Errorf("stream %v: %d %s", stream, a.status, a.body)
		}
		if e := r.last(n + 1); e.Outcome != event.Timeout || e.Clock == "" || len(e.Attempts) != 1 {
			t.Errorf("stream %v: %+v", stream, e)
		}
	}
}

// The total clock bounds the whole exchange, streamed or not.
func TestTotalClock(t *testing.T) {
	r := newRig(t, setup{models: clocks(upstream.Clocks{Total: 200 * time.Millisecond})})
	r.up.SetScript(chaos.MustParse("delay-between=40ms;tokens=100"))
	a := r.chat("r", true)
	if a.code() != "timeout_total" || a.done() {
		t.Errorf("stream: %s", a.body)
	}
	r.up.SetScript(chaos.MustParse("silent"))
	if a := r.chat("r", false); a.status != http.StatusGatewayTimeout || a.code() != "timeout_total" {
		t.Errorf("whole: %d %s", a.status, a.body)
	}
	for _, e := range r.events.wait(t, 2) {
		if e.Outcome != event.Timeout || e.Clock != "total" {
			t.Errorf("%+v", e)
		}
	}
}

// U5: a stall in mid-stream. An in-band error, the upstream is left, what was
// produced is on the record, nothing is asked again.
func TestU5StallEndsAtTheIdleClock(t *testing.T) {
	const idle = 200 * time.Millisecond
	for _, k := range []int{2, 10, 500} {
		r := newRig(t, setup{models: clocks(upstream.Clocks{Idle: idle}), route: retries(1, "b")})
		r.up.SetScript(chaos.MustParse(fmt.Sprintf("stall-after=%d;continuous-usage", k)))
		a := r.chat("r", true)
		if a.status != 200 || a.code() != "timeout_idle" || a.done() {
			t.Fatalf("%d frames: %d %s", k, a.status, a.body)
		}
		if got := len(a.events()) - 1; got != k {
			t.Errorf("%d frames: the client got %d", k, got)
		}
		e := r.last(1)
		if e.Outcome != event.Timeout || e.Clock != "idle" || len(e.Attempts) != 1 || !e.UsageKnown || e.Usage.Output == 0 {
			t.Errorf("%d frames: %+v", k, e)
		}
		if _, err := r.up.WaitClosed(1, 3*idle); err != nil {
			t.Errorf("%d frames: %v", k, err)
		}
		if r.second.Count() != 0 {
			t.Errorf("%d frames: another model was asked after the first token", k)
		}
	}
}

// U6: cut at every byte of every golden stream. Before its end it is truncated:
// never a [DONE] of our own, an error in its place.
func TestU6CutAtEveryByte(t *testing.T) {
	golden := chaos.Golden()
	work := make(chan chaos.Stream, len(golden))
	for _, g := range golden {
		work <- g
	}
	close(work)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			r := newRig(t, setup{route: retries(0)})
			for g := range work {
				cutEverywhere(t, r, g)
			}
		})
	}
	wg.Wait()
}

// cutEverywhere ends the stream after each byte in whole HTTP framing, which keeps
// the connection, and at some of them with the connection: cut or reset.
func cutEverywhere(t *testing.T, r *rig, g chaos.Stream) {
	for at := 1; at < len(g.Bytes) && !t.Failed(); at += stride {
		cutAt(t, r, g, at, chaos.EndEarly)
		if at%10 == len(g.Bytes)%10 {
			cutAt(t, r, g, at, []chaos.Ending{chaos.EndCut, chaos.EndReset}[at/10%2])
		}
	}
}

func cutAt(t *testing.T, r *rig, g chaos.Stream, at int, how chaos.Ending) {
	before := r.events.count()
	r.up.Enqueue(chaos.Script{Raw: g.Bytes, Stop: chaos.Stop{At: chaos.Point{Of: chaos.Bytes, N: at}, How: how}})
	a := r.direct(chatPath, chatBody("r", true, `"stream_options":{"include_usage":true}`))
	o := r.events.at(t, before).Outcome
	switch {
	case strings.Contains(string(g.Bytes[:at]), `data: {"error":{`) && strings.HasSuffix(strings.TrimSpace(string(g.Bytes[:at])), "}}"):
		// An error event that lacks only its blank line is an error event.
	case g.CompleteAt == 0 || at < g.CompleteAt-4:
		if o != event.Truncated || a.done() || a.code() != "stream_incomplete" {
			t.Errorf("%s %s at %d of %d: outcome %v, %d %q", g.Name, how, at, len(g.Bytes), o, a.status, tail(a.body))
		}
	case at > g.CompleteAt:
		if o != event.OK || a.code() != "" {
			t.Errorf("%s %s at %d, complete at %d: outcome %v, %q", g.Name, how, at, g.CompleteAt, o, tail(a.body))
		}
	}
	if a.done() && !bytes.Contains(g.Bytes[:at], []byte("[DONE]")) {
		t.Errorf("%s %s at %d: [DONE] was made up", g.Name, how, at)
	}
}

// direct asks without a socket above the gateway: for tests that ask very often.
func (r *rig) direct(path, body string) answer {
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	req.RemoteAddr, req.Host = "127.0.0.1:50000", "localhost"
	w := httptest.NewRecorder()
	r.gw.Handler().ServeHTTP(w, req)
	return answer{w.Code, w.Header(), w.Body.String(), nil}
}

func tail(s string) string { return s[max(0, len(s)-300):] }

// U7: split anywhere, the relay is the same to the byte.
func TestU7RelayIsByteIdenticalHoweverItIsSplit(t *testing.T) {
	r := newRig(t, setup{route: retries(0)})
	for _, g := range chaos.Golden() {
		if !g.Complete {
			continue
		}
		for _, slice := range []int{0, 1, 2, 3, 7, 64} {
			r.up.Enqueue(chaos.Script{Golden: g.Name, Slice: slice})
			a := r.post(chatPath, chatBody("r", true, `"stream_options":{"include_usage":true}`))
			// What follows [DONE] is nothing to a reader.
			if strings.TrimRight(a.body, "\n") != strings.TrimRight(string(g.Bytes), "\n") {
				t.Errorf("%s in slices of %d:\ngot  %q\nwant %q", g.Name, slice, a.body, g.Bytes)
				break
			}
		}
	}
}

// U7: what was measured of golden streams is what they say.
func TestU7GoldenStreamsAreUnderstood(t *testing.T) {
	r := newRig(t, setup{route: retries(0)})
	n := 0
	for _, g := range chaos.Golden() {
		if !g.Complete {
			continue
		}
		r.up.Enqueue(chaos.Script{Golden: g.Name, Slice: 5})
		r.chat("r", true)
		n++
		e := r.last(n)
		if e.Outcome != event.OK || (g.Finish != "" && e.Finish != g.Finish) {
			t.Errorf("%s: outcome %v, finish %q, want %q", g.Name, e.Outcome, e.Finish, g.Finish)
		}
		if e.UsageKnown != (g.Usage != nil) {
			t.Errorf("%s: usage known %v", g.Name, e.UsageKnown)
		} else if u := g.Usage; u != nil && (e.Usage.Input != int64(u.Input) || e.Usage.Output != int64(u.Output) || e.Usage.Cached != int64(u.Cached) || e.Usage.Reasoning != int64(u.Reasoning)) {
			t.Errorf("%s: usage %+v, want %+v", g.Name, e.Usage, *u)
		}
	}
}

// U8: what is malformed is passed on and counted; what is too large or an error
// inside a 200 is a typed error; usage is the last that was told.
func TestU8OddStreams(t *testing.T) {
	for _, c := range []struct {
		script    string
		outcome   event.Outcome
		status    int
		code      string
		malformed int
		usage     bool
	}{
		{"malformed-event", event.OK, 200, "", 1, true},
		{"multiline-data;comments;crlf;nospace", event.OK, 200, "", 0, true},
		{"big-event=5MiB", event.UpstreamError, 502, "upstream_too_large", 0, false},
		{"error-in-200", event.UpstreamError, 502, "upstream_error", 0, false},
		{"no-usage", event.OK, 200, "", 0, false},
		{"two-usage", event.OK, 200, "", 0, true},
		{"usage-null", event.OK, 200, "", 0, true},
		{"usage-nonempty-choices", event.OK, 200, "", 0, true},
		{"continuous-usage", event.OK, 200, "", 0, true},
		{"no-done", event.OK, 200, "", 0, true},
		{"no-finish", event.OK, 200, "", 0, true},
		{"no-done;no-finish", event.Truncated, 200, "stream_incomplete", 0, true},
	} {
		r := newRig(t, setup{route: retries(0)})
		r.up.SetScript(chaos.MustParse(c.script))
		a := r.post(chatPath, chatBody("r", true))
		e := r.last(1)
		if a.status != c.status || e.Outcome != c.outcome || e.Malformed != c.malformed || e.UsageKnown != c.usage {
			t.Errorf("%s: %d, %v, %d malformed, usage known %v", c.script, a.status, e.Outcome, e.Malformed, e.UsageKnown)
		}
		if c.malformed == 0 && c.code != a.code() {
			t.Errorf("%s: code %q, want %q in %q", c.script, a.code(), c.code, tail(a.body))
		}
		if c.outcome != event.OK && a.done() {
			t.Errorf("%s: [DONE] after a failure", c.script)
		}
	}
}

// U8, an error in the middle of a stream: passed on as it came, and the last word.
func TestU8ErrorEventInMidStream(t *testing.T) {
	r := newRig(t, setup{})
	r.up.SetScript(chaos.MustParse("error-in-200=4"))
	a := r.chat("r", true)
	e := r.last(1)
	if e.Outcome != event.UpstreamError || a.done() || !strings.Contains(a.body, "scripted error") || len(e.Attempts) != 1 {
		t.Errorf("%+v\n%s", e, a.body)
	}
}

// U8, an error inside a 200 that is not streamed is tried again like any other.
func TestU8ErrorInWhole200(t *testing.T) {
	r := newRig(t, setup{})
	r.up.Enqueue(chaos.MustParse("error-in-200"))
	if a := r.chat("r", false); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	r.up.Enqueue(chaos.MustParse(`body=<html>busy</html>`))
	if a := r.chat("r", false); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, e := range r.events.wait(t, 2) {
		if len(e.Attempts) != 2 || e.Outcome != event.OK {
			t.Errorf("%+v", e)
		}
	}
}

// U9: however bad it gets, there are never more requests on the wire than allowed.
func TestU9AttemptsAreBounded(t *testing.T) {
	for _, c := range []struct{ retries, fallbacks, want int }{{0, 0, 1}, {1, 0, 2}, {1, 1, 2}, {3, 1, 4}, {0, 1, 1}} {
		fallback := []string{"b"}[:c.fallbacks]
		r := newRig(t, setup{route: retries(c.retries, fallback...)})
		r.up.SetScript(chaos.MustParse("status=503"))
		r.second.SetScript(chaos.MustParse("status=503"))
		a := r.chat("r", true)
		if a.status != http.StatusServiceUnavailable || a.code() != "upstream_error" {
			t.Errorf("%+v: %d %s", c, a.status, a.body)
		}
		e := r.last(1)
		if n := r.up.Count() + r.second.Count(); n != c.want || len(e.Attempts) != c.want {
			t.Errorf("%+v: %d requests on the wire, %d attempts on the one event", c, n, len(e.Attempts))
		}
	}
}

// The client's mistakes are the upstream's to judge: passed on whole, once.
func TestUpstreamRejectionIsPassedOn(t *testing.T) {
	r := newRig(t, setup{route: retries(1, "b")})
	r.up.SetScript(chaos.MustParse("status=400;code=context_length_exceeded"))
	a := r.chat("r", true)
	if a.status != 400 || a.code() != "context_length_exceeded" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if e := r.last(1); e.Outcome != event.Rejected || len(e.Attempts) != 1 {
		t.Errorf("%+v", e)
	}
}

// Weir's own credential failing is not the client's 401.
func TestUpstreamRefusesOurKey(t *testing.T) {
	for _, status := range []int{401, 403} {
		r := newRig(t, setup{})
		r.up.SetScript(chaos.MustParse(fmt.Sprintf("status=%d", status)))
		if a := r.chat("r", false); a.status != 502 || a.code() != "upstream_auth" {
			t.Errorf("%d: %d %s", status, a.status, a.body)
		}
		if e := r.last(1); e.Outcome != event.UpstreamError || len(e.Attempts) != 1 {
			t.Errorf("%d: %+v", status, e)
		}
	}
}

// 429: what the upstream asks for is passed on, capped, and never made up.
func TestRetryAfterIsPassedOn(t *testing.T) {
	for header, want := range map[string]string{"": "", "2": "2", "99999": "3600", "soon": "", "-5": ""} {
		r := newRig(t, setup{})
		script := "status=429"
		if header != "" {
			script += ";retry-after=" + header
		}
		r.up.SetScript(chaos.MustParse(script))
		a := r.chat("r", false)
		if got := a.header.Get("Retry-After"); a.status != 429 || got != want {
			t.Errorf("%q: %d, Retry-After %q, want %q", header, a.status, got, want)
		}
	}
}
