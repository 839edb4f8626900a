package openai

import (
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/weirhq/weir/internal/chat"
)

// Compose makes the frames of an answer that Weir gives by itself, in the shape
// and order that OpenAI's own server sends.
func (Codec) Compose(c *chat.Completion, stream, includeUsage bool) chat.Frames {
	m := maker{Completion: c, id: c.ID, finish: c.Finish, usage: stream && includeUsage}
	if m.id == "" {
		m.id = madeID(c)
	}
	if m.finish == "" {
		if m.finish = "stop"; len(c.ToolCalls) > 0 {
			m.finish = "tool_calls"
		}
	}
	if !stream {
		return NewWhole(m.whole())
	}
	return chat.Of(m.events()...)
}

// maker composes one answer.
type maker struct {
	*chat.Completion
	id, finish string
	usage      bool // a stream that ends with an event of usage, and has "usage": null before
}

// madeID is an id made of the answer itself: there is no clock and no chance in here.
func madeID(c *chat.Completion) string {
	h := fnv.New64a()
	_, _ = h.Write(strconv.AppendInt(nil, c.Created, 10))
	_, _ = h.Write([]byte(c.Model))
	for _, t := range c.Text {
		_, _ = h.Write([]byte(t))
	}
	for _, t := range c.ToolCalls {
		_, _ = h.Write([]byte(t.ID + t.Arguments))
	}
	return "chatcmpl-" + strconv.FormatUint(h.Sum64(), 36) + strconv.FormatInt(c.Created, 36)
}

// envelope opens a body or an event.
func (m *maker) envelope(kind string) writer {
	return begin(nil).text("id", m.id).text("object", kind).int("created", m.Created).text("model", m.Model)
}

func (m *maker) whole() []byte {
	d := chat.Delta{Text: strings.Join(m.Text, ""), ToolCalls: m.ToolCalls, Finish: m.finish}
	w := m.envelope("chat.completion").raw("choices", one(composeChoice(nil, d, false)))
	return m.extras(w.raw("usage", appendUsage(nil, m.Usage))).end()
}

// events are: who speaks, the pieces of text, the calls, the reason of the end,
// the usage when it was asked for, and the marker.
func (m *maker) events() []chat.Frame {
	opening := `{"role":"assistant","content":"","refusal":null}`
	if len(m.Text) == 0 && len(m.ToolCalls) > 0 {
		opening = `{"role":"assistant","content":null,"refusal":null}`
	}
	frames := []chat.Frame{m.event(opening, "")}
	for _, t := range m.Text {
		frames = append(frames, m.event(string(begin(nil).text("content", t).end()), ""))
	}
	for i, call := range m.ToolCalls {
		call.Index = i
		named := call
		named.Arguments = ""
		frames = append(frames, m.callEvent(named), m.callEvent(chat.ToolCall{Index: i, Arguments: call.Arguments}))
	}
	frames = append(frames, m.event("{}", m.finish))
	if m.usage {
		w := m.envelope("chat.completion.chunk").raw("choices", []byte("[]"))
		frames = append(frames, m.frame(w.raw("usage", appendUsage(nil, m.Usage))))
	}
	return append(frames, chat.Frame{Kind: chat.Done, Raw: []byte("data: [DONE]\n\n")})
}

func (m *maker) callEvent(call chat.ToolCall) chat.Frame {
	list := one(composeCall(nil, call, true))
	return m.event(string(begin(nil).raw("tool_calls", list).end()), "")
}

func (m *maker) event(delta, finish string) chat.Frame {
	c := begin(nil).int("index", 0).raw("delta", []byte(delta)).raw("logprobs", null).textOrNull("finish_reason", finish)
	w := m.envelope("chat.completion.chunk").raw("choices", one(c.end()))
	if m.usage {
		w = w.raw("usage", null)
	}
	return m.frame(w)
}

func (m *maker) frame(w writer) chat.Frame {
	raw := append(append([]byte("data: "), oneLine(m.extras(w).end())...), "\n\n"...)
	f := chat.Frame{Kind: chat.Event, Raw: raw, Data: raw[len("data: ") : len(raw)-len("\n\n")]}
	inspect(f.Data, &f, nil)
	return f
}

func (m *maker) extras(w writer) writer {
	for _, f := range m.Extra {
		w = w.raw(f.Name, f.Value)
	}
	return w
}

func one(v []byte) []byte {
	return append(append([]byte{'['}, v...), ']')
}

// composeChoice writes a choice that did not come from a model.
func composeChoice(dst []byte, d chat.Delta, streamed bool) []byte {
	w := begin(dst).int("index", int64(d.Choice)).raw(holder(streamed), composeMessage(d, streamed))
	return w.raw("logprobs", null).textOrNull("finish_reason", d.Finish).end()
}

// composeMessage writes what a choice says: all members of a message, of a
// delta only those that it has.
func composeMessage(d chat.Delta, streamed bool) []byte {
	w := begin(nil)
	if !streamed && d.Role == "" {
		d.Role = "assistant"
	}
	if d.Role != "" {
		w = w.text("role", d.Role)
	}
	switch {
	case d.Text != "":
		w = w.text("content", d.Text)
	case !streamed && len(d.ToolCalls) == 0 && d.Refusal == "":
		w = w.text("content", "")
	case !streamed:
		w = w.raw("content", null)
	}
	if d.Reasoning != "" {
		w = w.text("reasoning_content", d.Reasoning)
	}
	if !streamed || d.Refusal != "" {
		w = w.textOrNull("refusal", d.Refusal)
	}
	return composeCalls(w, d.ToolCalls, streamed).end()
}

func composeCalls(w writer, calls []chat.ToolCall, streamed bool) writer {
	var list []chat.ToolCall
	for _, c := range calls {
		if c.Index < 0 {
			w = w.raw("function_call", composeCall(nil, c, streamed))
		} else {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return w
	}
	return w.raw("tool_calls", appendList(nil, len(list), func(dst []byte, i int) []byte {
		return composeCall(dst, list[i], streamed)
	}))
}

// appendUsage writes the counts. The details are parts of the counts, so the
// total is the sum of the two.
func appendUsage(dst []byte, u chat.Usage) []byte {
	w := begin(dst).int("prompt_tokens", u.Input).int("completion_tokens", u.Output).int("total_tokens", u.Input+u.Output)
	in := begin(nil).int("cached_tokens", u.Cached)
	if u.CacheWrite > 0 {
		in = in.int("cache_write_tokens", u.CacheWrite)
	}
	w = w.raw("prompt_tokens_details", in.end())
	return w.raw("completion_tokens_details", begin(nil).int("reasoning_tokens", u.Reasoning).end()).end()
}
