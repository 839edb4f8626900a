package openai

import (
	"strconv"

	"github.com/weirhq/weir/internal/chat"
)

// inspect looks once over the JSON of an answer or of an event and notes in f
// what it finds. f.Kind must be Whole or Event; it becomes Failure when the
// data is an error, Malformed when it is not one JSON object. t follows the
// choices of a stream; nil for a whole answer.
func inspect(data []byte, f *chat.Frame, t *tracker) {
	c := cursor{b: data}
	if !c.enter('{') {
		f.Kind = chat.Malformed
		return
	}
	var seen tracker // counts only once the data turned out to be whole
	empty, failed := false, false
	for {
		key, more := c.member()
		if !more {
			break
		}
		switch string(key) {
		case "choices":
			empty = inspectChoices(&c, f, &seen)
		case "usage":
			inspectUsage(&c, f)
		case "id":
			f.ID = inside(c.raw())
		case "model":
			f.Model = inside(c.raw())
		case "system_fingerprint":
			f.Fingerprint = inside(c.raw())
		case "error":
			failed = string(c.raw()) != "null" || failed
		case "object":
			failed = string(c.raw()) == `"error"` || failed
		default:
			c.skip()
		}
	}
	switch {
	case !c.finish():
		*f = chat.Frame{Kind: chat.Malformed, Raw: f.Raw, Data: f.Data}
	case failed:
		f.Kind = chat.Failure
	default:
		f.UsageOnly = empty && f.HasUsage
		t.add(seen)
	}
}

// inside is what stands between the quotes of a string, nil for another value.
func inside(v []byte) []byte {
	if len(v) < 2 || v[0] != '"' {
		return nil
	}
	return v[1 : len(v)-1]
}

// inspectChoices reports whether the array is there and empty.
func inspectChoices(c *cursor, f *chat.Frame, t *tracker) (empty bool) {
	if !c.enter('[') {
		c.skip()
		return false
	}
	empty = true
	for c.element() {
		empty = false
		inspectChoice(c, f, t)
	}
	return empty
}

func inspectChoice(c *cursor, f *chat.Frame, t *tracker) {
	if !c.enter('{') {
		c.skip()
		return
	}
	index, finish := int64(0), ""
	for {
		key, more := c.member()
		if !more {
			break
		}
		switch string(key) {
		case "index":
			index = count(c.raw())
		case "delta", "message":
			inspectDelta(c, f)
		case "text": // of the older completions
			f.Visible = says(f, c.raw()) || f.Visible
		case "finish_reason":
			finish = reason(c.raw())
		default:
			c.skip()
		}
	}
	if f.Finish == "" {
		f.Finish = finish
	}
	t.note(index, finish != "")
}

func inspectDelta(c *cursor, f *chat.Frame) {
	if !c.enter('{') {
		c.skip()
		return
	}
	for {
		key, more := c.member()
		if !more {
			return
		}
		switch string(key) {
		case "content":
			f.Visible = says(f, c.raw()) || f.Visible
		case "tool_calls", "function_call":
			f.Visible = calls(f, c.raw()) || f.Visible
		case "audio":
			f.Visible = given(c.raw()) || f.Visible
		case "refusal":
			if says(f, c.raw()) {
				f.Visible, f.Refusal = true, true
			}
		case "reasoning_content", "reasoning":
			f.Reasoning = says(f, c.raw()) || f.Reasoning
		default:
			c.skip()
		}
	}
}

// says notes a piece of what the model says, and tells whether it is any.
func says(f *chat.Frame, v []byte) bool {
	switch {
	case !given(v):
		return false
	case f.Said != nil || f.Many || v[0] != '"':
		f.Said, f.Many = nil, true
	default:
		f.Said = v[1 : len(v)-1]
	}
	return true
}

// calls does the same for the calls of tools: most events of a call hold a piece
// of its arguments and nothing else.
func calls(f *chat.Frame, v []byte) bool {
	if !given(v) {
		return false
	}
	c := cursor{b: v}
	if v[0] == '[' && c.enter('[') {
		for c.element() {
			callSays(&c, f)
		}
		return true
	}
	callSays(&c, f)
	return true
}

// callSays finds the pieces in a call, or in what it holds under function or custom.
func callSays(c *cursor, f *chat.Frame) {
	if !c.enter('{') {
		c.skip()
		return
	}
	for {
		key, more := c.member()
		if !more {
			return
		}
		switch string(key) {
		case "function", "custom":
			callSays(c, f)
		case "name", "arguments", "input":
			says(f, c.raw())
		default:
			c.skip()
		}
	}
}

// given tells whether a value holds anything: a text, a list or an object that
// is not empty.
func given(v []byte) bool {
	switch {
	case len(v) < 2 || v[0] != '"' && v[0] != '[' && v[0] != '{':
		return false
	case len(v) == 2 || v[0] == '"':
		return len(v) > 2
	}
	i := 1
	for white(v[i]) {
		i++
	}
	return i < len(v)-1
}

// inspectUsage reads the counts. Names that other makers of this dialect use
// for the same thing are read too; of two, the one that is not zero.
func inspectUsage(c *cursor, f *chat.Frame) {
	if !c.enter('{') {
		c.skip()
		return
	}
	var u chat.Usage
	readUsage(c, &u)
	if max(u.Input, u.Output, u.Cached, u.CacheWrite, u.Reasoning) <= mostTokens {
		f.HasUsage, f.Usage = true, u
	}
}

// mostTokens is far more than any answer has. A count beyond it is a server's
// defect, and no report: added up, a few of them would overrun the ledger.
const mostTokens = 1 << 32

func readUsage(c *cursor, u *chat.Usage) {
	for {
		key, more := c.member()
		if !more {
			return
		}
		switch string(key) {
		case "prompt_tokens":
			u.Input = count(c.raw())
		case "completion_tokens":
			u.Output = count(c.raw())
		case "cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens":
			u.Cached = max(u.Cached, count(c.raw()))
		case "cache_write_tokens", "cache_creation_input_tokens":
			u.CacheWrite = max(u.CacheWrite, count(c.raw()))
		case "reasoning_tokens":
			u.Reasoning = max(u.Reasoning, count(c.raw()))
		case "prompt_tokens_details", "completion_tokens_details":
			if c.enter('{') {
				readUsage(c, u)
			} else {
				c.skip()
			}
		default:
			c.skip()
		}
	}
}

// count reads a number of tokens or an index. What is none counts as 0.
func count(v []byte) int64 {
	n := digits(v)
	i, err := strconv.ParseInt(view(v[:n]), 10, 64)
	if err != nil {
		return 0
	}
	return i
}

// reason reads a finish reason; the usual ones are not copied.
func reason(v []byte) string {
	switch string(v) {
	case `"stop"`:
		return "stop"
	case `"length"`:
		return "length"
	case `"tool_calls"`:
		return "tool_calls"
	case `"content_filter"`:
		return "content_filter"
	case `"function_call"`:
		return "function_call"
	case `""`, "null":
		return ""
	}
	s, _ := text(v)
	return s
}
