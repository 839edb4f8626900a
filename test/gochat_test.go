//go:build tools

package test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"
)

func paris(stream bool) openai.ChatCompletionNewParams {
	p := openai.ChatCompletionNewParams{Model: "assistant", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("What is the capital of France?")}}
	if !stream {
		p.Messages = append([]openai.ChatCompletionMessageParamUnion{openai.SystemMessage("Answer in one sentence.")}, p.Messages...)
	}
	return p
}

func goPlain(t *testing.T, client *openai.Client) {
	p := paris(false)
	p.Temperature, p.MaxCompletionTokens, p.Seed, p.User = openai.Float(0.3), openai.Int(100), openai.Int(7), openai.String("user-1")
	p.Stop.OfStringArray = []string{"END"}
	p.Metadata = shared.Metadata{"team": "weir"}
	var resp *http.Response
	got, err := client.Chat.Completions.New(t.Context(), p, option.WithResponseInto(&resp))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", got.Choices[0].Message.Content, "Paris is the capital of France.")
	equal(t, "finish", got.Choices[0].FinishReason, "stop")
	equal(t, "model", got.Model, "gpt-mock-a")
	equal(t, "x-weir-variant", resp.Header.Get("X-Weir-Variant"), "baseline")
	equal(t, "x-request-id", resp.Header.Get("X-Request-Id"), "request-of-the-client")
	if got.Usage.TotalTokens == 0 {
		t.Error("no usage")
	}
}

func goStream(t *testing.T, client *openai.Client) {
	for _, usage := range []bool{false, true} {
		p := paris(true)
		if usage {
			p.StreamOptions.IncludeUsage = openai.Bool(true)
		}
		stream := client.Chat.Completions.NewStreaming(t.Context(), p)
		var all openai.ChatCompletionAccumulator
		counted := 0
		for stream.Next() {
			chunk := stream.Current()
			if !all.AddChunk(chunk) {
				t.Error("the chunks do not belong to one answer")
			}
			if chunk.JSON.Usage.Valid() {
				counted++
			}
			equal(t, "model", chunk.Model, "gpt-mock-a")
		}
		if err := stream.Err(); err != nil {
			t.Fatal(err)
		}
		equal(t, "text", all.Choices[0].Message.Content, "Paris is the capital of France.")
		equal(t, "finish", all.Choices[0].FinishReason, "stop")
		equal(t, "chunks with usage", counted, map[bool]int{false: 0, true: 1}[usage])
	}
}

func goTools(t *testing.T, client *openai.Client) {
	p := openai.ChatCompletionNewParams{
		Model:    "assistant",
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("What is the weather in Paris and Rome?")},
		Tools: []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{
			Name: "get_weather", Description: openai.String("Weather of a city"), Strict: openai.Bool(true),
			Parameters: shared.FunctionParameters{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}},
				"required": []string{"city"}, "additionalProperties": false},
		})},
		ToolChoice:        openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String("auto")},
		ParallelToolCalls: openai.Bool(true),
	}
	whole, err := client.Chat.Completions.New(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "finish", whole.Choices[0].FinishReason, "tool_calls")
	checkWeatherCalls(t, whole.Choices[0].Message.ToolCalls)

	stream := client.Chat.Completions.NewStreaming(t.Context(), p, option.WithJSONSet("stream_options.include_usage", true))
	var all openai.ChatCompletionAccumulator
	for stream.Next() {
		all.AddChunk(stream.Current())
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	checkWeatherCalls(t, all.Choices[0].Message.ToolCalls)

	p.Messages = append(p.Messages, openai.ChatCompletionMessageParamUnion{}, openai.ToolMessage("18", "call_paris"), openai.ToolMessage("24", "call_rome"))
	second, err := client.Chat.Completions.New(t.Context(), p, option.WithJSONSet("messages.1", json.RawMessage(
		`{"role": "assistant", "content": null, "tool_calls": [
			{"id": "call_paris", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}},
			{"id": "call_rome", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Rome\"}"}}]}`)))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "text", second.Choices[0].Message.Content, "Paris 18 °C, Rome 24 °C.")
}

func checkWeatherCalls(t *testing.T, calls []openai.ChatCompletionMessageToolCallUnion) {
	t.Helper()
	if len(calls) != 2 {
		t.Fatalf("%d tool calls, want 2", len(calls))
	}
	for i, want := range []struct{ id, arguments string }{{"call_paris", `{"city":"Paris"}`}, {"call_rome", `{"city":"Rome"}`}} {
		equal(t, "id of the call", calls[i].ID, want.id)
		equal(t, "name of the function", calls[i].Function.Name, "get_weather")
		equal(t, "arguments", calls[i].Function.Arguments, want.arguments)
	}
}
