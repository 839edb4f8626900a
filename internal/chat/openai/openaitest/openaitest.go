// Package openaitest checks documents against OpenAI's published schemas. It is
// for tests: of the dialect, and of everything that speaks it.
package openaitest

import (
	"bytes"
	_ "embed" // the specification below
	"encoding/json"
	"fmt"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed openai-subset.json
var spec []byte

const specURL = "https://openai.test/openapi.json"

var compiler = sync.OnceValues(func() (*jsonschema.Compiler, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(spec))
	if err != nil {
		return nil, fmt.Errorf("reading the specification: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource(specURL, withNull(doc)); err != nil {
		return nil, fmt.Errorf("reading the specification: %w", err)
	}
	return c, nil
})

var (
	mu       sync.Mutex // compiling changes the compiler
	compiled = map[string]*jsonschema.Schema{}
)

// Validate checks a document against a schema of the specification, by its name
// there: "CreateChatCompletionResponse", "CreateChatCompletionStreamResponse",
// "CreateEmbeddingResponse", "ListModelsResponse", "Model", "ErrorResponse".
func Validate(schemaName string, doc []byte) error {
	schema, err := schemaOf(schemaName)
	if err != nil {
		return err
	}
	if !json.Valid(doc) {
		return fmt.Errorf("checking a document against %s: it is not JSON: %.200q", schemaName, doc)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return fmt.Errorf("checking a document against %s: %w", schemaName, err)
	}
	if err := schema.Validate(v); err != nil {
		return fmt.Errorf("checking a document against %s: %w", schemaName, err)
	}
	return nil
}

func schemaOf(name string) (*jsonschema.Schema, error) {
	c, err := compiler()
	if err != nil {
		return nil, err
	}
	mu.Lock()
	defer mu.Unlock()
	if s := compiled[name]; s != nil {
		return s, nil
	}
	s, err := c.Compile(specURL + "#/components/schemas/" + name)
	if err != nil {
		return nil, fmt.Errorf("finding the schema %q: %w", name, err)
	}
	compiled[name] = s
	return s, nil
}

// withNull spells out `nullable: true`, which the specification still uses in
// places although JSON Schema does not know it.
func withNull(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withNull(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = withNull(v[k])
		}
		if v["nullable"] == true {
			delete(v, "nullable")
			return map[string]any{"anyOf": []any{v, map[string]any{"type": "null"}}}
		}
	}
	return v
}
