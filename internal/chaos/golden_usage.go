package chaos

import "fmt"

// spent is the usage field of a chunk.
func spent(u Usage) string {
	return fmt.Sprintf(`"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":{"cached_tokens":%d},"completion_tokens_details":{"reasoning_tokens":%d}}`,
		u.Input, u.Output, u.Input+u.Output, u.Cached, u.Reasoning)
}

// goldenUsage are streams whose difficulty is where the usage stands.
func goldenUsage() []Stream {
	const none = `"usage":null`
	return []Stream{
		{
			Name: "usage-empty-choices",
			Bytes: sse(with(roleDelta, none), with(say("one"), none), with(say(" two"), none), with(finish("stop"), none),
				with(choices(""), spent(Usage{Input: 19, Output: 2, Cached: 16})), goldenDone),
			Complete: true, Text: "one two", Finish: "stop", Usage: &Usage{Input: 19, Output: 2, Cached: 16},
		},
		{
			Name:     "usage-nonempty-choices",
			Bytes:    sse(roleDelta, say("one"), say(" two"), with(finish("stop"), spent(Usage{Input: 19, Output: 2})), goldenDone),
			Complete: true, Text: "one two", Finish: "stop", Usage: &Usage{Input: 19, Output: 2},
		},
		{
			// Promised by the nulls, and never told.
			Name:     "usage-null",
			Bytes:    sse(with(roleDelta, none), with(say("one"), none), with(finish("stop"), none), goldenDone),
			Complete: true, Text: "one", Finish: "stop",
		},
		{
			// The sum of what is told would be 60 in and 6 out.
			Name: "usage-running",
			Bytes: sse(with(roleDelta, spent(Usage{Input: 15})), with(say("one"), spent(Usage{Input: 15, Output: 1})),
				with(say(" two"), spent(Usage{Input: 15, Output: 2})), with(finish("stop"), spent(Usage{Input: 15, Output: 3})), goldenDone),
			Complete: true, Text: "one two", Finish: "stop", Usage: &Usage{Input: 15, Output: 3},
		},
		{
			Name: "usage-twice",
			Bytes: sse(roleDelta, say("one"), finish("stop"), with(choices(""), spent(Usage{Input: 7, Output: 4})),
				with(choices(""), spent(Usage{Input: 7, Output: 9, Cached: 3, Reasoning: 2})), goldenDone),
			Complete: true, Text: "one", Finish: "stop", Usage: &Usage{Input: 7, Output: 9, Cached: 3, Reasoning: 2},
		},
		{
			// Zero is a figure, not the want of one.
			Name:     "usage-zero",
			Bytes:    sse(roleDelta, finish("stop"), with(choices(""), spent(Usage{Input: 11})), goldenDone),
			Complete: true, Finish: "stop", Usage: &Usage{Input: 11},
		},
	}
}
