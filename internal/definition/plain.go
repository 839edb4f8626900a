package definition

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

func (d *decoder) scalar(path []string, n *node, s scalar) {
	if n.shape != text && n.shape != number {
		d.unfit(path, n, "a "+s.form().word+" such as "+s.form().examples[0])
		return
	}
	var m *mistake
	if err := s.parse(n.text, n.shape); errors.As(err, &m) {
		d.fail(n.place, path, m.hint, "%s", m.message)
	}
	if p, ok := s.(placed); ok {
		p.written(n.place.File)
	}
}

// unfit says that a value is of the wrong shape. It never prints the value: it
// may be a secret in the wrong place.
func (d *decoder) unfit(path []string, n *node, want string) {
	if n.shape == null {
		d.fail(n.place, path, "give it "+want+", or remove the line", "is empty")
		return
	}
	d.fail(n.place, path, "", "must be %s, not %s", want, n.shape)
}

// plain decodes text, numbers and truth values.
func (d *decoder) plain(path []string, n *node, v reflect.Value, tag reflect.StructTag) {
	switch v.Kind() {
	case reflect.String:
		// 2024 or 4.10 as a name is what was meant; true and an empty line are slips.
		if n.shape != text && n.shape != number || n.text == "" {
			d.unfit(path, n.orEmpty(), "text")
			return
		}
		d.choice(path, n, tag.Get("enum"))
		v.SetString(n.text)
	case reflect.Bool:
		if n.shape != boolean {
			d.unfit(path, n, "true or false")
			return
		}
		v.SetBool(n.text == "true")
	case reflect.Int, reflect.Int64:
		i, err := strconv.ParseInt(n.text, 10, 53)
		if n.shape != number || err != nil {
			d.unfit(path, n, "a whole number")
			return
		}
		v.SetInt(i)
	case reflect.Float64:
		f, err := strconv.ParseFloat(n.text, 64)
		if n.shape != number || err != nil || f != f || f > 1e15 || f < -1e15 {
			d.unfit(path, n, "a number")
			return
		}
		v.SetFloat(f)
	}
}

// orEmpty treats an empty text as no value.
func (n *node) orEmpty() *node {
	if n.shape == text && n.text == "" {
		return &node{shape: null, place: n.place}
	}
	return n
}

// choice checks a text that must be one of a few.
func (d *decoder) choice(path []string, n *node, enum string) {
	if enum == "" {
		return
	}
	if known := strings.Fields(enum); !slices.Contains(known, n.text) {
		d.fail(n.place, path, didYouMean(n.text, known), "%q is none of %s", n.text, strings.Join(known, ", "))
	}
}
