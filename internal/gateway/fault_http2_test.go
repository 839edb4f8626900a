package gateway_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/event"
)

// http2 serves the rig's gateway over TLS and HTTP/2 too.
func (r *rig) http2() (url string, client *http.Client) {
	r.t.Helper()
	s := httptest.NewUnstartedServer(r.gw.Handler())
	s.EnableHTTP2 = true
	s.StartTLS()
	r.t.Cleanup(s.Close)
	return s.URL, s.Client()
}

// C1, over HTTP/2: one stream of a connection is given up, and the others go on.
func TestC1ClientLeavesOverHTTP2(t *testing.T) {
	eachPath(t, func(t *testing.T, path string) {
		r := newRig(t, setup{})
		url, client := r.http2()
		r.up.SetScript(chaos.MustParse("silent"))
		for n := 1; n <= 5; n++ {
			ctx, leave := context.WithCancel(context.Background())
			defer leave()
			gone := make(chan error, 1)
			go func() {
				req, _ := http.NewRequestWithContext(ctx, http.MethodPost, url+path, strings.NewReader(journeys[path].body("r", journeys[path].streams)))
				_, err := client.Do(req)
				gone <- err
			}()
			if err := r.up.WaitCount(n, 5*time.Second); err != nil {
				t.Fatal(err)
			}
			leave()
			if err := <-gone; err == nil {
				t.Error("the client did not leave")
			}
			if _, err := r.up.WaitClosed(n, leaveWithin); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range r.events.wait(t, 5) {
			if e.Outcome != event.Cancelled || e.Status != 499 {
				t.Errorf("%+v", e)
			}
		}
	})
}

// A refusal before the body costs nobody else of an HTTP/2 connection anything.
func TestRefusalKeepsAnHTTP2Connection(t *testing.T) {
	r := newRig(t, setup{keys: []access.Key{{Name: "k", SHA256: access.Digest("good"), Scopes: access.Call}}})
	url, client := r.http2()
	for n, key := range []string{"good", "bad", "good", "bad", "good"} {
		reused := false
		ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) { reused = i.Reused }})
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+chatPath, strings.NewReader(chatBody("r", false)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Api-Key", key)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if want := map[string]int{"good": 200, "bad": 401}[key]; res.StatusCode != want || res.ProtoMajor != 2 {
			t.Errorf("request %d: %s %d, want %d", n, res.Proto, res.StatusCode, want)
		}
		if n > 0 && !reused {
			t.Errorf("request %d needed a connection of its own", n)
		}
	}
}
