package feedback

import (
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
)

const request = "0198c1a2-7f3e-7c44-9d1b-2f0a6c5e8b71"

func body(more string) string { return `{"request_id":"` + request + `",` + more + `}` }

func TestValuesAreReadByWhatTheyAre(t *testing.T) {
	for in, want := range map[string]Said{
		`"name":"solved","value":true`:               {Type: event.TypeBoolean, Value: 1e6},
		`"name":"solved","value":false`:              {Type: event.TypeBoolean},
		`"metric":"solved","value":0.1`:              {Type: event.TypeNumber, Value: 100_000},
		`"name":"n","value":-0`:                      {Type: event.TypeNumber},
		`"name":"n","value":1e9`:                     {Type: event.TypeNumber, Value: 1e15},
		`"name":"n","value":-1E+9`:                   {Type: event.TypeNumber, Value: -1e15},
		`"name":"n","value":0.0000005`:               {Type: event.TypeNumber}, // half a millionth, to the even
		`"name":"n","value":0.0000015`:               {Type: event.TypeNumber, Value: 2},
		`"name":"n","value":"8"`:                     {Type: event.TypeText, Text: "8"},
		`"name":"thumbs","value":"up"`:               {Type: event.TypeBoolean, Value: 1e6},
		`"name":"thumbs","value":"down"`:             {Type: event.TypeBoolean},
		`"name":"thumbs","value":1`:                  {Type: event.TypeBoolean, Value: 1e6},
		`"name":"thumbs","value":0`:                  {Type: event.TypeBoolean},
		`"name":"n","value":"up"`:                    {Type: event.TypeText, Text: "up"},
		`"name":"n","value":"a\u0000b\u001b[2J"`:     {Type: event.TypeText, Text: "a\x00b\x1b[2J"},
		`"name":"n","value":1,"comment":null`:        {Type: event.TypeNumber, Value: 1e6},
		"\"name\" :\t\"n\" ,\n \"value\":\"\u00e9\"": {Type: event.TypeText, Text: "é"},
	} {
		s, err := Parse([]byte(body(in)))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if s.Type != want.Type || s.Value != want.Value || s.Text != want.Text {
			t.Errorf("%s: %+v", in, s)
		}
		if again, err := Parse([]byte(body(`"name":"` + s.Name + `","value":` + string(s.JSON())))); err != nil || again.Value != s.Value || again.Text != s.Text || again.Type != s.Type {
			t.Errorf("%s: written as %s and read as %+v, %v", in, s.JSON(), again, err)
		}
	}
}

func TestWhatIsRefusedSaysWhereAndHowToMend(t *testing.T) {
	for in, want := range map[string]struct{ code, param, mend string }{
		`[]`:                                      {"invalid_json", "", "send {"},
		``:                                        {"invalid_json", "", "send {"},
		body(`"name":"n","value":1`) + "{}":       {"invalid_json", "", ""},
		body(`"name":"n","value":01`):             {"invalid_json", "", ""},
		body(`"name":"n","value":NaN`):            {"invalid_json", "", ""},
		body(`"name":"n","value":1,"valeu":2`):    {"unknown_field", "valeu", `did you mean "value"?`},
		body(`"name":"n","value":1,"x":2`):        {"unknown_field", "x", "there are request_id"},
		body(`"name":"n","value":1,"time":"x"`):   {"unknown_field", "time", ""},
		body(`"name":"n","value":1,"value":0`):    {"duplicate_key", "value", "once"},
		body(`"name":"n","metric":"m","value":1`): {"invalid_feedback", "metric", "one of them"},
		body(`"value":1`):                         {"missing_field", "name", "thumbs"},
		body(`"name":"n"`):                        {"missing_field", "value", "true or false"},
		body(`"name":"N","value":1`):              {"invalid_feedback", "name", "letter"},
		body(`"name":"a:b","value":1`):            {"invalid_feedback", "name", "letter"},
		body(`"name":"` + strings.Repeat("a", 65) + `","value":1`):                         {"invalid_feedback", "name", ""},
		body(`"name":1,"value":1`):                                                         {"invalid_feedback", "name", "string"},
		body(`"name":"n","value":null`):                                                    {"invalid_feedback", "value", "number"},
		body(`"name":"n","value":""`):                                                      {"invalid_feedback", "value", "text"},
		body(`"name":"n","value":{}`):                                                      {"invalid_feedback", "value", "text"},
		body(`"name":"n","value":1e999`):                                                   {"invalid_feedback", "value", "-1e9 to 1e9"},
		body(`"name":"n","value":1000000001`):                                              {"invalid_feedback", "value", "-1e9 to 1e9"},
		body(`"name":"thumbs","value":"sideways"`):                                         {"invalid_feedback", "value", "up"},
		body(`"name":"thumbs","value":-1`):                                                 {"invalid_feedback", "value", "up"},
		body(`"name":"n","value":"` + strings.Repeat("x", MaxText+1) + `"`):                {"feedback_too_large", "value", "shorten"},
		body(`"name":"n","value":1,"comment":"` + strings.Repeat("x", MaxComment+1) + `"`): {"feedback_too_large", "comment", "shorten"},
		body(`"name":"n","value":1,"idempotency_key":"` + strings.Repeat("x", 201) + `"`):  {"feedback_too_large", "idempotency_key", ""},
		body(`"name":"n","value":1,"tags":["a"]`):                                          {"invalid_feedback", "tags", "NAME=VALUE"},
		body(`"name":"n","value":1,"tags":{"a":1}`):                                        {"invalid_feedback", "tags", "strings"},
		body(`"name":"n","value":1,"tags":{"a":"b,c=d"}`):                                  {"invalid_feedback", "tags", ""},
		body(`"name":"n","value":1,"tags":"a=b"`):                                          {"invalid_feedback", "tags", ""},
		body(`"name":"n","value":1,"id":"chatcmpl-1"`):                                     {"invalid_feedback", "id", "one of them"},
		`{"request_id":"chatcmpl-1","name":"n","value":1}`:                                 {"invalid_feedback", "request_id", "goes into id"},
		`{"request_id":"0198c1a2-7f3e-4c44-9d1b-2f0a6c5e8b71","name":"n","value":1}`:       {"invalid_feedback", "request_id", ""},
		"{\"id\":\"\xff\",\"name\":\"n\",\"value\":1}":                                     {"invalid_utf8", "", ""},
	} {
		_, err := Parse([]byte(in))
		f := fault.From(err)
		if err == nil || f.Code != want.code || f.Param != want.param || !strings.Contains(f.Hint, want.mend) {
			t.Errorf("%.120s: %q of %q, %q, next %q", in, f.Code, f.Param, f.Message, f.Hint)
		}
	}
	s, err := Parse([]byte(`{"name":"n","value":1}`))
	if err != nil || fault.From(s.Of()).Code != "missing_field" {
		t.Errorf("without a request: %v, %v", err, s)
	}
}

func TestTagsOfBothForms(t *testing.T) {
	for _, tags := range []string{`{"team":"search","a":"b"}`, `["team=search","a=b"]`} {
		s, err := Parse([]byte(body(`"name":"n","value":1,"tags":` + tags)))
		if err != nil || strings.Join(s.Tags, " ") != "a=b team=search" {
			t.Errorf("%s: %v, %v", tags, s, err)
		}
	}
}

func TestIDsAreOfTheirParts(t *testing.T) {
	a := ID("default", "key\x00app", request, "k1")
	if a != ID("default", "key\x00app", request, "k1") {
		t.Error("the same parts give two ids")
	}
	if len(a) != 36 || a[14] != '8' || !strings.ContainsRune("89ab", rune(a[19])) {
		t.Errorf("%s is no UUIDv8", a)
	}
	seen := map[string]bool{a: true}
	for _, parts := range [][]string{{"default", "key\x00app", request, "k2"}, {"default", "key\x00other", request, "k1"}, {"default", "key\x00app", request + "k1"}, {"default", "key\x00app", request, "k", "1"}} {
		if id := ID(parts...); seen[id] {
			t.Errorf("%q have the id of others", parts)
		} else {
			seen[id] = true
		}
	}
}

func TestTheTimeInAnID(t *testing.T) {
	now := time.UnixMilli(1_763_819_154_123).UTC()
	if at, ok := IDTime(event.NewID(now)); !ok || at.Sub(now).Abs() > time.Second {
		t.Errorf("%v, %v", at, ok)
	}
	if _, ok := IDTime("chatcmpl-1"); ok {
		t.Error("another id has a time")
	}
}

func TestTokensAreGoodForOneRequestAndATime(t *testing.T) {
	now := time.Unix(1_763_819_154, 0)
	old, newer := []byte(strings.Repeat("o", 32)), []byte(strings.Repeat("n", 32))
	before, after, other := NewSigner(old), NewSigner(newer, old), NewSigner([]byte(strings.Repeat("x", 32)))
	token := before.Token(request, now.Add(time.Hour))
	if !strings.HasPrefix(token, TokenPrefix) || strings.Contains(token, request) {
		t.Fatal(token)
	}
	for name, s := range map[string]*Signer{"the one that made it": before, "after a change of secrets": after} {
		if got, err := s.Open(token, now); err != nil || got != request {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := other.Open(token, now); fault.From(err).Code != "feedback_token_invalid" {
		t.Errorf("another Weir's: %v", err)
	}
	if _, err := before.Open(token, now.Add(time.Hour)); fault.From(err).Code != "feedback_token_expired" {
		t.Errorf("at its end: %v", err)
	}
	if _, err := before.Open(token, now.Add(time.Hour-time.Second)); err != nil {
		t.Errorf("a second before: %v", err)
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := len(TokenPrefix); i < len(token); i++ {
		b := []byte(token)
		b[i] = letters[(strings.IndexByte(letters, b[i])+1)%len(letters)]
		if got, err := before.Open(string(b), now); err == nil {
			t.Errorf("changed at %d it opens as %s", i, got)
		}
	}
	for _, bad := range []string{"", "wft_", token[:len(token)-1], token + "A", token + "\n", strings.Repeat("A", 1000)} {
		if _, err := before.Open(bad, now); err == nil {
			t.Errorf("%q opens", bad)
		}
	}
	if before.Token("no id", now) != "" {
		t.Error("a token of no request")
	}
}

// Whatever is accepted is within its bounds, and says the same when it is written again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(body(`"name":"n","value":1`)))
	f.Add([]byte(body(`"name":"thumbs","value":"up","tags":{"a":"b"},"comment":"c","token":"t"`)))
	f.Add([]byte(`{"id":"x","metric":"n","value":"\ud800","idempotency_key":"k"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := Parse(raw)
		if err != nil {
			return
		}
		if len(s.Comment) > MaxComment || len(s.Text) > MaxText || len(s.Key) > MaxKey || s.Value > 1e15 || s.Value < -1e15 || !nameForm.MatchString(s.Name) || s.Type == "" || len(s.Tags) > 8 {
			t.Errorf("%q: %+v", raw, s)
		}
		again := &Said{Name: s.Name}
		if err := again.SetValue(s.JSON()); err != nil || again.Check() != nil || again.Value != s.Value || again.Text != s.Text {
			t.Errorf("%q: %s reads as %+v, %v", raw, s.JSON(), again, err)
		}
	})
}
