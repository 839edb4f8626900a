package definition

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// write encodes what holds nothing that JSON cannot: values read from text, and
// our own. The signs of expressions stay as they are.
func write(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic("definition: writing JSON: " + err.Error())
	}
	return b.Bytes()
}

// raw writes a value as JSON, mappings in the order written: a model may read
// meaning into the order of a schema's properties.
func (d *decoder) raw(path []string, n *node) json.RawMessage {
	return d.appendJSON(nil, path, n)
}

func (d *decoder) appendJSON(b []byte, path []string, n *node) []byte {
	switch n.shape {
	case null:
		return append(b, "null"...)
	case boolean:
		return append(b, n.text...)
	case number:
		return d.appendNumber(b, path, n)
	case text:
		quoted, _ := json.Marshal(n.text)
		return append(b, quoted...)
	case list:
		b = append(b, '[')
		for i, item := range n.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = d.appendJSON(b, with(path, step(i)), item)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i, e := range n.entries {
		if i > 0 {
			b = append(b, ',')
		}
		key, _ := json.Marshal(e.key)
		b = append(append(b, key...), ':')
		b = d.appendJSON(b, with(path, e.key), e.value)
	}
	return append(b, '}')
}

// appendNumber keeps a number as written where JSON can write it so, and
// rewrites what only YAML knows: 0x10, 1_000, .5.
func (d *decoder) appendNumber(b []byte, path []string, n *node) []byte {
	if json.Valid([]byte(n.text)) {
		return append(b, n.text...)
	}
	plain := strings.ReplaceAll(n.text, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return strconv.AppendInt(b, i, 10)
	}
	if f, err := strconv.ParseFloat(plain, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return strconv.AppendFloat(b, f, 'g', -1, 64)
	}
	d.fail(n.place, path, "write a number that JSON can hold, or quote it to make it text", "this number cannot be sent to a model")
	return append(b, "null"...)
}
