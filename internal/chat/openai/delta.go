package openai

import (
	"errors"

	"github.com/weirhq/weir/internal/chat"
)

var errAnswer = errors.New("decoding an answer: not JSON as this dialect has it")

// Deltas decodes what an answer, or an event of one, says in each choice. A
// frame that says nothing (a marker, a comment, an error) has none.
func (Codec) Deltas(f chat.Frame) ([]chat.Delta, error) {
	if f.Kind != chat.Whole && f.Kind != chat.Event {
		return nil, nil
	}
	_, choices, err := openAnswer(f.Data)
	if err != nil {
		return nil, err
	}
	deltas := make([]chat.Delta, len(choices))
	for i := range choices {
		deltas[i] = choices[i].delta
	}
	return deltas, nil
}

// choice is one choice of an answer: what it says, and what it came from.
type choice struct {
	delta chat.Delta
	o     object // the choice
	key   string // "delta" or "message": the member that holds what it says
	inner object // that member
	calls []kept // the calls in inner, beside delta.ToolCalls
}

// kept is a tool call as it came.
type kept struct {
	raw []byte
	was chat.ToolCall
}

// openAnswer takes an answer apart down to its choices. Of an object whose
// members repeat two readers may see different things, so it counts as broken.
func openAnswer(data []byte) (object, []choice, error) {
	o, ok := takeApart(data)
	if !ok || o.repeats != "" {
		return o, nil, errAnswer
	}
	list, ok := elements(o.get("choices"))
	if v := o.get("choices"); !ok && len(v) > 0 && v[0] == '[' {
		return o, nil, errAnswer
	}
	choices := make([]choice, len(list))
	for i, raw := range list {
		if choices[i], ok = openChoice(raw); !ok {
			return o, nil, errAnswer
		}
	}
	return o, choices, nil
}

func openChoice(raw []byte) (c choice, ok bool) {
	if c.o, ok = takeApart(raw); !ok || c.o.repeats != "" {
		return c, false
	}
	c.delta.Choice = int(count(c.o.get("index")))
	c.delta.Finish = reason(c.o.get("finish_reason"))
	for _, key := range []string{"delta", "message"} {
		v := c.o.get(key)
		if len(v) == 0 || v[0] != '{' {
			continue
		}
		c.key = key
		if c.inner, ok = takeApart(v); !ok || c.inner.repeats != "" {
			return c, false
		}
		return c, c.open()
	}
	return c, true
}

// open decodes what the choice says.
func (c *choice) open() bool {
	d, in := &c.delta, c.inner
	ok := takeText(&d.Role, in.get("role")) && takeContent(&d.Text, in.get("content")) &&
		takeText(&d.Refusal, in.get("refusal")) && takeText(&d.Reasoning, in.get("reasoning"))
	if v := in.get("reasoning_content"); len(v) > 0 && v[0] == '"' {
		ok = takeText(&d.Reasoning, v) && ok
	}
	return ok && c.openCalls()
}

func (c *choice) openCalls() bool {
	list, ok := elements(c.inner.get("tool_calls"))
	if v := c.inner.get("tool_calls"); !ok && len(v) > 0 && v[0] == '[' {
		return false
	}
	for i, raw := range list {
		o, ok := takeApart(raw)
		if !ok || o.repeats != "" {
			return false
		}
		call, ok := decodeCall(o, i)
		if !ok {
			return false
		}
		c.keep(raw, call)
	}
	v := c.inner.get("function_call")
	if len(v) == 0 || v[0] != '{' {
		return true
	}
	o, ok := takeApart(v)
	if !ok || o.repeats != "" {
		return false
	}
	call, ok := decodeOldCall(o)
	c.keep(v, call)
	return ok
}

func (c *choice) keep(raw []byte, call chat.ToolCall) {
	c.calls = append(c.calls, kept{raw, call})
	c.delta.ToolCalls = append(c.delta.ToolCalls, call)
}

// takeContent decodes a text, or joins the texts of parts: some makers send them.
func takeContent(dst *string, v []byte) bool {
	if len(v) == 0 || v[0] != '[' {
		return takeText(dst, v)
	}
	list, ok := elements(v)
	if !ok {
		return false
	}
	for _, e := range list {
		o, isObject := takeApart(e)
		var s string
		if isObject && !takeText(&s, o.get("text")) || o.repeats != "" {
			return false
		}
		*dst += s
	}
	return true
}
