package client

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
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
	Type       kind
	AnyOf      []property `json:"anyOf"` // the first, or null
	Format     string
	Items      *property
	Properties map[string]property
}

// kind is the type of a value; one that may be null too is of its other type.
type kind string

func (k *kind) UnmarshalJSON(data []byte) error {
	var several []string
	if json.Unmarshal(data, &several) == nil {
		*k = kind(several[0])
		return nil
	}
	return json.Unmarshal(data, (*string)(k))
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
		"EventDetail": reflect.TypeFor[Trace](), "FeedbackBatch": reflect.TypeFor[FeedbackBatch](), "FeedbackReply": reflect.TypeFor[FeedbackReply](), "RouteList": reflect.TypeFor[RouteList](), "ModelList": reflect.TypeFor[ModelList](),
		"UsageReply": reflect.TypeFor[UsageTable](), "MonthsReply": reflect.TypeFor[Months](), "TimelineReply": reflect.TypeFor[Timeline](),
		"BudgetList": reflect.TypeFor[Budgets](), "UsageReport": reflect.TypeFor[Report](),
		"DefinitionsView": reflect.TypeFor[Definitions](), "ApplyRequest": reflect.TypeFor[ApplyRequest](), "ApplyReply": reflect.TypeFor[Applied](),
		"DiffReply": reflect.TypeFor[Compared](), "RevisionPage": reflect.TypeFor[RevisionPage](), "RevisionView": reflect.TypeFor[Revision](),
		"RestoreRequest": reflect.TypeFor[RestoreRequest](), "DecisionPage": reflect.TypeFor[DecisionPage](),
		"StoreView": reflect.TypeFor[Store](), "KeepingBody": reflect.TypeFor[keeping](), "Rebuilt": reflect.TypeFor[Rebuilt](), "CheckReply": reflect.TypeFor[Checked](),
		"StatsMethods": reflect.TypeFor[StatsMethods](), "PlanState": reflect.TypeFor[PlanState](), "AnalysisDecided": reflect.TypeFor[Verdict](), "AnalysisProspect": reflect.TypeFor[Prospect](),
		"AnalysisSample": reflect.TypeFor[Sample](), "AnalysisOutlook": reflect.TypeFor[Outlook](), "Started": reflect.TypeFor[Started](), "StartBody": reflect.TypeFor[StartRequest](), "Metric": reflect.TypeFor[Metric](),
		"ForgetRequest": reflect.TypeFor[ForgetRequest](), "Forgotten": reflect.TypeFor[Forgotten](), "Link": reflect.TypeFor[Link](),
	} {
		d.compare(t, name, property{Ref: "#/components/schemas/" + name}, typ)
	}
}

func (d *document) compare(t *testing.T, at string, p property, typ reflect.Type) {
	t.Helper()
	if p.AnyOf != nil {
		p = p.AnyOf[0]
	}
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
	for name, ownType := range fieldsOf(typ) {
		ours[name] = true
		if field, ok := p.Properties[name]; ok {
			d.compare(t, at+"."+name, field, ownType)
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

// fieldsOf are the fields of a type by their names in JSON, those of embedded
// types too.
func fieldsOf(typ reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		switch name, _, _ := strings.Cut(f.Tag.Get("json"), ","); {
		case name == "-":
		case f.Anonymous && name == "":
			maps.Copy(fields, fieldsOf(f.Type))
		default:
			fields[name] = f.Type
		}
	}
	return fields
}

func expect[S ~string](t *testing.T, at string, got S, want string) {
	t.Helper()
	if string(got) != want {
		t.Errorf("%s: the API says %q, the client %q", at, got, want)
	}
}

// noon is any time that is not zero.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// asking makes every call that has parameters, with all of them.
var asking = map[string]func(*Client, context.Context) error{
	"/api/v1/events": func(c *Client, ctx context.Context) error {
		_, err := c.Events(ctx, fullQuery)
		return err
	},
	"/api/v1/events/{id}": func(c *Client, ctx context.Context) error {
		_, err := c.Trace(ctx, "x", true)
		return err
	},
	"/api/v1/events:stream": func(c *Client, ctx context.Context) error {
		return c.Follow(ctx, fullQuery, func(Event) error { return nil })
	},
	"/api/v1/usage": func(c *Client, ctx context.Context) error {
		_, err := c.Usage(ctx, UsageQuery{By: []string{"route"}, Per: "day", From: noon, To: noon, Zone: "UTC", UsageFilter: fullFilter})
		return err
	},
	"/api/v1/usage/months": func(c *Client, ctx context.Context) error {
		_, err := c.Months(ctx, MonthsQuery{By: []string{"route"}, Per: "day", At: noon, Zone: "UTC", UsageFilter: fullFilter})
		return err
	},
	"/api/v1/timeline": func(c *Client, ctx context.Context) error {
		_, err := c.Timeline(ctx, TimelineQuery{By: []string{"route"}, Step: time.Minute, From: noon, To: noon, Project: "a", Route: "b", Variant: "c", Model: "d"})
		return err
	},
	"/api/v1/reports/{period}": func(c *Client, ctx context.Context) error {
		_, err := c.ReportMarkdown(ctx, "weekly", ReportQuery{At: noon, Zone: "UTC", Top: 5, UsageFilter: fullFilter})
		return err
	},
	"/api/v1/routes": func(c *Client, ctx context.Context) error {
		_, err := c.RoutesWide(ctx, noon, noon)
		return err
	},
	"/api/v1/models": func(c *Client, ctx context.Context) error {
		_, err := c.ModelsWide(ctx, noon, noon)
		return err
	},
	"/api/v1/revisions": func(c *Client, ctx context.Context) error {
		_, err := c.Revisions(ctx, 5, "t")
		return err
	},
	"/api/v1/experiments/{name}:report": func(c *Client, ctx context.Context) error {
		_, err := c.ResultsAs(ctx, "e", "html", ResultsQuery{Epoch: 2, Full: true})
		return err
	},
	"/api/v1/power": func(c *Client, ctx context.Context) error {
		_, err := c.Power(ctx, PowerQuery{Route: "r", Metric: "m", Minimum: 0.1, Variants: 3, Units: 5})
		return err
	},
	"/api/v1/decisions": func(c *Client, ctx context.Context) error {
		_, err := c.Decisions(ctx, "s", 5, "t")
		return err
	},
}

var (
	fullQuery = Query{Route: "a", Variant: "b", Outcome: "c", Key: "d", Model: "e", Tag: "f", Unit: "g", ID: "h", Since: noon, To: noon,
		Limit: 5, PageToken: "t", After: "i"}
	fullFilter = UsageFilter{Project: "a", Route: "b", Variant: "c", Model: "d", Key: "e", Tag: "f", Why: "g"}
)

// The client sends every parameter the API has, and no other. from is since by
// another name.
func TestParametersAreThoseOfTheAPI(t *testing.T) {
	for path, methods := range readDocument(t).Paths {
		var want []string
		for _, p := range methods["get"].Parameters {
			if p.In == "query" && (p.Name != "from" || path != "/api/v1/events") {
				want = append(want, p.Name)
			}
		}
		if want == nil {
			continue
		}
		ask, ok := asking[path]
		if !ok {
			t.Errorf("%s has parameters, and the client is not asked for them", path)
			continue
		}
		var got []string
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = slices.Sorted(maps.Keys(r.URL.Query()))
			problem(400, "enough")(w, r)
		})
		if err := ask(New(s.URL), t.Context()); err == nil {
			t.Errorf("%s: no error", path)
		}
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("%s: the API has %v, the client sends %v", path, want, got)
		}
	}
}

// The client calls everything the API has, but what is for machines or browsers.
func TestEveryCallHasAMethod(t *testing.T) {
	calls := map[string]string{
		"get /api/v1/status": "Status", "get /api/v1/events": "Events", "get /api/v1/events/{id}": "Trace", "get /api/v1/events:stream": "Follow",
		"get /api/v1/routes": "RoutesWide", "get /api/v1/experiments": "Experiments", "get /api/v1/models": "ModelsWide", "post /api/v1/explain": "Explain", "post /api/v1/reload": "Reload",
		"get /api/v1/usage": "Usage", "get /api/v1/usage/months": "Months", "get /api/v1/timeline": "Timeline", "get /api/v1/budgets": "Budgets", "get /api/v1/reports/{period}": "Report",
		"get /api/v1/definitions": "Definitions", "post /api/v1/definitions": "Apply", "post /api/v1/definitions:diff": "Diff",
		"get /api/v1/revisions": "Revisions", "get /api/v1/revisions/{number}": "Revision", "post /api/v1/revisions/{number}:restore": "Restore", "get /api/v1/decisions": "Decisions",
		"get /api/v1/store": "Store", "post /api/v1/store:rebuild": "Rebuild", "post /api/v1/store:check": "Check", "get /api/v1/store:backup": "Backup",
		"post /api/v1/units:forget": "Forget", "post /api/v1/links": "Link", "post /api/v1/feedback": "AddFeedback", "get /api/v1/stats": "StatsMethods", "post /api/v1/stats/{method}": "Stats",
		"get /api/v1/experiments/{name}:report": "Results", "get /api/v1/experiments/{name}:power": "ExperimentPower", "post /api/v1/experiments/{name}:start": "StartExperiment",
		"post /api/v1/experiments/{name}:stop": "StopExperiment", "post /api/v1/experiments/{name}:resume": "ResumeExperiment", "get /api/v1/power": "Power", "get /api/v1/metrics": "Metrics",
	}
	for path, methods := range readDocument(t).Paths {
		if path == "/healthz" || path == "/openapi.json" || path == "/api/v1/logout" {
			continue
		}
		for method := range methods {
			if _, ok := reflect.TypeFor[*Client]().MethodByName(calls[method+" "+path]); !ok {
				t.Errorf("%s %s has no method", method, path)
			}
		}
	}
}
