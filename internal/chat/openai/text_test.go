package openai

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"unicode/utf8"
)

func TestTextAgreesWithEncodingJSON(t *testing.T) {
	for _, s := range []string{`""`, `"a"`, `"é漢😀"`, `"\"\\\/\b\f\n\r\t"`, `"\u0041\u00e9\u6f22"`, `"\ud83d\ude00"`, `"\uD83D\uDE00"`,
		`"\ud800"`, `"\udc00x"`, `"\ud800\ud800\udc00"`, `"\ud800\u0041"`, `"\ud800\n"`, `"\u12"`, `"\x"`, `"\u12g4"`, `"\ud83d\ude"`} {
		var want string
		err := json.Unmarshal([]byte(s), &want)
		got, ok := text([]byte(s))
		if ok != (err == nil) || ok && got != want {
			t.Errorf("text(%s) = %q, %v; want %q, %v", s, got, ok, want, err)
		}
	}
	for _, s := range []string{``, `"`, `x`, `"a`, `1`, `null`} {
		if got, ok := text([]byte(s)); ok {
			t.Errorf("text(%s) = %q", s, got)
		}
	}
}

func TestAppendTextIsReadBack(t *testing.T) {
	for _, s := range []string{"", "plain", "é漢😀", "\"\\\n\r\t\x00\x1f\x7f", "a\xffb\xc3", "\u2028</script>"} {
		var got string
		if err := json.Unmarshal(appendText(nil, s), &got); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		want := string([]rune(s)) // wrong bytes become U+FFFD
		if got != want {
			t.Errorf("read back %q, want %q", got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, s := range []string{"0", "-0", "10", "1.5", "-1.50e+10", "1E9", "0.0e-1",
		"", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "1 ", "NaN", "--1", "1.5.5", "1e5e5"} {
		if got, want := number([]byte(s)), json.Valid([]byte(s)) && s[len(s)-1] != ' '; got != want {
			t.Errorf("number(%q) = %v", s, got)
		}
	}
}

// Random bytes of the sorts that matter at the borders of the fast paths.
func TestValidUptoAgreesWithUTF8(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"a", "plain text ", "é", "漢", "\ue000", "\u0800", "\ud7ff", "😀", "\U0010ffff",
		"\xff", "\xc3", "\xe6\xbc", "\xed\xa0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xc0\x80", "\x80"}
	for range 20000 {
		var b []byte
		for range r.IntN(40) {
			n := len(pieces)
			if r.IntN(4) > 0 {
				n = 9 // right ones only
			}
			b = append(b, pieces[r.IntN(n)]...)
		}
		want := 0
		for want < len(b) {
			c, n := utf8.DecodeRune(b[want:])
			if c == utf8.RuneError && n == 1 {
				break
			}
			want += n
		}
		if got := validUpto(b); got != want {
			t.Fatalf("validUpto(%q) = %d, want %d", b, got, want)
		}
	}
}
