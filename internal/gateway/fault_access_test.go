package gateway_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/gateway"
)

// injections are what people try on a store that compares tokens in its own language.
var injections = []string{
	"' OR '1'='1", "' OR 1=1--", `" OR ""="`, "'; DROP TABLE keys;--", "admin'--", "x' UNION SELECT sha256 FROM keys--",
	"1; SELECT pg_sleep(10)--", "' AND SLEEP(10)#", "%' OR token LIKE '%", "%", "_", "*", "?", ".*", "^", "[a-z]*", "good%00", "good\\0",
	`{"$ne":null}`, `{"$gt":""}`, `[$ne]=x`, "true", "null", "undefined", "0", "NaN", "${jndi:ldap://127.0.0.1/x}", "{{7*7}}", "$(id)", "`id`",
	"../../etc/passwd", "file:///etc/passwd", "env:OPENAI_API_KEY", "good,bad", "good;bad", "good bad", "bad good", "Bearer good", "good=", "=good",
	strings.Repeat("A", 513), strings.Repeat("good", 5000), "\u0261ood", "g\u00f6od", "GOOD", "goo", "goodd", "\tgood\tx",
	"0000000000000000000000000000000000000000000000000000000000000000", access.Digest("good"), strings.ToUpper(access.Digest("good")),
}

var requestID = regexp.MustCompile(`"request_id":"[^"]*"`)

// T4: a token is hashed and looked up, and means nothing else. All wrong ones get
// the same answer to the byte, whichever way they come in.
func TestT4InjectedTokens(t *testing.T) {
	eachPath(t, func(t *testing.T, path string) {
		r := newRig(t, setup{keys: []access.Key{{Name: "k", SHA256: access.Digest("good"), Scopes: access.All}}})
		if a := r.post(path, journeys[path].body("r", false), "X-Api-Key", "good"); a.status != 200 {
			t.Fatal("the good one:", a.status, a.body)
		}
		same := ""
		for _, token := range injections {
			for name, value := range map[string]string{"X-Api-Key": token, "Authorization": "Bearer " + token} {
				a := r.post(path, journeys[path].body("r", false), name, value)
				body := requestID.ReplaceAllString(a.body, "")
				if same == "" {
					same = body
				}
				if a.status != 401 || a.code() != "invalid_api_key" || body != same {
					t.Errorf("%s: %.60s: %d %s", name, value, a.status, a.body)
				}
			}
		}
		if n := r.up.Count(); n != 1 {
			t.Errorf("the upstream was asked %d times, want once", n)
		}
		for _, e := range r.events.all()[1:] {
			if e.Key != "" || strings.Contains(e.Error, "good") || strings.Contains(e.Error, "OR") {
				t.Errorf("a token is on the record: %+v", e)
			}
		}
	})
}

// T5: a key that is gone from the definitions is refused from then on, under load
// too. What it had begun ends in peace, and keys that look like it are not it.
func TestT5RevokedUnderLoad(t *testing.T) {
	eachPath(t, func(t *testing.T, path string) {
		gone, stays := "weir_"+strings.Repeat("A", 42)+"B", "weir_"+strings.Repeat("A", 42)+"C"
		keys := []access.Key{{Name: "gone", SHA256: access.Digest(gone), Scopes: access.Call}, {Name: "stays", SHA256: access.Digest(stays), Scopes: access.Call}}
		r := newRig(t, setup{keys: keys})
		r.up.SetScript(chaos.MustParse("tokens=20;delay-between=20ms;ttft=100ms"))
		const callers = 16
		var begun, finished, refused atomic.Int64
		var revoking atomic.Bool
		var revoked atomic.Pointer[time.Time]
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				for { // until it is refused
					start := time.Now()
					begun.Add(1)
					a := r.post(path, journeys[path].body("r", i%2 == 0), "Authorization", "Bearer "+gone)
					at := revoked.Load()
					switch {
					case a.status == 200 && at != nil && start.After(*at):
						t.Errorf("served although it began %s after the key was gone", start.Sub(*at))
						return
					case a.status == 200 && (a.err != nil || a.text(t) == "" && path == chatPath || strings.Contains(a.body, `"error"`)):
						t.Errorf("cut off: %s %v", a.body, a.err)
					case a.status == 200:
						finished.Add(1)
					case a.status == 401 && a.code() == "invalid_api_key" && revoking.Load():
						refused.Add(1)
						return
					default:
						t.Errorf("%d %s %v", a.status, a.body, a.err)
						return
					}
				}
			})
		}
		for deadline := time.Now().Add(5 * time.Second); begun.Load() < 2*callers && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		under := r.gw.InFlight()
		revoking.Store(true)
		r.revoke(keys[1])
		now := time.Now()
		revoked.Store(&now)
		wg.Wait()
		if under == 0 || finished.Load() < under || refused.Load() != callers {
			t.Errorf("%d were under way when the key went; %d finished, %d were refused", under, finished.Load(), refused.Load())
		}
		r.up.SetScript(chaos.Script{})
		for token, want := range map[string]int{stays: 200, gone: 401, stays + "A": 401, stays[:46]: 401, "weir_" + strings.Repeat("A", 42): 401, strings.ToLower(stays): 401} {
			if a := r.post(path, journeys[path].body("r", false), "X-Api-Key", token); a.status != want {
				t.Errorf("%s: %d %s, want %d", token, a.status, a.body, want)
			}
		}
	})
}

// revoke leaves only these keys.
func (r *rig) revoke(left ...access.Key) {
	r.t.Helper()
	ring, err := access.NewKeyring(left)
	if err != nil {
		r.t.Fatal(err)
	}
	s := r.snap
	s.Keys = ring
	if err := r.gw.Apply(s); err != nil {
		r.t.Fatal(err)
	}
}

// T5, collisions: among many keys that begin alike each is itself alone.
func TestT5TokensThatBeginAlike(t *testing.T) {
	start, _, err := access.NewToken(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var keys []access.Key
	for i := range 64 {
		keys = append(keys, access.Key{Name: fmt.Sprintf("k%d", i), SHA256: access.Digest(fmt.Sprintf("%s%02d", start, i)), Scopes: access.Call})
	}
	r := newRig(t, setup{keys: keys})
	for i := range 64 {
		if a := r.chat("r", false, "X-Api-Key", fmt.Sprintf("%s%02d", start, i)); a.status != 200 {
			t.Fatal(i, a.status, a.body)
		}
		if e := r.last(i + 1); e.Key != fmt.Sprintf("k%d", i) {
			t.Errorf("key %d was taken for %s", i, e.Key)
		}
	}
	r.revoke(keys[1:]...)
	if a := r.chat("r", false, "X-Api-Key", start+"00"); a.status != 401 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// T11: without keys a gateway serves this machine, and nobody that a browser or a
// name server led here.
func TestT11WithoutKeysOnlyThisMachine(t *testing.T) {
	local := "127.0.0.1:50000"
	for _, c := range []struct {
		name, peer, host, origin string
		want                     string // the code; empty: served
	}{
		{"this machine", local, "127.0.0.1:8080", "", ""},
		{"by name", local, "localhost:8080", "", ""},
		{"by name in capitals", local, "LOCALHOST", "", ""},
		{"over IPv6", "[::1]:50000", "[::1]:8080", "", ""},
		{"over IPv4 in IPv6", "[::ffff:127.0.0.1]:50000", "127.0.0.1:8080", "", ""},
		{"a page of this machine", local, "localhost:8080", "http://localhost:3000", ""},
		{"a name that was led here", local, "evil.example", "", "host_refused"},
		{"a name that was led here, with the port", local, "evil.example:8080", "", "host_refused"},
		{"a name like ours", local, "localhost.evil.example", "", "host_refused"},
		{"a name that begins like ours", local, "127.0.0.1.nip.example", "", "host_refused"},
		{"an address elsewhere", local, "192.0.2.1:8080", "", "host_refused"},
		{"any address", local, "0.0.0.0:8080", "", "host_refused"},
		{"the metadata address", local, "169.254.169.254", "", "host_refused"},
		{"no host", local, "", "", "host_refused"},
		{"a page from elsewhere", local, "127.0.0.1:8080", "https://evil.example", "origin_refused"},
		{"a page from a name like ours", local, "127.0.0.1:8080", "http://localhost.evil.example", "origin_refused"},
		{"a page with our name as its user", local, "127.0.0.1:8080", "http://localhost@evil.example", "origin_refused"},
		{"a page without an origin", local, "127.0.0.1:8080", "null", "origin_refused"},
		{"a page from a file", local, "127.0.0.1:8080", "file://", "origin_refused"},
		{"another machine", "192.0.2.1:50000", "127.0.0.1:8080", "", "no_keys"},
		{"another machine over IPv6", "[2001:db8::1]:50000", "localhost", "", "no_keys"},
		{"a neighbour", "10.0.0.7:50000", "localhost", "", "no_keys"},
		{"nobody", "", "localhost", "", "no_keys"},
	} {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			r := newRig(t, setup{})
			for _, path := range append(gateway.Paths(), "/v1/models", "/v1/models/r") {
				a := r.from(c.peer, c.host, c.origin, path)
				switch {
				case c.want == "" && a.status != 200:
					t.Errorf("%s: %d %s", path, a.status, a.body)
				case c.want != "" && (a.code() != c.want || a.status/100 != 4):
					t.Errorf("%s: %d %s, want code %s", path, a.status, a.body, c.want)
				}
				if h := a.header.Get("Access-Control-Allow-Origin"); h != "" {
					t.Errorf("%s: pages of %q may read the answer", path, h)
				}
			}
			if n := r.up.Count(); c.want != "" && n != 0 {
				t.Errorf("the upstream was asked %d times", n)
			}
			for _, e := range r.events.all() {
				if c.want != "" && e.Outcome != event.Refused {
					t.Errorf("outcome %v", e.Outcome)
				}
			}
		})
	}
}

// T11: what the operator waived with --insecure is waived, and nothing is asked
// of callers with a key.
func TestT11KeysOrInsecureServeOthers(t *testing.T) {
	r := newRig(t, setup{config: func(c *gateway.Config) { c.Insecure = true }})
	if a := r.from("192.0.2.1:50000", "weir.example", "https://app.example", chatPath); a.status != 200 {
		t.Errorf("insecure: %d %s", a.status, a.body)
	}
	r = newRig(t, setup{keys: []access.Key{{Name: "k", SHA256: access.Digest("good"), Scopes: access.Call}}})
	if a := r.from("127.0.0.1:50000", "127.0.0.1", "", chatPath); a.status != 401 || a.code() != "missing_api_key" {
		t.Errorf("this machine, without the key: %d %s", a.status, a.body)
	}
}

// from asks as if over a connection from peer.
func (r *rig) from(peer, host, origin, path string) answer {
	req := httptest.NewRequest(http.MethodGet, path, nil)
	if p := journeys[path]; p.body != nil {
		req = httptest.NewRequest(http.MethodPost, path, strings.NewReader(p.body("r", false)))
	}
	req.RemoteAddr, req.Host = peer, host
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	w := httptest.NewRecorder()
	r.gw.Handler().ServeHTTP(w, req)
	return answer{w.Code, w.Header(), w.Body.String(), nil}
}
