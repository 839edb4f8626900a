package admin

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
)

// openapi answers with the document made at the start.
func (c *call) openapi() error {
	c.write(http.StatusOK, "application/json", c.server.doc)
	return nil
}

// document writes the table as OpenAPI 3.1.
func document(table []endpoint, version string) ([]byte, error) {
	s := &schemas{named: map[string]object{}, types: map[string]reflect.Type{}}
	problem, err := s.of(reflect.TypeFor[Problem]())
	if err != nil {
		return nil, err
	}
	paths := map[string]object{}
	for i := range table {
		e := &table[i]
		if e.hidden {
			continue
		}
		op, err := s.operation(e)
		if err != nil {
			return nil, err
		}
		if paths[e.path] == nil {
			paths[e.path] = object{}
		}
		paths[e.path][strings.ToLower(e.method)] = op
	}
	return json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Weir admin API", "version": version,
			"description": "What a running Weir did and what it cost, what is in force and how it came to be, why a unit gets its variant. Errors are application/problem+json (RFC 9457). Amounts named _micro are millionths of a US dollar.",
			"license":     object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		"servers": []object{{"url": "/"}},
		"paths":   paths,
		"components": object{
			"schemas":   s.named,
			"responses": object{"Problem": object{"description": "an error", "content": object{"application/problem+json": object{"schema": problem}}}},
			"securitySchemes": object{
				"key": object{"type": "http", "scheme": "bearer",
					"description": "A key of the definitions with the scope named by x-weir-scope. Where no keys are declared, callers on the same machine need none."},
				"session": object{"type": "apiKey", "in": "cookie", "name": sessionCookie,
					"description": "A browser's session, begun by a link that addLink gives; it has the scopes of the key that made the link."},
			},
		},
	}, "", "  ")
}

// operation describes one endpoint.
func (s *schemas) operation(e *endpoint) (object, error) {
	content, err := s.answer(e)
	if err != nil {
		return nil, err
	}
	op := object{
		"operationId":  e.id,
		"summary":      e.summary,
		"x-weir-scope": string(e.scope),
		"security":     security(e.scope),
		"responses": object{
			"200":     object{"description": "what was asked for", "content": content},
			"default": object{"$ref": "#/components/responses/Problem"},
		},
	}
	if len(e.params) > 0 {
		op["parameters"] = parameters(e)
	}
	if e.handler.body == nil {
		return op, nil
	}
	body, err := s.of(e.handler.body)
	if err != nil {
		return nil, err
	}
	name, closed := body["$ref"].(string)
	if !closed { // an object whose fields depend on the path
		op["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": object{"type": "object"}}}}
		return op, nil
	}
	named := s.named[strings.TrimPrefix(name, "#/components/schemas/")]
	named["additionalProperties"] = false
	op["requestBody"] = object{"required": named["required"] != nil, "content": object{"application/json": object{"schema": body}}}
	return op, nil
}

// answer describes the content of a 200.
func (s *schemas) answer(e *endpoint) (object, error) {
	if e.handler.reply == nil {
		schema := object{"type": "string"}
		if e.handler.media == "application/json" {
			schema = object{"type": "object"}
		}
		return object{e.handler.media: object{"schema": schema}}, nil
	}
	schema, err := s.of(e.handler.reply)
	content := object{"application/json": object{"schema": schema}}
	if e.handler.media != "" {
		for media := range strings.SplitSeq(e.handler.media, ", ") {
			content[media] = object{"schema": object{"type": "string"}}
		}
	}
	return content, err
}

func security(sc scope) []object {
	if sc == anybody || sc == visitor {
		return []object{}
	}
	return []object{{"key": []string{}}, {"session": []string{}}, {}}
}

func parameters(e *endpoint) []object {
	var list []object
	for _, p := range e.params {
		schema := object{"type": p.kind}
		if p.enum != nil {
			schema["enum"] = p.enum
		}
		o := object{"name": p.name, "in": "query", "description": p.about, "schema": schema}
		if strings.Contains(e.path, "{"+p.name+"}") {
			o["in"], o["required"] = "path", true
		}
		list = append(list, o)
	}
	return list
}
