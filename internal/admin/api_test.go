package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/event"
)

func TestErrorsAreProblems(t *testing.T) {
	f := start(t, nil)
	for _, row := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "/nothing", "", 404, "unknown_path"},
		{"GET", "/api/v1", "", 404, "unknown_path"},
		{"GET", "/api/v1/events/", "", 404, "unknown_path"},
		{"GET", "/api/v1/events/a/b", "", 404, "unknown_path"},
		{"GET", "/api//v1/events", "", 404, "unknown_path"},
		{"GET", "//api/v1/events", "", 404, "unknown_path"},
		{"GET", "/api/v1/../v1/events", "", 404, "unknown_path"},
		{"GET", "/api/v1/Events", "", 404, "unknown_path"},
		{"GET", "/api/v1%2fevents", "", 404, "unknown_path"},
		{"GET", "/api/v1/events/", "", 404, "unknown_path"},
		{"GET", "/debug/pprof/heap", "", 404, "unknown_path"},
		{"GET", "/debug/pprof/", "", 404, "unknown_path"},
		{"GET", "/metrics", "", 404, "unknown_path"},
		{"GET", "/api/v1/events/0198", "", 404, "event_not_found"},
		{"POST", "/api/v1/events", "", 405, "method_not_allowed"},
		{"OPTIONS", "/api/v1/events", "", 405, "method_not_allowed"},
		{"GET", "/api/v1/explain", "", 405, "method_not_allowed"},
		{"TRACE", "/", "", 405, "method_not_allowed"},
		{"GET", "/api/v1/events?limit=0", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/events?limit=1001", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/events?limit=many", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/events?outcome=good", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/events?since=yesterday", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/events?since=-5m", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/events?page_token=x", "", 400, "invalid_page_token"},
		{"GET", "/api/v1/events?outcom=ok", "", 400, "unknown_parameter"},
		{"GET", "/api/v1/events?route=a&route=b", "", 400, "repeated_parameter"},
		{"GET", "/api/v1/events?outcome=ok&route=%zz", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/events?outcome=ok;route=a", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/events?unit=ada", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/events?from=0001-01-01", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/events?to=2300-01-01T00:00:00Z", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/timeline?from=1000-01-01&to=1000-01-02", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/events?from=2026-01-02&to=2026-01-01", "", 400, "invalid_parameter"},
		{"GET", "/api/v1/status?x=1", "", 400, "unknown_parameter"},
		{"POST", "/api/v1/reload", `{"force":true}`, 400, "invalid_body"},
		{"POST", "/api/v1/reload", `{} {}`, 400, "invalid_body"},
		{"POST", "/api/v1/reload", `{`, 400, "invalid_body"},
		{"POST", "/api/v1/reload", `[]`, 400, "invalid_body"},
		{"POST", "/api/v1/explain", `{"route":1}`, 400, "invalid_body"},
		{"POST", "/api/v1/explain", `{"route":"` + strings.Repeat("x", maxBody) + `"}`, 413, "body_too_large"},
	} {
		p := f.problem(row.method, row.path, row.body, row.status)
		if p.Code != row.code {
			t.Errorf("%s %s: code %q, want %q (%s)", row.method, row.path, p.Code, row.code, p.Detail)
		}
	}
}

var uuidv7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// problem makes a request that must fail, and checks the shape of RFC 9457.
func (f *fixture) problem(method, path, body string, status int) Problem {
	f.t.Helper()
	resp, data := f.do(f.request(method, path, body, "X-Request-Id", "mine"))
	if resp.StatusCode != status || resp.Header.Get("Content-Type") != "application/problem+json" {
		f.t.Fatalf("%s %s: %s, %s, %s; want %d and a problem", method, short(path, 80), resp.Status, resp.Header.Get("Content-Type"), data, status)
	}
	p := problemIn(f.t, data)
	switch {
	case p.Type != "about:blank", p.Title != http.StatusText(status), p.Status != status, p.Detail == "", p.Code == "":
		f.t.Errorf("%s %s: not the shape of a problem: %s", method, path, data)
	case !uuidv7.MatchString(p.RequestID), p.RequestID != resp.Header.Get("X-Weir-Request-Id"), resp.Header.Get("X-Request-Id") != "mine":
		f.t.Errorf("%s %s: ids do not agree: %s, %v", method, path, data, resp.Header)
	case status == 405 && resp.Header.Get("Allow") == "":
		f.t.Errorf("%s %s: 405 without Allow", method, path)
	}
	return p
}

func problemIn(t *testing.T, body string) (p Problem) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		t.Errorf("%s: %v", body, err)
	}
	return p
}

func TestSuggestionForAMistypedParameter(t *testing.T) {
	f := start(t, nil)
	if p := f.problem("GET", "/api/v1/events?outcom=ok", "", 400); p.Param != "outcom" || !strings.Contains(p.Next, "outcome") {
		t.Errorf("%+v", p)
	}
}

func TestEventsAreFilteredAndPaged(t *testing.T) {
	f := start(t, nil)
	f.record(0, 30)
	page := decode[EventPage](t, f.body("/api/v1/events?route=odd&limit=4"))
	if len(page.Events) != 4 || page.Events[0].ID != "00000029" || page.Events[3].ID != "00000023" || page.Events[0].Outcome != event.OK {
		t.Errorf("first page: %+v", page)
	}
	second := decode[EventPage](t, f.body("/api/v1/events?route=odd&limit=100&page_token="+page.NextPageToken))
	if len(second.Events) != 11 || second.Events[0].ID != "00000021" || second.NextPageToken != "" {
		t.Errorf("second page: %+v", second)
	}
	if one := decode[event.Event](t, f.body("/api/v1/events/00000007")); one.ID != "00000007" || one.Route != "odd" {
		t.Errorf("one event: %+v", one)
	}
	if none := f.body("/api/v1/events?route=nowhere"); none != `{"events":[],"next_page_token":""}`+"\n" {
		t.Errorf("none: %s", none)
	}
}

func TestSinceIsATimeOrASpan(t *testing.T) {
	f := start(t, func(c *Config) { c.Now = func() time.Time { return time.Unix(100, 0) } })
	f.record(0, 30) // event i at i seconds
	for since, want := range map[string]int{"80s": 10, "1m10s": 0, "1970-01-01T00:00:25Z": 5, "1970-01-01T02:00:25%2B02:00": 5} {
		if page := decode[EventPage](t, f.body("/api/v1/events?since="+since)); len(page.Events) != want {
			t.Errorf("since %s: %d events, want %d", since, len(page.Events), want)
		}
	}
}

// Pages of one walk join without gap or repeat while others record.
func TestPagingOverHTTPWhileRecording(t *testing.T) {
	f := start(t, func(c *Config) { c.Events = event.NewRing(5000) })
	f.record(0, 500)
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := 500; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Microsecond):
				f.record(i, i+1)
			}
		}
	})
	last, token := -1, ""
	for {
		page := decode[EventPage](t, f.body("/api/v1/events?limit=37&page_token="+token))
		for _, e := range page.Events {
			n := int(e.Time.Unix())
			if last >= 0 && n != last-1 {
				t.Fatalf("after event %d came %d", last, n)
			}
			last = n
		}
		if token = page.NextPageToken; token == "" {
			break
		}
	}
	close(stop)
	writer.Wait()
	if last != 0 {
		t.Errorf("the walk ended at event %d", last)
	}
}

func TestStatusSaysWhatRuns(t *testing.T) {
	f := start(t, func(c *Config) { c.Now = func() time.Time { return started.Add(90 * time.Second) } })
	f.record(0, 3)
	s := decode[Status](t, f.body("/api/v1/status"))
	if s.Version != "1.2.3" || s.Revision != "0123456789abcdef" || s.Uptime != 90 || s.Goroutines < 2 || s.Keys || s.Events.Recorded != 3 || s.Listeners[0].Name != "admin" || s.Reload != nil {
		t.Errorf("%+v", s)
	}
	f.state.fail(definition.Problems{{Place: definition.Place{File: "weir.yaml", Line: 3, Column: 5}, Path: "routes.a", Message: "unknown field", Hint: "remove it"}})
	s = decode[Status](t, f.body("/api/v1/status"))
	if s.Reload == nil || s.Reload.Applied || s.Reload.Problems[0].Line != 3 || !strings.Contains(s.Reload.Error, "weir.yaml:3:5") {
		t.Errorf("last reload: %+v", s.Reload)
	}
}

func TestReload(t *testing.T) {
	f := start(t, nil)
	resp, body := f.do(f.request("POST", "/api/v1/reload", ""))
	if v := decode[ReloadView](t, body); resp.StatusCode != 200 || !v.Applied || v.Revision == "" || v.Problems == nil || f.reloads != 1 {
		t.Errorf("%s %s", resp.Status, body)
	}
	f.state.fail(definition.Problems{{Place: definition.Place{File: "weir.yaml", Line: 3, Column: 5}, Message: "unknown field", Hint: "remove it"}})
	p := f.problem("POST", "/api/v1/reload", "{}", 422)
	if p.Code != "definition_invalid" || len(p.Problems) != 1 || p.Problems[0] != (DefinitionProblem{File: "weir.yaml", Line: 3, Column: 5, Severity: "error", Message: "unknown field", Hint: "remove it"}) {
		t.Errorf("%+v", p)
	}
	f.state.failWith(errors.New("read weir.yaml: no such file"))
	if p := f.problem("POST", "/api/v1/reload", "", 422); !strings.Contains(p.Detail, "no such file") || !strings.Contains(p.Next, "0123456789abcdef") {
		t.Errorf("%+v", p)
	}
}

func TestNothingToReload(t *testing.T) {
	f := start(t, func(c *Config) { c.Reload = nil })
	if p := f.problem("POST", "/api/v1/reload", "", 409); p.Code != "nothing_to_reload" {
		t.Errorf("%+v", p)
	}
}

func TestProfiles(t *testing.T) {
	f := start(t, func(c *Config) { c.Pprof = true })
	for path, kind := range map[string]string{
		"heap": "application/octet-stream", "goroutine?debug=1": "text/plain; charset=utf-8", "profile?seconds=1": "application/octet-stream",
	} {
		resp, body := f.get("/debug/pprof/" + path)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != kind || body == "" {
			t.Errorf("%s: %s, %s, %d bytes", path, resp.Status, resp.Header.Get("Content-Type"), len(body))
		}
	}
	for path, code := range map[string]string{"profile?seconds=61": "invalid_parameter", "profile?seconds=x": "invalid_parameter"} {
		if p := f.problem("GET", "/debug/pprof/"+path, "", 400); p.Code != code {
			t.Errorf("%s: %+v", path, p)
		}
	}
	f.problem("GET", "/debug/pprof/cmdline", "", 404)
}

func TestPanicBecomesAProblemWithoutItsText(t *testing.T) {
	f := start(t, nil)
	f.state.panics("defect with canary-panic inside")
	p := f.problem("GET", "/api/v1/models", "", 500)
	if p.Code != "internal_error" || p.Detail != "internal error" || p.Next != "" {
		t.Errorf("%+v", p)
	}
	if !strings.Contains(f.log.String(), "canary-panic") || !strings.Contains(f.log.String(), p.RequestID) {
		t.Errorf("the log does not tell of it: %s", f.log.String())
	}
}

func TestBodyThatDoesNotArrive(t *testing.T) {
	f := start(t, nil)
	f.server.clocks.read = 200 * time.Millisecond
	conn, err := net.Dial("tcp", "127.0.0.1:"+f.port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /api/v1/reload HTTP/1.1\r\nHost: localhost:%s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", f.port)
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") || !strings.Contains(string(answer), "body_timeout") {
		t.Errorf("%s, %v", answer, err)
	}
	if f.reloads != 0 {
		t.Error("half a body was taken for a whole one")
	}
}

func TestRequestIDOfTheCallerIsBounded(t *testing.T) {
	f := start(t, nil)
	resp, _ := f.do(f.request("GET", "/healthz", "", "X-Request-Id", strings.Repeat("x", maxClientID+1)))
	if resp.Header.Get("X-Request-Id") != "" {
		t.Error("an over-long request id was echoed")
	}
}
