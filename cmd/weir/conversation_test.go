package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// asked is what a gateway was sent.
type asked struct {
	header http.Header
	body   struct {
		Model    string
		User     string
		Stream   bool
		Messages []message
	}
}

// echoing is a gateway that answers each message with its own text, and what it was sent;
// "fail" is refused.
func echoing(t *testing.T) (string, *[]asked) {
	var all []asked
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := asked{header: r.Header}
		if err := json.NewDecoder(r.Body).Decode(&a.body); err != nil {
			t.Error(err)
		}
		all = append(all, a)
		last := a.body.Messages[len(a.body.Messages)-1].Content
		if last == "fail" {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, `{"error":{"message":"the model could not be reached","code":"upstream_connect"}}`)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Weir-Pin", "pin-"+last)
		w.Header().Set("X-Weir-Request-Id", "id-"+last)
		_, _ = io.WriteString(w, `data: {"choices":[{"index":0,"delta":{"content":"re: `+last+`"}}]}`+"\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(s.Close)
	return s.URL, &all
}

// talk runs `weir chat` over some lines, typed by a person or not.
func talk(t *testing.T, url, lines string, person bool) (out, err string, code int) {
	t.Helper()
	var stdout, stderr strings.Builder
	a := &app{in: strings.NewReader(lines), out: &stdout, err: &stderr, env: func(string) (string, bool) { return "", false }}
	g := &gatewayCaller{app: a, url: url, route: "r", keyRef: "env:WEIR_KEY"}
	if err := g.open(); err != nil {
		t.Fatal(err)
	}
	c := conversation{gateway: g, unit: "ada", system: "be brief", variant: "b", headers: headers{"x-team": "blue"}}
	if err := c.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	code = a.report(c.converse(person), "weir chat")
	return stdout.String(), stderr.String(), code
}

// A conversation adds up, keeps its name and carries its pin.
func TestConversationAddsUp(t *testing.T) {
	url, all := echoing(t)
	out, _, code := talk(t, url, "one\ntwo\n", false)
	if code != exitOK || out != "re: one\nre: two\n" {
		t.Errorf("%d, %q", code, out)
	}
	first, second := (*all)[0], (*all)[1]
	if n := len(second.body.Messages); n != 4 || second.body.Messages[0] != (message{"system", "be brief"}) || second.body.Messages[2] != (message{"assistant", "re: one"}) {
		t.Errorf("%+v", second.body.Messages)
	}
	if id := first.header.Get("X-Weir-Conversation"); id == "" || id != second.header.Get("X-Weir-Conversation") {
		t.Errorf("conversations %q and %q", id, second.header.Get("X-Weir-Conversation"))
	}
	if first.header.Get("X-Weir-Pin") != "" || second.header.Get("X-Weir-Pin") != "pin-one" {
		t.Errorf("pins %q and %q", first.header.Get("X-Weir-Pin"), second.header.Get("X-Weir-Pin"))
	}
	if second.body.User != "ada" || !second.body.Stream || second.body.Model != "r" || second.header.Get("X-Weir-Variant") != "b" || second.header.Get("X-Team") != "blue" {
		t.Errorf("%+v", second)
	}
}

// A person goes on after an error, and the message that failed is forgotten; a
// script ends there.
func TestConversationAfterAnError(t *testing.T) {
	url, all := echoing(t)
	out, said, code := talk(t, url, "one\nfail\ntwo\n\nnever\n", true)
	if code != exitOK || out != "re: one\nre: two\n" || !strings.Contains(said, "weir: the model could not be reached\n") {
		t.Errorf("%d, %q, %q", code, out, said)
	}
	if n := len((*all)[2].body.Messages); len(*all) != 3 || n != 4 {
		t.Errorf("%d requests, %d messages in the last", len(*all), n)
	}
	url, all = echoing(t)
	out, said, code = talk(t, url, "fail\ntwo\n", false)
	if code != exitError || out != "" || len(*all) != 1 || !strings.Contains(said, "could not be reached") {
		t.Errorf("%d, %q, %q, %d requests", code, out, said, len(*all))
	}
}

// A redirect would carry the key to wherever it points.
func TestKeyDoesNotFollowARedirect(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("the redirect was followed: %v", r.Header) }))
	defer other.Close()
	s := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer s.Close()
	var said strings.Builder
	a := &app{in: strings.NewReader(""), out: io.Discard, err: &said, env: func(name string) (string, bool) { return "c4n4ry", name == "WEIR_KEY" }}
	for _, line := range []string{"chat hi --gateway " + s.URL, "bench -n 1 --route r --gateway " + s.URL, "logs --admin " + s.URL} {
		if code := a.run(strings.Fields(line)); code != exitError || strings.Contains(said.String(), "c4n4ry") {
			t.Errorf("%s: %d, %s", line, code, said.String())
		}
	}
}
