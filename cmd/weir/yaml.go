package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// writeYAML writes v as the YAML of its JSON: the same names in the same order.
func (a *app) writeYAML(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(escapeHostile(b.Bytes())))
	d.UseNumber()
	y := yamlWriter{in: d}
	if err := y.value(0, false); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	_, err := io.WriteString(a.out, strings.TrimLeft(y.out.String(), "\n "))
	return err
}

// yamlWriter turns tokens of JSON into block style, one value a line. Texts that
// are not plain words stay in quotes as JSON writes them, which YAML reads alike:
// so no text can be taken for a number, a date or a yes.
type yamlWriter struct {
	in  *json.Decoder
	out strings.Builder
}

// value writes the next value. What it belongs to, a name or a dash, stands
// before it already; in a list, a mapping begins on the same line.
func (y *yamlWriter) value(depth int, inList bool) error {
	t, err := y.in.Token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('{'):
		return y.mapping(depth, inList)
	case json.Delim('['):
		return y.list(depth)
	}
	y.out.WriteString(" " + yamlScalar(t) + "\n")
	return nil
}

func (y *yamlWriter) mapping(depth int, inList bool) error {
	empty := true
	for ; y.in.More(); empty = false {
		name, err := y.in.Token()
		if err != nil {
			return err
		}
		switch {
		case empty && inList:
			y.out.WriteString(" ")
		case empty:
			y.out.WriteString("\n")
			fallthrough
		default:
			y.indent(depth)
		}
		y.out.WriteString(yamlScalar(name) + ":")
		if err := y.value(depth+1, false); err != nil {
			return err
		}
	}
	return y.close(empty, "{}")
}

func (y *yamlWriter) list(depth int) error {
	empty := true
	for ; y.in.More(); empty = false {
		if empty {
			y.out.WriteString("\n")
		}
		y.indent(depth)
		y.out.WriteString("-")
		if err := y.value(depth+1, true); err != nil {
			return err
		}
	}
	return y.close(empty, "[]")
}

// close takes the closing token; what was empty is written in one word.
func (y *yamlWriter) close(empty bool, word string) error {
	if empty {
		y.out.WriteString(" " + word + "\n")
	}
	_, err := y.in.Token()
	return err
}

func (y *yamlWriter) indent(depth int) { y.out.WriteString(strings.Repeat("  ", depth)) }

var plainWord = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./@-]*$`)

func yamlScalar(t json.Token) string {
	switch v := t.(type) {
	case nil:
		return "null"
	case string:
		if plainWord.MatchString(v) && !slices.Contains(yamlWords, strings.ToLower(v)) {
			return v
		}
		return yamlQuoted(v)
	case json.Number:
		return v.String()
	}
	return fmt.Sprint(t)
}

// yamlQuoted is a text in quotes; control characters are escaped.
func yamlQuoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return `""`
	}
	return strings.TrimSuffix(string(escapeHostile(b.Bytes())), "\n")
}

// printAs writes v in a form that is the same for everything; handled is false of
// the others.
func (a *app) printAs(form string, v any) (handled bool, err error) {
	switch form {
	case "json":
		return true, a.writeJSON(v)
	case "yaml":
		return true, a.writeYAML(v)
	}
	return false, nil
}
