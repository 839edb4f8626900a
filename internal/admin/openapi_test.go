package admin

import (
	"cmp"
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/upstream"
	"github.com/weirhq/weir/internal/usage"
)

var update = flag.Bool("update", false, "write testdata/openapi.json anew")

// openAPI is as much of the document as the tests read.
type openAPI struct {
	OpenAPI    string
	Info       struct{ Title, Version, Description string }
	Paths      map[string]map[string]apiOperation
	Components struct {
		Schemas         map[string]schema
		Responses       map[string]apiResponse
		SecuritySchemes map[string]struct{ Type, Scheme string }
	}
}

type apiOperation struct {
	OperationID string `json:"operationId"`
	Summary     string
	Scope       string `json:"x-weir-scope"`
	Security    []map[string][]string
	Parameters  []apiParameter
	RequestBody *struct {
		Content map[string]struct{ Schema schema }
	}
	Responses map[string]apiResponse
}

type apiParameter struct {
	Name, In, Description string
	Required              bool
	Schema                schema
}

type apiResponse struct {
	Ref         string `json:"$ref"`
	Description string
	Content     map[string]struct{ Schema schema }
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       kinds
	AnyOf      []schema `json:"anyOf"`
	Format     string
	Enum       []string
	Properties map[string]schema
	Required   []string
	Items      *schema
	Extra      json.RawMessage `json:"additionalProperties"`
}

// kinds are the types a value may have: one, or a list of them.
type kinds []string

func (k *kinds) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*k = kinds{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(k))
}

func (k kinds) has(name string) bool { return slices.Contains(k, name) }

func readDocument(t *testing.T, f *fixture) *openAPI {
	t.Helper()
	d := decode[openAPI](t, f.body("/openapi.json"))
	return &d
}

// The document says exactly what is registered, and what is registered answers.
func TestDocumentAndTableAgree(t *testing.T) {
	f := start(t, func(c *Config) { c.Pprof = true })
	d := readDocument(t, f)
	documented := map[string]bool{}
	for path, ops := range d.Paths {
		for method := range ops {
			documented[strings.ToUpper(method)+" "+path] = true
		}
	}
	var hidden []string
	for _, e := range f.server.table() {
		if name := e.method + " " + e.path; e.hidden {
			hidden = append(hidden, name)
		} else if !documented[name] {
			t.Errorf("%s is served and not documented", name)
		} else {
			delete(documented, name)
		}
	}
	for name := range documented {
		t.Errorf("%s is documented and not in the table", name)
	}
	if !slices.Equal(hidden, []string{"GET /", "GET /style.css", "GET /debug/pprof/{profile}"}) {
		t.Errorf("left out of the document: %v", hidden)
	}
}

// bodies are what documented calls take, by operation.
var bodies = map[string]string{
	"explain":          `{"route":"support","unit":"u1","at":"2026-03-10T11:59:00Z"}`,
	"applyDefinitions": `{"files":[{"name":"weir.yaml","text":"models: {m: {vendor: simulated}}\nroutes: {r: {baseline: m}}\n"}],"expect_revision":1,"note":"why"}`,
	"diffDefinitions":  `{"files":[{"name":"weir.yaml","text":"models: {m: {vendor: simulated}}\nroutes: {r: {baseline: m}}\n"}]}`,
	"restoreRevision":  `{"dry_run":true}`,
	"forgetUnit":       `{"kind":"user","id":"ada"}`,
	"startExperiment":  `{"force":true,"note":"why"}`,
	"computeStats":     `{"observed":[5,6],"weights":[1,1]}`,
}

// Every documented call is made, and its answer is held against its schema.
func TestDocumentedCallsAnswerAsDocumented(t *testing.T) {
	f := startKept(t, func(c *Config) {
		c.Budgets = func() []usage.Budget { return []usage.Budget{{Name: "all", Amount: 1e6, Per: usage.Month}} }
		c.Servers = func() map[string][]ServerState { return map[string][]ServerState{"big": {fullServer()}} }
		c.Tariff = func() *meter.Tariff { return testTariff() }
		c.Plans = oneLife{}
	})
	f.fill()
	f.apply(&store.Batch{Scores: []*event.Score{{ID: idAt(noon, 1), Event: "full", Name: "thumbs", Time: noon}}, Bodies: []*event.Body{{ID: "full", Time: noon, Request: []byte("{}"), Response: []byte("{}")}},
		Decisions: []*event.Decision{{ID: idAt(noon, 2), Time: noon, Subject: "x", Action: "y", Report: json.RawMessage(`{"a":[1,"b",null]}`)}}})
	f.record(0, 3)
	f.ring.Record(fullEvent())
	f.state.pools = map[string]*upstream.Pool{"big": pool(upstream.Model{Name: "big", ID: "gpt-4o", Vendor: upstream.Vendor{Name: "openai", Driver: "openai"}, Endpoints: []string{"http://one:8000/v1"}})}
	f.state.set.Routes["r"] = f.definitions.compile(document1()).Set.Routes["r"]
	f.definitions.explains(f.state.set)
	d := readDocument(t, f.fixture)
	for path, ops := range d.Paths {
		for method, op := range ops {
			for _, query := range []string{"", "?wide=true&from=3d", "?body=true", "?by=route,variant,model&per=day&tz=Europe/Vienna&from=3d", "?format=json&at=2026-03-04", "?format=markdown", "?format=html&full=true", "?full=true&format=text", "?route=support&metric=latency&minimum=5%25"} {
				d.call(t, f.fixture, method, path, query, op)
			}
		}
	}
	_, answer := f.get("/api/v1/none")
	d.check(t, "a problem", d.Components.Responses["Problem"].Content["application/problem+json"].Schema, decode[any](t, answer))
}

// call makes one call, if it has the parameters of the query.
func (d *openAPI) call(t *testing.T, f *fixture, method, path, query string, op apiOperation) {
	t.Helper()
	asked, err := url.ParseQuery(strings.TrimPrefix(query, "?"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range asked {
		if !slices.ContainsFunc(op.Parameters, func(p apiParameter) bool { return p.Name == name && p.In == "query" }) {
			return
		}
	}
	at, body := strings.NewReplacer("{id}", "full", "{period}", "weekly", "{number}", "1", "{method}", "srm_chi_square", "{name}", "e").Replace(path)+query, ""
	if op.RequestBody != nil {
		body = cmp.Or(bodies[op.OperationID], "{}")
	}
	if op.OperationID == "getPower" && query == "" {
		at += "?route=support"
	}
	if op.OperationID == "streamEvents" {
		at, method = at+"?after=2", "head"
	}
	resp, answer := f.do(f.request(strings.ToUpper(method), at, body))
	media, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	content, ok := op.Responses["200"].Content[media]
	if resp.StatusCode != 200 || !ok {
		t.Errorf("%s %s: %s, %s %s", method, at, resp.Status, media, short(answer, 400))
		return
	}
	if media == "application/json" {
		d.check(t, at, content.Schema, decode[any](t, answer))
	}
}

func fullServer() ServerState {
	share, bytes := 0.5, int64(1)
	return ServerState{Endpoint: "e", Kind: "vllm", At: noon, Age: 1, Error: "e", Running: &share, Queued: &share, Waited: &share, KVCache: &share,
		GPUs: []GPU{{Name: "0", Busy: &share, MemoryUsed: &bytes, MemoryTotal: &bytes}}}
}

// testTariff knows the price of big, and not that of small.
func testTariff() *meter.Tariff {
	return &meter.Tariff{Book: meter.Builtin(), Models: map[string]meter.Terms{
		"big":   {Vendor: "openai"},
		"small": {Vendor: "vllm", Unpriced: meter.Deny},
		"m":     {Vendor: "vllm", Price: &meter.Price{Input: 3e6, Output: 15e6, CachedInput: 300_000, CacheWrite: 3_750_000}},
	}}
}

// check holds a value against a schema, both ways: what is required is there,
// and what is there is described.
func (d *openAPI) check(t *testing.T, at string, s schema, v any) {
	t.Helper()
	if s.Ref != "" {
		s = d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	if s.AnyOf != nil {
		if v != nil {
			d.check(t, at, s.AnyOf[0], v)
		}
		return
	}
	switch v := v.(type) {
	case map[string]any:
		d.checkObject(t, at, s, v)
	case []any:
		if !s.Type.has("array") || s.Items == nil {
			t.Errorf("%s: an array, described as %q", at, s.Type)
			return
		}
		for _, value := range v {
			d.check(t, at+"[]", *s.Items, value)
		}
	case string:
		if s.Type != nil && !s.Type.has("string") || s.Enum != nil && !slices.Contains(s.Enum, v) {
			t.Errorf("%s: %q, described as %s %v", at, v, s.Type, s.Enum)
		}
	case float64:
		if !s.Type.has("number") && (!s.Type.has("integer") || v != float64(int64(v))) {
			t.Errorf("%s: %v, described as %s", at, v, s.Type)
		}
	case bool:
		if !s.Type.has("boolean") {
			t.Errorf("%s: a boolean, described as %q", at, s.Type)
		}
	case nil:
		if !s.Type.has("null") {
			t.Errorf("%s: null, described as %q", at, s.Type)
		}
	}
}

// checkObject holds an object against its schema; one of any type has none.
func (d *openAPI) checkObject(t *testing.T, at string, s schema, v map[string]any) {
	t.Helper()
	if s.Type == nil {
		return
	}
	if !s.Type.has("object") {
		t.Errorf("%s: an object, described as %q", at, s.Type)
	}
	if s.Properties == nil {
		return
	}
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			t.Errorf("%s: %s is required and missing", at, name)
		}
	}
	for name, value := range v {
		p, ok := s.Properties[name]
		if !ok {
			t.Errorf("%s: %s is not described", at, name)
		}
		d.check(t, at+"."+name, p, value)
	}
}

func TestDocumentIsSound(t *testing.T) {
	f := start(t, nil)
	_, raw := f.get("/openapi.json")
	d := readDocument(t, f)
	if d.OpenAPI != "3.1.0" || d.Info.Title == "" || d.Info.Version != "1.2.3" || d.Components.SecuritySchemes["key"].Scheme != "bearer" {
		t.Errorf("%+v", d.Info)
	}
	refs := regexp.MustCompile(`"\$ref": "#/components/(schemas|responses)/([^"]*)"`).FindAllStringSubmatch(raw, -1)
	used := map[string]bool{}
	for _, r := range refs {
		used[r[2]] = true
		if _, ok := d.Components.Schemas[r[2]]; !ok && r[1] == "schemas" {
			t.Errorf("%s leads nowhere", r[0])
		}
		if _, ok := d.Components.Responses[r[2]]; !ok && r[1] == "responses" {
			t.Errorf("%s leads nowhere", r[0])
		}
	}
	for name := range d.Components.Schemas {
		if !used[name] {
			t.Errorf("schema %s is used nowhere", name)
		}
	}
	seen := map[string]bool{}
	for path, ops := range d.Paths {
		for method, op := range ops {
			if op.OperationID == "" || seen[op.OperationID] || op.Summary == "" || op.Responses["default"].Ref == "" {
				t.Errorf("%s %s: operationId %q, summary %q", method, path, op.OperationID, op.Summary)
			}
			seen[op.OperationID] = true
			if open := op.Scope == "anybody" || op.Scope == "visitor"; open == (len(op.Security) > 0) {
				t.Errorf("%s %s: scope %q with security %v", method, path, op.Scope, op.Security)
			}
			var inPath []string
			for _, p := range op.Parameters {
				if p.Description == "" || p.Schema.Type == nil || p.In != "query" && !p.Required {
					t.Errorf("%s %s: parameter %+v", method, path, p)
				}
				if p.In == "path" {
					inPath = append(inPath, "{"+p.Name+"}")
				}
			}
			if want := regexp.MustCompile(`{[^}]*}`).FindAllString(path, -1); !slices.Equal(inPath, want) {
				t.Errorf("%s %s: parameters of the path %v", method, path, inPath)
			}
		}
	}
}

// The golden document is what clients are checked against: a change of it is a
// change of the API. Write it anew with -update.
func TestDocumentIsTheOneThatIsKept(t *testing.T) {
	f := start(t, nil)
	got := f.body("/openapi.json")
	file := filepath.Join("testdata", "openapi.json")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the document has changed; if that is meant: go test ./internal/admin -update")
	}
}

func TestTypesThatCannotBeDescribedAreRefused(t *testing.T) {
	type Event struct {
		A int `json:"a"`
	}
	type channel struct {
		C chan int `json:"c"`
	}
	type bare struct{ A int }
	for name, types := range map[string][]reflect.Type{
		"a channel":       {reflect.TypeFor[channel]()},
		"no JSON name":    {reflect.TypeFor[bare]()},
		"no name at all":  {reflect.TypeFor[struct{}]()},
		"two of one name": {reflect.TypeFor[EventPage](), reflect.TypeFor[Event]()},
	} {
		s := &schemas{named: map[string]object{}, types: map[string]reflect.Type{}}
		var err error
		for _, typ := range types {
			if _, e := s.of(typ); e != nil {
				err = e
			}
		}
		if err == nil {
			t.Errorf("%s was described", name)
		}
	}
}
