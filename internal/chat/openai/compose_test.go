package openai

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai/openaitest"
)

var (
	said = &chat.Completion{Model: "m", Created: 1700000000, Text: []string{"Hel", "lo \"you\"", "!"}, Usage: chat.Usage{Input: 5, Output: 3, Cached: 2, CacheWrite: 1, Reasoning: 1},
		Extra: []chat.Field{{Name: "simulated", Value: []byte("true")}, {Name: "x", Value: []byte("[1,\n2]")}}}
	called = &chat.Completion{ID: "chatcmpl-x", Model: "m", ToolCalls: []chat.ToolCall{{ID: "a", Name: "f", Arguments: `{"x":1}`}, {ID: "b", Name: "g"}}}
)

func TestComposeWhole(t *testing.T) {
	for name, c := range map[string]*chat.Completion{"text": said, "calls": called, "nothing": {Model: "m", Finish: "length"}} {
		t.Run(name, func(t *testing.T) {
			frames, _ := readAll(t, Codec{}.Compose(c, false, true))
			f := frames[0]
			if err := openaitest.Validate("CreateChatCompletionResponse", f.Raw); err != nil {
				t.Error(err)
			}
			checkSaid(t, frames, c)
			if f.Kind != chat.Whole || len(frames) != 1 || f.Usage != c.Usage {
				t.Errorf("%d frames, %+v", len(frames), f)
			}
			if name == "text" && !bytes.Contains(f.Raw, []byte(`"simulated":true`)) {
				t.Errorf("the further member is missing in %s", f.Raw)
			}
		})
	}
}

func TestComposeStream(t *testing.T) {
	for name, c := range map[string]*chat.Completion{"text": said, "calls": called, "nothing": {Model: "m", Finish: "length"}} {
		for _, includeUsage := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", usage ", includeUsage), func(t *testing.T) {
				frames, _ := readAll(t, Codec{}.Compose(c, true, includeUsage))
				if again, _ := readAll(t, openStream(strings.NewReader(rawOf(frames)), 0)); !reflect.DeepEqual(again, frames) {
					t.Errorf("read again it is\n%+v, not\n%+v", again, frames)
				}
				checkSaid(t, frames, c)
				last := frames[len(frames)-1]
				frames = frames[:len(frames)-1]
				for _, f := range frames {
					if err := openaitest.Validate("CreateChatCompletionStreamResponse", f.Data); err != nil {
						t.Error(err)
					}
				}
				usage := frames[len(frames)-1]
				if last.Kind != chat.Done || usage.UsageOnly != includeUsage || includeUsage && usage.Usage != c.Usage {
					t.Errorf("it ends with %s%s", usage.Raw, last.Raw)
				}
			})
		}
	}
}

// checkSaid puts an answer together again from its frames.
func checkSaid(t *testing.T, frames []chat.Frame, c *chat.Completion) {
	t.Helper()
	text, finish, calls := "", "", []chat.ToolCall(nil)
	pieces := 0
	for _, f := range frames {
		deltas, err := Codec{}.Deltas(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range deltas {
			text += d.Text
			finish += d.Finish
			if d.Text != "" {
				pieces++
			}
			for _, call := range d.ToolCalls {
				if call.Index == len(calls) {
					calls = append(calls, chat.ToolCall{Index: call.Index})
				}
				k := &calls[call.Index]
				k.ID, k.Name, k.Arguments = k.ID+call.ID, k.Name+call.Name, k.Arguments+call.Arguments
			}
		}
	}
	want := c.Finish
	if want == "" {
		want = map[bool]string{true: "tool_calls", false: "stop"}[len(c.ToolCalls) > 0]
	}
	if text != strings.Join(c.Text, "") || finish != want || len(calls) != len(c.ToolCalls) || len(frames) > 1 && pieces != len(c.Text) {
		t.Errorf("it says %q in %d pieces, %+v, %q", text, pieces, calls, finish)
	}
	for i, k := range calls {
		if w := c.ToolCalls[i]; k.ID != w.ID || k.Name != w.Name || k.Arguments != w.Arguments {
			t.Errorf("call %d is %+v, want %+v", i, k, w)
		}
	}
}

func TestComposeEmbedding(t *testing.T) {
	b := ComposeEmbedding("e", [][]float32{{1, -0.5, 1e-9}, {}}, chat.Usage{Input: 4})
	if err := openaitest.Validate("CreateEmbeddingResponse", b); err != nil {
		t.Error(err)
	}
	want := `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1,-0.5,1e-09]},{"object":"embedding","index":1,"embedding":[]}],"model":"e","usage":{"prompt_tokens":4,"total_tokens":4}}`
	if string(b) != want {
		t.Errorf("got %s", b)
	}
}

func TestModels(t *testing.T) {
	list := []ModelInfo{{ID: "support", Created: 7}, {ID: "openai/gpt", OwnedBy: "openai"}}
	if err := openaitest.Validate("ListModelsResponse", Models(list)); err != nil {
		t.Error(err)
	}
	if err := openaitest.Validate("ListModelsResponse", Models(nil)); err != nil {
		t.Error(err)
	}
	if err := openaitest.Validate("Model", Model(list[0])); err != nil {
		t.Error(err)
	}
	if got := string(Model(list[0])); got != `{"id":"support","object":"model","created":7,"owned_by":"weir"}` {
		t.Error(got)
	}
}
