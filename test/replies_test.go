//go:build tools

package test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/chat/openai/openaitest"
)

// raw is a reply as it came over the wire.
type raw struct {
	Path, Type, Body string
	Status           int
}

// check holds a reply, and each chunk of a stream, against OpenAI's schemas.
func (r *raw) check(t *testing.T) {
	t.Helper()
	validate := func(schema string, doc []byte) {
		if err := openaitest.Validate(schema, doc); err != nil {
			t.Errorf("%s %d: %v\n%s", r.Path, r.Status, err, doc)
		}
	}
	switch {
	case strings.HasPrefix(r.Type, "text/event-stream"):
		if r.Status != http.StatusOK {
			t.Errorf("%s: a stream with status %d", r.Path, r.Status)
		}
		for event := range bytes.SplitSeq([]byte(r.Body), []byte("\n\n")) {
			if data, ok := bytes.CutPrefix(event, []byte("data: ")); ok && string(data) != "[DONE]" {
				validate("CreateChatCompletionStreamResponse", data)
			}
		}
		if !strings.HasSuffix(r.Body, "data: [DONE]\n\n") {
			t.Errorf("%s: the stream does not end with [DONE]: %q", r.Path, r.Body[max(0, len(r.Body)-100):])
		}
	case !strings.HasPrefix(r.Type, "application/json"):
		t.Errorf("%s %d: Content-Type %q", r.Path, r.Status, r.Type)
	case r.Status != http.StatusOK:
		validate("ErrorResponse", []byte(r.Body))
	default:
		validate(schemaOf(r.Path), []byte(r.Body))
	}
}

func schemaOf(path string) string {
	switch {
	case path == "/v1/embeddings":
		return "CreateEmbeddingResponse"
	case path == "/v1/models":
		return "ListModelsResponse"
	case strings.HasPrefix(path, "/v1/models/"):
		return "Model"
	}
	return "CreateChatCompletionResponse"
}
