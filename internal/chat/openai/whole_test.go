package openai

import (
	"reflect"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat"
)

func TestWhole(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     chat.Frame
	}{
		{"an answer", wholeAnswer, chat.Frame{Kind: chat.Whole, Finish: "stop", Visible: true, Reasoning: true, HasUsage: true, Usage: chat.Usage{Input: 1, Output: 2}}},
		{"usage of zero", `{"choices":[{"message":{"content":""}}],"usage":{"prompt_tokens":0}}`, chat.Frame{Kind: chat.Whole, HasUsage: true}},
		{"no usage", `{"usage":null}`, chat.Frame{Kind: chat.Whole}},
		{"embeddings", `{"data":[{"embedding":[0.1,0.2]}],"usage":{"prompt_tokens":4,"total_tokens":4}}`, chat.Frame{Kind: chat.Whole, HasUsage: true, Usage: chat.Usage{Input: 4}}},
		{"other makers' names", `{"usage":{"prompt_tokens":9,"completion_tokens":1,"cache_creation_input_tokens":2,"cache_read_input_tokens":3,"prompt_tokens_details":{"cached_tokens":0}}}`,
			chat.Frame{Kind: chat.Whole, HasUsage: true, Usage: chat.Usage{Input: 9, Output: 1, Cached: 3, CacheWrite: 2}}},
		{"usage that cannot be", `{"usage":{"prompt_tokens":3,"completion_tokens":9223372036854775807}}`, chat.Frame{Kind: chat.Whole}},
		{"usage of another sort", `{"usage":{"prompt_tokens":"many","completion_tokens":-3,"prompt_tokens_details":null}}`, chat.Frame{Kind: chat.Whole, HasUsage: true}},
		{"an unknown finish reason", `{"choices":[{"finish_reason":"eos\u002d1"}]}`, chat.Frame{Kind: chat.Whole, Finish: "eos-1"}},
		{"an empty finish reason", `{"choices":[{"finish_reason":""}]}`, chat.Frame{Kind: chat.Whole}},
		{"a call", `{"choices":[{"message":{"content":null,"tool_calls":[{}]}}]}`, chat.Frame{Kind: chat.Whole, Visible: true}},
		{"no call", `{"choices":[{"message":{"content":"","tool_calls":[ ],"function_call":{ }}}]}`, chat.Frame{Kind: chat.Whole}},
		{"an error", `{"error":{"message":"m"},"usage":{}}`, chat.Frame{Kind: chat.Failure, HasUsage: true}},
		{"cut", `{"choices":[{"finish_reason":"stop"}]`, chat.Frame{Kind: chat.Malformed}},
		{"a page", `<html>`, chat.Frame{Kind: chat.Malformed}},
		{"nothing", ``, chat.Frame{Kind: chat.Malformed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			frames, _ := readAll(t, NewWhole([]byte(c.in)))
			f := frames[0]
			if len(frames) != 1 || string(f.Raw) != c.in || string(f.Data) != strings.TrimSpace(c.in) {
				t.Errorf("%d frames, %q, %q", len(frames), f.Raw, f.Data)
			}
			f.Raw, f.Data, f.ID, f.Fingerprint, f.Model, f.Said, f.Many = nil, nil, nil, nil, nil, nil, false
			if !reflect.DeepEqual(f, c.want) {
				t.Errorf("got %+v, want %+v", f, c.want)
			}
		})
	}
}

// The id of an answer is noted where it stands at the top level, and is a string.
func TestAnswersID(t *testing.T) {
	for in, want := range map[string]string{
		`{"id":"chatcmpl-1","choices":[]}`:                      "chatcmpl-1",
		`{"choices":[{"message":{"id":"inner"}}], "id" : "x" }`: "x",
		`{"choices":[{"id":"inner"}]}`:                          "",
		`{"id":7}`:                                              "",
		`{"id":null}`:                                           "",
		`{"id":""}`:                                             "",
		`{"id":"cut","choices":`:                                "",
	} {
		if f, _ := NewWhole([]byte(in)).Next(); string(f.ID) != want {
			t.Errorf("%s: id %q, want %q", in, f.ID, want)
		}
		frames, _ := readAll(t, openStream(strings.NewReader("data: "+in+"\n\ndata: [DONE]\n\n"), 0))
		if got := string(frames[0].ID); got != want {
			t.Errorf("%s in a stream: id %q, want %q", in, got, want)
		}
	}
}
