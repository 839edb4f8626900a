package definition

import (
	"bytes"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the files that are made of the structs")

// What is made of the structs and checked in is what they make now.
func TestGenerated(t *testing.T) {
	for name, want := range map[string][]byte{
		"../../docs/reference/weir.schema.json": Schema(),
		"../../docs/reference/definitions.md":   Manual(),
	} {
		if *update {
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the structs say (%v); run go generate ./internal/definition", name, err)
		}
	}
}

// Every field says what it is, in a sentence, and its default can be read.
func TestFieldsAreDescribed(t *testing.T) {
	seen := 0
	var walk func(at string, typ reflect.Type)
	walk = func(at string, typ reflect.Type) {
		for _, f := range fields(typ) {
			seen++
			where := at + "." + f.name
			if !strings.HasSuffix(f.doc, ".") || f.doc[0] < 'A' || f.doc[0] > 'Z' {
				t.Errorf("%s: %q is no sentence", where, f.doc)
			}
			if f.deflt != "" {
				setDefault(reflect.New(f.typ).Elem(), f)
			}
			if elem(f.typ).Kind() == reflect.Map && f.keys == "" {
				t.Errorf("%s: what do its keys name?", where)
			}
			if inner, below := inside(f, where); inner != nil {
				walk(below, inner)
			}
		}
	}
	walk("", reflect.TypeFor[Document]())
	if seen < 60 {
		t.Errorf("only %d fields were looked at", seen)
	}
}
