package admin

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Who may come in: T10 and T11 of the list of faults. Each row is a request for
// the status; {} stands for the port of the listener.
func TestHostAndOriginMatrix(t *testing.T) {
	f := start(t, func(c *Config) { c.Hosts = []string{"Weir.example.com", "[2001:db8::1]:9000", "ops.example.com:8443"} })
	for _, row := range []struct {
		name, host, origin, site string
		code                     string // of the refusal; "" when served
	}{
		{"a program", "127.0.0.1:{}", "", "", ""},
		{"by name", "localhost:{}", "", "", ""},
		{"by name, in capitals", "LocalHost:{}", "", "", ""},
		{"another loopback address", "127.8.9.10:{}", "", "", ""},
		{"IPv6", "[::1]:{}", "", "", ""},
		{"IPv4 in IPv6", "[::ffff:127.0.0.1]:{}", "", "", ""},
		{"a configured name, any port", "weir.example.com:1", "", "", ""},
		{"a configured name, no port", "weir.example.com", "", "", ""},
		{"a configured name with port", "ops.example.com:8443", "", "", ""},
		{"a configured address", "[2001:db8::1]:9000", "", "", ""},
		{"our own page", "localhost:{}", "http://localhost:{}", "same-origin", ""},
		{"our own page behind TLS", "ops.example.com:8443", "https://ops.example.com:8443", "same-origin", ""},
		{"our own page, default port left out", "weir.example.com:443", "https://weir.example.com", "same-origin", ""},
		{"typed into the address bar", "localhost:{}", "", "none", ""},

		{"a name that was made to resolve here", "evil.example:{}", "http://evil.example:{}", "same-origin", "host_refused"},
		{"the same without Origin", "evil.example:{}", "", "", "host_refused"},
		{"a name that ends like ours", "evil-weir.example.com", "", "", "host_refused"},
		{"a name below ours", "a.weir.example.com", "", "", "host_refused"},
		{"a name above localhost", "localhost.evil.example:{}", "", "", "host_refused"},
		{"a name below localhost", "evil.localhost:{}", "", "", "host_refused"},
		{"localhost with a dot", "localhost.:{}", "", "", "host_refused"},
		{"an address in a name", "127.0.0.1.nip.example:{}", "", "", "host_refused"},
		{"an address in other words", "2130706433:{}", "", "", "host_refused"},
		{"an address in short", "127.1:{}", "", "", "host_refused"},
		{"any address", "0.0.0.0:{}", "", "", "host_refused"},
		{"an address that is not ours", "192.0.2.1:{}", "", "", "host_refused"},
		{"another port", "localhost:1", "", "", "host_refused"},
		{"no port", "localhost", "", "", "host_refused"},
		{"a configured name, wrong port", "ops.example.com:{}", "", "", "host_refused"},
		{"user in the host", "localhost:{}@evil.example", "", "", "host_refused"},

		{"a page of another site", "localhost:{}", "http://evil.example", "cross-site", "origin_refused"},
		{"a page of another local program", "localhost:{}", "http://localhost:3000", "same-site", "origin_refused"},
		{"a page by another of our names", "localhost:{}", "http://127.0.0.1:{}", "cross-site", "origin_refused"},
		{"a file, a sandbox", "localhost:{}", "null", "cross-site", "origin_refused"},
		{"an extension", "localhost:{}", "chrome-extension://abcdef", "none", "origin_refused"},
		{"our name in another place", "localhost:{}", "http://evil.example/localhost:{}", "", "origin_refused"},
		{"our name as a user", "localhost:{}", "http://localhost:{}@evil.example", "", "origin_refused"},
		{"a picture or script that points here", "localhost:{}", "", "cross-site", "cross_site"},
		{"the same from another local program", "localhost:{}", "", "same-site", "cross_site"},
		{"a site we have not heard of", "localhost:{}", "", "other", "cross_site"},
	} {
		t.Run(row.name, func(t *testing.T) {
			req := f.request("GET", "/api/v1/status", "")
			req.Host = strings.ReplaceAll(row.host, "{}", f.port)
			if row.origin != "" {
				req.Header.Set("Origin", strings.ReplaceAll(row.origin, "{}", f.port))
			}
			if row.site != "" {
				req.Header.Set("Sec-Fetch-Site", row.site)
			}
			resp, body := f.do(req)
			switch {
			case row.code == "" && resp.StatusCode != 200:
				t.Errorf("refused: %s %s", resp.Status, body)
			case row.code != "" && (resp.StatusCode != 403 || problemIn(t, body).Code != row.code):
				t.Errorf("got %s %s, want %s", resp.Status, body, row.code)
			}
		})
	}
}

// What net/http's client would not send.
func TestHostByHand(t *testing.T) {
	f := start(t, nil)
	for name, head := range map[string]string{
		"no Host":                      "GET /api/v1/status HTTP/1.0\r\n\r\n",
		"two Hosts":                    "GET /api/v1/status HTTP/1.1\r\nHost: localhost:" + f.port + "\r\nHost: evil.example\r\n\r\n",
		"the URL names somebody else":  "GET http://evil.example/api/v1/status HTTP/1.1\r\nHost: localhost:" + f.port + "\r\n\r\n",
		"two Origins":                  "GET /api/v1/status HTTP/1.1\r\nHost: localhost:" + f.port + "\r\nOrigin: http://localhost:" + f.port + "\r\nOrigin: http://evil.example\r\n\r\n",
		"an Origin that says nothing":  "GET /api/v1/status HTTP/1.1\r\nHost: localhost:" + f.port + "\r\nOrigin: \r\n\r\n",
		"X-Forwarded-Host does not do": "GET /api/v1/status HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost:" + f.port + "\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", "127.0.0.1:"+f.port)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, head)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != 403 && resp.StatusCode != 400 {
			t.Errorf("%s: %s", name, resp.Status)
		}
		conn.Close()
	}
}

func TestOwnAddressIsAHost(t *testing.T) {
	f := start(t, nil)
	for host, want := range map[string]int{"10.1.2.3:8081": 200, "10.1.2.4:8081": 403, "10.1.2.3:8080": 403, "10.1.2.3": 403} {
		req := httptest.NewRequest("GET", "/healthz", nil)
		req.Host, req.RemoteAddr = host, "10.9.9.9:1000"
		w := f.serveOn(req, "10.1.2.3:8081")
		if w.Code != want {
			t.Errorf("Host %s: %d, want %d", host, w.Code, want)
		}
	}
}

func TestWithoutKeysOnlyThisMachineIsServed(t *testing.T) {
	f := start(t, nil)
	for _, row := range []struct {
		name, peer, header, path string
		want                     int
	}{
		{"this machine", "127.0.0.1:999", "", "/api/v1/status", 200},
		{"this machine, IPv6", "[::1]:999", "", "/api/v1/status", 200},
		{"this machine, IPv4 in IPv6", "[::ffff:127.0.0.1]:999", "", "/api/v1/status", 200},
		{"a neighbour", "192.0.2.7:999", "", "/api/v1/status", 401},
		{"a neighbour asks for the page", "192.0.2.7:999", "", "/", 401},
		{"a neighbour asks for the document", "192.0.2.7:999", "", "/openapi.json", 401},
		{"a probe", "192.0.2.7:999", "", "/healthz", 200},
		{"a proxy on this machine", "127.0.0.1:999", "X-Forwarded-For", "/api/v1/status", 401},
		{"a proxy by the standard", "127.0.0.1:999", "Forwarded", "/", 401},
		{"nobody", "", "", "/api/v1/status", 401},
	} {
		req := httptest.NewRequest("GET", row.path, nil)
		req.Host, req.RemoteAddr = "10.1.2.3:8081", row.peer
		if row.header != "" {
			req.Header.Set(row.header, "192.0.2.7")
		}
		if w := f.serveOn(req, "10.1.2.3:8081"); w.Code != row.want {
			t.Errorf("%s: %d %s, want %d", row.name, w.Code, w.Body, row.want)
		}
	}
}

func TestKeysAndScopes(t *testing.T) {
	f := start(t, func(c *Config) { c.Pprof = true })
	f.state.setKeys(f.keyring("reader", "read", "operator", "operate", "caller", "call"))
	get, post := "GET /api/v1/status", "POST /api/v1/reload"
	for _, row := range []struct {
		call, key string
		want      int
	}{
		{get, "reader", 200}, {get, "caller", 403}, {get, "operator", 403}, {get, "", 401}, {get, "unknown", 401},
		{post, "operator", 200}, {post, "reader", 403}, {post, "", 401},
		{"GET /api/v1/events", "reader", 200}, {"GET /api/v1/events", "caller", 403},
		{"GET /debug/pprof/heap", "reader", 403}, {"GET /debug/pprof/heap", "operator", 200}, {"GET /debug/pprof/heap", "", 401},
		{"GET /", "", 200}, {"GET /openapi.json", "", 200}, {"GET /healthz", "", 200},
	} {
		method, path, _ := strings.Cut(row.call, " ")
		var header []string
		if row.key != "" {
			header = []string{"Authorization", "Bearer " + f.token(row.key)}
		}
		resp, body := f.do(f.request(method, path, "", header...))
		if resp.StatusCode != row.want {
			t.Errorf("%s with key %q: %s %q, want %d", row.call, row.key, resp.Status, short(body, 200), row.want)
		}
		if row.want == 401 && resp.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s with key %q: 401 without WWW-Authenticate", row.call, row.key)
		}
	}
	for name, header := range map[string][]string{
		"x-api-key": {"X-Api-Key", f.token("reader")},
		"basic":     {"Authorization", "Basic " + f.token("reader")},
		"cookie":    {"Cookie", "key=" + f.token("reader")},
	} {
		if resp, _ := f.do(f.request("GET", "/api/v1/status", "", header...)); resp.StatusCode != 401 {
			t.Errorf("a key by %s: %s", name, resp.Status)
		}
	}
	if resp, _ := f.get("/api/v1/status?key=" + f.token("reader")); resp.StatusCode != 401 {
		t.Errorf("a key in the URL: %s", resp.Status)
	}
}

// A form of another page can post text/plain without asking first; JSON it cannot.
func TestChangesNeedJSON(t *testing.T) {
	f := start(t, nil)
	for kind, want := range map[string]int{
		"application/json": 200, "application/json; charset=utf-8": 200,
		"": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415, "multipart/form-data; boundary=x": 415, "application/jsonp": 415, "text/plain; application/json": 415,
	} {
		req := f.request("POST", "/api/v1/reload", "{}")
		req.Header.Del("Content-Type")
		if kind != "" {
			req.Header.Set("Content-Type", kind)
		}
		if resp, body := f.do(req); resp.StatusCode != want {
			t.Errorf("Content-Type %q: %s %s, want %d", kind, resp.Status, body, want)
		}
	}
	if f.reloads != 2 {
		t.Errorf("%d reloads, want 2", f.reloads)
	}
}

// No answer may ever be read by another page, whatever it asks with.
func TestEveryAnswerIsFencedIn(t *testing.T) {
	f := start(t, func(c *Config) { c.Pprof = true })
	for _, e := range append(f.server.table(), endpoint{method: "GET", path: "/none"}) {
		path := strings.NewReplacer("{id}", "x", "{profile}", "heap").Replace(e.path)
		for _, method := range []string{e.method, "OPTIONS", "DELETE", "HEAD"} {
			if method == e.method && e.id == "streamEvents" {
				method = "HEAD"
			}
			for _, origin := range []string{"", "http://localhost:" + f.port, "http://evil.example"} {
				req := f.request(method, path, "", "Origin", origin, "Access-Control-Request-Method", "GET", "Access-Control-Request-Private-Network", "true")
				req.Host = "localhost:" + f.port
				resp, _ := f.do(req)
				for name := range resp.Header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("%s %s answers with %s", method, path, name)
					}
				}
				for name, want := range map[string]string{
					"Content-Security-Policy": "default-src 'none'; style-src 'self'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
					"X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin", "Referrer-Policy": "no-referrer",
				} {
					if got := resp.Header.Get(name); !strings.HasPrefix(got, want) {
						t.Errorf("%s %s: %s is %q", method, path, name, got)
					}
				}
				if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
					t.Errorf("policy %q", csp)
				}
			}
		}
	}
}

func TestConfiguredHostsAreChecked(t *testing.T) {
	for _, bad := range []string{"", "http://weir.example.com", "*.example.com", "a b", "user@host"} {
		if _, err := New(Config{State: &state{}, Events: newRing(), Hosts: []string{bad}}); err == nil {
			t.Errorf("host %q was taken", bad)
		}
	}
}
