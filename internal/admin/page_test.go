package admin

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// hostile are texts that callers, models and definitions can bring in: W1 of the
// list of faults.
var hostile = []string{
	`<script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`'><svg/onload=alert(1)>`,
	`</title><script>alert(1)</script>`,
	`<!--<script>alert(1)`,
	`javascript:alert(1)`,
	`{{.}}{{template "x"}}`,
	`&lt;script&gt;`,
	`<style>@import 'http://evil.example'</style>`,
	`<a href="javascript:alert(1)">x</a>`,
	"<scr\x00ipt>alert(1)</scr\x00ipt>",
	"\xff\xfe<iframe src=//evil.example>",
	"<ſcript>alert(1)</ſcript>",
	"\u2028<base href=//evil.example>\u2029",
	"\x1b]0;owned\x07\x1b[2J",
	"line\r\nX-Injected: 1\r\n\r\n<body onload=alert(1)>",
}

// tags is every tag of a page; text that was escaped has none.
var tags = regexp.MustCompile(`(?i)<[^>]*>?`)

func TestHostileTextIsTextOnThePage(t *testing.T) {
	f := start(t, nil)
	f.ring.Record(&event.Event{ID: "plain", Assignments: []event.Assignment{{Variant: "v"}}, Error: "e"})
	plain := tagsOf(f.body("/"))
	for _, text := range hostile {
		f := start(t, nil)
		f.ring.Record(hostileEvent(text))
		resp, page := f.get("/")
		if resp.Header.Get("Content-Type") != "text/html; charset=utf-8" || resp.Header.Get("X-Injected") != "" {
			t.Fatal(resp.Header)
		}
		for i, tag := range tagsOf(page) {
			if i >= len(plain) || tag != plain[i] && !strings.HasPrefix(tag, `<a href="/api/v1/events/`) {
				t.Errorf("%q became the tag %q", text, tag)
				break
			}
		}
		if n := len(tagsOf(page)); n != len(plain) {
			t.Errorf("%q: %d tags on the page, want %d", text, n, len(plain))
		}
		for _, href := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			if !strings.HasPrefix(href[1], "/") || strings.HasPrefix(href[1], "//") {
				t.Errorf("%q became the link %q", text, href[1])
			}
		}
	}
}

func hostileEvent(text string) *event.Event {
	return &event.Event{ID: text, Route: text, Model: text, Error: text, Key: text, ClientID: text, BodyID: text, Time: time.Unix(0, 0),
		Assignments: []event.Assignment{{Variant: text, Experiment: text}}}
}

func tagsOf(page string) []string { return tags.FindAllString(page, -1) }

// Without < and > no browser takes an answer for a page, and every answer is
// valid JSON that says what was recorded.
func TestHostileTextIsPlainJSON(t *testing.T) {
	for _, text := range hostile {
		f := start(t, nil)
		s := f.open("")
		e := hostileEvent(text)
		e.ID = "1"
		f.ring.Record(e)
		resp, body := f.get("/api/v1/events")
		if resp.Header.Get("Content-Type") != "application/json" || strings.ContainsAny(strings.TrimSuffix(body, "\n"), "<>\x1b\x00\u2028\r\n") {
			t.Errorf("%q: %s %s", text, resp.Header.Get("Content-Type"), body)
		}
		want := strings.ToValidUTF8(text, "\ufffd")
		if strings.HasPrefix(text, "\xff\xfe") {
			want = "\ufffd\ufffd" + text[2:]
		}
		if page := decode[EventPage](t, body); len(page.Events) != 1 || page.Events[0].Error != want {
			t.Errorf("%q came back as %q", text, page.Events[0].Error)
		}
		m, err := s.next()
		var streamed event.Event
		if err != nil || json.Unmarshal([]byte(m.data), &streamed) != nil || streamed.Error != want {
			t.Errorf("%q was streamed as %+v, %v", text, m, err)
		}
	}
}

func TestHostilePathsAndParametersComeBackAsJSON(t *testing.T) {
	f := start(t, nil)
	for _, path := range []string{
		"/%3Cscript%3Ealert(1)%3C/script%3E", "/api/v1/events/%3Cscript%3E", "/api/v1/events?outcome=%3Cscript%3E",
		"/api/v1/events?%3Cscript%3E=1", "/api/v1/events?since=%0d%0aX-Injected:1", "/api/v1/events?page_token=%3Cimg%3E",
	} {
		resp, body := f.get(path)
		if resp.Header.Get("Content-Type") != "application/problem+json" || strings.ContainsAny(body, "<>") || resp.Header.Get("X-Injected") != "" {
			t.Errorf("%s: %v %s", path, resp.Header, body)
		}
	}
}

func TestPageSaysWhatThisIs(t *testing.T) {
	f := start(t, nil)
	page := f.body("/")
	for _, want := range []string{"admin listener", "/openapi.json", "POST /api/v1/reload", "None yet", "0123456789abcdef"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "pprof") || strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		t.Error("the page holds what its policy or its purpose forbids")
	}
	f.record(0, pageEvents+5)
	if n := strings.Count(f.body("/"), `<a href="/api/v1/events/`); n != pageEvents {
		t.Errorf("%d events on the page, want %d", n, pageEvents)
	}
	if resp, css := f.get("/style.css"); resp.Header.Get("Content-Type") != "text/css; charset=utf-8" || !strings.Contains(css, "prefers-color-scheme: dark") {
		t.Errorf("style: %s", resp.Header.Get("Content-Type"))
	}
}

func TestPageShowsNothingOfTheContentWhenThereAreKeys(t *testing.T) {
	f := start(t, nil)
	f.ring.Record(&event.Event{ID: "1", Route: "secret-route", Error: "secret-error"})
	f.state.setKeys(f.keyring("reader", "read"))
	page := f.body("/")
	if strings.Contains(page, "secret-") || strings.Contains(page, "0123456789abcdef") {
		t.Error("a visitor without a key reads what happened")
	}
	if !strings.Contains(page, "has keys") {
		t.Error("the page does not say that a key is needed")
	}
}
