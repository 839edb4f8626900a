package openaitest

import "testing"

func TestValidate(t *testing.T) {
	const chunk = `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}],"usage":null}`
	for _, c := range []struct {
		name, schema, doc string
		ok                bool
	}{
		{"a chunk", "CreateChatCompletionStreamResponse", chunk, true},
		{"a chunk is no completion", "CreateChatCompletionResponse", chunk, false},
		{"a choice without delta", "CreateChatCompletionStreamResponse", `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"finish_reason":null}]}`, false},
		{"an unknown finish reason", "CreateChatCompletionStreamResponse", `{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tired"}]}`, false},
		{"an error", "ErrorResponse", `{"error":{"message":"m","type":"t","param":null,"code":null}}`, true},
		{"an error without code", "ErrorResponse", `{"error":{"message":"m","type":"t","param":null}}`, false},
		{"no JSON", "ErrorResponse", `{"error":`, false},
		{"no such schema", "Nonsense", `{}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := Validate(c.schema, []byte(c.doc)); (err == nil) != c.ok {
				t.Errorf("Validate = %v, want ok %v", err, c.ok)
			}
		})
	}
}
