package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/upstream"
)

// callFrom sends a request as if it came from an address.
func (r *rig) callFrom(address string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodPost, chatPath, strings.NewReader(chatBody("ab", false)))
	req.RemoteAddr, req.Host = address, "127.0.0.1:8080"
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.gw.Handler().ServeHTTP(w, req)
	return w
}

// A proxy on this machine speaks for others: without keys it is not served.
func TestProxiedCallersAreNotLocal(t *testing.T) {
	r := newRig(t, setup{})
	for _, name := range []string{"X-Forwarded-For", "X-Real-IP", "Forwarded"} {
		if w := r.callFrom("127.0.0.1:5", name, "203.0.113.9"); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "no_keys") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if w := r.callFrom("127.0.0.1:5"); w.Code != 200 {
		t.Errorf("a local caller: %d %s", w.Code, w.Body)
	}
}

// Where the operator serves strangers, they may ask and nothing else.
func TestInsecureServesStrangersWithoutPowers(t *testing.T) {
	r := newRig(t, setup{config: func(c *gateway.Config) { c.Insecure = true }})
	if w := r.callFrom("203.0.113.9:5"); w.Code != 200 || w.Header().Get("X-Weir-Variant") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, from := range [][]string{{"203.0.113.9:5"}, {"127.0.0.1:5", "X-Forwarded-For", "203.0.113.9"}} {
		if w := r.callFrom(from[0], append(from[1:], "X-Weir-Variant", "treatment")...); w.Code != http.StatusForbidden {
			t.Errorf("%v forced a variant: %d %s", from, w.Code, w.Body)
		}
	}
	if w := r.callFrom("127.0.0.1:5", "X-Weir-Variant", "treatment"); w.Code != 200 {
		t.Errorf("the operator's own machine: %d %s", w.Code, w.Body)
	}
}

// Two endpoints that are down for the same reason must not keep a declared
// fallback from its turn.
func TestFallbackGetsTheLastAttempt(t *testing.T) {
	dead := func(a, _ *upstream.Model) {
		a.Endpoints = []string{"http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"}
	}
	for retry, want := range map[int][]string{1: {"a", "b"}, 2: {"a", "a", "b"}} {
		r := newRig(t, setup{models: dead, route: retries(retry, "b")})
		if a := r.chat("r", false); a.status != 200 {
			t.Errorf("%d retries: %d %s", retry, a.status, a.body)
		}
		e := r.last(1)
		var asked []string
		for _, a := range e.Attempts {
			asked = append(asked, a.Model)
		}
		if strings.Join(asked, " ") != strings.Join(want, " ") || e.Outcome != event.OK || !e.Fallback {
			t.Errorf("%d retries: asked %v, want %v", retry, asked, want)
		}
	}
}

// An id to ask about is on every answer, also where nothing was asked of a model.
func TestEveryAnswerHasAnID(t *testing.T) {
	r := newRig(t, setup{})
	for _, path := range []string{"/nowhere", chatPath, "/v1/models/none"} {
		req, _ := http.NewRequest(http.MethodGet, r.url+path, nil)
		req.Header.Set("X-Request-Id", "mine")
		res, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body := readAll(t, res.Body)
		_ = res.Body.Close()
		id := res.Header.Get("X-Weir-Request-Id")
		if id == "" || res.Header.Get("X-Request-Id") != "mine" || !strings.Contains(body, id) {
			t.Errorf("%s: %v %s", path, res.Header, body)
		}
	}
	res, err := r.client.Get(r.url + "/v1/models/vllm/model-a-id")
	if err != nil || res.StatusCode != 200 {
		t.Errorf("a name that can be asked is not found: %v %v", res, err)
	}
}
