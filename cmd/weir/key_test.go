package main

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/definition"
)

// Where a key goes in a file, and that no other byte changes.
func TestInsertKey(t *testing.T) {
	for name, c := range map[string]struct{ before, after string }{
		"no section":        {"models: {}\n", "models: {}\nkeys:\nNEW"},
		"no last line end":  {"models: {}", "models: {}\nkeys:\nNEW"},
		"nothing":           {"", "keys:\nNEW"},
		"a section":         {"keys:\n  a: {}\nmodels: {}\n", "keys:\nNEW  a: {}\nmodels: {}\n"},
		"its own indent":    {"keys:\n      a: {}\n", "keys:\nNEW6      a: {}\n"},
		"comments before":   {"keys:  # who\n\n  # them\n    a: {}\n", "keys:  # who\nNEW4\n  # them\n    a: {}\n"},
		"an empty section":  {"keys:\nmodels: {}\n", "keys:\nNEWmodels: {}\n"},
		"at the very end":   {"models: {}\nkeys:", "models: {}\nkeys:\nNEW"},
		"a comment of keys": {"# keys:\n#   a: {}\n", "# keys:\n#   a: {}\nkeys:\nNEW"},
		"keys of a model":   {"models:\n  keys:\n    vendor: x\n", "models:\n  keys:\n    vendor: x\nkeys:\nNEW"},
		"windows":           {"models: {}\r\nkeys:\r\n  a: {}\r\n", "models: {}\r\nkeys:\r\nNEW  a: {}\r\n"},
	} {
		k := newKey{name: "new", digest: strings.Repeat("0", 64), scopes: []string{"call"}}
		want := c.after
		for mark, indent := range map[string]string{"NEW6": "      ", "NEW4": "    ", "NEW": "  "} {
			if strings.Contains(want, mark) && (mark != "NEW" || !strings.Contains(want, "NEW4") && !strings.Contains(want, "NEW6")) {
				lines := k.entry(indent)
				if strings.Contains(c.before, "\r\n") {
					lines = strings.ReplaceAll(lines, "\n", "\r\n")
				}
				want = strings.Replace(want, mark, lines, 1)
			}
		}
		got, err := k.insert([]byte(c.before))
		if err != nil || string(got) != want {
			t.Errorf("%s: %v\n got %q\nwant %q", name, err, got, want)
		}
	}
	for _, text := range []string{"keys: {a: {}}\n", "\"keys\":\n  a: {}\n", "keys: &x\n  a: {}\n"} {
		if got, err := (&newKey{name: "new"}).insert([]byte(text)); err == nil {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// Whatever a name or a list holds, the lines say it when they are read back.
func TestEntryIsReadBack(t *testing.T) {
	k := newKey{digest: strings.Repeat("a", 64), scopes: []string{"call", "read"}, groups: []string{"true", "a:b", "null", "1"}, routes: []string{"*", "s-*", "openai/gpt-4o"}, expires: "2999-01-31"}
	for _, name := range []string{"app", "on", "null", "1e3", "0x10", "2026-01-01", "a.b", "~", "a: b", "#x", "日本", `q"uo\te`, "y"} {
		k.name = name
		doc, problems := definition.Parse([]definition.File{{Name: "k", Text: []byte("keys:\n" + k.entry("  "))}})
		if doc == nil || doc.Keys[name] == nil {
			t.Errorf("%q: %v\n%s", name, problems, k.entry("  "))
			continue
		}
		got := doc.Keys[name]
		if got.SHA256 != k.digest || strings.Join(got.Groups, " ") != strings.Join(k.groups, " ") || strings.Join(got.Routes, " ") != strings.Join(k.routes, " ") || got.Expires.IsZero() {
			t.Errorf("%q: %+v", name, got)
		}
	}
}

// The token that is shown is that of the digest that is kept.
func TestTokenAndDigestBelongTogether(t *testing.T) {
	p := newPatient(t, simplest)
	var said strings.Builder
	p.app.err = &said
	if code := p.app.run([]string{"key", "create", "app"}); code != exitOK {
		t.Fatal(said.String())
	}
	_, token, _ := strings.Cut(said.String(), "shown this once: ")
	token, _, _ = strings.Cut(token, "\n")
	if !strings.Contains(p.out.String(), access.Digest(token)) {
		t.Errorf("%s is not the token of\n%s", token, p.out.String())
	}
}
