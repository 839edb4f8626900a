//go:build tools

package test

// arrivals are the requests that reach the upstream, case by case and in order,
// whichever client sent them: what the client wrote, with the model's own id, and
// nothing more. aimock's journal keeps a body as values, with a mark of its own
// that is taken off before it is compared.
var arrivals = map[string][]arrival{
	"plain": {{status: 200, body: `{
		"model": "gpt-mock-a", "temperature": 0.3, "max_completion_tokens": 100, "seed": 7, "stop": ["END"], "user": "user-1", "metadata": {"team": "weir"},
		"messages": [{"role": "system", "content": "Answer in one sentence."}, {"role": "user", "content": "What is the capital of France?"}]}`}},
	// Usage is asked for on every stream; the client that did not ask does not see it.
	"stream": {
		{status: 200, body: `{"model": "gpt-mock-a", "stream": true, "stream_options": {"include_usage": true}, "messages": [{"role": "user", "content": "What is the capital of France?"}]}`},
		{status: 200, body: `{"model": "gpt-mock-a", "stream": true, "stream_options": {"include_usage": true}, "messages": [{"role": "user", "content": "What is the capital of France?"}]}`},
	},
	"tools": {
		{status: 200, body: `{"model": "gpt-mock-a", ` + weatherTools + `, "messages": [` + weatherQuestion + `]}`},
		{status: 200, body: `{"model": "gpt-mock-a", "stream": true, "stream_options": {"include_usage": true}, ` + weatherTools + `, "messages": [` + weatherQuestion + `]}`},
		{status: 200, body: `{"model": "gpt-mock-a", ` + weatherTools + `, "messages": [` + weatherQuestion + `,
			{"role": "assistant", "content": null, "tool_calls": [
				{"id": "call_paris", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}},
				{"id": "call_rome", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Rome\"}"}}]},
			{"role": "tool", "tool_call_id": "call_paris", "content": "18"},
			{"role": "tool", "tool_call_id": "call_rome", "content": "24"}]}`},
	},
	"structured": {{status: 200, body: `{"model": "gpt-mock-a",
		"messages": [{"role": "user", "content": "Extract the event: the launch is on Friday."}],
		"response_format": {"type": "json_schema", "json_schema": {"name": "event", "strict": true, "schema": {
			"type": "object", "properties": {"name": {"type": "string"}, "day": {"type": "string"}}, "required": ["name", "day"], "additionalProperties": false}}}}`}},
	"images": {{status: 200, body: `{"model": "gpt-mock-a", "messages": [{"role": "user", "content": [
		{"type": "text", "text": "What colour is this?"},
		{"type": "image_url", "image_url": {"url": "` + redDot + `", "detail": "low"}}]}]}`}},
	"untouched": {{status: 200, body: `{"model": "gpt-mock-a", "n": 2, "logprobs": true, "top_logprobs": 3, "logit_bias": {"50256": -100}, "presence_penalty": -0.5,
		"reasoning_effort": "low", "x_vendor": {"nested": [1.5, null, "é\u2028😀"], "flag": true},
		"messages": [{"role": "user", "content": "Give me two likely words."}]}`}},
	// aimock's journal keeps of an embedding request its model and its texts.
	"embeddings": {{status: 200, path: "/v1/embeddings", body: `{"model": "text-embedding-3-small", "messages": [], "embeddingInput": "red blue"}`}},
	"models":     {},
	"errors": {
		{status: 429, body: `{"model": "gpt-mock-a", "messages": [{"role": "user", "content": "Too many requests"}]}`},
		{status: 400, body: `{"model": "gpt-mock-a", "messages": [{"role": "user", "content": "A prompt that is too long"}]}`},
		// What came with the wrong key is refused before aimock writes its journal.
	},
	"abort": {{status: 200, body: `{"model": "gpt-mock-a", "stream": true, "stream_options": {"include_usage": true}, "messages": [{"role": "user", "content": "Count to a thousand."}]}`}},
}

// arrival is one request as the upstream should have it.
type arrival struct {
	path   string // empty: /v1/chat/completions
	body   string
	status int // of the upstream's answer
}

const (
	weatherTools = `"tool_choice": "auto", "parallel_tool_calls": true, "tools": [{"type": "function", "function": {
		"name": "get_weather", "description": "Weather of a city", "strict": true,
		"parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": false}}}]`
	weatherQuestion = `{"role": "user", "content": "What is the weather in Paris and Rome?"}`

	// redDot is an image of one red pixel.
	redDot = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
)
