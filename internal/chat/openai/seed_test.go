package openai

import (
	"reflect"
	"testing"

	"github.com/weirhq/weir/internal/chat"
)

func TestFromSeed(t *testing.T) {
	for _, c := range []struct {
		name, in, want, user string
		ok                   bool
	}{
		{"the short form", `{"prompt":"say \"hi\"","user_id":"u-1"}`,
			`{"messages":[{"role":"user","content":"say \"hi\""}],"max_tokens":512,"temperature":0.7}`, "u-1", true},
		{"its own parameters", `{"prompt":"hi","user_id":"u-1","max_tokens":100,"temperature":0,"stream":true,"model":"m"}`,
			`{"max_tokens":100,"temperature":0,"stream":true,"model":"m","messages":[{"role":"user","content":"hi"}]}`, "u-1", true},
		{"parameters null", `{"prompt":"hi","max_tokens":null,"temperature":null}`,
			`{"max_tokens":512,"temperature":0.7,"messages":[{"role":"user","content":"hi"}]}`, "", true},
		{"the newer limit", `{"prompt":"hi","max_completion_tokens":9,"temperature":1}`,
			`{"max_completion_tokens":9,"temperature":1,"messages":[{"role":"user","content":"hi"}]}`, "", true},
		{"a number for a user", `{"prompt":"hi","user_id":12,"max_tokens":1,"temperature":1}`,
			`{"messages":[{"role":"user","content":"hi"}],"max_tokens":1,"temperature":1}`, "12", true},
		{"messages with a user", `{"messages":[{"role":"user","content":"hi"}],"user_id":"u-2"}`,
			`{"messages":[{"role":"user","content":"hi"}]}`, "u-2", true},
		{"messages and a prompt", `{"messages":[{"role":"user","content":"hi"}],"prompt":{"id":"p"}}`, "", "", false},
		{"neither", `{"model":"m"}`, "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h chat.Head
			if err := Scan([]byte(c.in), chat.OpChat, &h); err != nil {
				t.Fatal(err)
			}
			out, user, ok, err := FromSeed([]byte(c.in), &h)
			if err != nil || ok != c.ok || user != c.user {
				t.Fatalf("user %q, ok %v, err %v", user, ok, err)
			}
			if !ok {
				c.want = c.in
			}
			if !reflect.DeepEqual(decoded(t, out), decoded(t, []byte(c.want))) {
				t.Errorf("got  %s\nwant %s", out, c.want)
			}
			if err := Scan(out, chat.OpChat, &h); err != nil {
				t.Errorf("what came out is refused: %v", err)
			}
		})
	}
}

func TestFromSeedRefuses(t *testing.T) {
	for _, c := range []struct{ name, in, param string }{
		{"a prompt that is a list", `{"prompt":["a"]}`, "prompt"},
		{"a prompt that is null", `{"prompt":null}`, "prompt"},
		{"a user that is an object", `{"prompt":"a","user_id":{}}`, "user_id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h chat.Head
			if err := Scan([]byte(c.in), chat.OpChat, &h); err != nil {
				t.Fatal(err)
			}
			_, _, _, err := FromSeed([]byte(c.in), &h)
			checkFault(t, err, "invalid_type", c.param, "")
		})
	}
}
