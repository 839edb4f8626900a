package openai

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/upstream"
	"github.com/weirhq/weir/internal/upstream/upstreamtest"
)

// sent is the body that a driver sends for a call.
func sent(t *testing.T, d *Driver, c *upstream.Call) string {
	t.Helper()
	o, err := d.outgoing(c, c.Stream)
	if err != nil {
		t.Fatal(err)
	}
	defer o.release()
	if !json.Valid(o.data) {
		t.Fatalf("not JSON: %s", o.data)
	}
	return string(o.data)
}

func TestBodyIsSplicedAndNothingElseChanges(t *testing.T) {
	d, e := open(t, modelAt("http://127.0.0.1:1/v1"))
	for name, c := range map[string]struct {
		body, want string
		stream     bool
		set        []chat.Field
	}{
		"model": {
			body: `{ "messages" : [{"role":"user","content":"a\u00e9"}] , "model":"route","x_own":{"a" : 1.50} }`,
			want: `{ "messages" : [{"role":"user","content":"a\u00e9"}] , "model":"` + llama + `","x_own":{"a" : 1.50} }`,
		},
		"parameters": {
			body: `{"model":"route","messages":[{}],"temperature":1,"user":"u"}`,
			want: `{"model":"` + llama + `","messages":[{}],"temperature":0.3,"seed":7}`,
			set:  []chat.Field{{Name: "temperature", Value: []byte("0.3")}, {Name: "seed", Value: []byte("7")}, {Name: "user"}},
		},
		"a parameter called model does not win": {
			body: `{"model":"route","messages":[{}]}`,
			want: `{"model":"` + llama + `","messages":[{}]}`,
			set:  []chat.Field{{Name: "model", Value: []byte(`"other"`)}},
		},
		"usage is asked for": {
			body: `{"model":"route","messages":[{}],"stream":true}`, stream: true,
			want: `{"model":"` + llama + `","messages":[{}],"stream":true,"stream_options":{"include_usage":true}}`,
		},
		"usage was asked for": {
			body: `{"model":"route","messages":[{}],"stream":true,"stream_options":{ "include_usage":true }}`, stream: true,
			want: `{"model":"` + llama + `","messages":[{}],"stream":true,"stream_options":{ "include_usage":true }}`,
		},
		"usage was declined": {
			body: `{"model":"route","messages":[{}],"stream":true,"stream_options":{"include_usage":false,"chunk":1e2}}`, stream: true,
			want: `{"model":"` + llama + `","messages":[{}],"stream":true,"stream_options":{"include_usage":true,"chunk":1e2}}`,
		},
		"other options are kept": {
			body: `{"model":"route","messages":[{}],"stream":true,"stream_options":{"continuous_usage_stats":true}}`, stream: true,
			want: `{"model":"` + llama + `","messages":[{}],"stream":true,"stream_options":{"continuous_usage_stats":true,"include_usage":true}}`,
		},
		"null options": {
			body: `{"model":"route","messages":[{}],"stream":true,"stream_options":null}`, stream: true,
			want: `{"model":"` + llama + `","messages":[{}],"stream":true,"stream_options":{"include_usage":true}}`,
		},
		"options of the variant": {
			body: `{"model":"route","messages":[{}],"stream":true}`, stream: true,
			want: `{"model":"` + llama + `","messages":[{}],"stream":true,"stream_options":{"x":1,"include_usage":true}}`,
			set:  []chat.Field{{Name: "stream_options", Value: []byte(`{"x":1}`)}},
		},
		"a stream although the client asked for none": {
			body: `{"model":"route","messages":[{}]}`, stream: true,
			want: `{"model":"` + llama + `","messages":[{}],"stream":true,"stream_options":{"include_usage":true}}`,
		},
		"no stream although the client asked for one": {
			body: `{"model":"route","messages":[{}],"stream":true,"stream_options":{"include_usage":true}}`,
			want: `{"model":"` + llama + `","messages":[{}],"stream":false}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			call := callOf(t, e, c.stream, c.body)
			for _, f := range c.set {
				call.Request.Set(f.Name, f.Value)
			}
			if got := sent(t, d, call); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if raw, ok := call.Request.Untouched(); !ok || string(raw) != c.body {
				t.Errorf("the request itself was changed: %s", raw)
			}
		})
	}
}

func TestUsageIsNotAskedOfAVendorThatDoesNotKnowIt(t *testing.T) {
	m := modelAt("http://127.0.0.1:1/v1")
	m.Vendor.StreamOptions = false
	d, e := open(t, m)
	if got := sent(t, d, callOf(t, e, true, `{"model":"r","messages":[{}],"stream":true}`)); strings.Contains(got, "stream_options") {
		t.Error(got)
	}
}

func TestEmbeddingsKnowNoStream(t *testing.T) {
	d, e := open(t, modelAt("http://127.0.0.1:1/v1"))
	c := &upstream.Call{Request: upstreamtest.Request(t, chat.OpEmbed, `{"model":"r","input":"a"}`), Model: "m", Endpoint: e}
	if got := sent(t, d, c); got != `{"model":"m","input":"a"}` {
		t.Error(got)
	}
}

func TestEditedRequestIsEncodedAgain(t *testing.T) {
	d, e := open(t, modelAt("http://127.0.0.1:1/v1"))
	c := callOf(t, e, false, `{"model":"route","messages":[{"role":"user","content":"SECRET"}],"n":1}`)
	if err := c.Request.Edit(func(turn *chat.Turn) error {
		turn.Messages[0] = chat.Text("user", "******")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	c.Request.Set("temperature", []byte("0"))
	var got, want any
	_ = json.Unmarshal([]byte(sent(t, d, c)), &got)
	_ = json.Unmarshal([]byte(`{"model":"`+llama+`","messages":[{"role":"user","content":"******"}],"n":1,"temperature":0}`), &want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestModelIDIsQuoted(t *testing.T) {
	d, e := open(t, modelAt("http://127.0.0.1:1/v1"))
	for _, id := range []string{`a"b\c`, "plain", "plain"} {
		c := callOf(t, e, false, hello)
		c.Model = id
		var got struct{ Model string }
		if err := json.Unmarshal([]byte(sent(t, d, c)), &got); err != nil || got.Model != id {
			t.Errorf("%q: %q, %v", id, got.Model, err)
		}
	}
}

func TestHeaders(t *testing.T) {
	s := newServer(t)
	m := modelAt(s.URL + "/v1")
	m.Key = "sk-own"
	m.Header = map[string]string{"x-tenant": "blue", "user-agent": "custom/1"}
	d, e := open(t, m)
	call := callOf(t, e, true, hello)
	call.Header = map[string][]string{
		"traceparent":   {"00-1-2-01"},
		"authorization": {"Bearer of-the-client"},
		"X-API-Key":     {"of-the-client"},
		"cookie":        {"llm-session=of-the-client"},
		"content-type":  {"text/plain"},
		"X-Tenant":      {"red"},
		"X-Request-Id":  {"another"},
	}
	answer(t, d, call)
	h, _ := s.last()
	for name, want := range map[string]string{
		"Authorization":   "Bearer sk-own",
		"Content-Type":    "application/json",
		"Accept":          "text/event-stream, application/json",
		"Accept-Encoding": "identity",
		"X-Request-Id":    "id-1",
		"Traceparent":     "00-1-2-01",
		"X-Tenant":        "blue",
		"User-Agent":      "custom/1",
		"Cookie":          "",
		"X-Api-Key":       "",
	} {
		if got := strings.Join(h[name], "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if _, err := d.Models(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if h, _ = s.last(); h.Get("Authorization") != "Bearer sk-own" || h.Get("Content-Type") != "" || h.Get("X-Request-Id") != "" {
		t.Errorf("list: %v", h)
	}
}

func TestUserAgentNamesWeir(t *testing.T) {
	s := newServer(t)
	d, e := open(t, modelAt(s.URL+"/v1"))
	answer(t, d, callOf(t, e, false, hello))
	if h, _ := s.last(); !strings.HasPrefix(h.Get("User-Agent"), "weir/") || h.Get("Authorization") != "" {
		t.Errorf("%v", h)
	}
}

func TestCredentialsInOtherPlaces(t *testing.T) {
	s := newServer(t)
	m := modelAt(strings.Replace(s.URL, "http://", "http://bob:pw@", 1) + "/v1?api-version=2")
	d, e := open(t, m)
	answer(t, d, callOf(t, e, false, hello))
	if h, _ := s.last(); h.Get("Authorization") != "Basic Ym9iOnB3" {
		t.Errorf("of the address: %v", h["Authorization"])
	}
	if q := d.targets[e.Address()].chat.URL.RawQuery; q != "api-version=2" {
		t.Errorf("query %q", q)
	}
	m = modelAt(s.URL + "/v1")
	m.Key, m.Vendor.KeyHeader = "sk-own", "api-key"
	d, e = open(t, m)
	answer(t, d, callOf(t, e, false, hello))
	if h, _ := s.last(); h.Get("Api-Key") != "sk-own" || h.Get("Authorization") != "" {
		t.Errorf("of the vendor's header: %v", h)
	}
}

func TestPathsOfTheVendor(t *testing.T) {
	var paths []string
	d, e := at(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path)
		_, _ = io.WriteString(w, oneAnswer)
	})
	m := d.model
	m.Vendor.Paths = map[string]string{"chat": "/own/chat"}
	own, oe := open(t, m)
	answer(t, d, callOf(t, e, false, hello))
	answer(t, own, callOf(t, oe, false, hello))
	if !slices.Equal(paths, []string{"/v1/chat/completions", "/v1/own/chat"}) {
		t.Error(paths)
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*upstream.Model)
		want   string
	}{
		"no endpoint":            {func(m *upstream.Model) { m.Endpoints = nil }, "set `endpoints:`"},
		"address without http":   {func(m *upstream.Model) { m.Endpoints = []string{"vllm-0:8000/v1"} }, "must begin with http"},
		"key with a line break":  {func(m *upstream.Model) { m.Key, m.KeyName = "sk-hidden\n", "file:/k" }, "key of file:/k holds a line break"},
		"header of the protocol": {func(m *upstream.Model) { m.Header = map[string]string{"content-length": "1"} }, `"content-length" cannot be set`},
		"header that is no name": {func(m *upstream.Model) { m.Header = map[string]string{"a b": "1"} }, "not a header's name"},
		"header with a break":    {func(m *upstream.Model) { m.Header = map[string]string{"a": "sk-hidden\r\nHost: x"} }, "line break"},
	} {
		m := modelAt("http://127.0.0.1:1/v1")
		c.change(&m)
		_, err := New(m)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(err.Error(), "sk-hidden") {
			t.Errorf("%s: the secret is in %q", name, err)
		}
	}
}

// F4: a model without its secret refuses, and nothing is sent.
func TestMissingSecretSendsNothing(t *testing.T) {
	s := newServer(t)
	m := modelAt(s.URL + "/v1")
	m.KeyName, m.KeyErr = "env:LLAMA_KEY", errors.New("no such variable")
	d, e := open(t, m)
	_, err := d.Chat(t.Context(), callOf(t, e, false, hello))
	if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "env:LLAMA_KEY is not set") {
		t.Error(err)
	}
	if _, err := d.Models(t.Context(), e); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	if s.requests() != 0 {
		t.Error("something was sent")
	}
}

// X2: only addresses of the definition are called.
func TestForeignEndpointIsRefused(t *testing.T) {
	s := newServer(t)
	d, _ := open(t, modelAt("http://127.0.0.1:1/v1"))
	if _, err := d.Chat(t.Context(), callOf(t, upstream.NewEndpoint(s.URL+"/v1"), false, hello)); err == nil {
		t.Error("called")
	}
	if s.requests() != 0 {
		t.Error("something was sent")
	}
}

func TestLists(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   []string
		says   string
	}{
		"usual":       {200, `{"object":"list","data":[{"id":"a"},{"id":"b","x":1}]}`, []string{"a", "b"}, ""},
		"bare":        {200, ` [{"id":"a"}]`, []string{"a"}, ""},
		"empty":       {200, `{"data":[]}`, []string{}, ""},
		"no list":     {200, `<html>`, nil, "not a list of models"},
		"refused":     {401, `{"error":{}}`, nil, "answered 401"},
		"without end": {200, strings.Repeat(" ", maxList+1), nil, "over the limit"},
	} {
		t.Run(name, func(t *testing.T) {
			d, e := at(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			got, err := d.Models(t.Context(), e)
			if c.says == "" && (err != nil || !slices.Equal(got, c.want)) {
				t.Errorf("%q, %v", got, err)
			}
			if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestReadersOfABodyAreApart(t *testing.T) {
	o := newOutgoing()
	o.data = append(o.data, "0123456789"...)
	first := o.open()
	_, _ = io.ReadFull(first, make([]byte, 4))
	second, _ := o.reopen()
	o.release()
	_ = first.Close()
	_ = first.Close()
	if b, err := io.ReadAll(second); string(b) != "0123456789" || err != nil {
		t.Errorf("second reader: %q, %v", b, err)
	}
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("a closed reader gives %v", err)
	}
	if n := o.held.Load(); n != 1 {
		t.Errorf("held %d times, want 1", n)
	}
	_ = second.Close()
}
