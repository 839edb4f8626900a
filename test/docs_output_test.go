//go:build tools

package test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// volatile is what differs from run to run, on both sides of a comparison. A page
// shows what really came; the test does not ask for the same moment and id.
var volatile = []struct {
	pattern *regexp.Regexp
	becomes string
}{
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "ID"},
	{regexp.MustCompile(`\b1\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{43}`), "SIGNED"},
	{regexp.MustCompile(`weir_[A-Za-z0-9_-]{43}`), "TOKEN"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "DIGEST"},
	{regexp.MustCompile(`\brevision[ =]+[0-9a-f]{16}\b`), "revision R"},
	{regexp.MustCompile(`chatcmpl-sim-[0-9a-f]{16}`), "CHATCMPL"},
	{regexp.MustCompile(`"created": ?\d+`), `"created":N`},
	{regexp.MustCompile(`(?m)^Date: .*$`), "Date: D"},
	{regexp.MustCompile(`(?m)^Content-Length: .*$`), "Content-Length: N"},
	{regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?Z?`), "MOMENT"},
	{regexp.MustCompile(`\b\d{2}:\d{2}:\d{2}\.\d{3}\b`), "TIME"},
	{regexp.MustCompile(`\b\d+(\.\d+)? ?(ms|µs)\b`), "T ms"},
	{regexp.MustCompile(`\b\d+\.\d+s\b`), "T s"},
	{regexp.MustCompile(`(?m)^weir \S+ `), "weir V "},
	{regexp.MustCompile(`\bMax-Age=\d+`), "Max-Age=N"},
	{regexp.MustCompile(`[ \t]+`), " "},
	{regexp.MustCompile(` ?\r?\n ?`), "\n"},
}

func settled(text string) string {
	for _, v := range volatile {
		text = v.pattern.ReplaceAllString(text, v.becomes)
	}
	return strings.Trim(text, " \n")
}

// checkOutput compares what a page shows with what came. A line that is "…"
// stands for any number of lines, and within a line for any text.
func checkOutput(shown, came string) error {
	if matchLines(strings.Split(settled(shown), "\n"), strings.Split(settled(came), "\n")) {
		return nil
	}
	return fmt.Errorf("the page shows:\n%s\nwhat came is:\n%s", shown, came)
}

func matchLines(shown, came []string) bool {
	switch {
	case len(shown) == 0:
		return len(came) == 0
	case shown[0] == "…":
		for i := 0; i <= len(came); i++ {
			if matchLines(shown[1:], came[i:]) {
				return true
			}
		}
		return false
	}
	return len(came) > 0 && matchLine(shown[0], came[0]) && matchLines(shown[1:], came[1:])
}

func matchLine(shown, came string) bool {
	parts := strings.Split(shown, "…")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(came)
}

func TestCheckOutput(t *testing.T) {
	const came = "one 12 ms\ntwo\nthree 01a2030c-4ab5-7928-a3a6-dcedef3c2b5d\nfour\n"
	for _, c := range []struct {
		shown string
		good  bool
	}{
		{came, true},
		{"one   7.5 ms\ntwo\nthree 01a20300-4ab5-7928-a3a6-dcedef3c2b5d\nfour", true},
		{"one …\n…\nfour", true},
		{"…\nfour", true},
		{"one …\n…", true},
		{"one …\ntwo", false},
		{"two\n…", false},
		{"…\ntwo\nfour", false},
		{"…\nthree", false},
		{"…\nthree …\nfour", true},
		{"…\ntwo\n…\nthree …\nfour", true},
		{"…\nwo\n…", false},
		{"one …\ntwo\nthree …\nfour\nfive", false},
	} {
		if err := checkOutput(c.shown, came); (err == nil) != c.good {
			t.Errorf("%q: %v, want good to be %t", c.shown, err, c.good)
		}
	}
}
