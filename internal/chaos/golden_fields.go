package chaos

// callDelta is a chunk with a piece of a tool call of choice 0.
func callDelta(call string) string { return delta(`"tool_calls":[` + call + `]`) }

// thinkDelta is a chunk with reasoning and a field that no dialect knows.
func thinkDelta(text string) string {
	return delta(`"reasoning_content":"` + text + `","reasoning_signature":{"v":1,"kept":[true,null]}`)
}

// goldenFields are streams whose difficulty is in fields besides the text.
func goldenFields() []Stream {
	logprob := func(token, bytes string) string {
		return `"logprobs":{"content":[{"token":"` + token + `","logprob":-0.25,"bytes":` + bytes +
			`,"top_logprobs":[{"token":"` + token + `","logprob":-0.25,"bytes":` + bytes + `}]}],"refusal":null}`
	}
	scored := func(text, bytes string) string {
		return choices(`{"index":0,"delta":{"content":"` + text + `"},` + logprob(text, bytes) + `,"finish_reason":null}`)
	}
	other := func(fields, reason string) string { return choices(choiceOf(1, fields, reason)) }
	return []Stream{
		{
			// Parallel calls, the pieces of their arguments mixed, one chunk carrying both.
			Name: "tool-calls",
			Bytes: sse(delta(`"role":"assistant","content":null`),
				callDelta(`{"index":0,"id":"call_a","type":"function","function":{"name":"weather","arguments":""}}`),
				callDelta(`{"index":1,"id":"call_b","type":"function","function":{"name":"clock","arguments":""}}`),
				callDelta(`{"index":1,"function":{"arguments":"{\"zone\":"}}`),
				callDelta(`{"index":0,"function":{"arguments":"{\"city\":\"Par"}}`),
				callDelta(`{"index":0,"function":{"arguments":"is\"}"}},{"index":1,"function":{"arguments":"\"UTC\"}"}}`),
				finish("tool_calls"), goldenDone),
			Complete: true, Finish: "tool_calls",
		},
		{
			// Choice 1 ends after choice 0, and both speak in one chunk once.
			Name: "n-2",
			Bytes: sse(roleDelta, other(`"role":"assistant","content":""`, "null"), say("left"), other(`"content":"right"`, "null"),
				choices(choiceOf(0, `"content":" a"`, "null")+","+choiceOf(1, `"content":" b"`, "null")),
				finish("stop"), other(`"content":" c"`, "null"), other("", `"length"`), goldenDone),
			Complete: true, Text: "left a", Finish: "stop",
		},
		{
			Name:     "logprobs",
			Bytes:    sse(roleDelta, scored("Yes", "[89,101,115]"), scored("é", "[195,169]"), finish("stop"), goldenDone),
			Complete: true, Text: "Yesé", Finish: "stop",
		},
		{
			Name: "reasoning",
			Bytes: sse(roleDelta, thinkDelta("First, "), thinkDelta("then."), say("42"), finish("stop"),
				with(choices(""), `"usage":{"prompt_tokens":5,"completion_tokens":9,"total_tokens":14,"completion_tokens_details":{"reasoning_tokens":8}}`), goldenDone),
			Complete: true, Text: "42", Finish: "stop", Usage: &Usage{Input: 5, Output: 9, Reasoning: 8},
		},
		{
			Name:     "refusal",
			Bytes:    sse(delta(`"role":"assistant","content":null,"refusal":""`), delta(`"refusal":"I can not"`), delta(`"refusal":" do that."`), finish("stop"), goldenDone),
			Complete: true, Finish: "stop",
		},
		{
			// The first chunk has verdicts on the prompt and no choices, as Azure's has.
			Name: "prompt-verdicts",
			Bytes: sse(with(choices(""), `"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]`),
				roleDelta, say("fine"), finish("stop"), goldenDone),
			Complete: true, Text: "fine", Finish: "stop",
		},
	}
}
