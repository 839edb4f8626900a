package openai

import (
	"bytes"
)

// maxDepth is how deep brackets may nest, the outermost one counted. It equals
// the bits of the stack that skipNested keeps.
const maxDepth = 128

// cursor walks over JSON text once, without decoding it. It judges structure:
// brackets balanced and of the right kinds, strings closed, depth, and commas
// and colons at the levels it steps through. In values that are skipped the
// finer grammar is left to whoever decodes them.
//
// The first mistake stops it: bad says what is wrong, i where.
type cursor struct {
	b     []byte
	i     int
	depth int
	fresh bool   // just inside a bracket: no comma is due
	bad   string // "" as long as all is well
	keyAt int    // where the last key began, its quote included
}

// Bytes outside strings: what each of them may be.
const (
	junk = iota
	plain
	quote
	opener
	closer
)

var class = func() (t [256]byte) {
	for _, c := range " \t\r\n,:+-.0123456789eEtrufalsn" {
		t[c] = plain
	}
	t['"'], t['{'], t['['], t['}'], t[']'] = quote, opener, opener, closer, closer
	return t
}()

// What can be wrong, as the caller reads it after the position.
const (
	badEnd    = "nothing more was expected"
	badBack   = "this closes a bracket of the other kind"
	badDeep   = "this nests deeper than 128 levels"
	badString = "this string is never closed"
	badOpen   = "this bracket is never closed"
	badValue  = "a value was expected"
	badComma  = "a comma or a closing bracket was expected"
	badKey    = "a key in double quotes was expected"
	badColon  = "a colon was expected"
	badObject = "an object was expected"
)

func (c *cursor) fail(why string, at int) bool {
	if c.bad == "" {
		c.bad, c.i = why, at
	}
	return false
}

// space steps over white space.
func (c *cursor) space() {
	for c.i < len(c.b) && c.b[c.i] <= ' ' && white(c.b[c.i]) {
		c.i++
	}
}

func white(b byte) bool { return b == ' ' || b == '\n' || b == '\t' || b == '\r' }

// peek gives the next byte that is not white space, 0 at the end.
func (c *cursor) peek() byte {
	c.space()
	if c.i < len(c.b) {
		return c.b[c.i]
	}
	return 0
}

// enter steps into an object or an array. It reports false, and stays where it
// is, when the value there is of another kind.
func (c *cursor) enter(bracket byte) bool {
	if c.bad != "" || c.peek() != bracket {
		return false
	}
	if c.depth++; c.depth > maxDepth {
		return c.fail(badDeep, c.i)
	}
	c.i++
	c.fresh = true
	return true
}

// next steps over the comma between members or elements, or over the closing
// bracket, and reports whether there is another one.
func (c *cursor) next(end byte) bool {
	if c.bad != "" {
		return false
	}
	switch b := c.peek(); {
	case b == end:
		c.i++
		c.depth--
		c.fresh = false
		return false
	case c.fresh:
		c.fresh = false
		return true
	case b == ',':
		c.i++
		return true
	default:
		return c.fail(badComma, c.i)
	}
}

// element steps to the next element of an array: the cursor stands before it.
func (c *cursor) element() bool { return c.next(']') }

// member steps to the next member of an object: the cursor stands before its
// value. The key is a view into the text, unescaped if it has to be.
func (c *cursor) member() (key []byte, more bool) {
	if !c.next('}') {
		return nil, false
	}
	if c.peek() != '"' {
		return nil, c.fail(badKey, c.i)
	}
	c.keyAt = c.i
	from, escaped := c.i+1, false
	b, i := c.b, from
	for ; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			escaped = true
			i++
		}
	}
	if i >= len(b) {
		return nil, c.fail(badString, c.keyAt)
	}
	c.i = i + 1
	if c.peek() != ':' {
		return nil, c.fail(badColon, c.i)
	}
	c.i++
	if key = b[from:i]; escaped {
		key = unescapedKey(key)
	}
	return key, true
}

// unescapedKey makes keys comparable that are written with escapes. One that
// cannot be decoded stays as it is: it equals none that Weir reads.
func unescapedKey(key []byte) []byte {
	if k, ok := appendUnescaped(nil, key); ok {
		return k
	}
	return key
}

// skip steps over a value and says where it was.
func (c *cursor) skip() (from, upto int) {
	if c.bad != "" {
		return c.i, c.i
	}
	first := c.peek()
	from = c.i
	c.fresh = false
	switch class[first] {
	case quote:
		c.skipString(from)
	case opener:
		c.skipNested()
	case plain:
		c.skipScalar()
	default:
		c.fail(badValue, from)
	}
	return from, c.i
}

// raw steps over a value and gives it.
func (c *cursor) raw() []byte {
	from, upto := c.skip()
	return c.b[from:upto]
}

// skipString steps over the string that begins at from.
func (c *cursor) skipString(from int) {
	if end := stringEnd(c.b, from+1); end < 0 {
		c.fail(badString, from)
	} else {
		c.i = end
	}
}

// skipScalar steps over a number, true, false or null.
func (c *cursor) skipScalar() {
	b, from, i := c.b, c.i, c.i
	for i < len(b) && class[b[i]] == plain && b[i] > ' ' && b[i] != ',' && b[i] != ':' {
		i++
	}
	if !scalar(b[from:i]) {
		c.fail(badValue, from)
		return
	}
	c.i = i
}

// scalar tells whether v is a number, true, false or null.
func scalar(v []byte) bool {
	switch string(v) {
	case "true", "false", "null":
		return true
	case "":
		return false
	}
	return number(v)
}

// number tells whether v is a JSON number.
func number(v []byte) bool {
	v = bytes.TrimPrefix(v, minus)
	n := digits(v)
	if n == 0 || n > 1 && v[0] == '0' {
		return false
	}
	if v = v[n:]; len(v) > 0 && v[0] == '.' {
		if n = digits(v[1:]); n == 0 {
			return false
		}
		v = v[1+n:]
	}
	if len(v) > 0 && v[0]|0x20 == 'e' {
		if v = v[1:]; len(v) > 0 && (v[0] == '+' || v[0] == '-') {
			v = v[1:]
		}
		n = digits(v)
		return n > 0 && n == len(v)
	}
	return len(v) == 0
}

var minus = []byte("-")

// digits counts the digits that v begins with.
func digits(v []byte) int {
	n := 0
	for n < len(v) && v[n]-'0' <= 9 {
		n++
	}
	return n
}

// skipNested steps over an object or an array. The kinds of the open brackets
// are bits of a shifted pair of words: 1 is an object.
func (c *cursor) skipNested() {
	var hi, lo uint64
	b, i, start := c.b, c.i, c.i
	depth, room := 0, maxDepth-c.depth
	for i < len(b) {
		switch class[b[i]] {
		case plain:
			i++
		case quote:
			if c.skipString(i); c.bad != "" {
				return
			}
			i = c.i
		case opener:
			if depth++; depth > room {
				c.fail(badDeep, i)
				return
			}
			hi, lo = hi<<1|lo>>63, lo<<1
			if b[i] == '{' {
				lo |= 1
			}
			i++
		case closer:
			if (lo&1 == 1) != (b[i] == '}') {
				c.fail(badBack, i)
				return
			}
			hi, lo = hi>>1, lo>>1|hi<<63
			i++
			if depth--; depth == 0 {
				c.i = i
				return
			}
		default:
			c.fail(badValue, i)
			return
		}
	}
	c.fail(badOpen, start)
}

// stringEnd finds the end of a string, past its closing quote; i is past the
// opening one. It gives -1 when there is no end. A quote ends the string when
// an even number of backslashes stands before it.
func stringEnd(b []byte, i int) int {
	for from := i; ; i++ {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			return -1
		}
		if i += j; !escaped(b, from, i) {
			return i + 1
		}
	}
}

// escaped tells whether the byte at i is escaped, in a string that began at from.
func escaped(b []byte, from, i int) bool {
	k := i
	for k > from && b[k-1] == '\\' {
		k--
	}
	return (i-k)&1 == 1
}

// finish reports whether nothing but white space is left.
func (c *cursor) finish() bool {
	if c.bad != "" {
		return false
	}
	if c.peek(); c.i < len(c.b) {
		return c.fail(badEnd, c.i)
	}
	return true
}
