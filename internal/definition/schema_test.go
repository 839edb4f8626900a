package definition

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(SchemaURL, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(SchemaURL)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// instance reads YAML as an editor does, with a parser's own decoder and not ours.
func instance(t *testing.T, text []byte) any {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSchemaAcceptsWhatIsGood(t *testing.T) {
	s := compiledSchema(t)
	texts := examples(t)
	texts["a starter"] = Starter(nil)
	texts["a starter with keys"] = Starter([]string{"OPENAI_API_KEY", "GROQ_API_KEY"})
	texts["empty sections"] = []byte("models: {m: {vendor: simulated, price: {input: 1, output: 2, per: 1k}}}\nroutes:\nkeys: {}\n")
	for name, text := range texts {
		if err := s.Validate(instance(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		doc, problems := Parse([]File{{name, text}})
		if doc == nil {
			t.Fatal(problems)
		}
		if err := s.Validate(instance(t, doc.Canonical())); err != nil {
			t.Errorf("%s, written out: %v", name, err)
		}
	}
}

// What the schema can see, it refuses as the decoder does.
func TestSchemaRefusesWhatIsWrong(t *testing.T) {
	s := compiledSchema(t)
	for _, text := range []string{
		base + "    untis: [user]\n",
		base + "experiment: {}\n",
		base + "    expose: maybe\n",
		base + "    blind: yes please\n",
		base + "    fallback: n\n",
		base + "    retries: one\n",
		"models: {m: {model: x}}\n",
		"models: {m: {vendor: openai, key: sk-1234}}\n",
		"models: {m: {vendor: openai, clocks: {total: 30}}}\n",
		"models: {m: {vendor: openai, max_answer: 12}}\n",
		"models: {m: {vendor: openai, price: {input: 1}}}\n",
		"models: {'a/b': {vendor: openai}}\n",
		base + "experiments: {e: {route: support, candidate: n, share: half}}\n",
		base + "experiments: {e: {route: support, variants: {a: {model: n}}}}\n",
	} {
		if err := s.Validate(instance(t, []byte(text))); err == nil {
			t.Errorf("the schema takes\n%s", text)
		}
		if _, problems := problemsOf(t, text); !problems.Failed() {
			t.Errorf("the decoder takes\n%s", text)
		}
	}
}

// The reference page and the schema tell of the same fields.
func TestManualNamesEveryField(t *testing.T) {
	var properties func(s map[string]any) []string
	properties = func(s map[string]any) (found []string) {
		for name, v := range s {
			inner, ok := v.(map[string]any)
			if name == "properties" && ok {
				found = append(found, names(inner)...)
			}
			if ok {
				found = append(found, properties(inner)...)
			}
		}
		return found
	}
	var s map[string]any
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	page := string(Manual())
	for _, name := range properties(s) {
		if !strings.Contains(page, "| `"+name+"` |") && !strings.Contains(page, "\n## "+name+"\n") {
			t.Errorf("%s is not on the page", name)
		}
	}
}
