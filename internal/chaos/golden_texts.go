package chaos

import "strings"

// goldenDone is the last event of most golden streams.
const goldenDone = "[DONE]"

// goldenTexts are streams whose difficulty is the text.
func goldenTexts() []Stream {
	long := strings.Repeat("All work and no play makes Jack a dull boy. ", 60)
	words := strings.SplitAfter(strings.Repeat("and so on ", 10), " ")
	many := []string{roleDelta, say(long)}
	for _, w := range words {
		many = append(many, say(w))
	}
	return []Stream{
		{
			Name:     "ascii",
			Bytes:    sse(roleDelta, say("Hello"), say(","), say(" world"), say("!"), finish("stop"), goldenDone),
			Complete: true, Text: "Hello, world!", Finish: "stop",
		},
		{
			Name:     "cjk",
			Bytes:    sse(roleDelta, say("你好"), say(",世界"), say("。こんにちは"), say("、안녕하세요"), say("。𠮷野家"), finish("stop"), goldenDone),
			Complete: true, Text: "你好,世界。こんにちは、안녕하세요。𠮷野家", Finish: "stop",
		},
		{
			// One picture from seven code points, shared out over deltas as tokenizers do.
			Name: "emoji-zwj",
			Bytes: sse(roleDelta, say("\U0001F468"), say("\u200d\U0001F469"), say("\u200d\U0001F467\u200d"), say("\U0001F466 "),
				say("\U0001F3F3\uFE0F\u200d"), say("\U0001F308"), say("\U0001F44D\U0001F3FD"), finish("stop"), goldenDone),
			Complete: true, Finish: "stop",
			Text: "\U0001F468\u200d\U0001F469\u200d\U0001F467\u200d\U0001F466 \U0001F3F3\uFE0F\u200d\U0001F308\U0001F44D\U0001F3FD",
		},
		{
			Name:     "surrogate-escapes",
			Bytes:    sse(roleDelta, say(`smile \ud83d\ude00`), say(` \u4f60\u597d \uD83C\uDF08`), say(` \"q\" \\ \/ \n\t end`), finish("stop"), goldenDone),
			Complete: true, Text: "smile 😀 你好 🌈 \"q\" \\ / \n\t end", Finish: "stop",
		},
		{
			// What looks like the stream's own grammar, inside the text.
			Name:     "text-like-sse",
			Bytes:    sse(roleDelta, say(`data: [DONE]\n\n`), say(`data: {\"error\":1}\r\n`), say(`: ping \u2028`), finish("stop"), goldenDone),
			Complete: true, Text: "data: [DONE]\n\ndata: {\"error\":1}\r\n: ping \u2028", Finish: "stop",
		},
		{
			Name:     "long",
			Bytes:    sse(append(many, finish("stop"), goldenDone)...),
			Complete: true, Text: long + strings.Join(words, ""), Finish: "stop",
		},
		{
			Name:     "empty-deltas",
			Bytes:    sse(roleDelta, say(""), delta(""), say("a"), say(""), delta(`"content":null`), say("b"), say(""), finish("stop"), goldenDone),
			Complete: true, Text: "ab", Finish: "stop",
		},
	}
}
