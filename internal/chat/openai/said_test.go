package openai

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat"
)

// What an event says stands in one place, or in several, and then the codec finds
// it: both ways nothing is said twice and nothing is left out.
func TestWhereAnEventSaysSomething(t *testing.T) {
	for _, c := range []struct{ name, delta, want string }{
		{"text", `{"content":"a\n\"b\" \u00e9 \ud83d\ude00"}`, `a\n\"b\" \u00e9 \ud83d\ude00`},
		{"reasoning", `{"reasoning_content":"hm"}`, "hm"},
		{"reasoning by its other name", `{"reasoning":"hm"}`, "hm"},
		{"a refusal", `{"content":null,"refusal":"no"}`, "no"},
		{"a piece of a call", `{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]}`, `{\"a\":`},
		{"the beginning of a call", `{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]}`, "f"},
		{"a custom call", `{"tool_calls":[{"index":0,"custom":{"input":"x"}}]}`, "x"},
		{"an older call", `{"function_call":{"arguments":"y"}}`, "y"},
		{"a role", `{"role":"assistant","content":""}`, ""},
		{"nothing", `{}`, ""},
		{"a text and a call", `{"content":"a","tool_calls":[{"index":0,"function":{"arguments":"b"}}]}`, "many"},
		{"name and arguments", `{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"b"}}]}`, "many"},
		{"two calls", `{"tool_calls":[{"index":0,"function":{"arguments":"a"}},{"index":1,"function":{"arguments":"b"}}]}`, "many"},
		{"parts", `{"content":[{"type":"text","text":"a"}]}`, "many"},
		{"arguments that are an object", `{"tool_calls":[{"index":0,"function":{"arguments":{"a":1}}}]}`, "many"},
		{"the same under both names", `{"reasoning":"hm","reasoning_content":"hm"}`, "many"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := `data: {"choices":[{"index":0,"delta":` + c.delta + `}]}` + "\n\ndata: [DONE]\n\n"
			f, err := openStream(strings.NewReader(in), 0).Next()
			if err != nil {
				t.Fatal(err)
			}
			if f.Many != (c.want == "many") || !f.Many && string(f.Said) != c.want || f.Many && f.Said != nil {
				t.Errorf("said %q, many %v; want %q", f.Said, f.Many, c.want)
			}
			deltas, err := Codec{}.Deltas(f)
			if err != nil {
				t.Fatal(err)
			}
			all := ""
			for _, d := range deltas {
				all += d.Text + d.Reasoning + d.Refusal
				for _, call := range d.ToolCalls {
					all += call.Name + call.Arguments
				}
			}
			if got := string(Unescape(nil, f.Said)); !f.Many && got != all {
				t.Errorf("in one place %q, by the codec %q", got, all)
			}
			if f.Many && all == "" {
				t.Error("the codec finds nothing")
			}
		})
	}
}

func TestTwoChoicesInOneEventAreMany(t *testing.T) {
	in := `{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]}`
	if f, _ := openStream(strings.NewReader("data: "+in+"\n\n"), 0).Next(); !f.Many || f.Said != nil {
		t.Errorf("%+v", f)
	}
}

func TestUnescapeGoesAsFarAsItCan(t *testing.T) {
	for in, want := range map[string]string{`a\nb`: "a\nb", `\ud83d\ude00`: "😀", `a\`: "a", `a\u00`: "a", `a\q`: "a", ``: ""} {
		if got := string(Unescape(nil, []byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	f, _ := NewWhole([]byte(`{"system_fingerprint":"fp_1","choices":[]}`)).Next()
	if string(f.Fingerprint) != "fp_1" || f.Kind != chat.Whole {
		t.Errorf("%+v", f)
	}
}
