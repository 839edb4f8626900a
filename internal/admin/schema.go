package admin

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// object is a piece of a JSON document. Maps are encoded in the order of their
// keys, so the same types give the same bytes.
type object map[string]any

// schemas makes JSON Schemas (2020-12, as OpenAPI 3.1 has them) of the very types
// that are encoded. It knows the kinds of type this API uses; another one is an
// error, so that nobody gets a document that only seems to describe it.
type schemas struct {
	named map[string]object
	types map[string]reflect.Type // whose name it is
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
	rawType      = reflect.TypeFor[json.RawMessage]()
	outcomeType  = reflect.TypeFor[event.Outcome]()
	marshaler    = reflect.TypeFor[json.Marshaler]()
)

// of gives the schema of t: a reference when it is a struct. A pointer that is
// not left out when it is nil is null then.
func (s *schemas) of(t reflect.Type) (object, error) {
	switch t {
	case timeType:
		return object{"type": "string", "format": "date-time"}, nil
	case durationType:
		return object{"type": "integer", "format": "int64", "description": "nanoseconds"}, nil
	case rawType:
		return object{}, nil // any value
	case outcomeType:
		return object{"type": "string", "enum": outcomes}, nil
	}
	if t.Kind() != reflect.Pointer && t.Implements(marshaler) {
		if t.Kind() == reflect.Float64 { // a number that may be undefined
			return object{"type": []any{"number", "null"}, "format": "double"}, nil
		}
		return object{"type": "object", "description": "in a form of its own, for programs that compute it again"}, nil
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}, nil
	case reflect.Bool:
		return object{"type": "boolean"}, nil
	case reflect.Int, reflect.Int64:
		return object{"type": "integer", "format": "int64"}, nil
	case reflect.Uint64:
		return object{"type": "integer", "format": "int64", "minimum": 0}, nil
	case reflect.Float64:
		return object{"type": "number", "format": "double"}, nil
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Slice:
		items, err := s.of(t.Elem())
		return object{"type": "array", "items": items}, err
	case reflect.Map:
		values, err := s.of(t.Elem())
		return object{"type": "object", "additionalProperties": values}, err
	case reflect.Struct:
		return s.reference(t)
	}
	return nil, fmt.Errorf("describe %s: kind %s is not known to the document", t, t.Kind())
}

// reference describes a struct once and refers to it by its name.
func (s *schemas) reference(t reflect.Type) (object, error) {
	if t.Name() == "" {
		return nil, fmt.Errorf("describe %s: the type has no name", t)
	}
	name := nameOf(t)
	ref := object{"$ref": "#/components/schemas/" + name}
	switch s.types[name] {
	case t:
		return ref, nil
	case nil:
	default:
		return nil, fmt.Errorf("describe %s: %s has the same name", t, s.types[name])
	}
	s.types[name] = t
	d := description{properties: object{}}
	if err := s.fields(t, &d); err != nil {
		return nil, err
	}
	s.named[name] = object{"type": "object", "properties": d.properties}
	if len(d.required) > 0 {
		s.named[name]["required"] = d.required
	}
	return ref, nil
}

// nameOf names a type in the document. Names of other packages that say little
// outside of them are told which package they are of.
func nameOf(t reflect.Type) string {
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	for room, prefix := range map[string]string{"usage": "Usage", "analysis": "Analysis", "rollout": "Plan"} {
		if strings.HasSuffix(t.PkgPath(), "/internal/"+room) {
			return prefix + name
		}
	}
	return name
}

// description is what is known of the fields of a struct.
type description struct {
	properties object
	required   []string
}

// fields describes those of a struct; those of a struct within it without a name
// are its own, as encoding/json has them.
func (s *schemas) fields(t reflect.Type, into *description) error {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
			continue
		case name == "" && f.Anonymous && f.Type.Kind() == reflect.Struct:
			if err := s.fields(f.Type, into); err != nil {
				return err
			}
			continue
		case name == "":
			return fmt.Errorf("describe %s: field %s has no JSON name", t, f.Name)
		}
		p, err := s.property(f)
		if err != nil {
			return err
		}
		optional := strings.Contains(options, "omit")
		if f.Type.Kind() == reflect.Pointer && !optional && p["$ref"] == nil {
			p["type"] = []any{p["type"], "null"}
		} else if f.Type.Kind() == reflect.Pointer && !optional {
			p = object{"anyOf": []object{p, {"type": "null"}}}
		}
		into.properties[name] = p
		if !optional {
			into.required = append(into.required, name)
		}
	}
	return nil
}

// property describes a field: its type, and what its tags say of it.
func (s *schemas) property(f reflect.StructField) (object, error) {
	p, err := s.of(f.Type)
	if err != nil {
		return nil, err
	}
	if doc := f.Tag.Get("doc"); doc != "" {
		p["description"] = doc
	}
	if enum := f.Tag.Get("enum"); enum != "" {
		p["enum"] = strings.Split(enum, ",")
	}
	return p, nil
}
