package openai

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/weirhq/weir/internal/fault"
)

// notJSON says what stopped the cursor, and where.
func notJSON(body []byte, c *cursor) error {
	code := "invalid_json"
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return fault.New(fault.Invalid, code, "the body is empty").Mend("Send a JSON object")
	case c.bad == badDeep:
		code = "too_deep"
	}
	return fault.New(fault.Invalid, code, "the body is not valid JSON: %s: %s%s", place(body, c.i), c.bad, found(body, c)).
		Keep("the body is not valid JSON: %s: %s", place(body, c.i), c.bad)
}

// found says what stands where something else was expected.
func found(body []byte, c *cursor) string {
	if !strings.HasSuffix(c.bad, "expected") {
		return ""
	}
	if c.i >= len(body) {
		return ", found the end"
	}
	r, _ := utf8.DecodeRune(body[c.i:])
	return fmt.Sprintf(", found %q", r)
}

func notUTF8(body []byte, at int) error {
	return fault.New(fault.Invalid, "invalid_utf8", "the body is not valid UTF-8: %s: byte 0x%02x", place(body, at), body[at]).
		Mend("Send JSON encoded as UTF-8")
}

// place gives line and column of a byte, both counted from 1, columns in characters.
func place(body []byte, at int) string {
	at = min(at, len(body))
	line := 1 + bytes.Count(body[:at], []byte("\n"))
	start := 1 + bytes.LastIndexByte(body[:at], '\n')
	return fmt.Sprintf("line %d, column %d", line, 1+utf8.RuneCount(body[start:at]))
}

// describe names a value in a complaint.
func describe(v []byte) string {
	switch v[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "the string " + shorten(string(v))
	case 't', 'f', 'n':
		return string(v)
	}
	return "the number " + shorten(string(v))
}

// shorten keeps a caller's own words short enough for a message.
func shorten(s string) string {
	const most = 40
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
