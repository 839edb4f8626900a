//go:build tools

package test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func goErrors(t *testing.T, client *openai.Client) {
	ctx := t.Context()
	hello := openai.ChatCompletionNewParams{Model: "assistant", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Hello")}}
	send := func(model, prompt string, options ...option.RequestOption) error {
		p := hello
		p.Model, p.Messages = model, []openai.ChatCompletionMessageParamUnion{openai.UserMessage(prompt)}
		_, err := client.Chat.Completions.New(ctx, p, options...)
		return err
	}
	e := apiError(t, send("asistant", "Hello"), http.StatusNotFound)
	equal(t, "code", e.Code, "model_not_found")
	equal(t, "param", e.Param, "model")
	if !strings.Contains(e.Message, `did you mean "assistant"`) {
		t.Errorf("message %q suggests nothing", e.Message)
	}
	stream := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{Model: "asistant", Messages: hello.Messages})
	if stream.Next() {
		t.Error("an unknown route streams")
	}
	apiError(t, stream.Err(), http.StatusNotFound)

	e = apiError(t, send("assistant", "Hello", option.WithJSONSet("messages", "Hello")), http.StatusBadRequest)
	equal(t, "param", e.Param, "messages")
	equal(t, "type", e.Type, "invalid_request_error")
	apiError(t, send("assistant", "Hello", option.WithJSONSet("model", 7)), http.StatusBadRequest)
	apiError(t, send("assistant", "Hello", option.WithJSONDel("model")), http.StatusBadRequest)
	for _, body := range []string{
		`{"model":"assistant","messages":[{"role":"user","content":"Hel`,
		`{"model":"assistant","model":"locked","messages":[]}`,
		`["assistant"]`,
	} {
		var into map[string]any
		apiError(t, client.Post(ctx, "chat/completions", nil, &into, option.WithRequestBody("application/json", []byte(body))), http.StatusBadRequest)
	}
	apiError(t, send("assistant", "Hello", option.WithAPIKey("weir_nobody")), http.StatusUnauthorized)
	var into map[string]any
	apiError(t, client.Post(ctx, "responses/compact/now", map[string]any{}, &into), http.StatusNotFound)

	e = apiError(t, send("assistant", "Too many requests"), http.StatusTooManyRequests)
	equal(t, "Retry-After", e.Response.Header.Get("Retry-After"), "7")
	equal(t, "message", e.Message, "Please slow down.")
	e = apiError(t, send("assistant", "A prompt that is too long"), http.StatusBadRequest)
	equal(t, "code", e.Code, "context_length_exceeded")
	e = apiError(t, send("locked", "Hello"), http.StatusBadGateway)
	equal(t, "code", e.Code, "upstream_auth")
}

func goAbort(t *testing.T, client *openai.Client) {
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	stream := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{Model: "assistant",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Count to a thousand.")}})
	text := ""
	for stream.Next() {
		if c := stream.Current().Choices; len(c) > 0 {
			text += c[0].Delta.Content
		}
		if len(text) > 8 {
			leave()
		}
	}
	if err := stream.Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("the stream ended with %v, want %v", err, context.Canceled)
	}
	if !strings.HasPrefix(text, "1 2 3 4 5") || len(text) >= 200 {
		t.Errorf("text before the client left: %q", text)
	}
}

// apiError holds an error against the library's own type and a status.
func apiError(t *testing.T, err error, status int) *openai.Error {
	t.Helper()
	var e *openai.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v, want one of the library's with status %d", err, status)
	}
	equal(t, "status", e.StatusCode, status)
	return e
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
