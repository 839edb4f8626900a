package client

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// The document that the admin API is generated with. The two packages do not
// import each other; this file is what they agree on.
const documentFile = "../internal/admin/testdata/openapi.json"

type property struct {
	Ref        string `json:"$ref"`
	Type       string
	Format     string
	Items      *property
	Properties map[string]property
}

type document struct {
	Paths map[string]map[string]struct {
		Parameters []struct{ Name, In string }
	}
	Components struct{ Schemas map[string]property }
}

func readDocument(t *testing.T) (d document) {
	t.Helper()
	data, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Every type here has exactly the fields of the schema it reads, of the same
// kinds: a field that one side gains and the other has not heard of fails.
func TestTypesAreThoseOfTheAPI(t *testing.T) {
	d := readDocument(t)
	for name, typ := range map[string]reflect.Type{
		"Event": reflect.TypeFor[Event](), "EventPage": reflect.TypeFor[Page](), "Status": reflect.TypeFor[Status](), "ReloadView": reflect.TypeFor[Reload](),
		"Model": reflect.TypeFor[Model](), "Route": reflect.TypeFor[Route](), "Experiment": reflect.TypeFor[Experiment](),
		"ExplainRequest": reflect.TypeFor[ExplainRequest](), "Explanation": reflect.TypeFor[Explanation](), "DefinitionProblem": reflect.TypeFor[Problem](),
	} {
		d.compare(t, name, property{Ref: "#/components/schemas/" + name}, typ)
	}
}

func (d *document) compare(t *testing.T, at string, p property, typ reflect.Type) {
	t.Helper()
	if p.Ref != "" {
		p = d.Components.Schemas[strings.TrimPrefix(p.Ref, "#/components/schemas/")]
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == reflect.TypeFor[time.Time]():
		expect(t, at, p.Format, "date-time")
	case typ.Kind() == reflect.Struct:
		expect(t, at, p.Type, "object")
		d.compareFields(t, at, p, typ)
	case typ == reflect.TypeFor[json.RawMessage]():
		expect(t, at, p.Type, "")
	case typ.Kind() == reflect.Slice:
		expect(t, at, p.Type, "array")
		if p.Items != nil {
			d.compare(t, at+"[]", *p.Items, typ.Elem())
		}
	default:
		expect(t, at, p.Type, map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer",
			reflect.Int64: "integer", reflect.Uint64: "integer", reflect.Float64: "number", reflect.Map: "object"}[typ.Kind()])
	}
}

func (d *document) compareFields(t *testing.T, at string, p property, typ reflect.Type) {
	t.Helper()
	ours := map[string]bool{}
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		ours[name] = true
		if field, ok := p.Properties[name]; ok {
			d.compare(t, at+"."+name, field, typ.Field(i).Type)
		} else {
			t.Errorf("%s: the API has no %q", at, name)
		}
	}
	for name := range p.Properties {
		if !ours[name] {
			t.Errorf("%s: the client has no %q", at, name)
		}
	}
}

func expect(t *testing.T, at, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: the API says %q, the client %q", at, got, want)
	}
}

// The client sends no parameter the API does not have.
func TestParametersAreThoseOfTheAPI(t *testing.T) {
	d := readDocument(t)
	q := Query{Route: "a", Variant: "b", Outcome: "c", Key: "d", ID: "e", Since: time.Unix(0, 0)}
	for path, more := range map[string][]string{"/api/v1/events": {"limit", "page_token"}, "/api/v1/events:stream": {"after"}} {
		want := slices.Clone(more)
		for name := range q.values() {
			want = append(want, name)
		}
		var got []string
		for _, p := range d.Paths[path]["get"].Parameters {
			got = append(got, p.Name)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the API has %v, the client %v", path, got, want)
		}
	}
}

// The client calls everything the API has, but what is for machines or browsers.
func TestEveryCallHasAMethod(t *testing.T) {
	calls := map[string]string{
		"/api/v1/status": "Status", "/api/v1/events": "Events", "/api/v1/events/{id}": "Event", "/api/v1/events:stream": "Follow",
		"/api/v1/routes": "Routes", "/api/v1/experiments": "Experiments", "/api/v1/models": "Models", "/api/v1/explain": "Explain", "/api/v1/reload": "Reload",
	}
	for path := range readDocument(t).Paths {
		if path == "/healthz" || path == "/openapi.json" {
			continue
		}
		if _, ok := reflect.TypeFor[*Client]().MethodByName(calls[path]); !ok {
			t.Errorf("%s has no method", path)
		}
	}
}
