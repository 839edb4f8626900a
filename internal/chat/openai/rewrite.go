package openai

import (
	"bytes"
	"slices"

	"github.com/weirhq/weir/internal/chat"
)

// AppendFrame encodes f so that it says d, and nothing else than d: a choice of
// f that d does not have is taken away, one that f does not have is added. What
// d does not speak of stays as it came; what would repeat a text that changed
// (log probabilities, a maker's own copy of the reasoning) is taken out. When d
// is what Deltas gave, the bytes are those of f.
func (Codec) AppendFrame(dst []byte, f chat.Frame, d []chat.Delta) ([]byte, error) {
	if f.Kind != chat.Whole && f.Kind != chat.Event {
		return append(dst, f.Raw...), nil
	}
	o, choices, err := openAnswer(f.Data)
	if err != nil {
		return dst, err
	}
	list, changed := rewriteChoices(choices, d, f.Kind == chat.Event)
	if !changed {
		return append(dst, f.Raw...), nil
	}
	v := appendList(nil, len(list), func(dst []byte, i int) []byte { return append(dst, list[i]...) })
	data := o.patched(nil, chat.Field{Name: "choices", Value: v})
	if f.Kind == chat.Whole {
		return append(dst, data...), nil
	}
	return appendEvent(dst, f.Raw, oneLine(data)), nil
}

// rewriteChoices gives the choices as they shall be, and whether that is
// different from how they were.
func rewriteChoices(choices []choice, d []chat.Delta, streamed bool) (list [][]byte, changed bool) {
	used := make([]bool, len(d))
	for i := range choices {
		c := &choices[i]
		at := wanted(d, used, c.delta.Choice)
		if at < 0 {
			changed = true
			continue
		}
		used[at] = true
		raw := c.say(d[at], streamed)
		changed = changed || !bytes.Equal(raw, c.o.raw)
		list = append(list, raw)
	}
	for i := range d {
		if !used[i] {
			list = append(list, composeChoice(nil, d[i], streamed))
			changed = true
		}
	}
	return list, changed
}

// wanted finds the delta for a choice.
func wanted(d []chat.Delta, used []bool, index int) int {
	for i := range d {
		if !used[i] && d[i].Choice == index {
			return i
		}
	}
	return -1
}

// say gives the choice as it is when it says d.
func (c *choice) say(d chat.Delta, streamed bool) []byte {
	was := &c.delta
	inner := c.innerPatches(d, streamed)
	var patches []chat.Field
	if len(inner) > 0 {
		key, o := c.key, c.inner
		if key == "" {
			key = holder(streamed)
			o, _ = takeApart([]byte("{}"))
		}
		patches = append(patches, chat.Field{Name: key, Value: o.patched(nil, inner...)})
	}
	if d.Finish != was.Finish {
		patches = append(patches, chat.Field{Name: "finish_reason", Value: textOrNull(d.Finish)})
	}
	if v := c.o.get("logprobs"); v != nil && v[0] == '{' && (d.Text != was.Text || d.Refusal != was.Refusal) {
		patches = append(patches, chat.Field{Name: "logprobs", Value: null})
	}
	return c.o.patched(nil, patches...)
}

// holder is the member of a choice that says something.
func holder(streamed bool) string {
	if streamed {
		return "delta"
	}
	return "message"
}

func (c *choice) innerPatches(d chat.Delta, streamed bool) (p []chat.Field) {
	was := &c.delta
	if d.Role != was.Role {
		p = append(p, chat.Field{Name: "role", Value: textOrNothing(d.Role)})
	}
	if d.Text != was.Text {
		p = append(p, chat.Field{Name: "content", Value: appendText(nil, d.Text)})
	}
	if d.Refusal != was.Refusal {
		p = append(p, chat.Field{Name: "refusal", Value: textOrNull(d.Refusal)})
	}
	if d.Reasoning != was.Reasoning {
		p = append(p, c.reasoningPatches(d.Reasoning)...)
	}
	return append(p, c.callPatches(d.ToolCalls, streamed)...)
}

// reasoningPatches changes the reasoning under the names it came with. Members
// that hold it once more, in a maker's own form, cannot be changed along.
func (c *choice) reasoningPatches(v string) (p []chat.Field) {
	value := appendText(nil, v)
	for _, name := range []string{"reasoning_content", "reasoning"} {
		if has(c.inner.members, name) {
			p = append(p, chat.Field{Name: name, Value: value})
		}
	}
	if p == nil {
		p = append(p, chat.Field{Name: "reasoning_content", Value: value})
	}
	for _, name := range []string{"reasoning_details", "thinking_blocks"} {
		p = append(p, chat.Field{Name: name})
	}
	return p
}

// callPatches changes the calls of tools.
func (c *choice) callPatches(calls []chat.ToolCall, streamed bool) (p []chat.Field) {
	var list, old [][]byte
	same := len(calls) == len(c.calls)
	left := slices.Clone(c.calls)
	for _, call := range calls {
		k := takeCall(&left, call.Index)
		same = same && k.raw != nil && sameCall(call, k.was)
		raw := appendCall(nil, call, k.raw, k.was, streamed)
		if call.Index < 0 {
			old = append(old, raw)
		} else {
			list = append(list, raw)
		}
	}
	if same {
		return nil
	}
	var v []byte
	if len(list) > 0 {
		v = appendList(nil, len(list), func(dst []byte, i int) []byte { return append(dst, list[i]...) })
	}
	p = append(p, chat.Field{Name: "tool_calls", Value: v})
	if len(old) > 0 {
		return append(p, chat.Field{Name: "function_call", Value: old[0]})
	}
	return append(p, chat.Field{Name: "function_call"})
}

// takeCall finds the call that came with an index, and takes it from the list.
func takeCall(left *[]kept, index int) kept {
	i := slices.IndexFunc(*left, func(k kept) bool { return k.was.Index == index })
	if i < 0 {
		return kept{}
	}
	k := (*left)[i]
	*left = slices.Delete(*left, i, i+1)
	return k
}

// textOrNothing gives no value, which takes the member away, for an empty text.
func textOrNothing(v string) []byte {
	if v == "" {
		return nil
	}
	return appendText(nil, v)
}

func textOrNull(v string) []byte {
	if v == "" {
		return null
	}
	return appendText(nil, v)
}

// oneLine makes JSON fit for a data line: what ends lines in it is white space
// between its values.
func oneLine(data []byte) []byte {
	for i, c := range data {
		if c == '\n' || c == '\r' {
			data[i] = ' '
		}
	}
	return data
}

// appendEvent writes an event with other data: its other lines as they came,
// the data in one line where its first one was.
func appendEvent(dst, raw, data []byte) []byte {
	written := false
	for len(raw) > 0 {
		end := len(raw)
		if i := bytes.IndexAny(raw, "\r\n"); i >= 0 {
			end = i + 1
			if raw[i] == '\r' && end < len(raw) && raw[end] == '\n' {
				end++
			}
		}
		line := raw[:end]
		raw = raw[end:]
		text := bytes.TrimRight(bytes.TrimPrefix(line, mark), "\r\n")
		if !bytes.HasPrefix(text, dataField) && string(text) != "data" {
			dst = append(dst, line...)
			continue
		}
		if written {
			continue
		}
		written = true
		dst = append(append(dst, "data: "...), data...)
		dst = append(dst, line[len(bytes.TrimRight(line, "\r\n")):]...)
	}
	return dst
}
