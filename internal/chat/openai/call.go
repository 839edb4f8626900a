package openai

import "github.com/weirhq/weir/internal/chat"

// A tool call has three shapes: {"function": {"name", "arguments"}}, with
// "custom" and "input" instead, and the older function_call that is the inner
// object by itself. In a stream each may come in pieces.

// callShape says which members of a call hold what.
func callShape(o object) (inner, arguments string) {
	if o.get("custom") != nil && o.get("function") == nil {
		return "custom", "input"
	}
	return "function", "arguments"
}

// decodeCall reads a call, which stands at the given place of its array. It
// reports false for a string that is not JSON, and for members that repeat.
func decodeCall(o object, place int) (chat.ToolCall, bool) {
	call := chat.ToolCall{Index: place}
	if v := o.get("index"); v != nil {
		call.Index = int(count(v))
	}
	okID := takeText(&call.ID, o.get("id"))
	inner, arguments := callShape(o)
	v := o.get(inner)
	if v == nil || v[0] != '{' {
		return call, okID
	}
	f, ok := takeApart(v)
	return call, ok && okID && f.repeats == "" && decodeFunction(&call, f, arguments)
}

func decodeOldCall(o object) (chat.ToolCall, bool) {
	call := chat.ToolCall{Index: -1}
	return call, decodeFunction(&call, o, "arguments")
}

func decodeFunction(call *chat.ToolCall, f object, arguments string) bool {
	v := f.get(arguments)
	if len(v) > 0 && v[0] == '{' { // some makers send the object instead of its text
		call.Arguments = string(v)
		return takeText(&call.Name, f.get("name"))
	}
	return takeText(&call.Name, f.get("name")) && takeText(&call.Arguments, v)
}

// takeText decodes a string into dst, and leaves dst alone for other kinds. It
// reports false for a string that cannot be decoded.
func takeText(dst *string, v []byte) bool {
	s, ok := text(v)
	if ok {
		*dst = s
	}
	return ok || len(v) == 0 || v[0] != '"'
}

func sameCall(a, b chat.ToolCall) bool {
	return a.Index == b.Index && a.ID == b.ID && a.Name == b.Name && a.Arguments == b.Arguments
}

// appendCall writes a call. With the raw one that it came from, it writes that
// with what differs replaced; was is what decoding raw gave.
func appendCall(dst []byte, call chat.ToolCall, raw []byte, was chat.ToolCall, streamed bool) []byte {
	if raw == nil {
		return composeCall(dst, call, streamed)
	}
	if sameCall(call, was) {
		return append(dst, raw...)
	}
	o, _ := takeApart(raw)
	if call.Index < 0 {
		return appendFunction(dst, o, "arguments", call, was)
	}
	inner, arguments := callShape(o)
	f, ok := takeApart(o.get(inner))
	if !ok {
		f, _ = takeApart([]byte("{}"))
	}
	patches := []chat.Field{{Name: inner, Value: appendFunction(nil, f, arguments, call, was)}}
	if call.ID != was.ID {
		patches = append(patches, chat.Field{Name: "id", Value: appendText(nil, call.ID)})
	}
	return o.patched(dst, patches...)
}

func appendFunction(dst []byte, f object, arguments string, call, was chat.ToolCall) []byte {
	var patches []chat.Field
	if call.Name != was.Name {
		patches = append(patches, chat.Field{Name: "name", Value: appendText(nil, call.Name)})
	}
	if call.Arguments != was.Arguments {
		patches = append(patches, chat.Field{Name: arguments, Value: appendText(nil, call.Arguments)})
	}
	return f.patched(dst, patches...)
}

// composeCall writes a call that was made here. A piece of a stream has an
// index, and says only what it adds.
func composeCall(dst []byte, call chat.ToolCall, streamed bool) []byte {
	o := begin(dst)
	if call.Index < 0 {
		return o.text("name", call.Name).text("arguments", call.Arguments).end()
	}
	if streamed {
		o = o.int("index", int64(call.Index))
	}
	if !streamed || call.ID != "" {
		o = o.text("id", call.ID).text("type", "function")
	}
	f := begin(nil)
	if !streamed || call.Name != "" {
		f = f.text("name", call.Name)
	}
	return o.raw("function", f.text("arguments", call.Arguments).end()).end()
}
