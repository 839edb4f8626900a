package openai

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/fault"
)

const full = ` {
  "messages": [{"role":"user","content":"say \"model\": [{"}],
  "model" : "gpt-4o", "user":"u-1","safety_identifier":"s","prompt_cache_key":"p",
  "stream":true, "stream_options": {"include_obfuscation":false,"include_usage": true},
  "n": 2, "max_tokens": 12, "max_completion_tokens": 34,
  "metadata": {"session_id":"sess","conversation_id":"conv \u00e9","x":{"y":[]}},
  "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}], "temperature":-0.5e1
} `

func TestScanReadsWhatItShould(t *testing.T) {
	var h chat.Head
	if err := Scan([]byte(full), chat.OpChat, &h); err != nil {
		t.Fatal(err)
	}
	if err := Check(chat.OpChat, &h); err != nil {
		t.Fatal(err)
	}
	members := h.Members
	h.Members = nil
	want := chat.Head{Model: "gpt-4o", User: "u-1", SafetyID: "s", CacheKey: "p", Conversation: "conv é",
		Stream: true, IncludeUsage: true, N: 2, MaxTokens: 12, MaxCompletion: 34}
	if !reflect.DeepEqual(h, want) {
		t.Errorf("head\n got %+v\nwant %+v", h, want)
	}
	var names []string
	for _, m := range members {
		names = append(names, m.Key)
		if got := full[m.KeyAt : m.KeyAt+len(m.Key)+2]; got != `"`+m.Key+`"` {
			t.Errorf("key %q stands at %q", m.Key, got)
		}
		if v := full[m.From:m.Upto]; !json.Valid([]byte(v)) || strings.TrimSpace(v) != v {
			t.Errorf("%q has the value %q", m.Key, v)
		}
	}
	if got, want := strings.Join(names, " "), "messages model user safety_identifier prompt_cache_key stream stream_options n "+
		"max_tokens max_completion_tokens metadata tools temperature"; got != want {
		t.Errorf("members %q, want %q", got, want)
	}
}

func TestScanAccepts(t *testing.T) {
	for _, c := range []struct {
		name, body string
		op         chat.Op
		want       chat.Head
	}{
		{"an empty object", `{}`, chat.OpChat, head()},
		{"null counts as absent", `{"model":null,"user":null,"stream":null,"stream_options":null,"n":null,"max_tokens":null,"metadata":null}`, chat.OpChat, head()},
		{"include_usage null", `{"stream_options":{"include_usage":null}}`, chat.OpChat, head()},
		{"a key with escapes", `{"mod\u0065l":"m"}`, chat.OpChat, head(func(h *chat.Head) { h.Model = "m" })},
		{"escapes in a value", `{"model":"a\/b\ud83d\ude00"}`, chat.OpChat, head(func(h *chat.Head) { h.Model = "a/b😀" })},
		{"an empty user", `{"user":""}`, chat.OpChat, head()},
		{"a session with a number", `{"metadata":{"session_id":17}}`, chat.OpChat, head(func(h *chat.Head) { h.Conversation = "17" })},
		{"embeddings", `{"model":"e","input":["a"],"stream":"yes","n":"many"}`, chat.OpEmbed, head(func(h *chat.Head) { h.Model = "e" })},
		{"embeddings of tokens", `{"input":[[1,2],[3]]}`, chat.OpEmbed, head()},
		{"128 levels", nested(128), chat.OpChat, head()},
		{"unknown members that differ in case", `{"x":1,"X":2}`, chat.OpChat, head()},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h chat.Head
			if err := Scan([]byte(c.body), c.op, &h); err != nil {
				t.Fatal(err)
			}
			h.Members = nil
			if !reflect.DeepEqual(h, c.want) {
				t.Errorf("got %+v, want %+v", h, c.want)
			}
		})
	}
}

func head(set ...func(*chat.Head)) chat.Head {
	h := chat.Head{N: 1, MaxTokens: -1, MaxCompletion: -1}
	for _, f := range set {
		f(&h)
	}
	return h
}

// nested is an object with arrays in it, depth levels in all.
func nested(depth int) string {
	return `{"x":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
}

func TestScanRefuses(t *testing.T) {
	for _, c := range []struct{ name, body, code, param, says string }{
		{"nothing", " \n", "invalid_json", "", "the body is empty"},
		{"an array", `[1]`, "invalid_json", "", "line 1, column 1: an object was expected, found '['"},
		{"two objects", `{} {}`, "invalid_json", "", "line 1, column 4: nothing more was expected, found '{'"},
		{"rubbish behind", `{}x`, "invalid_json", "", "column 3: nothing more"},
		{"cut in a key", `{"model`, "invalid_json", "", "column 2: this string is never closed"},
		{"cut in a value", `{"a":"b`, "invalid_json", "", "column 6: this string is never closed"},
		{"cut behind an escape", `{"a":"b\"`, "invalid_json", "", "column 6: this string is never closed"},
		{"cut in a nested value", `{"a":[{"b":1}`, "invalid_json", "", "column 6: this bracket is never closed"},
		{"cut at a comma", `{"a":1,`, "invalid_json", "", "a key in double quotes was expected, found the end"},
		{"cut at a value", `{"a":`, "invalid_json", "", "a value was expected, found the end"},
		{"brackets crossed", `{"a":[{]}}`, "invalid_json", "", "column 8: this closes a bracket of the other kind"},
		{"the wrong last bracket", `{"a":1]`, "invalid_json", "", "a comma or a closing bracket was expected, found ']'"},
		{"a comma too many", `{"a":1,}`, "invalid_json", "", "a key in double quotes was expected, found '}'"},
		{"a comma too few", "{\"a\":1\n \"b\":2}", "invalid_json", "", "line 2, column 2: a comma or a closing bracket was expected"},
		{"no colon", `{"a" 1}`, "invalid_json", "", "column 6: a colon was expected, found '1'"},
		{"no value", `{"a":,"b":1}`, "invalid_json", "", "a value was expected, found ','"},
		{"no word of JSON", `{"a":True}`, "invalid_json", "", "a value was expected, found 'T'"},
		{"no number of JSON", `{"a":01}`, "invalid_json", "", "a value was expected"},
		{"single quotes inside", `{"a":['b']}`, "invalid_json", "", `found '\''`},
		{"129 levels", nested(129), "too_deep", "", "deeper than 128"},
		{"10,000 levels", nested(10000), "too_deep", "", "deeper than 128"},
		{"not UTF-8", "{\"a\":\"é\xff\"}", "invalid_utf8", "", "line 1, column 8: byte 0xff"},
		{"a surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", "invalid_utf8", "", "byte 0xed"},
		{"model twice", `{"model":"a","messages":[1],"model":"b"}`, "duplicate_key", "model", `"model" is given twice, at line 1, column 2 and at line 1, column 29`},
		{"model twice, once with escapes", `{"model":"a","mod\u0065l":"b"}`, "duplicate_key", "model", "twice"},
		{"model twice, in another case", `{"model":"a","Model":"b"}`, "duplicate_key", "Model", "twice"},
		{"an unknown member twice", `{"x":1,"x":2}`, "duplicate_key", "x", "twice"},
		{"include_usage twice", `{"stream_options":{"include_usage":true,"include_usage":false}}`, "duplicate_key", "stream_options", "twice"},
		{"conversation_id twice", `{"metadata":{"conversation_id":"a","b":1,"conversation_id":"b"}}`, "duplicate_key", "metadata", "twice"},
		{"too many members", manyMembers(257), "too_many_members", "", "256"},
		{"model a number", `{"model":7}`, "invalid_type", "model", `"model" must be a string, and is the number 7 (line 1, column 10)`},
		{"model empty", `{"model":""}`, "invalid_value", "model", "must not be empty"},
		{"model with a wrong escape", `{"model":"\x"}`, "invalid_json", "model", "escape"},
		{"user an object", `{"user":{}}`, "invalid_type", "user", "an object"},
		{"stream a string", `{"stream":"true"}`, "invalid_type", "stream", `must be true or false, and is the string "true"`},
		{"stream_options an array", `{"stream_options":[]}`, "invalid_type", "stream_options", "must be an object"},
		{"include_usage a number", `{"stream_options":{"include_usage":1}}`, "invalid_type", "stream_options.include_usage", "true or false"},
		{"n zero", `{"n":0}`, "invalid_value", "n", "from 1 to 128"},
		{"n too many", `{"n":129}`, "invalid_value", "n", "from 1 to 128"},
		{"n a fraction", `{"n":1.5}`, "invalid_type", "n", "a whole number"},
		{"n a string", `{"n":"1"}`, "invalid_type", "n", "a whole number"},
		{"n enormous", `{"n":99999999999999999999}`, "invalid_value", "n", "from 1 to 128"},
		{"max_tokens negative", `{"max_tokens":-1}`, "invalid_value", "max_tokens", "from 1"},
		{"max_completion_tokens zero", `{"max_completion_tokens":0}`, "invalid_value", "max_completion_tokens", "from 1"},
		{"messages an object", `{"messages":{}}`, "invalid_type", "messages", "an array"},
		{"messages null", `{"messages":null}`, "invalid_type", "messages", "must be an array, and is null"},
		{"messages empty", `{"messages":[ ]}`, "invalid_value", "messages", "at least one"},
		{"metadata a string", `{"metadata":"x"}`, "invalid_type", "metadata", "an object"},
		{"metadata without a comma", `{"metadata":{"a":1 "b":2}}`, "invalid_json", "", "comma"},
		{"conversation_id an array", `{"metadata":{"conversation_id":[]}}`, "invalid_type", "metadata.conversation_id", "a string"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h chat.Head
			checkFault(t, Scan([]byte(c.body), chat.OpChat, &h), c.code, c.param, c.says)
		})
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"m` + strconv.Itoa(i) + `":0`)
	}
	return "{" + b.String()[1:] + "}"
}

func checkFault(t *testing.T, err error, code, param, says string) {
	t.Helper()
	var e *fault.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a fault %s", err, code)
	}
	if e.Kind != fault.Invalid || e.Code != code || e.Param != param || !strings.Contains(e.Message, says) {
		t.Errorf("got %s %s, param %q: %s\nwant invalid %s, param %q: ...%s...", e.Kind, e.Code, e.Param, e.Message, code, param, says)
	}
}

func TestScanRefusesInEmbeddings(t *testing.T) {
	var h chat.Head
	checkFault(t, Scan([]byte(`{"input":7}`), chat.OpEmbed, &h), "invalid_type", "input", "a string or an array")
	checkFault(t, Scan([]byte(`{"input":null}`), chat.OpEmbed, &h), "invalid_type", "input", "null")
}

func TestCheckAsksForWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		name, body string
		op         chat.Op
		param      string
	}{
		{"model", `{"messages":[{}]}`, chat.OpChat, "model"},
		{"model null", `{"model":null,"messages":[{}]}`, chat.OpChat, "model"},
		{"messages", `{"model":"m","input":"x"}`, chat.OpChat, "messages"},
		{"input", `{"model":"m","messages":[{}]}`, chat.OpEmbed, "input"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h chat.Head
			if err := Scan([]byte(c.body), c.op, &h); err != nil {
				t.Fatal(err)
			}
			checkFault(t, Check(c.op, &h), "missing_field", c.param, "")
		})
	}
}

func TestScanCopiesItsStrings(t *testing.T) {
	body := []byte(`{"model":"model-one","user":"user-one","messages":[{}]}`)
	h := chat.Head{Members: make([]chat.Span, 0, 8)}
	if err := Scan(body, chat.OpChat, &h); err != nil {
		t.Fatal(err)
	}
	for i := range body {
		body[i] = 'x'
	}
	if h.Model != "model-one" || h.User != "user-one" {
		t.Errorf("the strings changed with the buffer: %q %q", h.Model, h.User)
	}
}

func TestScanAllocatesLittle(t *testing.T) {
	body := request(64 << 10)
	h := chat.Head{Members: make([]chat.Span, 0, 16)}
	n := testing.AllocsPerRun(100, func() {
		if err := Scan(body, chat.OpChat, &h); err != nil {
			t.Fatal(err)
		}
	})
	if n > 2 { // the model and the user
		t.Errorf("%v allocations, want at most 2", n)
	}
}

// request is a conversation of about size bytes, with messages before model, as
// the Python client of OpenAI sends it.
func request(size int) []byte {
	const text = `Explain in \"plain words\" how the caf\u00e9's ledger is kept:\n\tfirst the orders, then the payments \u2014 naïve, but it works. `
	b := []byte(`{"messages":[{"role":"system","content":"You are a helpful assistant."}`)
	for i := 0; len(b) < size-120; i++ {
		b = append(b, `,{"role":"`+[]string{"user", "assistant"}[i%2]+`","content":"`+
			strings.Repeat(text, max(1, min(16, (size-len(b))/len(text))))+`"}`...)
	}
	return append(b, `],"model":"mock-model","temperature":0.7,"max_tokens":256,"user":"u-00000042","stream":true}`...)
}

func benchmarkScan(b *testing.B, size int) {
	body := request(size)
	h := chat.Head{Members: make([]chat.Span, 0, 16)}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := Scan(body, chat.OpChat, &h); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScan1K(b *testing.B)  { benchmarkScan(b, 1<<10) }
func BenchmarkScan64K(b *testing.B) { benchmarkScan(b, 64<<10) }

// FuzzScan compares with encoding/json: what that accepts as one object, and
// breaks no rule of ours, must be accepted and read the same; what is not UTF-8
// or repeats a member must be refused.
func FuzzScan(f *testing.F) {
	for _, s := range []string{full, `{}`, `{"model":"a","mod\u0065l":"b"}`, `{"n":1e2}`, `{"a":[{"b":"\\"}]}`, `{"metadata":{"session_id":"\ud800"}}`,
		`{"a":"\\\\\""}`, "{\"\xc3\xa9\":1}", `{"messages":[],"stream":1}`, nested(128), `{"x":1,"X":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var h chat.Head
		err := Scan(bytes.Clone(body), chat.OpChat, &h)
		var e *fault.Error
		if err != nil && (!errors.As(err, &e) || e.Kind != fault.Invalid || e.Code == "" || !utf8.ValidString(e.Message)) {
			t.Fatalf("an error of another kind: %#v", err)
		}
		if !utf8.Valid(body) {
			if err == nil {
				t.Fatal("accepted what is not UTF-8")
			}
			return
		}
		members, ok := decodeMembers(body)
		if !ok {
			return // finer grammar is not judged here
		}
		if err != nil {
			if !justified(e, members) {
				t.Fatalf("refused %q: %v", body, err)
			}
			return
		}
		if len(members) != len(h.Members) {
			t.Fatalf("found %d members of %d in %q", len(h.Members), len(members), body)
		}
		seen := map[string]bool{}
		for i, m := range h.Members {
			if m.Key != members[i].name || !bytes.Equal(body[m.From:m.Upto], members[i].value) {
				t.Fatalf("member %d is %q: %q, want %q: %q", i, m.Key, body[m.From:m.Upto], members[i].name, members[i].value)
			}
			if seen[m.Key] {
				t.Fatalf("accepted %q twice", m.Key)
			}
			seen[m.Key] = true
		}
		checkRead(t, body, &h)
	})
}

type rawMember struct {
	name  string
	value []byte
}

// decodeMembers takes one JSON object apart with encoding/json.
func decodeMembers(body []byte) (members []rawMember, ok bool) {
	if !json.Valid(body) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if open, _ := d.Token(); open != json.Delim('{') {
		return nil, false
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, false
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, false
		}
		members = append(members, rawMember{key.(string), v})
	}
	return members, true
}

// justified tells whether valid JSON breaks the rule that it was refused for.
func justified(e *fault.Error, members []rawMember) bool {
	switch e.Code {
	case "too_deep", "too_many_members":
		return true // the tables show the bounds
	case "duplicate_key":
		if e.Param == "metadata" || e.Param == "stream_options" {
			return true
		}
		for i := range members {
			for j := range i {
				if strings.EqualFold(members[i].name, members[j].name) {
					return true
				}
			}
		}
	case "invalid_type", "invalid_value":
		return e.Param != "" && reads(strings.SplitN(e.Param, ".", 2)[0])
	}
	return false
}

// checkRead compares what Scan read with what encoding/json reads.
func checkRead(t *testing.T, body []byte, h *chat.Head) {
	var want map[string]any // not a struct: encoding/json ignores the case of keys there
	if err := json.Unmarshal(body, &want); err != nil {
		t.Fatal(err)
	}
	str := func(k string) string { s, _ := want[k].(string); return s }
	stream, _ := want["stream"].(bool)
	if h.Model != str("model") || h.User != str("user") || h.SafetyID != str("safety_identifier") || h.CacheKey != str("prompt_cache_key") || h.Stream != stream {
		t.Fatalf("read %+v of %q", h, body)
	}
	for k, got := range map[string]int64{"max_tokens": h.MaxTokens, "max_completion_tokens": h.MaxCompletion} {
		if n, ok := want[k].(float64); ok && got != int64(n) || !ok && got != -1 {
			t.Fatalf("read %s %d of %q", k, got, body)
		}
	}
}
