package main

import (
	"net"
	"net/http"
	"strings"
	"testing"
)

// forgery is a request that a browser was led to make, or one that claims to be
// for somebody else.
type forgery struct {
	name, host string // host: "" for the listener's own
	headers    []string
	data       int // status on the data listener, without keys
	admin      int // on the admin listener
}

var forgeries = []forgery{
	{"an honest program", "", nil, 200, 200},
	{"localhost by name", "localhost", nil, 200, 200},
	{"a name that was led here", "rebound.example", nil, 403, 403},
	{"a name that was led here, with another port", "rebound.example:80", nil, 403, 403},
	{"the metadata address", "169.254.169.254", nil, 403, 403},
	{"a page from elsewhere", "", []string{"Origin", "https://evil.example"}, 403, 403},
	{"a page from elsewhere over a name that was led here", "evil.example", []string{"Origin", "http://evil.example"}, 403, 403},
	{"a sandboxed page", "", []string{"Origin", "null"}, 403, 403},
	{"a page of another program on this machine", "", []string{"Origin", "http://localhost:3000"}, 200, 403},
	{"a picture on a page elsewhere", "", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 200, 403},
	{"what a proxy passes on", "", []string{"X-Forwarded-For", "192.0.2.1"}, 401, 401},
}

// T11: pages and name servers elsewhere get nothing of a Weir on this machine, on
// any listener, and no page is ever told that it may read an answer.
func TestT11ForgedHostAndOrigin(t *testing.T) {
	m := model(t, "")
	l := newLive(t, twoModelsOf(m.URL(), m.URL()))
	for _, f := range forgeries {
		asked := m.Count()
		for _, c := range []struct {
			at         *listener
			method     string
			path, body string
			want       int
		}{
			{l.s.data, "POST", "/v1/chat/completions", question("a", false), f.data},
			{l.s.data, "GET", "/v1/models", "", f.data},
			{l.s.adminListener, "GET", "/api/v1/status", "", f.admin},
			{l.s.adminListener, "GET", "/api/v1/events", "", f.admin},
			{l.s.adminListener, "POST", "/api/v1/reload", "{}", f.admin},
		} {
			if g := f.make(t, l, c.at, c.method, c.path, c.body); g.status != c.want {
				t.Errorf("%s: %s %s: %d %s %v, want %d", f.name, c.method, c.path, g.status, g.body, g.err, c.want)
			}
		}
		if n := m.Count() - asked; f.data != 200 && n != 0 {
			t.Errorf("%s: the model was asked %d times", f.name, n)
		}
	}
	if n := l.metric(`weir_config_reloads_total{result="success"}`); n != 3 { // the start, and the two that are honest
		t.Errorf("%v reloads took place, want 2 beside the start", n-1)
	}
}

// T11: what a form on another page can send without asking first changes nothing.
func TestT11FormsChangeNothing(t *testing.T) {
	m := model(t, "")
	l := newLive(t, twoModelsOf(m.URL(), m.URL()))
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""} {
		req, err := http.NewRequest(http.MethodPost, l.s.adminListener.url()+"/api/v1/reload", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", kind)
		if g := do(l.client, req); g.status/100 != 4 {
			t.Errorf("%q: %d %s", kind, g.status, g.body)
		}
	}
	for _, url := range []string{l.s.data.url() + "/v1/chat/completions", l.s.adminListener.url() + "/api/v1/reload"} {
		req, err := http.NewRequest(http.MethodOptions, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", "https://evil.example")
		req.Header.Set("Access-Control-Request-Method", "POST")
		req.Header.Set("Access-Control-Request-Headers", "content-type, authorization")
		if g := do(l.client, req); g.status/100 == 2 || g.allowed() {
			t.Errorf("%s: a page was given leave: %d %v", url, g.status, g.header)
		}
	}
	if n := l.metric(`weir_config_reloads_total{result="success"}`); n != 1 {
		t.Errorf("%v reloads took place", n-1)
	}
}

// allowed reports whether a browser would let a page elsewhere read the answer.
func (g got) allowed() bool {
	for name := range g.header {
		if strings.HasPrefix(name, "Access-Control-") {
			return true
		}
	}
	return false
}

// make sends the request to a listener.
func (f forgery) make(t *testing.T, l *live, at *listener, method, path, body string) got {
	t.Helper()
	req, err := http.NewRequest(method, at.url()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if f.host != "" {
		req.Host = f.host
		if f.host == "localhost" {
			_, port, _ := net.SplitHostPort(at.net.Addr().String())
			req.Host += ":" + port
		}
	}
	for i := 0; i+1 < len(f.headers); i += 2 {
		req.Header.Set(f.headers[i], f.headers[i+1])
	}
	g := do(l.client, req)
	if g.allowed() {
		t.Errorf("%s: %s %s: pages elsewhere may read the answer: %v", f.name, method, path, g.header)
	}
	return g
}
