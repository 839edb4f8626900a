package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patient is what a doctor is sent to: definitions in a folder of their own.
type patient struct {
	t      *testing.T
	folder string
	env    map[string]string
	doctor *doctor
	app    *app
	out    strings.Builder
}

// simplest are definitions that lack nothing.
const simplest = "listen: {data: 127.0.0.1:0, admin: 127.0.0.1:0, telemetry: 127.0.0.1:0}\nmodels: {m: {vendor: simulated}}\nroutes: {r: {baseline: m}}\n"

func newPatient(t *testing.T, definitions string) *patient {
	t.Helper()
	p := &patient{t: t, folder: t.TempDir(), env: map[string]string{}, doctor: newDoctor()}
	p.app = &app{in: strings.NewReader(""), out: &p.out, err: io.Discard, env: func(name string) (string, bool) { v, ok := p.env[name]; return v, ok }}
	p.write("weir.yaml", definitions)
	p.doctor.source = source{path: filepath.Join(p.folder, "weir.yaml"), env: p.app.env}
	return p
}

func (p *patient) write(name, text string) string {
	p.t.Helper()
	path := filepath.Join(p.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// ask lets the doctor ask models and the Weir at an address; "": where nobody is.
func (p *patient) ask(admin string) *patient {
	if admin == "" {
		admin = "http://127.0.0.1:1"
	}
	p.doctor.remote = &remote{admin: admin, key: "env:WEIR_KEY"}
	c, err := p.doctor.remote.client(p.app)
	if err != nil {
		p.t.Fatal(err)
	}
	p.doctor.client = c
	return p
}

// expect runs all checks and wants a finding of one of them; its text and what
// to do about it must hold the words.
func (p *patient) expect(check string, state health, words string) {
	p.t.Helper()
	var said []string
	for _, c := range checks {
		if c.needs && p.doctor.compiled == nil {
			continue
		}
		for _, f := range c.run(p.t.Context(), p.doctor) {
			said = append(said, fmt.Sprintf("%s %s: %s; %s", f.State, f.Check, f.Text, f.Next))
			if f.Check == check && f.State == state && strings.Contains(f.Text+"\n"+f.Next, words) {
				return
			}
		}
	}
	p.t.Errorf("no finding of %s is %q with %q:\n%s", check, state, words, strings.Join(said, "\n"))
}

func TestDoctorDefinitions(t *testing.T) {
	newPatient(t, simplest).expect("definitions", well, "1 model, 1 route")
	newPatient(t, "routs: {}").expect("definitions", ill, `did you mean "routes"?`)
	newPatient(t, "\tx").expect("definitions", ill, "weir.yaml:1:1")
	newPatient(t, simplest+"experiments: {e: {route: r, candidate: m, share: 10%}}").expect("definitions", doubtful, "A/A test")
	gone := newPatient(t, simplest)
	gone.doctor.source.path = filepath.Join(gone.folder, "nowhere.yaml")
	gone.expect("definitions", ill, "nowhere.yaml")
	none := newPatient(t, simplest)
	none.doctor.noSource = errNoDefinitions
	none.expect("definitions", unasked, "weir init")
}

func TestDoctorClock(t *testing.T) {
	newPatient(t, simplest).expect("clock", well, "it is 20")
	for _, year := range []int{1970, 2025, 2106} {
		p := newPatient(t, simplest)
		p.doctor.now = func() time.Time { return time.Date(year, 5, 1, 0, 0, 0, 0, time.UTC) }
		p.expect("clock", ill, "NTP")
	}
}

const needsSecret = "models: {m: {vendor: openai-compatible, model: x, endpoints: [\"http://127.0.0.1:1/v1\"], price: {input: 0, output: 0}, %s}}\nroutes: {r: {baseline: m}}\n"

func TestDoctorSecrets(t *testing.T) {
	newPatient(t, simplest).expect("secrets", well, "no model needs one")
	set := newPatient(t, fmt.Sprintf(needsSecret, "key: env:A_SECRET"))
	set.expect("secrets", ill, "env:A_SECRET is not set")
	set.env["A_SECRET"] = "c4n4ry"
	set.expect("secrets", well, "those of 1 model are there")
	header := newPatient(t, fmt.Sprintf(needsSecret, "headers: {x-tenant: env:A_SECRET}"))
	header.expect("secrets", ill, "provide env:A_SECRET")
	file := newPatient(t, fmt.Sprintf(needsSecret, "key: file:m.key"))
	file.expect("secrets", ill, "file:m.key: ")
	file.write("m.key", " \n")
	file.expect("secrets", ill, "file:m.key is empty")
	file.write("m.key", "c4n4ry\n")
	file.expect("secrets", well, "those of 1 model")
}

func TestDoctorSigning(t *testing.T) {
	newPatient(t, simplest).expect("signing", well, "unit.key")
	p := newPatient(t, strings.Replace(simplest, "{data", "{secret: env:A_SECRET, data", 1))
	p.expect("signing", ill, "env:A_SECRET is not set")
	p.env["A_SECRET"] = "short"
	p.expect("signing", ill, "at least 32")
	p.env["A_SECRET"] = strings.Repeat("c4n4ry", 8)
	p.expect("signing", well, "listen.secret")
	newPatient(t, strings.Replace(simplest, "baseline: m", "baseline: m, unit: [cookie]", 1)).expect("definitions", doubtful, "listen.secret")
}

// certificate writes one that is good between two days from now.
func (p *patient) certificate(from, to int) {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	day := func(n int) time.Time { return time.Now().Add(time.Duration(n) * 24 * time.Hour) }
	c := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"weir.example"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}, NotBefore: day(from), NotAfter: day(to)}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		p.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	p.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

func TestDoctorCertificate(t *testing.T) {
	newPatient(t, simplest).expect("certificate", well, "no listen.tls")
	p := newPatient(t, strings.Replace(simplest, "{data", "{tls: {cert: file:cert.pem, key: file:key.pem}, data", 1))
	p.expect("certificate", ill, "listen.tls")
	p.write("cert.pem", "no certificate")
	p.write("key.pem", "no key")
	p.expect("certificate", ill, "listen.tls")
	for _, c := range []struct {
		from, to int
		state    health
		words    string
	}{{-1, 365, well, "[weir.example 192.0.2.1] is good until 20"}, {-1, 20, doubtful, "renew it"}, {-9, -1, ill, "ended on 20"}, {2, 9, ill, "which is yet to come"}} {
		p.certificate(c.from, c.to)
		p.expect("certificate", c.state, c.words)
	}
}

func TestDoctorKeys(t *testing.T) {
	key := func(expires string) string {
		return simplest + "keys: {k: {sha256: " + strings.Repeat("0", 64) + expires + "}}\n"
	}
	day := func(n int) string {
		return ", expires: " + time.Now().Add(time.Duration(n)*24*time.Hour).Format(time.DateOnly)
	}
	newPatient(t, simplest).expect("keys", well, "none are declared")
	newPatient(t, key("")).expect("keys", well, "1 key, none of them about to expire")
	newPatient(t, key(day(30))).expect("keys", well, "1 key")
	newPatient(t, key(day(10))).expect("keys", doubtful, `key "k" expires on`)
	newPatient(t, key(day(-3))).expect("definitions", doubtful, "expired on")
}

func TestDoctorDescriptors(t *testing.T) {
	for n, want := range map[uint64]health{256: doubtful, 4095: doubtful, 4096: well, 1 << 20: well} {
		p := newPatient(t, simplest)
		p.doctor.descriptors = func() (uint64, bool) { return n, true }
		p.expect("descriptors", want, fmt.Sprint(n))
	}
	p := newPatient(t, simplest)
	p.doctor.descriptors = func() (uint64, bool) { return 0, false }
	p.expect("descriptors", unasked, "cannot be read")
}

// modelServer answers every request with one text.
func modelServer(t *testing.T, status int, text string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/v1"
}

func TestDoctorModels(t *testing.T) {
	two := `{"object":"list","data":[{"id":"llama"},{"id":"qwen"}]}`
	good := modelServer(t, 200, two)
	for _, c := range []struct {
		name, model, endpoints string
		state                  health
		words                  string
	}{
		{"lists the id", "llama", good, well, `model "m" answers at 1 endpoint`},
		{"closed port", "llama", "http://127.0.0.1:1/v1", ill, "see whether the address is right"},
		{"one of two is closed", "llama", good + ", http://127.0.0.1:1/v1", ill, "http://127.0.0.1:1/v1: "},
		{"several models, none chosen", "", good, ill, "serves 2 models: llama, qwen\nname one with model:"},
		{"one model, none chosen", "", modelServer(t, 200, `{"data":[{"id":"llama"}]}`), well, "answers"},
		{"id not listed", "lama", good, doubtful, `does not list "lama"; it lists llama, qwen`},
		{"a page", "llama", modelServer(t, 200, "<h1>welcome</h1>"), ill, "not a list of models"},
		{"key refused", "llama", modelServer(t, 401, `{"error":{"message":"no"}}`), ill, "401"},
		{"failing", "llama", modelServer(t, 503, "busy"), ill, "503"},
	} {
		t.Run(c.name, func(t *testing.T) {
			model := ""
			if c.model != "" {
				model = "model: " + c.model + ", "
			}
			text := "models: {m: {vendor: openai-compatible, " + model + "endpoints: [" + c.endpoints + "], price: {input: 0, output: 0}}}\nroutes: {r: {baseline: m}}\n"
			newPatient(t, text).ask("").expect("models", c.state, c.words)
		})
	}
	newPatient(t, simplest).ask("").expect("models", well, "answers")
	newPatient(t, simplest).expect("models", unasked, "offline")
	newPatient(t, fmt.Sprintf(needsSecret, "key: env:A_SECRET")).ask("").expect("models", unasked, "its secret is missing")
}

// runningWeir is an admin listener that says what it is told to.
func runningWeir(t *testing.T, answers map[string]string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := answers[r.URL.Path]
		if !ok {
			text = map[string]string{"/api/v1/status": `{"version":"dev","mode":"demo","revision":"r"}`, "/api/v1/models": `{}`, "/api/v1/events": `{}`}[r.URL.Path]
		}
		if strings.Contains(text, `"code"`) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestDoctorRunning(t *testing.T) {
	status := func(text string) map[string]string { return map[string]string{"/api/v1/status": text} }
	for _, c := range []struct {
		name    string
		answers map[string]string
		state   health
		words   string
	}{
		{"well", nil, well, "version dev runs since"},
		{"another version", status(`{"version":"v0.9.0","mode":"demo"}`), well, "this program is version dev"},
		{"other definitions", status(`{"mode":"file","revision":"0123","source":"/etc/weir.yaml"}`), doubtful, "/etc/weir.yaml"},
		{"refused reload", status(`{"mode":"file","revision":"0123","last_reload":{"applied":false,"error":"unknown field"}}`), ill, "unknown field"},
		{"shutting down", status(`{"mode":"demo","draining":true,"in_flight":3}`), doubtful, "3 requests under way"},
		{"key without scope", status(`{"code":"scope_missing","detail":"key does not have the scope"}`), ill, "set WEIR_KEY to a key with scope read"},
		{"somebody else", status(`<h1>welcome</h1>`), ill, "--admin"},
		{"model without secret", map[string]string{"/api/v1/models": `{"models":[{"name":"m","ready":false,"reason":"secret env:X is not set"}]}`}, ill, "secret env:X is not set"},
		{"models not told", map[string]string{"/api/v1/models": `{"code":"x","detail":"broken"}`}, ill, "broken"},
		{"no requests", nil, unasked, "no recent requests"},
		{"units", map[string]string{"/api/v1/events": `{"events":[{"assignments":[{"reason":"chance"}]}]}`}, well, "0.0 % of the last 1 request"},
		{"no units", map[string]string{"/api/v1/events": `{"events":[{"route":"r","assignments":[{"reason":"no_unit"}]},{}]}`}, doubtful, "100.0 % of the last 1 request"},
		{"events not told", map[string]string{"/api/v1/events": `{"code":"x","detail":"broken"}`}, ill, "broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			newPatient(t, simplest).ask(runningWeir(t, c.answers)).expect("running", c.state, c.words)
		})
	}
	newPatient(t, simplest).ask("").expect("running", unasked, "no Weir is running at http://127.0.0.1:1")
	newPatient(t, simplest).expect("running", unasked, "offline")
}

// One request in a hundred without a unit is nothing; one in ninety is worth a word.
func TestDoctorShareWithoutUnit(t *testing.T) {
	for n, want := range map[int]health{99: well, 90: doubtful} {
		text := strings.Repeat(`{"assignments":[{"reason":"chance"}]},`, n)
		answers := map[string]string{"/api/v1/events": `{"events":[` + text + `{"route":"r","assignments":[{"reason":"no_unit"}]}]}`}
		newPatient(t, simplest).ask(runningWeir(t, answers)).expect("running", want, "carried no unit")
	}
}

func TestDoctorListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	with := func(data string) string { return strings.Replace(simplest, "data: 127.0.0.1:0", data, 1) }
	newPatient(t, simplest).ask("").expect("listen", well, "can be listened on")
	newPatient(t, with("data: "+taken.Addr().String())).ask("").expect("listen", ill, "choose another address with listen.data")
	newPatient(t, with("data: 192.0.2.1:0, insecure: true")).ask("").expect("listen", ill, "cannot be listened on")
	newPatient(t, simplest).expect("listen", unasked, "offline")
	newPatient(t, simplest).ask("http://192.0.2.1:1").expectOnly("listen", unasked, "another machine")
	file := map[string]string{"/api/v1/status": `{"mode":"file","listeners":[{"name":"data","address":"` + taken.Addr().String() + `"}]}`}
	newPatient(t, with("data: "+taken.Addr().String())).ask(runningWeir(t, file)).expect("listen", well, "holds "+taken.Addr().String())
}

// expectOnly runs the definitions and one check: others would wait for the network.
func (p *patient) expectOnly(check string, state health, words string) {
	p.t.Helper()
	checkDefinitions(p.t.Context(), p.doctor)
	for _, c := range checks {
		if c.name != check {
			continue
		}
		for _, f := range c.run(p.t.Context(), p.doctor) {
			if f.State != state || !strings.Contains(f.Text, words) {
				p.t.Errorf("%s: %s", f.State, f.Text)
			}
		}
	}
}

// Values of secrets are not part of a diagnosis.
func TestDoctorSaysNoSecret(t *testing.T) {
	p := newPatient(t, fmt.Sprintf(needsSecret, "key: env:A_SECRET"))
	p.env["A_SECRET"] = "c4n4ry"
	err := p.app.diagnose(t.Context(), p.ask("").doctor, "json", false)
	if codeOf(err) != exitFindings || strings.Contains(p.out.String(), "c4n4ry") {
		t.Errorf("%v\n%s", err, p.out.String())
	}
}
