package openai

import (
	"bytes"
	"strings"
	"unsafe"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/fault"
)

// maxMembers bounds the top-level members of a request: ten times as many as
// the API has, and few enough that comparing each with each costs nothing.
const maxMembers = 256

// Scan looks once over a request's body and fills h with what Weir reads. It
// decodes nothing else and changes nothing; whether something is missing is
// asked of Check. The capacity of h.Members is used again.
//
// It refuses what two readers of the same bytes might understand differently:
// text that is not UTF-8, brackets and strings that do not close, a top level
// that is not one object, members that repeat (escapes in keys decoded), and
// members of the wrong type among those Weir reads. What is inside the others
// is the model's to judge.
func Scan(body []byte, op chat.Op, h *chat.Head) error {
	*h = chat.Head{N: 1, MaxTokens: -1, MaxCompletion: -1, Members: h.Members[:0]}
	c := cursor{b: body}
	if !c.enter('{') {
		c.fail(badObject, c.i)
	}
	for {
		key, more := c.member()
		if !more {
			break
		}
		at := c.keyAt
		from, upto := c.skip()
		if c.bad != "" {
			break
		}
		if err := keep(h, body, key, at); err != nil {
			return err
		}
		h.Members = append(h.Members, chat.Span{Key: view(key), KeyAt: at, From: from, Upto: upto})
		m := value{body: body, from: from, upto: upto}
		if err := m.read(key, op, h); err != nil {
			return err
		}
	}
	if !c.finish() {
		return notJSON(body, &c)
	}
	if at := validUpto(body); at < len(body) {
		return notUTF8(body, at)
	}
	return nil
}

// view makes a string of bytes that nobody changes while it is in use: those of
// the request's body, or of a key decoded for it. Copying every key would cost
// an allocation each, for names that are only compared.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// keep refuses a member that came before. Names that differ only in case count
// as the same when Weir reads one of them: servers written in Go take either.
func keep(h *chat.Head, body, key []byte, at int) error {
	if len(h.Members) == maxMembers {
		return fault.New(fault.Invalid, "too_many_members", "the body has more than %d members", maxMembers)
	}
	for i := range h.Members {
		if k := h.Members[i].Key; len(k) == len(key) && (k == view(key) || strings.EqualFold(k, view(key)) && (reads(k) || reads(view(key)))) {
			return fault.New(fault.Invalid, "duplicate_key", "%q is given twice, at %s and at %s",
				shorten(string(key)), place(body, h.Members[i].KeyAt), place(body, at)).
				At(shorten(string(key))).Mend("Send it once")
		}
	}
	return nil
}

// reads tells whether Weir reads a member of this name.
func reads(name string) bool {
	switch name {
	case "model", "user", "safety_identifier", "prompt_cache_key", "metadata", "messages", "input",
		"stream", "stream_options", "n", "max_tokens", "max_completion_tokens", "temperature", "prompt", "user_id":
		return true
	}
	return false
}

// read takes what Weir wants to know of one member.
func (v value) read(key []byte, op chat.Op, h *chat.Head) error {
	switch string(key) {
	case "model":
		return v.text("model", &h.Model, false)
	case "user":
		return v.text("user", &h.User, true)
	case "safety_identifier":
		return v.text("safety_identifier", &h.SafetyID, true)
	case "prompt_cache_key":
		return v.text("prompt_cache_key", &h.CacheKey, true)
	case "metadata":
		return v.metadata(h)
	case "input":
		if op == chat.OpEmbed {
			return v.oneOf("input", "a string or an array", '"', '[')
		}
	}
	if op == chat.OpChat {
		return v.readChat(key, h)
	}
	return nil
}

// readChat takes the members that only a conversation has.
func (v value) readChat(key []byte, h *chat.Head) error {
	switch string(key) {
	case "messages":
		if err := v.oneOf("messages", "an array", '['); err != nil {
			return err
		}
		if bytes.TrimLeft(v.bytes()[1:], " \t\r\n")[0] == ']' {
			return v.wrong("invalid_value", "messages", "must hold at least one message")
		}
	case "stream":
		return v.bool("stream", &h.Stream)
	case "stream_options":
		return v.streamOptions(h)
	case "n":
		return v.integer("n", 1, 128, &h.N)
	case "max_tokens":
		return v.integer("max_tokens", 1, 1<<53, &h.MaxTokens)
	case "max_completion_tokens":
		return v.integer("max_completion_tokens", 1, 1<<53, &h.MaxCompletion)
	}
	return nil
}

// Check asks for what a request must have, of what Scan found. It is apart from
// Scan because a body may be completed first (FromSeed), and because a gateway
// that starts with two endpoints may serve callers that name no model.
func Check(op chat.Op, h *chat.Head) error {
	if h.Model == "" {
		return fault.New(fault.Invalid, "missing_field", "the request names no model").At("model").
			Mend(`Add "model" with one of the names that GET /v1/models lists`)
	}
	need, hint := "messages", `Add "messages": [{"role": "user", "content": "..."}]`
	if op == chat.OpEmbed {
		need, hint = "input", `Add "input" with a text or an array of texts`
	}
	for i := range h.Members {
		if h.Members[i].Key == need {
			return nil
		}
	}
	return fault.New(fault.Invalid, "missing_field", "the request has no %q", need).At(need).Mend("%s", hint)
}
