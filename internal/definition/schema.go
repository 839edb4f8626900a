package definition

import (
	"encoding/json"
	"reflect"
	"strings"
)

// SchemaURL is where the schema of this version is published.
const SchemaURL = "https://raw.githubusercontent.com/weirhq/weir/main/docs/reference/weir.schema.json"

// Schema is the JSON Schema (2020-12) of the document, for editors. It is made
// of the same structs and tags that decode it. What a schema cannot say, such
// as that a route's model must exist, only `weir validate` checks.
func Schema() []byte {
	s := objectSchema(reflect.TypeFor[Document]())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = SchemaURL
	s["title"] = "Weir definitions"
	return write(s)
}

type schema = map[string]any

// objectSchema describes a struct: known fields only. One without required
// fields may also be left empty.
func objectSchema(t reflect.Type) schema {
	properties, required := schema{}, []string{}
	for _, f := range fields(t) {
		properties[f.name] = fieldSchema(f)
		if f.needed {
			required = append(required, f.name)
		}
	}
	s := schema{"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		s["type"], s["required"] = "object", required
	}
	return s
}

func fieldSchema(f field) schema {
	s := typeSchema(elem(f.typ))
	if len(f.enum) > 0 {
		s = schema{"enum": f.enum}
	}
	s["description"] = f.doc
	if f.deflt != "" {
		s["default"] = defaultValue(f)
	}
	return s
}

func typeSchema(t reflect.Type) schema {
	if s, ok := reflect.New(t).Interface().(scalar); ok {
		return scalarSchema(s.form())
	}
	switch t.Kind() {
	case reflect.Struct:
		s := objectSchema(t)
		if _, ok := reflect.New(t).Interface().(shorthand); ok {
			return schema{"anyOf": []schema{{"type": "string"}, s}}
		}
		return s
	case reflect.Map:
		return mapSchema(t)
	case reflect.Slice:
		return schema{"type": []string{"array", "null"}, "items": typeSchema(elem(t.Elem()))}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer"}
	case reflect.Float64:
		return schema{"type": "number"}
	case reflect.String:
		return schema{"type": []string{"string", "number"}}
	}
	return schema{} // any JSON
}

// mapSchema describes a mapping of names. Names chosen in the document have
// their letters checked; those of headers and parameters are not ours.
func mapSchema(t reflect.Type) schema {
	s := schema{"type": []string{"object", "null"}}
	if t.Elem() == reflect.TypeFor[json.RawMessage]() {
		return s
	}
	s["additionalProperties"] = typeSchema(elem(t.Elem()))
	if t.Elem().Kind() == reflect.Pointer {
		s["propertyNames"] = schema{"pattern": `^[A-Za-z0-9][A-Za-z0-9._:-]*$`, "maxLength": longestName}
	}
	return s
}

func scalarSchema(f form) schema {
	s := schema{"type": "string", "pattern": f.pattern, "examples": f.examples}
	if f.number {
		return schema{"anyOf": []schema{s, {"type": "number"}}}
	}
	return s
}

// defaultValue gives a default as JSON: a list, a number, or the text.
func defaultValue(f field) any {
	t := elem(f.typ)
	if _, ok := reflect.New(t).Interface().(scalar); ok {
		return f.deflt
	}
	switch t.Kind() {
	case reflect.Slice:
		return strings.Fields(f.deflt)
	case reflect.Int, reflect.Int64, reflect.Float64:
		return json.Number(f.deflt)
	case reflect.Bool:
		return f.deflt == "true"
	}
	return f.deflt
}
