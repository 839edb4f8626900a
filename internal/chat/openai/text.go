package openai

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// text decodes a JSON string, quotes included. It reports false for a value of
// another kind and for one that is not a string as JSON has it.
func text(v []byte) (string, bool) {
	if len(v) < 2 || v[0] != '"' || v[len(v)-1] != '"' {
		return "", false
	}
	v = v[1 : len(v)-1]
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v), true
	}
	out, ok := appendUnescaped(make([]byte, 0, len(v)), v)
	return string(out), ok
}

// Unescape decodes the inside of a JSON string, or of several in a row, as far as
// it can be decoded.
func Unescape(dst, v []byte) []byte {
	dst, _ = appendUnescaped(dst, v)
	return dst
}

// appendUnescaped decodes the inside of a JSON string. A lone surrogate becomes
// U+FFFD, as in encoding/json.
func appendUnescaped(dst, v []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(v, '\\')
		if i < 0 {
			return append(dst, v...), true
		}
		dst = append(dst, v[:i]...)
		v = v[i+1:]
		if len(v) == 0 {
			return dst, false
		}
		switch c := v[0]; c {
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, n := escapedRune(v[1:])
			if n == 0 {
				return dst, false
			}
			dst = utf8.AppendRune(dst, r)
			v = v[n:]
		default:
			return dst, false
		}
		v = v[1:]
	}
}

// escapedRune reads what follows \u: four hex digits, or two such escapes that
// make a pair. It says how many bytes it took, 0 for a mistake.
func escapedRune(v []byte) (rune, int) {
	r, ok := hex4(v)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	if len(v) >= 10 && v[4] == '\\' && v[5] == 'u' {
		if low, ok := hex4(v[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 10
			}
		}
	}
	return utf8.RuneError, 4
}

func hex4(v []byte) (rune, bool) {
	if len(v) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range v[:4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

const hexDigits = "0123456789abcdef"

// appendText encodes s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		if i++; c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = appendEscape(append(dst, s[from:i-1]...), c)
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
