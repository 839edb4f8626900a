package definition

import (
	_ "embed"
	"fmt"
	"reflect"
	"strings"
)

//go:embed manual.md
var introduction string

// Manual is the reference page of the document in Markdown: what is said by hand
// once, and a table of fields for each mapping, made of the structs' tags.
func Manual() []byte {
	m := &manual{}
	m.WriteString(introduction)
	for _, f := range fields(reflect.TypeFor[Document]()) {
		m.section(f)
	}
	return []byte(m.String())
}

type manual struct{ strings.Builder }

func (m *manual) section(f field) {
	fmt.Fprintf(m, "\n## %s\n\n%s\n", f.name, f.doc)
	t, at := elem(f.typ), f.name
	if t.Kind() == reflect.Map {
		t, at = elem(t.Elem()), at+"."+f.keys
	}
	m.table(at, t)
}

// table writes the fields of one mapping, and below it those of the mappings
// inside it.
func (m *manual) table(at string, t reflect.Type) {
	m.WriteString("\n| Field | Form | Left out | What it is |\n|---|---|---|---|\n")
	list := fields(t)
	for _, f := range list {
		left := "–"
		if f.needed {
			left = "**needed**"
		} else if f.deflt != "" {
			left = "`" + shownDefault(f) + "`"
		}
		doc := f.doc
		if f.example != "" {
			doc += " Example: `" + f.example + "`."
		}
		fmt.Fprintf(m, "| `%s` | %s | %s | %s |\n", f.name, formOf(f), left, strings.ReplaceAll(doc, "|", "\\|"))
	}
	for _, f := range list {
		if inner, where := inside(f, at); inner != nil {
			fmt.Fprintf(m, "\n### %s\n\n%s\n", where, f.doc)
			m.table(where, inner)
		}
	}
}

// inside returns the struct that a field holds, if it holds one, and its path.
func inside(f field, at string) (reflect.Type, string) {
	t, where := elem(f.typ), at+"."+f.name
	switch t.Kind() {
	case reflect.Map:
		t, where = elem(t.Elem()), where+"."+f.keys
	case reflect.Slice:
		t, where = elem(t.Elem()), where+"[]"
	}
	if _, ok := reflect.New(t).Interface().(scalar); ok || t.Kind() != reflect.Struct {
		return nil, ""
	}
	return t, where
}

func shownDefault(f field) string {
	if elem(f.typ).Kind() == reflect.Slice {
		return "[" + strings.Join(strings.Fields(f.deflt), ", ") + "]"
	}
	return f.deflt
}

// formOf says how a field is written.
func formOf(f field) string {
	if f.form != "" {
		return f.form
	}
	if len(f.enum) > 0 {
		return "`" + strings.Join(f.enum, "`, `") + "`"
	}
	return formOfType(elem(f.typ), f.keys)
}

func formOfType(t reflect.Type, keys string) string {
	v := reflect.New(t).Interface()
	if s, ok := v.(scalar); ok {
		return s.form().word
	}
	switch t.Kind() {
	case reflect.Struct:
		if _, ok := v.(shorthand); ok {
			return "mapping or name"
		}
		return "mapping"
	case reflect.Map:
		return "mapping by " + strings.ToLower(keys)
	case reflect.Slice:
		return "list of " + formOfType(elem(t.Elem()), keys) + "s"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "whole number"
	case reflect.Float64:
		return "number"
	}
	return "text"
}
