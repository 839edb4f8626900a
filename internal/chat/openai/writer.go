package openai

import "strconv"

// writer writes one JSON object, member by member.
type writer struct {
	b     []byte
	first bool
}

// begin opens an object behind dst.
func begin(dst []byte) writer { return writer{append(dst, '{'), true} }

func (w writer) key(name string) writer {
	if !w.first {
		w.b = append(w.b, ',')
	}
	w.first = false
	w.b = append(appendText(w.b, name), ':')
	return w
}

func (w writer) text(name, v string) writer {
	w = w.key(name)
	w.b = appendText(w.b, v)
	return w
}

// textOrNull writes null for an empty text.
func (w writer) textOrNull(name, v string) writer {
	if v == "" {
		return w.raw(name, null)
	}
	return w.text(name, v)
}

func (w writer) int(name string, v int64) writer {
	w = w.key(name)
	w.b = strconv.AppendInt(w.b, v, 10)
	return w
}

func (w writer) raw(name string, v []byte) writer {
	w = w.key(name)
	w.b = append(w.b, v...)
	return w
}

func (w writer) end() []byte { return append(w.b, '}') }

var null = []byte("null")

// appendList writes an array of n elements.
func appendList(dst []byte, n int, element func(dst []byte, i int) []byte) []byte {
	dst = append(dst, '[')
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = element(dst, i)
	}
	return append(dst, ']')
}
