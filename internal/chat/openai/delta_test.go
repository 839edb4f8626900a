package openai

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat"
)

// eventOf is a frame of the given data, as a stream gives it.
func eventOf(t testing.TB, data string) chat.Frame {
	t.Helper()
	f, err := openStream(strings.NewReader("data: "+data+"\n\n"), 0).Next()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const wholeAnswer = ` {"id":"x","object":"chat.completion","created":1,"model":"m","choices":[
 {"index":0,"message":{"role":"assistant","content":"Hello","refusal":null,"annotations":[]},"logprobs":{"content":[{"token":"Hello"}],"refusal":null},"finish_reason":"stop"},
 {"index":1,"message":{"role":"assistant","content":null,"refusal":null,"reasoning":"hm","reasoning_details":[{"text":"hm"}],"tool_calls":[
  {"id":"c0","type":"function","function":{"name":"f","arguments":"{}"},"extra":1},{"id":"c1","type":"custom","custom":{"name":"g","input":"i"}}]},"logprobs":null,"finish_reason":"tool_calls"}],
 "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"system_fingerprint":"fp"} `

func TestDeltas(t *testing.T) {
	for _, c := range []struct {
		name string
		f    chat.Frame
		want []chat.Delta
	}{
		{"text", eventOf(t, chunk(0, `{"role":"assistant","content":"a\u00e9"}`, "null")), []chat.Delta{{Role: "assistant", Text: "aé"}}},
		{"an end", eventOf(t, chunk(1, `{}`, "stop")), []chat.Delta{{Choice: 1, Finish: "stop"}}},
		{"reasoning under its other name", eventOf(t, chunk(0, `{"reasoning":"r"}`, "null")), []chat.Delta{{Reasoning: "r"}}},
		{"refusal", eventOf(t, chunk(0, `{"refusal":"no"}`, "null")), []chat.Delta{{Refusal: "no"}}},
		{"parts", eventOf(t, chunk(0, `{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"},"c"]}`, "null")), []chat.Delta{{Text: "ab"}}},
		{"pieces of calls", eventOf(t, chunk(0, `{"tool_calls":[{"index":1,"function":{"arguments":"{\"a"}},{"index":0,"id":"c","function":{"name":"f"}}]}`, "null")),
			[]chat.Delta{{ToolCalls: []chat.ToolCall{{Index: 1, Arguments: `{"a`}, {Index: 0, ID: "c", Name: "f"}}}}},
		{"the older call", eventOf(t, chunk(0, `{"function_call":{"name":"f","arguments":"{}"}}`, "null")),
			[]chat.Delta{{ToolCalls: []chat.ToolCall{{Index: -1, Name: "f", Arguments: "{}"}}}}},
		{"usage", eventOf(t, usageChunk), []chat.Delta{}},
		{"a whole answer", whole([]byte(wholeAnswer)), []chat.Delta{
			{Role: "assistant", Text: "Hello", Finish: "stop"},
			{Choice: 1, Role: "assistant", Reasoning: "hm", Finish: "tool_calls", ToolCalls: []chat.ToolCall{
				{Index: 0, ID: "c0", Name: "f", Arguments: "{}"}, {Index: 1, ID: "c1", Name: "g", Arguments: "i"}}}}},
		{"a marker", chat.Frame{Kind: chat.Done}, nil},
		{"an error", eventOf(t, `{"error":{}}`), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Codec{}.Deltas(c.f)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
			same, err := Codec{}.AppendFrame(nil, c.f, got)
			if err != nil || !bytes.Equal(same, c.f.Raw) {
				t.Errorf("with its own deltas it becomes %q, %v", same, err)
			}
		})
	}
}

// What two readers may read differently must not pass by a filter.
func TestDeltasRefuse(t *testing.T) {
	for _, data := range []string{
		chunk(0, `{"content":"a","content":"b"}`, "null"),
		chunk(0, `{"content":"a","c\u006fntent":"b"}`, "null"),
		`{"choices":[{"delta":{"content":"a"}}],"choices":[]}`,
		`{"choices":[{"delta":{"content":"a"},"delta":{}}]}`,
		`{"choices":[{"delta":{"content":"\q"}}]}`,
		`{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"a","arguments":"b"}}]}}]}`,
		`{"choices":[7]}`,
	} {
		f := eventOf(t, data)
		if got, err := (Codec{}).Deltas(f); err == nil {
			t.Errorf("%s is read as %+v", data, got)
		}
		if got, err := (Codec{}).AppendFrame(nil, f, nil); err == nil {
			t.Errorf("%s is written as %s", data, got)
		}
	}
}

func TestAppendFrame(t *testing.T) {
	for _, c := range []struct {
		name   string
		in     string // data of an event, or a whole answer
		change func([]chat.Delta) []chat.Delta
		want   string
	}{
		{"text", chunk(0, `{"content":"a","x":[1]}`, "null"), func(d []chat.Delta) []chat.Delta { d[0].Text = "b\n"; return d }, chunk(0, `{"content":"b\n","x":[1]}`, "null")},
		{"text to an end", chunk(0, `{}`, "stop"), func(d []chat.Delta) []chat.Delta { d[0].Text = "tail"; return d }, chunk(0, `{"content":"tail"}`, "stop")},
		{"text to a choice without delta", `{"choices":[{"index":0}]}`, func(d []chat.Delta) []chat.Delta { d[0].Text = "t"; return d }, `{"choices":[{"index":0,"delta":{"content":"t"}}]}`},
		{"another end", chunk(0, `{"content":"a"}`, "stop"), func(d []chat.Delta) []chat.Delta { d[0].Finish = "content_filter"; return d }, chunk(0, `{"content":"a"}`, "content_filter")},
		{"no end", chunk(0, `{"content":"a"}`, "stop"), func(d []chat.Delta) []chat.Delta { d[0].Finish = ""; return d }, chunk(0, `{"content":"a"}`, "null")},
		{"log probabilities tell the text", `{"choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a"}]}}]}`,
			func(d []chat.Delta) []chat.Delta { d[0].Text = "b"; return d }, `{"choices":[{"index":0,"delta":{"content":"b"},"logprobs":null}]}`},
		{"reasoning and its copies", `{"choices":[{"index":0,"delta":{"reasoning":"r","reasoning_content":"r","reasoning_details":[{"text":"r"}]}}]}`,
			func(d []chat.Delta) []chat.Delta { d[0].Reasoning = "s"; return d }, `{"choices":[{"index":0,"delta":{"reasoning":"s","reasoning_content":"s"}}]}`},
		{"role and refusal", chunk(0, `{"role":"assistant","refusal":"no"}`, "null"),
			func(d []chat.Delta) []chat.Delta { d[0].Role, d[0].Refusal = "", ""; return d }, chunk(0, `{"refusal":null}`, "null")},
		{"arguments", chunk(0, `{"tool_calls":[{"index":3,"x":1,"function":{"arguments":"a","y":2}}]}`, "null"),
			func(d []chat.Delta) []chat.Delta { d[0].ToolCalls[0].Arguments = "b"; return d }, chunk(0, `{"tool_calls":[{"index":3,"x":1,"function":{"arguments":"b","y":2}}]}`, "null")},
		{"a further call", chunk(0, `{"tool_calls":[{"index":0,"function":{"arguments":"a"}}]}`, "null"),
			func(d []chat.Delta) []chat.Delta {
				d[0].ToolCalls = append(d[0].ToolCalls, chat.ToolCall{Index: 1, Arguments: "b"}, chat.ToolCall{Index: 2, ID: "i", Name: "n"})
				return d
			}, chunk(0, `{"tool_calls":[{"index":0,"function":{"arguments":"a"}},{"index":1,"function":{"arguments":"b"}},{"index":2,"id":"i","type":"function","function":{"name":"n","arguments":""}}]}`, "null")},
		{"no call any more", chunk(0, `{"tool_calls":[{"index":0,"function":{"arguments":"a"}}],"function_call":{"name":"f"}}`, "null"),
			func(d []chat.Delta) []chat.Delta { d[0].ToolCalls = nil; return d }, chunk(0, `{}`, "null")},
		{"the older call", chunk(0, `{"function_call":{"arguments":"a","z":1}}`, "null"),
			func(d []chat.Delta) []chat.Delta { d[0].ToolCalls[0].Arguments = "b"; return d }, chunk(0, `{"function_call":{"arguments":"b","z":1}}`, "null")},
		{"a choice less", `{"choices":[{"index":0,"delta":{}},{"index":1,"delta":{"content":"x"}}]}`,
			func(d []chat.Delta) []chat.Delta { return d[1:] }, `{"choices":[{"index":1,"delta":{"content":"x"}}]}`},
		{"a choice more", usageChunk, func([]chat.Delta) []chat.Delta { return []chat.Delta{{Choice: 2, Text: "x"}} },
			strings.Replace(usageChunk, `"choices":[]`, `"choices":[{"index":2,"delta":{"content":"x"},"logprobs":null,"finish_reason":null}]`, 1)},
		{"a whole answer", wholeAnswer, func(d []chat.Delta) []chat.Delta {
			d[0].Text, d[1].Reasoning, d[1].ToolCalls[1].Arguments, d[1].Text = "Bye", "", "j", "t"
			return append(d, chat.Delta{Choice: 2, Role: "assistant", Text: "third", Finish: "length"})
		}, `{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[
 {"index":0,"message":{"role":"assistant","content":"Bye","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"},
 {"index":1,"message":{"role":"assistant","content":"t","refusal":null,"reasoning":"","tool_calls":[
  {"id":"c0","type":"function","function":{"name":"f","arguments":"{}"},"extra":1},{"id":"c1","type":"custom","custom":{"name":"g","input":"j"}}]},"logprobs":null,"finish_reason":"tool_calls"},
 {"index":2,"message":{"role":"assistant","content":"third","refusal":null},"logprobs":null,"finish_reason":"length"}],
 "usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"system_fingerprint":"fp"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := whole([]byte(c.in))
			if c.in != wholeAnswer {
				f = eventOf(t, c.in)
			}
			d, err := Codec{}.Deltas(f)
			if err != nil {
				t.Fatal(err)
			}
			d = c.change(d)
			out, err := Codec{}.AppendFrame([]byte("before"), f, d)
			if err != nil {
				t.Fatal(err)
			}
			data := strings.TrimPrefix(string(out), "before")
			if f.Kind == chat.Event {
				if !strings.HasPrefix(data, "data: {") || !strings.HasSuffix(data, "}\n\n") {
					t.Fatalf("no event: %q", data)
				}
				data = data[len("data: "):]
			}
			if !reflect.DeepEqual(exact(t, []byte(data)), exact(t, []byte(c.want))) {
				t.Errorf("got  %s\nwant %s", data, c.want)
			}
			if f.Kind == chat.Event {
				f = eventOf(t, strings.TrimSpace(data))
			} else {
				f = whole([]byte(data))
			}
			if again, err := (Codec{}).Deltas(f); err != nil || fmt.Sprint(again) != fmt.Sprint(d) {
				t.Errorf("it says %+v, %v; want %+v", again, err, d)
			}
		})
	}
}

func TestAppendFrameKeepsTheOtherLines(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{": c\r\nevent: x\r\ndata:{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\nid: 1\r\n\r\n", ": c\r\nevent: x\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\r\nid: 1\r\n\r\n"},
		{"data: {\"choices\":\ndata\ndata: [{\"delta\":{\"content\":\"a\"}}]}\n\n", "data: {\"choices\":  [{\"delta\":{\"content\":\"b\"}}]}\n\n"},
		{"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\r", "data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\r\r"},
	} {
		f, err := openStream(strings.NewReader(c.in), 0).Next()
		if err != nil {
			t.Fatal(err)
		}
		out, err := Codec{}.AppendFrame(nil, f, []chat.Delta{{Text: "b"}})
		if err != nil || string(out) != c.want {
			t.Errorf("%q becomes %q, %v; want %q", c.in, out, err, c.want)
		}
	}
}
