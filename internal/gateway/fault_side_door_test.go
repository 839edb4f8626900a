package gateway_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/gateway"
)

// stages counts how often each stage of the journey was come through.
type stages struct {
	render, retrieve, compress, railsIn, cache, reserve, settle, round, railsOut atomic.Int64
}

func pass(n *atomic.Int64) []gateway.Step {
	return []gateway.Step{func(context.Context, *gateway.Exchange) (chat.Frames, error) { n.Add(1); return nil, nil }}
}

// Settle makes stages its own reservation.
func (s *stages) Settle(*gateway.Exchange, event.Outcome, chat.Usage) { s.settle.Add(1) }

// everywhere puts the counters into every variant of every route.
func (s *stages) everywhere(*experiment.Route, *experiment.Variant) gateway.Steps {
	return gateway.Steps{
		Render: pass(&s.render), Retrieve: pass(&s.retrieve), Compress: pass(&s.compress), RailsIn: pass(&s.railsIn), Cache: pass(&s.cache),
		Reserve: []gateway.Reserve{func(context.Context, *gateway.Exchange) (gateway.Reservation, error) { s.reserve.Add(1); return s, nil }},
		Rounds: []gateway.Round{func(_ context.Context, _ *gateway.Exchange, in chat.Frames) (chat.Frames, bool, error) {
			s.round.Add(1)
			return in, false, nil
		}},
		RailsOut: []gateway.Transform{func(_ context.Context, _ *gateway.Exchange, in chat.Frames) chat.Frames { s.railsOut.Add(1); return in }},
	}
}

func (s *stages) counts() []int64 {
	var list []int64
	for _, n := range []*atomic.Int64{&s.render, &s.retrieve, &s.compress, &s.railsIn, &s.cache, &s.reserve, &s.settle, &s.round, &s.railsOut} {
		list = append(list, n.Load())
	}
	return list
}

// carrier is a way to bring a key, or something that is taken for one.
type carrier struct {
	name, lines, query string
	good               bool
}

var carriers = []carrier{
	{"Bearer", "Authorization: Bearer good\r\n", "", true},
	{"bearer in small letters", "authorization: bearer good\r\n", "", true},
	{"x-api-key", "X-Api-Key: good\r\n", "", true},
	{"both, the same", "Authorization: Bearer good\r\nX-Api-Key: good\r\n", "", true},
	{"both, and they differ", "Authorization: Bearer good\r\nX-Api-Key: other\r\n", "", false},
	{"both, and only the second is good", "Authorization: Bearer bad\r\nX-Api-Key: good\r\n", "", false},
	{"none", "", "", false},
	{"a bad one, then a good one", "Authorization: Bearer bad\r\nAuthorization: Bearer good\r\n", "", false},
	{"another scheme", "Authorization: Basic good\r\n", "", false},
	{"no scheme", "Authorization: good\r\n", "", false},
	{"the query", "", "?key=good&api_key=good&access_token=good", false},
	{"a cookie", "Cookie: authorization=Bearer good; x-api-key=good; llm-session=good\r\n", "", false},
	{"a header that proxies set", "X-Forwarded-Authorization: Bearer good\r\nX-Forwarded-User: admin\r\nX-Real-Ip: 127.0.0.1\r\n", "", false},
	{"the digest", "Authorization: Bearer " + access.Digest("good") + "\r\n", "", false},
}

// door is a way to spell a path.
type door struct {
	name   string
	target func(path string) string
	lines  string
	method string // empty: POST
	same   bool   // it is the path itself, and makes the journey
}

var doors = []door{
	{name: "as it is", target: as("%s"), same: true},
	{name: "with a query", target: as("%s?api-version=1&x=/healthz"), same: true},
	{name: "absolute", target: as("http://localhost%s"), same: true},
	{name: "absolute, of another host", target: as("http://admin.example%s"), lines: "", same: true},
	{name: "another path in headers", target: as("%s"), lines: "X-Original-Url: /healthz\r\nX-Rewrite-Url: /healthz\r\nX-Forwarded-Prefix: /healthz\r\nX-Forwarded-Path: /healthz\r\n", same: true},
	{name: "another method in headers", target: as("%s"), lines: "X-Http-Method-Override: GET\r\nX-Method-Override: HEAD\r\n", same: true},
	{name: "an upgrade", target: as("%s"), lines: "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", same: true},
	{name: "an upgrade by GET", target: as("%s"), method: "GET", lines: "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"},
	{name: "an upgrade to HTTP/2", target: as("%s"), method: "GET", lines: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"},
	{name: "CONNECT", target: as("%s"), method: "CONNECT"},
	{name: "two slashes first", target: as("/%s")},
	{name: "two slashes within", target: within("/", "//")},
	{name: "an escaped slash", target: within("/", "%2f")},
	{name: "an escaped slash, in capitals", target: within("/", "%2F")},
	{name: "a slash escaped twice", target: within("/", "%252f")},
	{name: "an escaped letter", target: func(p string) string { return "/%76" + p[2:] }},
	{name: "backslashes", target: within("/", `\`)},
	{name: "capitals", target: strings.ToUpper},
	{name: "a capital", target: func(p string) string { return "/V" + p[2:] }},
	{name: "a slash at the end", target: as("%s/")},
	{name: "a dot at the end", target: as("%s/.")},
	{name: "an escaped NUL at the end", target: as("%s%%00")},
	{name: "an escaped space at the end", target: as("%s%%20")},
	{name: "an escaped question mark", target: as("%s%%3fx")},
	{name: "a parameter", target: as("%s;x=1")},
	{name: "a fragment", target: as("%s#x")},
	{name: "up and down", target: as("/v1/..%s")},
	{name: "up and down, escaped", target: as("/v1/%%2e%%2e%s")},
	{name: "here", target: as("/.%s")},
	{name: "below a probe", target: as("/healthz/..%s")},
	{name: "below the models", target: as("/v1/models/../..%s")},
	{name: "behind a prefix", target: as("/openai%s")},
	{name: "without its slash", target: func(p string) string { return p[1:] }},
}

func as(format string) func(string) string {
	return func(path string) string { return fmt.Sprintf(format, path) }
}

// within replaces the last of something in a path.
func within(old, by string) func(string) string {
	return func(path string) string {
		i := strings.LastIndex(path, old)
		return path[:i] + by + path[i+len(old):]
	}
}

// T2: whatever a path is spelt like and wherever the key is carried, a request
// either makes the whole journey, or none of it. There is no way round.
func TestT2NoSideDoors(t *testing.T) {
	eachPath(t, func(t *testing.T, path string) {
		s := &stages{}
		r := newRig(t, setup{
			config: func(c *gateway.Config) { c.Steps = s.everywhere },
			keys:   []access.Key{{Name: "k", SHA256: access.Digest("good"), Scopes: access.Call}, {Name: "other", SHA256: access.Digest("other"), Scopes: access.Call}},
		})
		whole := int64(0)
		events := 0
		for _, c := range carriers {
			for _, d := range doors {
				what := c.name + ", " + d.name
				a := knock(r, path, c, d)
				journey := d.same && c.good
				if journey {
					whole++
				}
				if d.same {
					events++ // a refused key is on the record too
				}
				switch {
				case journey && a.status != 200:
					t.Errorf("%s: %d %s %v", what, a.status, a.body, a.err)
				case d.same && !c.good && a.status != 401:
					t.Errorf("%s: %d %s, want 401", what, a.status, a.body)
				case !d.same && a.status != 404 && a.status != 405 && a.status != 400:
					t.Errorf("%s: %d %s, want 404", what, a.status, a.body)
				}
				for i, n := range s.counts() {
					if n != whole {
						t.Fatalf("%s: stage %d was come through %d times after %d whole journeys", what, i, n, whole)
					}
				}
				if n := r.up.Count(); n != int(whole) {
					t.Fatalf("%s: the upstream was asked %d times in %d whole journeys", what, n, whole)
				}
				if all := r.events.wait(t, events); len(all) != events {
					t.Fatalf("%s: %d events were recorded, want %d", what, len(all), events)
				}
			}
		}
	})
}

// knock sends one request and reads the answer to its end.
func knock(r *rig, path string, c carrier, d door) answer {
	method, body := d.method, journeys[path].body("r", false)
	if method == "" {
		method = "POST"
	}
	target := d.target(path)
	if c.query != "" && !strings.Contains(target, "?") {
		target += c.query
	}
	conn := r.dial()
	defer conn.leave(false)
	conn.write(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s%s\r\n%s",
		method, target, r.host(), len(body), c.lines, d.lines, body))
	return conn.answer()
}

// T2, of a caller's Host: with keys a Host is nobody's business, and decides nothing.
func TestT2HostDecidesNothing(t *testing.T) {
	eachPath(t, func(t *testing.T, path string) {
		r := newRig(t, setup{keys: []access.Key{{Name: "k", SHA256: access.Digest("good"), Scopes: access.Call}}})
		body := journeys[path].body("r", false)
		for _, host := range []string{"admin", "localhost:8081", "evil.example", "127.0.0.1", "[::1]:1", "a..b"} {
			for key, want := range map[string]int{"good": 200, "bad": 401} {
				c := r.dial()
				c.host = host
				c.request(path, body, "Authorization: Bearer "+key)
				if a := c.answer(); a.status != want {
					t.Errorf("Host %s, key %s: %d %s", host, key, a.status, a.body)
				}
				c.leave(false)
			}
		}
		for _, lines := range []string{"", "Host: a\r\nHost: b\r\n", "Host: a/v1/models\r\n", "Host: a b\r\n"} {
			c := r.dial()
			c.write(fmt.Sprintf("POST %s HTTP/1.1\r\n%sContent-Length: %d\r\nAuthorization: Bearer good\r\n\r\n%s", path, lines, len(body), body))
			if a := c.answer(); a.status != 400 {
				t.Errorf("%q: %d %s", lines, a.status, a.body)
			}
			c.leave(false)
		}
		if n := r.up.Count(); n != 6 {
			t.Errorf("the upstream was asked %d times, want 6", n)
		}
	})
}
