package openai

import (
	"slices"

	"github.com/weirhq/weir/internal/chat"
)

// Append puts a request's body together again: the messages, then the other
// members in the order they came.
func (Codec) Append(dst []byte, t *chat.Turn) ([]byte, error) {
	w := begin(dst)
	if len(t.Messages) > 0 {
		w = w.key("messages")
		w.b = appendList(w.b, len(t.Messages), func(dst []byte, i int) []byte {
			return appendMessage(dst, &t.Messages[i])
		})
	}
	for _, f := range t.Fields {
		w = w.raw(f.Name, f.Value)
	}
	return w.end(), nil
}

func appendMessage(dst []byte, m *chat.Message) []byte {
	w := begin(dst)
	if m.Role != "" {
		w = w.text("role", m.Role)
	}
	if m.Name != "" {
		w = w.text("name", m.Name)
	}
	w = appendContent(w, m)
	w = appendCalls(w, m.ToolCalls)
	if m.ToolCallID != "" {
		w = w.text("tool_call_id", m.ToolCallID)
	}
	for _, f := range m.Fields {
		if !superseded(m, f.Name) {
			w = w.raw(f.Name, f.Value)
		}
	}
	return w.end()
}

// superseded tells whether a member kept among the unknown ones (parseMessage)
// has been given a value since.
func superseded(m *chat.Message, name string) bool {
	switch name {
	case "role":
		return m.Role != ""
	case "name":
		return m.Name != ""
	case "tool_call_id":
		return m.ToolCallID != ""
	case "content":
		return !contentless(m)
	case "tool_calls":
		return len(m.ToolCalls) > 0
	case "function_call":
		return slices.ContainsFunc(m.ToolCalls, func(c chat.ToolCall) bool { return c.Index < 0 })
	}
	return false
}

// contentless tells whether a message is to have no content: a feature that
// gives it some may forget to clear Null.
func contentless(m *chat.Message) bool { return m.Null && len(m.Content) == 0 }

func appendContent(w writer, m *chat.Message) writer {
	switch {
	case contentless(m):
		return w
	case m.Plain:
		return w.text("content", m.Text())
	}
	w = w.key("content")
	w.b = appendList(w.b, len(m.Content), func(dst []byte, i int) []byte {
		return appendPart(dst, m.Content[i])
	})
	return w
}

// appendPart writes a part as it came. A text that was changed is put into the
// part's own members, even if whoever changed it left Raw in place.
func appendPart(dst []byte, p chat.Part) []byte {
	if p.Raw != nil && p.Type != "text" {
		return append(dst, p.Raw...)
	}
	o, _ := takeApart(p.Raw)
	if kind, _ := text(o.get("type")); kind != "text" {
		return begin(dst).text("type", "text").text("text", p.Text).end()
	}
	if was, _ := partText(o, ""); was == p.Text {
		return append(dst, p.Raw...)
	}
	return o.patched(dst, chat.Field{Name: "text", Value: appendText(nil, p.Text)})
}

func appendCalls(w writer, calls []chat.ToolCall) writer {
	var list []chat.ToolCall
	for _, c := range calls {
		if c.Index < 0 {
			w = w.key("function_call")
			w.b = appendKept(w.b, c)
		} else {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return w
	}
	w = w.key("tool_calls")
	w.b = appendList(w.b, len(list), func(dst []byte, i int) []byte { return appendKept(dst, list[i]) })
	return w
}

// appendKept writes a call of a message: as it came, with what was changed since.
func appendKept(dst []byte, c chat.ToolCall) []byte {
	was := c
	if o, ok := takeApart(c.Raw); ok && c.Index < 0 {
		was, _ = decodeOldCall(o)
	} else if ok {
		was, _ = decodeCall(o, c.Index)
		was.Index = c.Index // the place in its message is no part of it
	}
	return appendCall(dst, c, c.Raw, was, false)
}
