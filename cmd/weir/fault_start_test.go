package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/access"
)

// exposure is one way to start.
type exposure struct {
	listener, host string
	keys           string // scopes of the only key; empty: no keys
	tls            bool
	insecure       string // "", "flag" or "field"
}

func (e exposure) String() string {
	return fmt.Sprintf("%s on %s, keys %q, TLS %v, insecure %q", e.listener, e.host, e.keys, e.tls, e.insecure)
}

// beyond reports whether other machines may reach the host.
func (e exposure) beyond() bool { return e.host != "127.0.0.1" && e.host != "localhost" }

// starts is the rule: beyond this machine there is TLS and a key for what is
// served there, or somebody has said that they want neither.
func (e exposure) starts() bool {
	guarded := map[string]string{"data": "call", "admin": "read operate admin", "telemetry": e.keys + " -"}[e.listener]
	return !e.beyond() || e.insecure != "" || e.tls && (e.listener == "telemetry" || e.keys != "" && strings.Contains(guarded, e.keys))
}

func (e exposure) definitions(model, cert, key string) string {
	listen := map[string]string{"data": "127.0.0.1:0", "admin": "127.0.0.1:0", "telemetry": "127.0.0.1:0"}
	listen[e.listener] = net.JoinHostPort(e.host, "0")
	fields := fmt.Sprintf("data: %q, admin: %q, telemetry: %q", listen["data"], listen["admin"], listen["telemetry"])
	if e.tls {
		fields += fmt.Sprintf(", tls: {cert: %q, key: %q}", "file:"+cert, "file:"+key)
	}
	if e.insecure == "field" {
		fields += ", insecure: true"
	}
	text := "listen: {" + fields + "}\n" + strings.TrimPrefix(fmt.Sprintf(twoModels, model, model), "\n")
	if e.keys != "" {
		text += fmt.Sprintf("keys: {k: {sha256: %s, scopes: [%s]}}\n", access.Digest("token"), e.keys)
	}
	return text
}

// exposures are all combinations.
func exposures() (all []exposure) {
	for _, listener := range []string{"data", "admin", "telemetry"} {
		for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "::"} {
			for _, keys := range []string{"", "call", "read"} {
				for _, encrypted := range []bool{false, true} {
					for _, insecure := range []string{"", "flag", "field"} {
						all = append(all, exposure{listener, host, keys, encrypted, insecure})
					}
				}
			}
		}
	}
	return all
}

// T10: what others could reach without TLS and keys does not start unless
// somebody says so; and what starts asks for what it says it does.
func TestT10StartMatrix(t *testing.T) {
	m := model(t, "")
	cert, key, roots := certificates(t)
	refused, started := 0, 0
	for _, e := range exposures() {
		l := prepare(t, e.definitions(m.URL(), cert, key))
		if e.starts() {
			started++
			t.Run(strings.ReplaceAll(e.String(), " ", "-"), func(t *testing.T) { l.t = t; opened(t, l, e, roots) })
			continue
		}
		refused++
		code, out, said := runs(nil, "serve", "-c", l.file)
		if code != exitUsage || out != "" || !strings.Contains(said, "listen."+e.listener) || !strings.Contains(said, "can be reached from other machines") || !strings.Contains(said, "--insecure") {
			t.Errorf("%s: exit code %d\n%s", e, code, said)
		}
	}
	if refused != 26 || started != 190 {
		t.Errorf("%d refused, %d started: this is no matrix", refused, started)
	}
}

// opened starts a Weir and asks it, with and without the key.
func opened(t *testing.T, l *live, e exposure, roots *x509.CertPool) {
	l.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}, Timeout: soon}
	log := l.log
	s, err := newServer(source{path: l.file, env: l.variable, insecure: e.insecure == "flag"}, serverOptions{}, silently(log))
	if err != nil {
		t.Fatal(err)
	}
	s.start()
	defer s.finish()
	url := func(at *listener) string {
		_, port, _ := net.SplitHostPort(at.net.Addr().String())
		return map[bool]string{false: "http", true: "https"}[e.tls] + "://127.0.0.1:" + port
	}
	want := map[string]int{"": 200, "call": 401, "read": 401}[e.keys]
	if g := ask(l.client, url(s.data), "a", false); g.status != want {
		t.Errorf("data without a key: %d %s %v, want %d", g.status, g.body, g.err, want)
	}
	want = map[string]int{"": 200, "call": 200, "read": 403}[e.keys]
	if g := ask(l.client, url(s.data), "a", false, "Authorization", "Bearer token"); g.status != want {
		t.Errorf("data with the key: %d %s %v, want %d", g.status, g.body, g.err, want)
	}
	want = map[string]int{"": 200, "call": 403, "read": 200}[e.keys]
	req, _ := http.NewRequest(http.MethodGet, url(s.adminListener)+"/api/v1/status", nil)
	req.Header.Set("Authorization", "Bearer token")
	if g := do(l.client, req); g.status != want {
		t.Errorf("admin with the key: %d %s %v, want %d", g.status, g.body, g.err, want)
	}
	if g := l.get(url(s.metrics) + "/metrics"); g.status != 200 {
		t.Errorf("telemetry: %d %v", g.status, g.err)
	}
	if e.tls {
		if g := l.get("http" + strings.TrimPrefix(url(s.data), "https") + "/healthz"); g.status == 200 {
			t.Error("data is served without TLS")
		}
	}
}

// certificates writes those that net/http/httptest carries to files.
func certificates(t *testing.T) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	der, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: s.Certificate().Raw}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots = x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return cert, key, roots
}

// When one of the listeners cannot be opened, none stays open: a port that takes
// connections and answers none is worse than one that is closed.
func TestListenersAreOpenedAllOrNone(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, name := range []string{"admin", "telemetry"} {
		l := prepare(t, strings.Replace(twoModelsOf("http://127.0.0.1:1", "http://127.0.0.1:1"), name+": 127.0.0.1:0", name+": "+taken.Addr().String(), 1))
		s, err := newServer(source{path: l.file, env: l.variable}, serverOptions{}, silently(l.log))
		if err == nil || !strings.Contains(err.Error(), "listen."+name) {
			t.Fatalf("%s: %v", name, err)
		}
		if conn, err := net.DialTimeout("tcp", s.data.net.Addr().String(), time.Second); err == nil {
			_ = conn.Close()
			t.Errorf("%s could not be opened, and data still takes connections", name)
		}
	}
}

// T10: profiles and metrics are where they belong, and nowhere else.
func TestT10ProfilesAndMetricsAreApart(t *testing.T) {
	m := model(t, "")
	for _, pprof := range []bool{false, true} {
		l := prepare(t, twoModelsOf(m.URL(), m.URL()))
		if err := l.serve(serverOptions{pprof: pprof}); err != nil {
			t.Fatal(err)
		}
		for at, want := range map[string]int{
			l.s.data.url() + "/debug/pprof/heap":             404,
			l.s.metrics.url() + "/debug/pprof/heap":          404,
			l.s.adminListener.url() + "/debug/pprof/heap":    map[bool]int{false: 404, true: 200}[pprof],
			l.s.data.url() + "/metrics":                      404,
			l.s.adminListener.url() + "/metrics":             404,
			l.s.metrics.url() + "/metrics":                   200,
			l.s.data.url() + "/api/v1/status":                404,
			l.s.metrics.url() + "/api/v1/status":             404,
			l.s.adminListener.url() + "/v1/models":           404,
			l.s.adminListener.url() + "/v1/chat/completions": 404,
		} {
			if g := l.get(at); g.status != want {
				t.Errorf("pprof %v: %s: %d, want %d", pprof, at, g.status, want)
			}
		}
	}
}
