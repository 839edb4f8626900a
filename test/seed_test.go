//go:build tools

package test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat/openai/openaitest"
)

// seedCurl is the request of the A/B article that Weir's environment mode comes
// from, as it stands there; only the in-cluster address is exchanged for ours.
const seedCurl = `curl -H "x-user-group: beta-testers" \
     -H "Content-Type: application/json" \
     -d '{"prompt": "Hello", "user_id": "test123"}' \
     http://llm-inference.llm-serving.svc.cluster.local/v1/chat/completions`

const seedAddress = "http://llm-inference.llm-serving.svc.cluster.local"

// seeded is Weir started by environment variables over two upstreams of one model each.
type seeded struct {
	*weir
	a, b *replay
}

// startSeeded sets the endpoints without a path, as the article does.
func startSeeded(t *testing.T, env ...string) seeded {
	t.Helper()
	s := seeded{
		a: newReplay(t, map[string]map[string]string{"meta-llama/Llama-2-7b-chat-hf": {"Hello": "Hello from A."}}),
		b: newReplay(t, map[string]map[string]string{"meta-llama/Llama-2-13b-chat-hf": {"Hello": "Hello from B."}}),
	}
	s.weir = serveWith(t, append([]string{"MODEL_A_ENDPOINT=" + s.a.URL, "MODEL_B_ENDPOINT=" + s.b.URL}, env...))
	return s
}

// TestSeedCurl runs the article's own command through a shell.
func TestSeedCurl(t *testing.T) {
	tool(t, "curl")
	s := startSeeded(t)
	command := strings.Replace(seedCurl, seedAddress, s.data, 1)
	command = strings.Replace(command, "curl ", "curl --silent --show-error --fail-with-body --dump-header /dev/stderr ", 1)
	body, head, code := run(t, nil, "", "/bin/sh", "-c", command)
	if code != 0 {
		t.Fatalf("curl: exit %d\n%s%s", code, head, body)
	}
	checkSeedReply(t, head, body)
	checkSeedArrived(t, s)
	checkSeedMetrics(t, s.weir)
}

func checkSeedReply(t *testing.T, head, body string) {
	t.Helper()
	var got struct {
		Version string `json:"model_version"`
		Choices []struct{ Message struct{ Content string } }
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("reply %q: %v", body, err)
	}
	if got.Version != "model-b" || len(got.Choices) != 1 || got.Choices[0].Message.Content != "Hello from B." {
		t.Errorf("reply %s, want model-b's", body)
	}
	if err := openaitest.Validate("CreateChatCompletionResponse", []byte(body)); err != nil {
		t.Error(err)
	}
	for _, want := range []string{"x-model-version: model-b", "x-weir-variant: model-b", "x-weir-reason: override"} {
		if !strings.Contains(strings.ToLower(head), want+"\r\n") {
			t.Errorf("no header %q in\n%s", want, head)
		}
	}
}

// checkSeedArrived holds what reached the model server against OpenAI's form of it.
func checkSeedArrived(t *testing.T, s seeded) {
	t.Helper()
	got := s.b.take()
	if len(got) != 1 || len(s.a.take()) != 0 {
		t.Fatalf("model-b was asked %d times, want once, and model-a not at all", len(got))
	}
	const want = `{"model": "meta-llama/Llama-2-13b-chat-hf", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 512, "temperature": 0.7}`
	if !sameJSON(got[0].body, []byte(want)) {
		t.Errorf("arrived at the model server: %s, want %s", got[0].body, want)
	}
	if g := got[0].header.Get("X-User-Group"); g != "" {
		t.Errorf("the model server was told the user's group: %q", g)
	}
}

// checkSeedMetrics reads /metrics on the data listener, where the article has it,
// as Prometheus would, and lets promtool say what it thinks of it.
func checkSeedMetrics(t *testing.T, w *weir) {
	t.Helper()
	labels := map[string]string{"model_version": "model-b", "status": "success"}
	if n := scrape(t, w.data).sum("llm_requests_total", labels); n != 1 {
		t.Errorf("llm_requests_total%v is %v, want 1", labels, n)
	}
	if n := scrape(t, w.data).sum("llm_request_duration_seconds", map[string]string{"model_version": "model-b"}); n != 1 {
		t.Errorf("llm_request_duration_seconds counts %v requests of model-b, want 1", n)
	}
	lint(t, w.data)
	lint(t, w.telemetry)
}

// lint runs `promtool check metrics`. It ends with 1 for what it cannot read and
// with 3 for what it would name otherwise; none of either is expected.
func lint(t *testing.T, base string) {
	t.Helper()
	text := get(t, base+"/metrics")
	out, errs, code := run(t, nil, text, tool(t, "promtool"), "check", "metrics")
	if code != 0 {
		t.Errorf("promtool check metrics of %s: exit %d\n%s%s", base, code, out, errs)
	}
}

// TestSeedUnits: who is not given by user_id has no unit, and gets the baseline.
func TestSeedUnits(t *testing.T) {
	s := startSeeded(t)
	for _, c := range []struct{ name, body, reason string }{
		{"without user_id", `{"prompt": "Hello"}`, "no_unit"},
		{"OpenAI's form without user", `{"model": "any", "messages": [{"role": "user", "content": "Hello"}]}`, "no_unit"},
		{"with user_id", `{"prompt": "Hello", "user_id": "user-1"}`, "chance"},
		{"OpenAI's form with user", `{"messages": [{"role": "user", "content": "Hello"}], "user": "user-1"}`, "chance"},
	} {
		a, err := ask(t.Context(), s.data, []byte(c.body), http.Header{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := a.header.Get("X-Weir-Reason"); got != c.reason {
			t.Errorf("%s: reason %q, want %s", c.name, got, c.reason)
		}
		if got := a.header.Get("X-Model-Version"); c.reason == "no_unit" && got != "model-a" {
			t.Errorf("%s: %s, want model-a", c.name, got)
		}
	}
	if n := len(s.a.take()); n < 2 {
		t.Errorf("model-a was asked %d times, want at least twice", n)
	}
}

// TestSeedWeights moves all users, then all but none, by the article's variables.
func TestSeedWeights(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{{"0", "100", "model-b"}, {"100", "0", "model-a"}} {
		s := startSeeded(t, "MODEL_A_WEIGHT="+c.a, "MODEL_B_WEIGHT="+c.b)
		for _, user := range []string{"u1", "u2", "u3", "u4"} {
			a, err := ask(t.Context(), s.data, []byte(`{"prompt": "Hello", "user_id": "`+user+`"}`), http.Header{})
			if err != nil {
				t.Fatal(err)
			}
			if got := a.header.Get("X-Model-Version"); got != c.want {
				t.Errorf("weights %s and %s: %s got %s, want %s", c.a, c.b, user, got, c.want)
			}
		}
		s.stop(t)
	}
}

// TestSeedMistakes: what cannot be right is said at the start, with what to do.
func TestSeedMistakes(t *testing.T) {
	endpoints := []string{"MODEL_A_ENDPOINT=http://127.0.0.1:9", "MODEL_B_ENDPOINT=http://127.0.0.1:9"}
	for _, c := range []struct {
		name string
		env  []string
		say  []string
	}{
		{"weights that sum to 110", []string{"MODEL_A_WEIGHT=90", "MODEL_B_WEIGHT=20"}, []string{"MODEL_A_WEIGHT", "MODEL_B_WEIGHT", "110", "100"}},
		{"one weight given", []string{"MODEL_A_WEIGHT=70"}, []string{"MODEL_B_WEIGHT", "80", "100"}},
		{"a weight that is no number", []string{"MODEL_A_WEIGHT=most"}, []string{"MODEL_A_WEIGHT", "most"}},
	} {
		_, errs, code := run(t, append(endpoints, c.env...), "", weirBinary, "serve", "--data", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--telemetry", "127.0.0.1:0")
		if code != 2 {
			t.Errorf("%s: exit %d, want 2", c.name, code)
		}
		for _, word := range c.say {
			if !strings.Contains(errs, word) {
				t.Errorf("%s: the error does not say %q:\n%s", c.name, word, errs)
			}
		}
	}
}

// TestSeedSeveralModels: an endpoint that serves several models cannot be asked
// for "its" model, and the error names them.
func TestSeedSeveralModels(t *testing.T) {
	several := newReplay(t, map[string]map[string]string{"first-model": {}, "second-model": {}})
	one := newReplay(t, map[string]map[string]string{"only-model": {"Hello": "Hello."}})
	w := serveWith(t, []string{"MODEL_A_ENDPOINT=" + several.URL + "/v1", "MODEL_B_ENDPOINT=" + one.URL + "/v1", "MODEL_A_WEIGHT=100", "MODEL_B_WEIGHT=0"})
	a, err := ask(t.Context(), w.data, []byte(`{"prompt": "Hello", "user_id": "u1"}`), http.Header{})
	if err == nil {
		t.Fatalf("answered %s by an endpoint with two models", a.raw)
	}
	for _, word := range []string{"first-model", "second-model"} {
		if !strings.Contains(string(a.raw), word) {
			t.Errorf("the error does not name %s: %d %s", word, a.status, a.raw)
		}
	}
	if err := openaitest.Validate("ErrorResponse", a.raw); err != nil {
		t.Error(err)
	}
	if len(several.take()) != 0 {
		t.Error("the endpoint was asked although nobody knows for which model")
	}
}
