package chaos

// goldenEndings are streams that end otherwise than with stop and [DONE].
func goldenEndings() []Stream {
	whole := sse(roleDelta, say("half a"), say(" sentence"), finish("stop"), goldenDone)
	return []Stream{
		{
			Name:     "no-done",
			Bytes:    sse(roleDelta, say("bye"), finish("stop")),
			Complete: true, Text: "bye", Finish: "stop",
		},
		{
			Name:     "no-finish",
			Bytes:    sse(roleDelta, say("bye"), goldenDone),
			Complete: true, Text: "bye",
		},
		{
			Name:     "content-filter",
			Bytes:    sse(roleDelta, say("I would"), finish("content_filter"), goldenDone),
			Complete: true, Text: "I would", Finish: "content_filter",
		},
		{
			Name:     "length",
			Bytes:    sse(roleDelta, say("once upon"), say(" a"), finish("length"), goldenDone),
			Complete: true, Text: "once upon a", Finish: "length",
		},
		{
			// Text and reason in one chunk.
			Name:     "finish-with-text",
			Bytes:    sse(roleDelta, say("a"), choices(choiceOf(0, `"content":"b"`, `"stop"`)), goldenDone),
			Complete: true, Text: "ab", Finish: "stop",
		},
		{
			Name:  "truncated-between",
			Bytes: sse(roleDelta, say("half a"), say(" sentence")),
			Text:  "half a sentence",
		},
		{
			Name:  "truncated-within",
			Bytes: whole[:len(sse(roleDelta, say("half a")))+40],
			Text:  "half a",
		},
		{
			Name:  "error-event",
			Bytes: sse(roleDelta, say("half a"), `{"error":{"message":"overloaded","type":"server_error","param":null,"code":null}}`),
			Text:  "half a",
		},
	}
}
