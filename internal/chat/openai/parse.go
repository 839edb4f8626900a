package openai

import (
	"bytes"
	"fmt"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/fault"
)

// Parse takes a request's body apart. The turn holds views into a copy of raw,
// so it may outlive the body's buffer. Inside messages no member may repeat:
// a check must not read one and the model the other.
func (Codec) Parse(op chat.Op, raw []byte) (*chat.Turn, error) {
	raw = bytes.Clone(raw)
	var h chat.Head
	if err := Scan(raw, op, &h); err != nil {
		return nil, err
	}
	t := new(chat.Turn)
	for _, m := range h.Members {
		v := raw[m.From:m.Upto]
		if op != chat.OpChat || m.Key != "messages" {
			t.Fields = append(t.Fields, chat.Field{Name: m.Key, Value: v})
			continue
		}
		list, ok := elements(v)
		if !ok {
			return nil, broken("messages")
		}
		for i, e := range list {
			message, err := parseMessage(e, fmt.Sprintf("messages[%d]", i))
			if err != nil {
				return nil, err
			}
			t.Messages = append(t.Messages, message)
		}
	}
	return t, nil
}

// parseMessage decodes one message. A member that has a field of its own, but a
// value that the field cannot tell from absence (null, empty, of another type),
// is kept among the unknown ones and written back as long as the field is empty.
func parseMessage(raw []byte, at string) (m chat.Message, err error) {
	o, err := part(raw, at)
	if err != nil {
		return m, err
	}
	m.Null = true
	for i, member := range o.members {
		v, at := o.value(i), at+"."+member.Key
		taken := false
		switch member.Key {
		case "role":
			m.Role, taken, err = parseText(v, at)
		case "name":
			m.Name, taken, err = parseText(v, at)
		case "tool_call_id":
			m.ToolCallID, taken, err = parseText(v, at)
		case "content":
			taken, err = parseContent(&m, v, at)
		case "tool_calls":
			taken, err = parseCalls(&m, v, at)
		case "function_call":
			taken, err = parseOldCall(&m, v, at)
		}
		if err != nil {
			return m, err
		}
		if !taken {
			m.Fields = append(m.Fields, chat.Field{Name: member.Key, Value: v})
		}
	}
	return m, nil
}

// parseText decodes a string; what is none, or empty, is not taken.
func parseText(v []byte, at string) (s string, taken bool, err error) {
	if v[0] != '"' {
		return "", false, nil
	}
	s, ok := text(v)
	if !ok {
		return "", false, broken(at)
	}
	return s, s != "", nil
}

func parseContent(m *chat.Message, v []byte, at string) (taken bool, err error) {
	switch v[0] {
	case '"':
		s, ok := text(v)
		if !ok {
			return false, broken(at)
		}
		m.Null, m.Plain = false, true
		m.Content = []chat.Part{{Type: "text", Text: s}}
		return true, nil
	case '[':
		list, ok := elements(v)
		if !ok {
			return false, broken(at)
		}
		m.Null = false
		for i, e := range list {
			p, err := parsePart(e, fmt.Sprintf("%s[%d]", at, i))
			if err != nil {
				return false, err
			}
			m.Content = append(m.Content, p)
		}
		return true, nil
	}
	return false, nil
}

func parsePart(raw []byte, at string) (chat.Part, error) {
	p := chat.Part{Raw: raw}
	if raw[0] != '{' {
		return p, nil
	}
	o, err := part(raw, at)
	if err != nil {
		return p, err
	}
	p.Type, _ = text(o.get("type"))
	p.Text, err = partText(o, at)
	return p, err
}

// partText is the text of a text part, "" for a part of another type.
func partText(o object, at string) (string, error) {
	if kind, _ := text(o.get("type")); kind != "text" {
		return "", nil
	}
	v := o.get("text")
	s, ok := text(v)
	if !ok && len(v) > 0 && v[0] == '"' {
		return "", broken(at + ".text")
	}
	return s, nil
}

func parseCalls(m *chat.Message, v []byte, at string) (taken bool, err error) {
	list, ok := elements(v)
	if !ok && v[0] == '[' {
		return false, broken(at)
	}
	for i, e := range list {
		at := fmt.Sprintf("%s[%d]", at, i)
		o, err := part(e, at)
		if err != nil {
			return false, err
		}
		call, ok := decodeCall(o, i)
		if !ok {
			return false, fault.New(fault.Invalid, "invalid_json", "%q is not valid JSON, or repeats a member", at).At(at)
		}
		call.Raw = e
		m.ToolCalls = append(m.ToolCalls, call)
	}
	return len(list) > 0, nil
}

func parseOldCall(m *chat.Message, v []byte, at string) (taken bool, err error) {
	if v[0] != '{' {
		return false, nil
	}
	o, err := part(v, at)
	if err != nil {
		return false, err
	}
	call, ok := decodeOldCall(o)
	if !ok {
		return false, broken(at)
	}
	call.Raw = v
	m.ToolCalls = append(m.ToolCalls, call)
	return true, nil
}

// part takes an object inside the body apart.
func part(raw []byte, at string) (object, error) {
	o, ok := takeApart(raw)
	switch {
	case raw[0] != '{':
		return o, fault.New(fault.Invalid, "invalid_type", "%q must be an object, and is %s", at, describe(raw)).At(at).Keep("%q must be an object", at)
	case !ok:
		return o, broken(at)
	case o.repeats != "":
		return o, fault.New(fault.Invalid, "duplicate_key", "%q has %q twice", at, shorten(o.repeats)).At(at).Keep("%q has a member twice", at).Mend("Send it once")
	}
	return o, nil
}

func broken(at string) error {
	return fault.New(fault.Invalid, "invalid_json", "%q is not valid JSON", at).At(at)
}
