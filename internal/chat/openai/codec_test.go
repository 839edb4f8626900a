package openai

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat"
)

// conversation holds every form of message that there is.
const conversation = `{"model":"m","messages":[
 {"role":"system","content":"be brief \u00e9","name":"sys"},
 {"role":"user","content":[{"type":"text","text":"what is this?","cache_control":{"type":"ephemeral"}},{"type":"image_url","image_url":{"url":"data:x"}},"odd"]},
 {"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[
   {"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"},"extra_content":{"signature":"s"}},
   {"id":"call_2","type":"custom","custom":{"name":"g","input":"raw text"}},
   {"id":"call_3","type":"function","function":{"name":"h","arguments":{"a":1}}}]},
 {"role":"assistant","function_call":{"name":"old","arguments":"{}"}},
 {"role":"tool","tool_call_id":"call_1","content":"42","is_error":false},
 {"role":"assistant","content":"","name":"","tool_calls":[],"refusal":null},
 {"role":7,"content":[],"tool_call_id":null}
],"temperature":0.5,"response_format":{"type":"json_object"},"seed":12345678901234567890}`

func parsed(t testing.TB, body string) *chat.Turn {
	t.Helper()
	turn, err := Codec{}.Parse(chat.OpChat, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return turn
}

func appended(t testing.TB, turn *chat.Turn) []byte {
	t.Helper()
	out, err := Codec{}.Append(nil, turn)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// exact decodes JSON with numbers as they are written.
func exact(t testing.TB, b []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return v
}

func TestParseThenAppendChangesNothing(t *testing.T) {
	for _, body := range []string{conversation, full} {
		if out := appended(t, parsed(t, body)); !reflect.DeepEqual(exact(t, out), exact(t, []byte(body))) {
			t.Errorf("got  %s\nfrom %s", out, body)
		}
	}
	embed := `{"model":"e","input":["a","b"],"messages":"none","dimensions":3}`
	turn, err := Codec{}.Parse(chat.OpEmbed, []byte(embed))
	if err != nil || len(turn.Messages) != 0 {
		t.Fatal(turn, err)
	}
	if out := appended(t, turn); string(out) != embed {
		t.Errorf("got %s", out)
	}
}

func TestParseReads(t *testing.T) {
	turn := parsed(t, conversation)
	m := turn.Messages
	if m[0].Text() != "be brief é" || !m[0].Plain || m[0].Name != "sys" || m[0].Role != "system" {
		t.Errorf("first message %+v", m[0])
	}
	if len(m[1].Content) != 3 || m[1].Content[0].Text != "what is this?" || m[1].Content[1].Type != "image_url" || m[1].Plain {
		t.Errorf("parts %+v", m[1].Content)
	}
	want := []chat.ToolCall{{Index: 0, ID: "call_1", Name: "f", Arguments: `{"a": 1}`}, {Index: 1, ID: "call_2", Name: "g", Arguments: "raw text"},
		{Index: 2, ID: "call_3", Name: "h", Arguments: `{"a":1}`}}
	for i, c := range m[2].ToolCalls {
		if c.Raw == nil || !sameCall(c, want[i]) {
			t.Errorf("call %d: %+v", i, c)
		}
	}
	if !m[2].Null || !m[3].Null || m[5].Null || m[6].Null {
		t.Error("Null is wrong")
	}
	if c := m[3].ToolCalls; len(c) != 1 || c[0].Index != -1 || c[0].Name != "old" {
		t.Errorf("function_call: %+v", c)
	}
	if m[4].ToolCallID != "call_1" {
		t.Errorf("tool message %+v", m[4])
	}
	if turn.Fields[0].Name != "model" || turn.Fields[3].Name != "seed" || string(turn.Fields[3].Value) != "12345678901234567890" {
		t.Errorf("fields %q", turn.Fields)
	}
}

// The turn must stay what it is when the body's buffer is used for another request.
func TestParseCopies(t *testing.T) {
	body := []byte(conversation)
	turn, err := Codec{}.Parse(chat.OpChat, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := range body {
		body[i] = 'x'
	}
	if out := appended(t, turn); !reflect.DeepEqual(exact(t, out), exact(t, []byte(conversation))) {
		t.Errorf("got %s", out)
	}
}

func TestAppendWritesChanges(t *testing.T) {
	turn := parsed(t, conversation)
	m := turn.Messages
	m[0].Content[0].Text = "be \"long\""
	m[1].Content[0].Text = "redacted" // Raw left in place: the change must win
	m[2].Content = []chat.Part{{Type: "text", Text: "no longer null"}}
	m[2].Plain = true
	m[2].ToolCalls[0].Arguments = "{}"
	m[2].ToolCalls[1].Arguments = "other"
	m[2].ToolCalls = append(m[2].ToolCalls[:2], chat.ToolCall{Index: 2, ID: "call_9", Name: "new", Arguments: "1"})
	m[3].ToolCalls[0].Name = "older"
	m[5].Name, m[6].Role = "n", "user"
	turn.Messages = append(m, chat.Text("user", "more"))
	turn.Fields = turn.Fields[:1]
	want := `{"messages":[
 {"role":"system","content":"be \"long\"","name":"sys"},
 {"role":"user","content":[{"type":"text","text":"redacted","cache_control":{"type":"ephemeral"}},{"type":"image_url","image_url":{"url":"data:x"}},"odd"]},
 {"role":"assistant","content":"no longer null","reasoning_content":"hm","tool_calls":[
   {"id":"call_1","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"signature":"s"}},
   {"id":"call_2","type":"custom","custom":{"name":"g","input":"other"}},
   {"id":"call_9","type":"function","function":{"name":"new","arguments":"1"}}]},
 {"role":"assistant","function_call":{"name":"older","arguments":"{}"}},
 {"role":"tool","tool_call_id":"call_1","content":"42","is_error":false},
 {"role":"assistant","content":"","name":"n","tool_calls":[],"refusal":null},
 {"role":"user","content":[],"tool_call_id":null},
 {"role":"user","content":"more"}
],"model":"m"}`
	if out := appended(t, turn); !reflect.DeepEqual(exact(t, out), exact(t, []byte(want))) {
		t.Errorf("got  %s\nwant %s", out, want)
	}
}

func TestAppendWritesMadeParts(t *testing.T) {
	turn := &chat.Turn{Messages: []chat.Message{{Role: "user", Content: []chat.Part{
		{Type: "text", Text: "a"},
		{Type: "text", Text: "was an image", Raw: []byte(`{"type":"image_url"}`)},
	}}}}
	want := `{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"was an image"}]}]}`
	if out := appended(t, turn); string(out) != want {
		t.Errorf("got %s", out)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, messages, code, param string }{
		{"a message that is none", `["hi"]`, "invalid_type", "messages[0]"},
		{"a role twice", `[{"role":"user","role":"system","content":"x"}]`, "duplicate_key", "messages[0]"},
		{"content twice, once with escapes", `[{"content":"a"},{"content":"a","c\u006fntent":"b"}]`, "duplicate_key", "messages[1]"},
		{"a part's text twice", `[{"content":[{"type":"text","text":"a","text":"b"}]}]`, "duplicate_key", "messages[0].content[0]"},
		{"arguments twice", `[{"tool_calls":[{"function":{"arguments":"a","arguments":"b"}}]}]`, "invalid_json", "messages[0].tool_calls[0]"},
		{"a wrong escape", `[{"content":"\q"}]`, "invalid_json", "messages[0].content"},
		{"a wrong escape in a part", `[{"content":[{"type":"text","text":"\q"}]}]`, "invalid_json", "messages[0].content[0].text"},
		{"a call that is none", `[{"tool_calls":[1]}]`, "invalid_type", "messages[0].tool_calls[0]"},
		{"no comma between messages", `[{} {}]`, "invalid_json", "messages"},
		{"no colon in a message", `[{"role" "user"}]`, "invalid_json", "messages[0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Codec{}.Parse(chat.OpChat, []byte(`{"messages":`+c.messages+`}`))
			checkFault(t, err, c.code, c.param, "")
		})
	}
	_, err := Codec{}.Parse(chat.OpChat, []byte(`{"messages":`))
	checkFault(t, err, "invalid_json", "", "")
}

// FuzzCodec: what Parse takes, Append gives back the same, and a text that is
// changed changes, and nothing else with it.
func FuzzCodec(f *testing.F) {
	f.Add([]byte(conversation), "x")
	f.Add([]byte(full), "\"\n\xff")
	f.Add([]byte(`{"messages":[{"content":[{"text":"a"},{"type":"text"}]},{"content":1,"tool_calls":{}}]}`), "")
	f.Fuzz(func(t *testing.T, body []byte, changed string) {
		if !json.Valid(body) {
			return
		}
		turn, err := Codec{}.Parse(chat.OpChat, body)
		if err != nil {
			return
		}
		out := appended(t, turn)
		if !reflect.DeepEqual(exact(t, out), exact(t, body)) {
			t.Fatalf("%s\nbecame %s", body, out)
		}
		if len(turn.Messages) == 0 {
			return
		}
		changed = strings.ToValidUTF8(changed, "")
		m := &turn.Messages[len(turn.Messages)-1]
		for i := range m.Content {
			m.Content[i].Text = changed
		}
		for i := range m.ToolCalls {
			m.ToolCalls[i].Arguments = changed
		}
		again := parsed(t, string(appended(t, turn)))
		for i := range again.Messages[len(turn.Messages)-1].ToolCalls {
			if got := again.Messages[len(turn.Messages)-1].ToolCalls[i].Arguments; got != changed {
				t.Fatalf("arguments %q, want %q", got, changed)
			}
		}
		for i, p := range again.Messages[len(turn.Messages)-1].Content {
			if p.Type == "text" && p.Text != changed {
				t.Fatalf("part %d is %q, want %q", i, p.Text, changed)
			}
		}
	})
}
