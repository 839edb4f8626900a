package definition

import (
	"reflect"
	"strings"
)

// field is a field of the document as its tags describe it:
//
//	json     its name
//	doc      what it is, for the schema and the reference page
//	needed   "yes": leaving it out is an error
//	default  what leaving it out means, filled in before anything reads it
//	enum     the texts it may be, separated by spaces
//	name     of a mapping: what its keys name
//	form     how it is written, where the type does not say
//	example  for the reference page
type field struct {
	name    string
	doc     string
	needed  bool
	deflt   string
	enum    []string
	keys    string
	form    string
	example string
	index   int
	typ     reflect.Type
	tag     reflect.StructTag
}

// fields lists the fields of a struct, in the order of the code.
func fields(t reflect.Type) []field {
	var list []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "" || name == "-" {
			continue
		}
		list = append(list, field{
			name: name, doc: f.Tag.Get("doc"), needed: f.Tag.Get("needed") == "yes",
			deflt: f.Tag.Get("default"), enum: strings.Fields(f.Tag.Get("enum")),
			keys: f.Tag.Get("name"), form: f.Tag.Get("form"), example: f.Tag.Get("example"),
			index: i, typ: f.Type, tag: f.Tag,
		})
	}
	return list
}

// fill puts the defaults of the tags where nothing was written, all the way down.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem())
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			fill(v.MapIndex(key))
		}
	case reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Struct:
		if !v.CanAddr() {
			return
		}
		if _, ok := v.Addr().Interface().(scalar); ok {
			return
		}
		for _, f := range fields(v.Type()) {
			at := v.Field(f.index)
			if f.deflt != "" && at.IsZero() {
				setDefault(at, f)
			}
			fill(at)
		}
	}
}

// setDefault decodes a default from its tag. A default that cannot be decoded
// is a mistake in the code, and a test decodes them all.
func setDefault(v reflect.Value, f field) {
	n := &node{shape: text, text: f.deflt}
	switch elem(f.typ).Kind() {
	case reflect.Int, reflect.Int64, reflect.Float64:
		if _, ok := reflect.New(elem(f.typ)).Interface().(scalar); !ok {
			n.shape = number
		}
	case reflect.Bool:
		n.shape = boolean
	case reflect.Slice:
		n.shape = list
		for item := range strings.FieldsSeq(f.deflt) {
			n.items = append(n.items, &node{shape: text, text: item})
		}
	}
	var d decoder
	d.value(nil, n, v, f.tag)
	if len(d.problems) > 0 {
		panic("definition: the default of " + f.name + " cannot be read: " + d.problems[0].Message)
	}
}

// elem is the type itself, or what it points to.
func elem(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
