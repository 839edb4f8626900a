package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/chat/openai/openaitest"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/gateway"
	"github.com/weirhq/weir/internal/upstream"
)

// mistake is a body that is refused before anybody is asked.
type mistake struct {
	name, body string
	status     int
	code       string
	headers    []string
}

// mistakes are those of every path, made of a good body for it.
func mistakes(good string) []mistake {
	open := good[:len(good)-1]
	more := func(members string) string { return open + "," + members + "}" }
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	var many strings.Builder
	for i := range 300 {
		fmt.Fprintf(&many, `"m%d":0,`, i)
	}
	return []mistake{
		{name: "nothing", body: "", status: 400, code: "invalid_json"},
		{name: "only spaces", body: " \n ", status: 400, code: "invalid_json"},
		{name: "null", body: "null", status: 400, code: "invalid_json"},
		{name: "a list", body: "[" + good + "]", status: 400, code: "invalid_json"},
		{name: "a text", body: `"hello"`, status: 400, code: "invalid_json"},
		{name: "a form", body: "model=r&stream=true", status: 400, code: "invalid_json"},
		{name: "an empty object", body: "{}", status: 400, code: "missing_field"},
		{name: "cut off", body: open, status: 400, code: "invalid_json"},
		{name: "an open string", body: open + `,"x":"`, status: 400, code: "invalid_json"},
		{name: "two objects", body: good + good, status: 400, code: "invalid_json"},
		{name: "something after it", body: good + "x", status: 400, code: "invalid_json"},
		{name: "a comma too many", body: more(""), status: 400, code: "invalid_json"},
		{name: "a comment", body: open + "/* */}", status: 400, code: "invalid_json"},
		{name: "brackets that cross", body: more(`"x":[{]}`), status: 400, code: "invalid_json"},
		{name: "a byte order mark", body: "\ufeff" + good, status: 400, code: "invalid_json"},
		{name: "no UTF-8", body: more("\"x\":\"\xff\""), status: 400, code: "invalid_utf8"},
		{name: "10,000 levels", body: more(`"x":` + deep(10_000)), status: 400, code: "too_deep"},
		{name: "10,000 levels that do not close", body: more(`"x":` + strings.Repeat(`{"a":`, 10_000)), status: 400, code: "too_deep"},
		{name: "300 members", body: "{" + many.String() + good[1:], status: 400, code: "too_many_members"},
		{name: "the model twice", body: more(`"model":"ab"`), status: 400, code: "duplicate_key"},
		{name: "the model twice, once escaped", body: more(`"\u006d\u006fdel":"ab"`), status: 400, code: "duplicate_key"},
		{name: "the model twice, once in capitals", body: more(`"MODEL":"ab"`), status: 400, code: "duplicate_key"},
		{name: "the user twice", body: more(`"user":"a","user":"b"`), status: 400, code: "duplicate_key"},
		{name: "an unknown member twice", body: more(`"x":1,"x":2`), status: 400, code: "duplicate_key"},
		{name: "a conversation twice", body: more(`"metadata":{"session_id":"a","session_id":"b"}`), status: 400, code: "duplicate_key"},
		{name: "a model that is a number", body: strings.Replace(good, `"model":"r"`, `"model":5`, 1), status: 400, code: "invalid_type"},
		{name: "an empty model", body: strings.Replace(good, `"model":"r"`, `"model":""`, 1), status: 400, code: "invalid_value"},
		{name: "no model", body: strings.Replace(good, `"model":"r",`, "", 1), status: 400, code: "missing_field"},
		{name: "a user that is a list", body: more(`"user":[]`), status: 400, code: "invalid_type"},
		{name: "metadata that are a text", body: more(`"metadata":"x"`), status: 400, code: "invalid_type"},
		{name: "gzip", body: good, status: 400, code: "unsupported_encoding", headers: []string{"Content-Encoding", "gzip"}},
		{name: "deflate in gzip", body: good, status: 400, code: "unsupported_encoding", headers: []string{"Content-Encoding", "gzip, deflate"}},
		{name: "multipart", body: good, status: 400, code: "unsupported_content_type", headers: []string{"Content-Type", `multipart/form-data; boundary="` + strings.Repeat("-", 10_000) + `"`}},
		{name: "an unknown variant", body: good, status: 400, code: "unknown_variant", headers: []string{"X-Weir-Variant", "nope"}},
		{name: "an unknown route", body: strings.Replace(good, `"model":"r"`, `"model":"vlm/a"`, 1), status: 404, code: "model_not_found"},
		{name: "a route with a NUL", body: strings.Replace(good, `"model":"r"`, `"model":"r\u0000"`, 1), status: 404, code: "model_not_found"},
	}
}

// ownMistakes are those of one path.
var ownMistakes = map[string][]mistake{
	"/v1/chat/completions": {
		{name: "no messages", body: `{"model":"r"}`, status: 400, code: "missing_field"},
		{name: "messages that are a text", body: `{"model":"r","messages":"hi"}`, status: 400, code: "invalid_type"},
		{name: "no message among them", body: `{"model":"r","messages":[ ]}`, status: 400, code: "invalid_value"},
		{name: "messages twice", body: `{"model":"r","messages":[{}],"messages":[{}]}`, status: 400, code: "duplicate_key"},
		{name: "a stream that is a text", body: chatBody("r", false, `"stream":"yes"`), status: 400, code: "invalid_type"},
		{name: "n of 0", body: chatBody("r", false, `"n":0`), status: 400, code: "invalid_value"},
		{name: "n of 1e9", body: chatBody("r", false, `"n":1e9`), status: 400, code: "invalid_type"},
		{name: "half a token", body: chatBody("r", false, `"max_tokens":0.5`), status: 400, code: "invalid_type"},
		{name: "fewer tokens than none", body: chatBody("r", false, `"max_completion_tokens":-1`), status: 400, code: "invalid_value"},
		{name: "options that are a list", body: chatBody("r", true, `"stream_options":[]`), status: 400, code: "invalid_type"},
	},
	"/v1/embeddings": {
		{name: "no input", body: `{"model":"r"}`, status: 400, code: "missing_field"},
		{name: "an input that is a number", body: `{"model":"r","input":5}`, status: 400, code: "invalid_type"},
		{name: "inputs twice", body: `{"model":"r","input":"a","input":"b"}`, status: 400, code: "duplicate_key"},
	},
}

// C6: what is malformed is refused in the client's dialect, and nobody is asked.
func TestC6MistakesAreRefused(t *testing.T) {
	eachPath(t, func(t *testing.T, path string) {
		if len(ownMistakes[path]) == 0 {
			t.Fatalf("no mistakes are known that one could make with %s alone", path)
		}
		r := newRig(t, setup{})
		all := append(mistakes(journeys[path].body("r", false)), ownMistakes[path]...)
		for i, m := range all {
			a := r.post(path, m.body, m.headers...)
			if a.status != m.status || a.code() != m.code {
				t.Errorf("%s: %d %s, want %d with code %s", m.name, a.status, a.body, m.status, m.code)
			}
			inDialect(t, m.name, a)
			if e := r.last(i + 1); e.Outcome != event.Invalid || e.Status != m.status || e.Code != m.code || len(e.Attempts) != 0 {
				t.Errorf("%s: event %+v", m.name, e)
			}
		}
		if n := r.up.Count(); n != 0 {
			t.Errorf("the upstream was asked %d times", n)
		}
		if n := r.sum("weir_in_flight", "r"); n != 0 {
			t.Errorf("weir_in_flight is %v", n)
		}
	})
}

// inDialect checks that an answer is an error as OpenAI writes it.
func inDialect(t *testing.T, what string, a answer) {
	t.Helper()
	var e struct {
		Error struct{ Message, Type, Code string }
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || e.Error.Message == "" || e.Error.Type == "" || e.Error.Code == "" {
		t.Errorf("%s: %q is not an error of the dialect (%v)", what, a.body, err)
	}
	if err := openaitest.Validate("ErrorResponse", []byte(a.body)); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	if ct := a.header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("%s: Content-Type %q", what, ct)
	}
}

// An unknown name says which one was probably meant.
func TestUnknownRouteSuggests(t *testing.T) {
	r := newRig(t, setup{})
	for name, want := range map[string]string{"vlm/a": `did you mean \"vllm/a\"?`, "abc": "", "something-else": "vllm/b"} {
		if a := r.chat(name, true); a.status != 404 || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	// Names that this key may not use are not suggested.
	r = newRig(t, setup{keys: []access.Key{{Name: "k", SHA256: access.Digest("t"), Scopes: access.Call, Routes: []string{"r"}}}})
	if a := r.chat("vllm/a", true, "Authorization", "Bearer t"); a.status != 404 || strings.Contains(a.body, "vllm/b") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// What is not there is 404, and a method that is not there 405 with those that are.
func TestUnknownPathsAndMethods(t *testing.T) {
	r := newRig(t, setup{})
	ask := func(method, path string) answer {
		req, err := http.NewRequest(method, r.url+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		res, err := r.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		c := make([]byte, 4096)
		n, _ := res.Body.Read(c)
		return answer{res.StatusCode, res.Header, string(c[:n]), nil}
	}
	for _, path := range []string{"/", "/v1", "/v1/", "/v1/chat", "/v1/completions", "/v1/responses", "/metrics", "/debug/pprof/", "/v1/modelsx"} {
		a := ask("POST", path)
		if a.status != 404 || a.code() != "unknown_path" {
			t.Errorf("POST %s: %d %s", path, a.status, a.body)
		}
		inDialect(t, path, a)
	}
	for _, path := range append(gateway.Paths(), "/v1/models", "/v1/models/r") {
		allow := "POST"
		if strings.HasPrefix(path, "/v1/models") {
			allow = "GET"
		}
		for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "OPTIONS", "POST", "PROPFIND"} {
			if method == allow {
				continue
			}
			a := ask(method, path)
			if a.status != 405 || a.header.Get("Allow") != allow || a.code() != "method_not_allowed" {
				t.Errorf("%s %s: %d, Allow %q, %s", method, path, a.status, a.header.Get("Allow"), a.body)
			}
			inDialect(t, method+" "+path, a)
		}
	}
	if n := r.up.Count() + r.events.count(); n != 0 {
		t.Errorf("%d requests reached the upstream or the journey", n)
	}
}

// C6, size: what is too large is refused before memory is taken for it and before
// anybody is asked, whether its length is told or not.
func TestC6BodiesOverTheLimit(t *testing.T) {
	const limit = 3 << 20
	piece := []byte("8000\r\n" + strings.Repeat(" ", 0x8000) + "\r\n")
	eachPath(t, func(t *testing.T, path string) {
		r := newRig(t, setup{config: func(c *gateway.Config) { c.BodyLimit = limit }})
		told := func(c *client) { c.write("Content-Length: 1073741824\r\n\r\n{") }
		expected := func(c *client) { c.write("Content-Length: 1073741824\r\nExpect: 100-continue\r\n\r\n") }
		overBy1 := func(c *client) { c.write(fmt.Sprintf("Content-Length: %d\r\n\r\n{", limit+1)) }
		chunked := func(c *client) {
			c.write("Transfer-Encoding: chunked\r\n\r\n")
			for sent := 0; sent < 4*limit; sent += 0x8000 {
				if _, err := c.conn.Write(piece); err != nil {
					return
				}
			}
		}
		for name, c := range map[string]struct {
			send func(*client)
			most uint64
		}{"told": {told, limit / 8}, "told, and waits to be asked for": {expected, limit / 8}, "over by one": {overBy1, limit / 8}, "chunked": {chunked, 2 * limit}} {
			conn := r.dial()
			before := allocated()
			conn.write("POST " + path + " HTTP/1.1\r\nHost: " + r.host() + "\r\n")
			c.send(conn)
			a := conn.answer()
			if took := allocated() - before; took > c.most {
				t.Errorf("%s: took %d bytes of memory, of at most %d", name, took, c.most)
			}
			if a.status != 413 || a.code() != "body_too_large" {
				t.Errorf("%s: %d %s %v", name, a.status, a.body, a.err)
				continue
			}
			inDialect(t, name, a)
		}
		if n := r.up.Count(); n != 0 {
			t.Errorf("the upstream was asked %d times", n)
		}
	})
}

// A body of exactly the limit is not over it, and takes less than twice the memory.
func TestBodyOfTheLimitIsTaken(t *testing.T) {
	const limit = 1 << 20
	r := newRig(t, setup{config: func(c *gateway.Config) { c.BodyLimit = limit }})
	body := chatBody("r", false)
	body += strings.Repeat(" ", limit-len(body))
	if a := r.post(chatPath, body); a.status != 200 {
		t.Errorf("told: %d %s", a.status, a.body)
	}
	c := r.dial()
	c.write("POST " + chatPath + " HTTP/1.1\r\nHost: " + r.host() + "\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", limit, body))
	if a := c.answer(); a.status != 200 {
		t.Errorf("chunked: %d %s", a.status, a.body)
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// C6: who calls is known before a byte of the body is read, or asked for.
func TestC6KeyComesBeforeBody(t *testing.T) {
	eachPath(t, func(t *testing.T, path string) {
		r := newRig(t, setup{keys: []access.Key{
			{Name: "k", SHA256: access.Digest("good"), Scopes: access.Call}, {Name: "reader", SHA256: access.Digest("reads"), Scopes: access.Read}}})
		for _, auth := range []struct {
			line   string
			status int
		}{{"Authorization: Bearer bad", 401}, {"X-Api-Key: bad", 401}, {"Authorization: Basic Z29vZA==", 401}, {"X-Nothing: here", 401}, {"X-Api-Key: reads", 403}} {
			for _, size := range []string{"Content-Length: 1073741824", "Content-Length: 100", "Transfer-Encoding: chunked", "Content-Length: 1000\r\nExpect: 100-continue"} {
				c := r.dial()
				c.write("POST " + path + " HTTP/1.1\r\nHost: " + r.host() + "\r\n" + auth.line + "\r\n" + size + "\r\n\r\n")
				a := c.answer() // nothing of the body was sent
				if a.status != auth.status {
					t.Errorf("%s, %s: %d %s %v", auth.line, size, a.status, a.body, a.err)
					continue
				}
				inDialect(t, auth.line, a)
			}
		}
		if n := r.up.Count(); n != 0 {
			t.Errorf("the upstream was asked %d times", n)
		}
	})
}

// talks is a driver that can hold a conversation and nothing else.
type talks struct{}

func (talks) Chat(context.Context, *upstream.Call) (*upstream.Reply, error) {
	return &upstream.Reply{Status: 503}, nil
}
func (talks) Close() {}

// Embeddings of a model that has none: by its driver, or by what its vendor sells.
func TestModelWithoutEmbeddings(t *testing.T) {
	r := newRig(t, setup{models: func(a, _ *upstream.Model) {
		v, err := upstream.VendorByName("deepseek")
		if err != nil || v.Embeddings {
			t.Fatalf("deepseek is no vendor without embeddings: %+v %v", v, err)
		}
		a.Vendor = v
	}, route: retries(1, "b")})
	ask := func(what string, n int) {
		a := r.post("/v1/embeddings", journeys["/v1/embeddings"].body("r", false))
		if a.status != 400 || a.code() != "unsupported_operation" {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
		inDialect(t, what, a)
		if e := r.last(n); e.Outcome != event.Invalid || e.Status != 400 || len(e.Attempts) != 0 {
			t.Errorf("%s: %+v", what, e)
		}
	}
	ask("the vendor", 1)
	r.snap.Pools["a"] = upstream.NewPool(r.snap.Pools["b"].Model, talks{})
	if err := r.gw.Apply(r.snap); err != nil {
		t.Fatal(err)
	}
	ask("the driver", 2)
	if n := r.up.Count() + r.second.Count(); n != 0 {
		t.Errorf("an upstream was asked %d times", n)
	}
}

// A pinned name is found whether its slash is escaped, as SDKs do, or not; a key
// sees only what it may use.
func TestModelsByName(t *testing.T) {
	r := newRig(t, setup{keys: []access.Key{{Name: "k", SHA256: access.Digest("good"), Scopes: access.Call, Routes: []string{"r", "vllm/a"}}}})
	for path, want := range map[string]int{"/v1/models/r": 200, "/v1/models/vllm/a": 200, "/v1/models/vllm%2Fa": 200, "/v1/models/vllm%2fb": 404,
		"/v1/models/ab": 404, "/v1/models/r/": 404, "/v1/models/../models/r": 404, "/v1/models%2fr": 404, "/v1/models/r%00": 404} {
		c := r.dial()
		c.write("GET " + path + " HTTP/1.1\r\nHost: x\r\nX-Api-Key: good\r\n\r\n")
		a := c.answer()
		if a.status != want {
			t.Errorf("%s: %d %s, want %d", path, a.status, a.body, want)
		}
		if want == 404 {
			inDialect(t, path, a)
		} else if err := openaitest.Validate("Model", []byte(a.body)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
