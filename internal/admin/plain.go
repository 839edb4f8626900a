package admin

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// What callers and models wrote reaches terminals through this API, by curl if
// not by our own commands. JSON escapes the control characters of ASCII below
// space and leaves DEL and those of Latin-1 (U+0080 to U+009F) as they are, of
// which terminals obey some: U+009B begins a command as ESC [ does. They are
// escaped here too, and so are the marks that turn the direction of a text round.

// escapeControls escapes in JSON what json.Marshal leaves. All of it stands in
// strings, so the document says the same as before.
func escapeControls(document []byte) []byte {
	if !hasControls(document) {
		return document
	}
	out := make([]byte, 0, len(document)+64)
	for _, r := range string(document) {
		if control(r) && r != '\n' {
			out = fmt.Appendf(out, `\u%04x`, r)
			continue
		}
		out = append(out, string(r)...)
	}
	return out
}

// hasControls looks for the first bytes of what is to be escaped.
func hasControls(text []byte) bool {
	return bytes.IndexByte(text, 0x7f) >= 0 || bytes.IndexByte(text, 0xc2) >= 0 || bytes.IndexByte(text, 0xe2) >= 0
}

// control reports whether a terminal may obey r instead of showing it.
func control(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

// plainText takes control characters out of text that is not JSON; its lines stay.
func plainText(text string) string {
	return strings.Map(func(r rune) rune {
		if control(r) && r != '\n' && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

// sentence is text for people, bounded: an engine's error may be long.
func sentence(format string, args ...any) string { return short(fmt.Sprintf(format, args...), 500) }
