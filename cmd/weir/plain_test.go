package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "",
		"naïve 🏳️‍🌈 日本 \u200d": "naïve 🏳️‍🌈 日本 \u200d", // joiners belong to words and to emoji
		"\x1b[2J":              "\uFFFD[2J",
		"a\tb\nc\rd\x00e\x7f":  "a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFD",
		"\u009b31m\u0085":      "\uFFFD31m\uFFFD",
		"\u202egnp.exe\u2066":  "\uFFFDgnp.exe\uFFFD",
		"a\u2028b\u2029c":      "a\uFFFDb\uFFFDc",
		"broken \xff\xfe":      "broken \uFFFD\uFFFD",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
	if got, want := plainLines("a\r\nb\tc\x1b[1A\rd\n"), "a\nb\tc\uFFFD[1Ad\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// What JSON escapes is the same document.
func TestEscapeHostile(t *testing.T) {
	text := "a\u009b2J \u202e\u2028 \x7f naïve 🏳️‍🌈 日本"
	doc, err := json.Marshal(map[string]string{"k" + text: text})
	if err != nil {
		t.Fatal(err)
	}
	out := escapeHostile(doc)
	if strings.ContainsFunc(string(out), hostile) {
		t.Errorf("%q", out)
	}
	var back map[string]string
	if err := json.Unmarshal(out, &back); err != nil || back["k"+text] != text {
		t.Errorf("%v, %q", err, back)
	}
	if harmless := []byte(`{"a":"naïve"}`); string(escapeHostile(harmless)) != string(harmless) {
		t.Error("what is harmless was changed")
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("ready\x1b[2J\u009b\u202e\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		for _, out := range []string{plain(s), strings.NewReplacer("\n", "", "\t", "").Replace(plainLines(s))} {
			if strings.ContainsFunc(out, func(r rune) bool { return r != utf8.RuneError && hostile(r) }) || !utf8.ValidString(out) {
				t.Errorf("%q became %q", s, out)
			}
		}
	})
}

// A word that may be a secret is not repeated; others are.
func TestShown(t *testing.T) {
	for word, secret := range map[string]bool{
		"weir_5uy23Tu82c2SfjwnFV4EF0YRnrT8t0A4_AgTI2xHuOQ": true, "sk-proj-abc": true, "SK-abc": true, "Bearer abc": true,
		"0123456789abcdef0123456789abcdef": true, "eyJhbGciOi": true, "gsk_1": true,
		"weir.yaml": false, "support": false, "skip": false, "many": false, "a file with a long name and blanks in it": false, "": false,
	} {
		got := shown(word)
		if secret == strings.Contains(got, word) && word != "" {
			t.Errorf("shown(%q) = %s", word, got)
		}
	}
	if got := shown("\x1b[2J" + strings.Repeat("é ", 200)); strings.Contains(got, "\x1b") || len(got) > 120 || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}
