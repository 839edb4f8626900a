package main

import (
	"regexp"
	"strings"
	"unicode"
)

// plain makes text from elsewhere harmless to a terminal: control characters,
// which could move the cursor or set the title, become visible marks.
func plain(s string) string {
	if !strings.ContainsFunc(s, hostile) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if hostile(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// plainLines is plain for text of several lines. A carriage return is left out:
// it ends lines elsewhere, and here it would write over what was said before.
func plainLines(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return -1
		case r != '\n' && r != '\t' && hostile(r):
			return '\uFFFD'
		}
		return r
	}, s)
}

// hostile are control characters, those that change the direction of text, and
// line breaks that do not look like one.
func hostile(r rune) bool {
	return unicode.IsControl(r) || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 ||
		r == 0x2028 || r == 0x2029 || r == unicode.ReplacementChar
}

// secretLike is what tokens look like: a word of the command line that fits is
// not repeated, because it may have come there by mistake.
var secretLike = regexp.MustCompile(`(?i)^(weir_|sk-|bearer\b|gsk_|xai-|eyJ)|^[A-Za-z0-9+/_=-]{32,}$`)

// shown quotes a word of the command line, unless it may be a secret.
func shown(word string) string {
	if secretLike.MatchString(word) {
		return "(not shown: it may be a secret)"
	}
	if len(word) > 100 {
		word = strings.ToValidUTF8(word[:100], "") + "…"
	}
	return `"` + plain(word) + `"`
}
