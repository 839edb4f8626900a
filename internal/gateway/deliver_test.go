package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/gateway"
)

// twice is an event that two readers may understand differently: a transform
// refuses to read it.
const twice = `{"id":"x","choices":[{"index":0,"message":{"content":"a","content":"SECRET"},"delta":{"content":"a","content":"SECRET"},"finish_reason":"stop"}]}`

// What a transform cannot read is neither passed on nor left out unseen.
func TestAnswerThatCannotBeRead(t *testing.T) {
	good := strings.Split(string(pieces("fine", 4)), "\n\n")
	for _, c := range []struct {
		name   string
		stream bool
		script chaos.Script
		status int
	}{
		{"whole", false, chaos.Script{Body: twice}, 502},
		{"the first event", true, chaos.Script{Raw: []byte("data: " + twice + "\n\ndata: [DONE]\n\n")}, 502},
		{"a later event", true, chaos.Script{Raw: []byte(good[0] + "\n\ndata: " + twice + "\n\ndata: [DONE]\n\n")}, 200},
		{"a later event that is not JSON", true, chaos.Script{Raw: []byte(good[0] + "\n\ndata: {SECRET\n\n" + good[1] + "\n\ndata: [DONE]\n\n")}, 200},
	} {
		r := newRig(t, steps(gateway.Steps{RailsOut: []gateway.Transform{redact}}))
		r.up.SetScript(c.script)
		a := r.chat("r", c.stream)
		if a.status != c.status || a.code() != "upstream_protocol" || a.done() || strings.Contains(a.body, secret) {
			t.Errorf("%s: %d %q", c.name, a.status, a.body)
		}
		if e := r.last(1); e.Outcome != event.UpstreamError || e.Code != "upstream_protocol" {
			t.Errorf("%s: outcome %v, code %q", c.name, e.Outcome, e.Code)
		}
	}
}

// What comes before the first token is held only as far as one event may go.
func TestHeldBytesAreBounded(t *testing.T) {
	r := newRig(t, setup{})
	event := `data: {"id":"x","pad":"` + strings.Repeat("x", 3<<20) + `","choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}` + "\n\n"
	script := chaos.Script{Raw: []byte(strings.Repeat(event, 3))}
	script.Stall.At = chaos.Point{Of: chaos.Frames, N: 2}
	r.up.SetScript(script)
	c := r.dial()
	c.request(chatPath, chatBody("r", true))
	c.readUntil("HTTP/1.1 200") // fails when the connection's time is over
}

// Weir's own time begins when the request has been read, and ends where the model
// is waited for: also in a second round, and after a failed attempt.
func TestOverheadIsNotTheClientsNorTheModels(t *testing.T) {
	const wait = 300 * time.Millisecond
	r := newRig(t, steps(gateway.Steps{Rounds: []gateway.Round{toolLoop}}))
	for n, c := range []struct {
		name    string
		scripts []chaos.Script
		first   time.Duration // of the last round's token, at least
	}{
		{"two rounds", []chaos.Script{{ToolCalls: 1, FirstByte: wait}, {Text: "done", FirstByte: wait}}, 2 * wait},
		{"a failed attempt", []chaos.Script{{Status: 503, FirstByte: wait}, {Text: "done"}}, wait},
	} {
		r.up.Enqueue(c.scripts...)
		conn := r.dial()
		body := chatBody("r", true)
		conn.write("POST " + chatPath + " HTTP/1.1\r\nHost: " + r.host() + "\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n" + body[:2] + "\r\n")
		time.Sleep(2 * wait)
		conn.write(fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body)-2, body[2:]))
		if a := conn.answer(); a.text(t) != "done" {
			t.Fatalf("%s: %d %s", c.name, a.status, a.body)
		}
		e := r.last(n + 1)
		if e.Overhead <= 0 || e.Overhead >= wait {
			t.Errorf("%s: overhead %s of %s", c.name, e.Overhead, e.Total)
		}
		if e.FirstToken < c.first || e.FirstToken > e.Total-wait {
			t.Errorf("%s: first token after %s, at least %s; the whole took %s", c.name, e.FirstToken, c.first, e.Total)
		}
	}
}

// The event has the id that the caller finds in the answer.
func TestEventHasTheAnswersID(t *testing.T) {
	r := newRig(t, setup{})
	for n, stream := range []bool{false, true} {
		a := r.chat("r", stream)
		if e := r.last(n + 1); e.BodyID == "" || !strings.Contains(a.body, `"id":"`+e.BodyID+`"`) {
			t.Errorf("stream %v: %q is not the id in %s", stream, e.BodyID, a.body)
		}
	}
}
