package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// scripted is a server that gives its answers in turn, then the last for ever.
type scripted struct {
	*httptest.Server
	calls atomic.Int64
}

func serve(t *testing.T, answers ...http.HandlerFunc) *scripted {
	t.Helper()
	s := &scripted{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(s.calls.Add(1))
		answers[min(n, len(answers))-1](w, r)
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Weir-Request-Id", "of-the-header")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func problem(status int, code string) http.HandlerFunc {
	return says(status, "application/problem+json", fmt.Sprintf(`{"type":"about:blank","title":"t","status":%d,"detail":"what","code":%q,"next":"do it","param":"p","request_id":"id",
		"problems":[{"file":"weir.yaml","line":3,"severity":"error","message":"m"}]}`, status, code))
}

func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

var emptyPage = says(200, "application/json", `{"events":[{"id":"1","ttft_ns":1500000,"outcome":"ok"}],"next_page_token":"t"}`)

func TestEventsAsksAsDocumented(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		want := "/api/v1/events?id=e&key=d&limit=5&outcome=c&page_token=t&route=a+b&since=2026-01-02T03%3A04%3A05Z&variant=%26"
		if r.URL.String() != want || r.Header.Get("Authorization") != "Bearer k" || r.Method != "GET" || r.Header.Get("Content-Type") != "" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		emptyPage(w, r)
	})
	page, err := New(s.URL+"/", WithKey("k")).Events(t.Context(), Query{Route: "a b", Variant: "&", Outcome: "c", Key: "d", ID: "e",
		Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Limit: 5, PageToken: "t"})
	if err != nil || page.NextPageToken != "t" || page.Events[0].FirstToken != 1500*time.Microsecond || page.Events[0].Outcome != "ok" {
		t.Errorf("%+v, %v", page, err)
	}
}

func TestIDsAreEscaped(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.EscapedPath() != "/api/v1/events/a%2F..%3Fb" {
			t.Errorf("asked for %s", r.URL.EscapedPath())
		}
		says(200, "application/json", `{"id":"x"}`)(w, r)
	})
	if e, err := New(s.URL).Event(t.Context(), "a/..?b"); err != nil || e.ID != "x" {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestErrorsKeepWhatWeirSays(t *testing.T) {
	s := serve(t, problem(422, "definition_invalid"))
	_, err := New(s.URL).Reload(t.Context())
	var e *Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if e.Status != 422 || e.Code != "definition_invalid" || e.Message != "what" || e.Next != "do it" || e.RequestID != "id" || e.Param != "p" || e.Problems[0].Line != 3 {
		t.Errorf("%+v", e)
	}
	if e.Error() != "what: do it (definition_invalid)" {
		t.Error(e)
	}
}

func TestAnswersOfSomebodyElse(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a page":               says(404, "text/html", "<h1>nginx</h1>"),
		"an OpenAI error":      says(404, "application/json", `{"error":{"message":"no"}}`),
		"a problem of another": says(404, "application/problem+json", `{"title":"x"}`),
		"not JSON":             says(200, "text/html", "<h1>welcome</h1>"),
	} {
		s := serve(t, answer)
		_, err := New(s.URL).Status(t.Context())
		if err == nil || !strings.Contains(err.Error(), "admin listener of Weir") {
			t.Errorf("%s: %v", name, err)
		}
		var e *Error
		if errors.As(err, &e) && (e.Status != 404 || e.Code != "") {
			t.Errorf("%s: %+v", name, e)
		}
		if s.calls.Load() != 1 {
			t.Errorf("%s: %d calls, want 1", name, s.calls.Load())
		}
	}
}

func TestAskingIsTriedAgain(t *testing.T) {
	for name, first := range map[string]http.HandlerFunc{
		"connection broke": hangUp, "unavailable": problem(503, "x"), "too many": problem(429, "x"), "a proxy's 502": says(502, "text/html", ""),
		"cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"events":[`)
		},
	} {
		s := serve(t, first, first, emptyPage)
		if _, err := New(s.URL).Events(t.Context(), Query{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if name != "connection broke" && s.calls.Load() != 3 { // net/http itself tries once more there
			t.Errorf("%s: %d calls, want 3", name, s.calls.Load())
		}
	}
}

func TestAskingIsNotTriedForEver(t *testing.T) {
	s := serve(t, problem(503, "still"))
	_, err := New(s.URL).Events(t.Context(), Query{})
	var e *Error
	if !errors.As(err, &e) || e.Code != "still" || s.calls.Load() != attempts {
		t.Errorf("%d calls, %v", s.calls.Load(), err)
	}
}

func TestWhatWillNotChangeIsNotTriedAgain(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 500} {
		s := serve(t, problem(status, "x"))
		if _, err := New(s.URL).Status(t.Context()); err == nil || s.calls.Load() != 1 {
			t.Errorf("%d: %d calls, %v", status, s.calls.Load(), err)
		}
	}
}

func TestChangesAreSentOnce(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || r.Header.Get("Content-Type") != "application/json" || string(body) != "{}" {
			t.Errorf("%s %v %s", r.Method, r.Header, body)
		}
		problem(503, "x")(w, r)
	})
	if _, err := New(s.URL).Reload(t.Context()); err == nil || s.calls.Load() != 1 {
		t.Errorf("%d calls, %v", s.calls.Load(), err)
	}
	s = serve(t, hangUp)
	if _, err := New(s.URL).Reload(t.Context()); err == nil || s.calls.Load() != 1 {
		t.Errorf("after a broken connection: %d calls, %v", s.calls.Load(), err)
	}
}

func TestContextEndsACall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := New(s.URL).Status(ctx); !errors.Is(err, context.Canceled) || s.calls.Load() != 1 {
		t.Errorf("%d calls, %v", s.calls.Load(), err)
	}
}

func TestPauseIsBounded(t *testing.T) {
	for try := 1; try < 50; try++ {
		if d := pause(try, nil); d < 50*time.Millisecond || d > maxPause {
			t.Errorf("before attempt %d: %s", try+1, d)
		}
	}
	if d := pause(1, &Error{retryAfter: time.Hour}); d != maxPause {
		t.Errorf("a server made us wait %s", d)
	}
	if d := pause(3, &Error{retryAfter: time.Second}); d != time.Second {
		t.Errorf("asked for 1s, waits %s", d)
	}
}

// A key goes to the address it was given for, and to nowhere else.
func TestKeyDoesNotFollowARedirect(t *testing.T) {
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the redirect was followed: %v", r.Header) })
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) })
	if _, err := New(s.URL, WithKey("c4n4ry")).Status(t.Context()); err == nil || strings.Contains(err.Error(), "c4n4ry") {
		t.Error(err)
	}
}

func TestKeysAndPasswordsAreNotPrinted(t *testing.T) {
	c := New("http://127.0.0.1:1", WithKey("c4n4ry"))
	if text := fmt.Sprintf("%v %+v %#v %+v", c, c, *c, *c); strings.Contains(text, "c4n4ry") {
		t.Error(text)
	}
	if _, err := New("http://user:c4n4ry@127.0.0.1:1").Status(t.Context()); err == nil || strings.Contains(err.Error(), "c4n4ry") {
		t.Error(err)
	}
}

func TestAddressThatMakesNoSense(t *testing.T) {
	for _, base := range []string{"", "127.0.0.1:8081", "http://[::1", "ftp://x", "://"} {
		if _, err := New(base).Status(t.Context()); err == nil {
			t.Errorf("%q was called", base)
		}
	}
}

func TestGivenHTTPClientIsUsed(t *testing.T) {
	s := serve(t, emptyPage)
	used := false
	h := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		used = true
		return http.DefaultTransport.RoundTrip(r)
	})}
	if _, err := New(s.URL, WithHTTPClient(h)).Events(t.Context(), Query{}); err != nil || !used {
		t.Error(used, err)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestExplainRoutesModelsExperiments(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer, ok := map[string]string{
			"GET /api/v1/routes ":                                 `{"revision":"r","routes":[{"name":"support"}]}`,
			"GET /api/v1/experiments ":                            `{"revision":"r","experiments":[{"name":"cheaper","arms":[{"from":"00"}]}]}`,
			"GET /api/v1/models ":                                 `{"models":[{"name":"m","ready":true}]}`,
			`POST /api/v1/explain {"route":"support","unit":"u"}`: `{"variant":"b","steps":[{"name":"hash","text":"x"}]}`,
		}[r.Method+" "+r.URL.Path+" "+string(body)]
		if !ok {
			t.Errorf("%s %s %s", r.Method, r.URL.Path, body)
		}
		says(200, "application/json", answer)(w, r)
	})
	c := New(s.URL)
	routes, err1 := c.Routes(t.Context())
	experiments, err2 := c.Experiments(t.Context())
	models, err3 := c.Models(t.Context())
	x, err4 := c.Explain(t.Context(), ExplainRequest{Route: "support", Unit: "u"})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	if routes[0].Name != "support" || experiments[0].Arms[0].From != "00" || !models[0].Ready || x.Variant != "b" || x.Steps[0].Name != "hash" {
		t.Error(routes, experiments, models, x)
	}
}
