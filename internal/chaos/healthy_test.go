package chaos

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// reply is a chat completion as a client reads it.
type reply struct {
	ID, Object, Model string
	Created           int64
	Choices           []struct {
		Index   int
		Message struct {
			Role      string
			Content   *string
			Refusal   *string
			Reasoning string `json:"reasoning_content"`
			ToolCalls []struct {
				ID, Type string
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
		Finish *string `json:"finish_reason"`
	}
	Usage json.RawMessage
	Error *struct {
		Message, Type string
		Code          *string
	}
}

// read decodes a reply.
func read(t *testing.T, body string) (r reply) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatalf("reply %q: %v", body, err)
	}
	return r
}

func TestHealthyReply(t *testing.T) {
	u := start(t, "tokens=3")
	res := post(t, u.URL(), plainBody)
	r := read(t, res.body)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" || res.Header.Get("X-Request-Id") != "req_chaos_1" {
		t.Errorf("status %d, headers %v", res.StatusCode, res.Header)
	}
	c := r.Choices[0]
	if r.Object != "chat.completion" || r.Model != "m-1" || c.Message.Role != "assistant" || *c.Message.Content != "one two three" || *c.Finish != "stop" {
		t.Errorf("reply %s", res.body)
	}
	// 3 for the message, and 13 bytes of quoted content: 4 tokens.
	if got := readUsage(t, r.Usage); !reflect.DeepEqual(got, &Usage{Input: 7, Output: 3}) {
		t.Errorf("usage %+v", got)
	}
	for _, field := range []string{`"refusal":null`, `"logprobs":null`} {
		if !strings.Contains(res.body, field) {
			t.Errorf("reply lacks %s: %s", field, res.body)
		}
	}
}

func TestHealthyStream(t *testing.T) {
	u := start(t, "tokens=3")
	res := post(t, u.URL(), streamBody)
	r := readStream(t, res.body)
	if res.err != nil || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		t.Errorf("%v, headers %v", res.err, res.Header)
	}
	if r.text[0] != "one two three" || r.finish[0] != "stop" || !r.done || len(r.usages) != 0 || r.chunks != 5 {
		t.Errorf("stream %+v", r)
	}
	got := finished(t, u, 1)
	if got.Frames != 6 || got.Tokens != 3 || got.Ended != EndDone || got.Status != 200 {
		t.Errorf("recorded %+v", got)
	}
}

func TestStreamTellsUsageWhenAsked(t *testing.T) {
	u := start(t, "tokens=3")
	r := readStream(t, post(t, u.URL(), usageBody).body)
	// null on role, three words and finish, then the figures on a chunk without choices.
	if len(r.usages) != 6 || r.usages[4] != nil || !reflect.DeepEqual(r.last(), &Usage{Input: 7, Output: 3}) {
		t.Errorf("usages %v, last %+v", r.usages, r.last())
	}
}

func TestChoicesToolsAndReasoning(t *testing.T) {
	u := start(t, "")
	u.Enqueue(MustParse("tokens=2"), MustParse("tokens=2"), MustParse("tools=2"), MustParse("tools=2"),
		MustParse("reasoning=2;tokens=1"), MustParse("reasoning=2;tokens=1"))
	plainN := strings.Replace(plainBody, "{", `{"n":2,"tools":[{"type":"function","function":{"name":"find"}}],`, 1)
	streamN := strings.Replace(usageBody, "{", `{"n":2,"tools":[{"type":"function","function":{"name":"find"}}],`, 1)

	two, twoStream := read(t, post(t, u.URL(), plainN).body), readStream(t, post(t, u.URL(), streamN).body)
	if *two.Choices[1].Message.Content != "two three" || twoStream.text[1] != "two three" || twoStream.finish[1] != "stop" {
		t.Errorf("n=2: %+v; %+v", two, twoStream)
	}
	tools, toolStream := read(t, post(t, u.URL(), plainN).body), readStream(t, post(t, u.URL(), streamN).body)
	call := tools.Choices[1].Message.ToolCalls[1]
	if call.Function.Name != "find" || *tools.Choices[0].Finish != "tool_calls" || tools.Choices[0].Message.Content != nil || !json.Valid([]byte(call.Function.Arguments)) {
		t.Errorf("tools: %+v", tools)
	}
	if toolStream.arguments["1.1"] != call.Function.Arguments || toolStream.names["0.1"] != "find" || toolStream.finish[0] != "tool_calls" {
		t.Errorf("tool stream: %+v", toolStream)
	}
	if plain := readUsage(t, tools.Usage); !reflect.DeepEqual(plain, toolStream.last()) || plain.Output != 20 { // 2 choices x 2 calls x (1 + 4 pieces)
		t.Errorf("tool usage: %+v and %+v", plain, toolStream.last())
	}
	think, thinkStream := read(t, post(t, u.URL(), plainBody).body), readStream(t, post(t, u.URL(), usageBody).body)
	if think.Choices[0].Message.Reasoning == "" || think.Choices[0].Message.Reasoning != thinkStream.reasoning {
		t.Errorf("reasoning: %+v; %q", think, thinkStream.reasoning)
	}
	if !reflect.DeepEqual(thinkStream.last(), &Usage{Input: 7, Output: 3, Reasoning: 2}) {
		t.Errorf("reasoning usage: %+v", thinkStream.last())
	}
	if got := finished(t, u, 4).Tokens; got != 20 {
		t.Errorf("%d tokens recorded for the tool stream, want 20", got)
	}
}

func TestCallersLimitCutsTheAnswer(t *testing.T) {
	u := start(t, "tokens=5")
	for _, field := range []string{"max_tokens", "max_completion_tokens"} {
		r := readStream(t, post(t, u.URL(), strings.Replace(streamBody, "{", `{"`+field+`":2,`, 1)).body)
		if r.text[0] != "one two" || r.finish[0] != "length" {
			t.Errorf("%s: %+v", field, r)
		}
	}
	u.SetScript(MustParse("text=a; b c"))
	if r := read(t, post(t, u.URL(), strings.Replace(plainBody, "{", `{"max_tokens":2,`, 1)).body); *r.Choices[0].Message.Content != "a; b " || *r.Choices[0].Finish != "length" {
		t.Errorf("text: %+v", r)
	}
	// A point to be reached is weightier than the caller's limit.
	u.SetScript(MustParse("eof-after=50"))
	post(t, u.URL(), strings.Replace(streamBody, "{", `{"max_tokens":2,`, 1))
	if got := finished(t, u, 4); got.Frames != 50 || got.Ended != EndEarly {
		t.Errorf("recorded %+v", got)
	}
}

func TestEmbeddings(t *testing.T) {
	u := start(t, "")
	ask := func(fields string) (out struct {
		Data []struct {
			Index     int
			Embedding json.RawMessage
		}
		Usage map[string]int
	}) {
		t.Helper()
		res := send(t, client(t), u.URL()+"/v1/embeddings", `{"model":"e",`+fields+`}`, nil)
		if err := json.Unmarshal([]byte(res.body), &out); err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %d %s", fields, res.StatusCode, res.body)
		}
		return out
	}
	inputs := map[string]int{`"input":"a"`: 1, `"input":["a","b"]`: 2, `"input":[1,2,3]`: 1, `"input":[[1],[2],[3]]`: 3}
	for in, want := range inputs {
		if got := len(ask(in).Data); got != want {
			t.Errorf("%s: %d vectors, want %d", in, got, want)
		}
	}
	var floats []float64
	json.Unmarshal(ask(`"input":"a","dimensions":16`).Data[0].Embedding, &floats)
	norm := 0.0
	for _, x := range floats {
		norm += x * x
	}
	if len(floats) != 16 || math.Abs(norm-1) > 1e-5 {
		t.Errorf("%d dimensions, norm %v", len(floats), norm)
	}
	var text string
	json.Unmarshal(ask(`"input":"a","dimensions":16,"encoding_format":"base64"`).Data[0].Embedding, &text)
	if raw, err := base64.StdEncoding.DecodeString(text); err != nil || len(raw) != 64 {
		t.Errorf("base64: %d bytes, %v", len(raw), err)
	}
	if res := send(t, client(t), u.URL()+"/v1/embeddings", `{"model":"e"}`, nil); res.StatusCode != 400 {
		t.Errorf("without input: %d", res.StatusCode)
	}
}

func TestOtherPaths(t *testing.T) {
	u := start(t, "status=503") // is for models at work, not for these
	u.Enqueue(MustParse("status=504"))
	tests := []struct {
		method, path string
		status       int
		part         string
	}{
		{"GET", "/v1/models", 200, `{"data":[{"id":"chaos-1","object":"model","created":1,"owned_by":"chaos"}],"object":"list"}`},
		{"GET", "/health", 200, `"ok"`},
		{"GET", "/v1/chat/completions", 405, `"error"`},
		{"POST", "/v1/nothing", 404, `"error"`},
		{"HEAD", "/v1/models", 200, ""},
	}
	c := client(t)
	for _, tt := range tests {
		req, _ := http.NewRequest(tt.method, u.URL()+tt.path, nil)
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, 1000)
		n, _ := resp.Body.Read(body)
		resp.Body.Close()
		if resp.StatusCode != tt.status || !strings.Contains(string(body[:n]), tt.part) {
			t.Errorf("%s %s: %d %s", tt.method, tt.path, resp.StatusCode, body[:n])
		}
	}
	if u.Queued() != 1 {
		t.Error("a request that asks no model used the queue")
	}
}

func TestBadBodyIsRefusedInOpenAIShape(t *testing.T) {
	u := start(t, "")
	res := post(t, u.URL(), `{"model":`)
	if r := read(t, res.body); res.StatusCode != 400 || r.Error == nil || r.Error.Type != "invalid_request_error" {
		t.Errorf("%d %s", res.StatusCode, res.body)
	}
}

func TestConnectionIsKeptAlive(t *testing.T) {
	u := start(t, "")
	c := client(t)
	for i := range 5 {
		body := []string{plainBody, streamBody}[i%2]
		if res := send(t, c, u.URL()+"/chat/completions", body, nil); res.err != nil || res.StatusCode != 200 {
			t.Fatal(res.err)
		}
	}
	if accepted, open := u.Connections(); accepted != 1 || open != 1 {
		t.Errorf("%d connections, %d open", accepted, open)
	}
	for i, r := range u.Requests() {
		if r.ID != i+1 || r.Conn != 1 {
			t.Errorf("request %d on connection %d", r.ID, r.Conn)
		}
	}
}

func TestExpectContinueIsAnswered(t *testing.T) {
	u := start(t, "")
	res := send(t, client(t), u.URL()+"/v1/chat/completions", plainBody, http.Header{"Expect": {"100-continue"}})
	if res.err != nil || res.StatusCode != 200 {
		t.Errorf("%d %v", res.StatusCode, res.err)
	}
}

func TestGivenAddressIsUsed(t *testing.T) {
	u := start(t, "")
	addr := u.Addr()
	if _, err := NewUpstream(UpstreamConfig{Addr: addr}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("listen for the scripted upstream on %q", addr)) {
		t.Errorf("second listener: %v", err)
	}
	u.Close()
	again, err := NewUpstream(UpstreamConfig{Addr: addr, Models: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	resp, err := client(t).Get(again.URL() + "/models")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var list struct{ Data []struct{ ID string } }
	if json.NewDecoder(resp.Body).Decode(&list); len(list.Data) != 2 || list.Data[1].ID != "b" {
		t.Errorf("models %+v", list)
	}
}
