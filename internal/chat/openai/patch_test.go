package openai

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat"
)

func set(name, value string) chat.Field { return chat.Field{Name: name, Value: []byte(value)} }
func remove(name string) chat.Field     { return chat.Field{Name: name} }

func TestAppendPatched(t *testing.T) {
	for _, c := range []struct {
		name, in string
		patches  []chat.Field
		want     string
	}{
		{"nothing", `{ "a" : 1 }`, nil, `{ "a" : 1 }`},
		{"replaces in place", ` { "a" : 1 , "model":"x"  } ` + "\n", []chat.Field{set("model", `"yy"`)}, ` { "a" : 1 , "model":"yy"  } ` + "\n"},
		{"a key with escapes", `{"mod\u0065l":"x"}`, []chat.Field{set("model", `"y"`)}, `{"mod\u0065l":"y"}`},
		{"only inside the top level", `{"a":{"model":"x"}}`, []chat.Field{set("model", `"y"`)}, `{"a":{"model":"x"},"model":"y"}`},
		{"adds", `{"a":1 }`, []chat.Field{set("b", `2`), set("c\n", `3`)}, `{"a":1,"b":2,"c\n":3 }`},
		{"adds to nothing", ` { } `, []chat.Field{set("b", `2`)}, ` {"b":2 } `},
		{"takes away the first", `{ "a":1, "b":2}`, []chat.Field{remove("a")}, `{ "b":2}`},
		{"takes away the middle", `{"a":1, "b":2 , "c":3}`, []chat.Field{remove("b")}, `{"a":1 , "c":3}`},
		{"takes away the last", `{"a":1, "b":2 }`, []chat.Field{remove("b")}, `{"a":1 }`},
		{"takes away the first two", `{"a":1, "b":2, "c":3}`, []chat.Field{remove("a"), remove("b")}, `{"c":3}`},
		{"takes away all", `{ "a":1, "b":2 }`, []chat.Field{remove("a"), remove("b")}, `{  }`},
		{"takes away all and adds", `{"a":1}`, []chat.Field{remove("a"), set("b", `2`)}, `{"b":2}`},
		{"takes away what is not there", `{"a":1}`, []chat.Field{remove("b")}, `{"a":1}`},
		{"the last patch counts", `{"a":1}`, []chat.Field{set("a", `2`), remove("a"), set("b", `1`), set("b", `2`)}, `{"b":2}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h chat.Head
			if err := Scan([]byte(c.in), chat.OpChat, &h); err != nil {
				t.Fatal(err)
			}
			if got := AppendPatched([]byte("before "), []byte(c.in), &h, c.patches); string(got) != "before "+c.want {
				t.Errorf("got  %s\nwant before %s", got, c.want)
			}
		})
	}
}

func TestWithMember(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"id":"x"}`, `{"id":"x","model_version":"model-a"}`},
		{` {} `, ` {"model_version":"model-a"} `},
		{`{"model_version":7,"id":"x"}`, `{"model_version":"model-a","id":"x"}`},
		{`[1]`, `[1]`},
		{`{"id":`, `{"id":`},
		{``, ``},
	} {
		if got := WithMember([]byte(c.in), "model_version", []byte(`"model-a"`)); string(got) != c.want {
			t.Errorf("%s gives %s, want %s", c.in, got, c.want)
		}
	}
}

func TestAppendPatchedDoesNotAllocate(t *testing.T) {
	body := request(1 << 10)
	var h chat.Head
	if err := Scan(body, chat.OpChat, &h); err != nil {
		t.Fatal(err)
	}
	dst := make([]byte, 0, 4<<10)
	patches := []chat.Field{set("model", `"other"`), remove("user"), set("seed", `1`)}
	if n := testing.AllocsPerRun(100, func() { dst = AppendPatched(dst[:0], body, &h, patches) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzAppendPatched compares with taking the object apart, changing it and
// putting it together again.
func FuzzAppendPatched(f *testing.F) {
	f.Add([]byte(full), "model", `"x"`, "new", `[1]`, "user", false)
	f.Add([]byte(` { "a" : 1 , "b":2 } `), "a", `null`, "a", ``, "b", true)
	f.Add([]byte(`{"a":1}`), "a", ``, "c", ``, "a", true)
	f.Fuzz(func(t *testing.T, body []byte, name1, value1, name2, value2, name3 string, twice bool) {
		var h chat.Head
		if Scan(body, chat.OpChat, &h) != nil || !json.Valid(body) {
			return
		}
		patches := []chat.Field{set(name1, value1), set(name2, value2), remove(name3)}
		if twice {
			patches = append(patches, set(name1, `"again"`))
		}
		want := decoded(t, body)
		for _, p := range patches {
			if len(p.Value) > 0 && !json.Valid(p.Value) || strings.ToValidUTF8(p.Name, "") != p.Name {
				return
			}
			delete(want, p.Name)
			if len(p.Value) > 0 {
				var v any
				if err := json.Unmarshal(p.Value, &v); err != nil {
					t.Fatal(err)
				}
				want[p.Name] = v
			}
		}
		got := AppendPatched(nil, bytes.Clone(body), &h, patches)
		if !json.Valid(got) {
			t.Fatalf("not JSON any more: %s", got)
		}
		if members, _ := decodeMembers(got); len(members) != len(want) || !reflect.DeepEqual(decoded(t, got), want) {
			t.Fatalf("%s with %q gives %s", body, patches, got)
		}
	})
}

func decoded(t *testing.T, body []byte) map[string]any {
	t.Helper()
	v := map[string]any{}
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
