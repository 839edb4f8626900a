package definition

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// shorthand is a mapping that may also be written as one text:
// `baseline: sonnet` for `baseline: {model: sonnet}`.
type shorthand interface{ short(text string) }

// placed is a value that needs to know which file it was written in.
type placed interface{ written(file string) }

// decoder fills the document's structs from the tree, strictly, by the same
// tags that make the schema. It notes every problem and goes on.
type decoder struct {
	problems Problems
	broken   map[string]bool // see Document
}

func (d *decoder) fail(at Place, path []string, hint, format string, args ...any) {
	if d.broken == nil {
		d.broken = map[string]bool{}
	}
	d.broken[strings.Join(path[:min(2, len(path))], "\x00")] = true
	d.problems = append(d.problems, Problem{Place: at, Path: show(path), Message: fmt.Sprintf(format, args...), Hint: hint})
}

// show joins a path as a reader writes it: routes.support.overrides[0].when.
// A name with letters that a terminal would obey is quoted.
func show(path []string) string {
	var b strings.Builder
	for _, step := range path {
		if b.Len() > 0 && step[:min(1, len(step))] != "[" {
			b.WriteByte('.')
		}
		if strings.ContainsFunc(step, func(r rune) bool { return !strconv.IsPrint(r) }) {
			step = strconv.Quote(step)
		}
		b.WriteString(step)
	}
	return b.String()
}

// with extends a path without sharing its memory.
func with(path []string, step ...string) []string {
	return append(slices.Clip(path), step...)
}

// value decodes n into v, which is settable.
func (d *decoder) value(path []string, n *node, v reflect.Value, tag reflect.StructTag) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if s, ok := v.Addr().Interface().(scalar); ok {
		d.scalar(path, n, s)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.object(path, n, v)
	case reflect.Map:
		d.mapping(path, n, v)
	case reflect.Slice:
		d.list(path, n, v)
	default:
		d.plain(path, n, v, tag)
	}
}

// object decodes a mapping with known fields.
func (d *decoder) object(path []string, n *node, v reflect.Value) {
	if s, ok := v.Addr().Interface().(shorthand); ok && n.shape == text {
		s.short(n.text)
		return
	}
	if n.shape == null {
		n = &node{shape: mapping, place: n.place}
	}
	if n.shape != mapping {
		d.unfit(path, n, "a mapping")
		return
	}
	known := fields(v.Type())
	var slips []string
	for _, e := range n.entries {
		i := slices.IndexFunc(known, func(f field) bool { return f.name == e.key })
		if i < 0 {
			slips = append(slips, d.unknown(path, e, known))
			continue
		}
		d.value(with(path, e.key), e.value, v.Field(known[i].index), known[i].tag)
	}
	for _, f := range known {
		// A needed field that was mistyped is one mistake and not two.
		if _, given := n.child(f.name); f.needed && !given && !slices.Contains(slips, f.name) {
			first, _, _ := strings.Cut(f.doc, ". ")
			d.fail(n.place, path, "add "+f.name+": "+strings.TrimSuffix(first, "."), "has no %s", f.name)
		}
	}
}

// unknown notes a field that there is not, and returns the one that was
// probably meant.
func (d *decoder) unknown(path []string, e entry, known []field) string {
	var list []string
	for _, f := range known {
		list = append(list, f.name)
	}
	what := "field"
	if len(path) == 0 {
		what = "section"
	}
	d.fail(e.place, path, nearOrAll(e.key, list), "unknown %s %q", what, e.key)
	return nearest(e.key, list)
}

// mapping decodes a mapping whose keys are names.
func (d *decoder) mapping(path []string, n *node, v reflect.Value) {
	if n.shape == null {
		return
	}
	if n.shape != mapping {
		d.unfit(path, n, "a mapping of names")
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.entries)))
	for _, e := range n.entries {
		item := reflect.New(v.Type().Elem()).Elem()
		switch item.Addr().Interface().(type) {
		case *json.RawMessage:
			item.SetBytes(d.raw(with(path, e.key), e.value))
		case *any:
			var held any
			// Through JSON, so that an option is what it would be in an applied document.
			_ = json.Unmarshal(d.raw(with(path, e.key), e.value), &held)
			if held != nil {
				item.Set(reflect.ValueOf(held))
			}
		default:
			d.value(with(path, e.key), e.value, item, "")
		}
		v.SetMapIndex(reflect.ValueOf(e.key).Convert(v.Type().Key()), item)
	}
}

func (d *decoder) list(path []string, n *node, v reflect.Value) {
	switch n.shape {
	case null:
		return
	case text, number:
		d.fail(n.place, path, "put it in brackets: [..]", "must be a list, not one value")
		return
	case list:
	default:
		d.unfit(path, n, "a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	for i, item := range n.items {
		d.value(with(path, step(i)), item, v.Index(i), "")
	}
}
