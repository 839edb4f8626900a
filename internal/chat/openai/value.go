package openai

import (
	"fmt"
	"strconv"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/fault"
)

// value is one value of a body, by its place, so that a complaint can say where
// it stands. null counts as absent in all its readers but oneOf.
type value struct {
	body       []byte
	from, upto int
}

func (v value) bytes() []byte { return v.body[v.from:v.upto] }

func (v value) null() bool { return v.body[v.from] == 'n' }

// text copies a string: the body's buffer is used again after the request.
func (v value) text(name string, dst *string, mayBeEmpty bool) error {
	if v.null() {
		return nil
	}
	s, ok := text(v.bytes())
	switch {
	case ok && (s != "" || mayBeEmpty):
		*dst = s
		return nil
	case ok:
		return v.wrong("invalid_value", name, "must not be empty")
	case v.body[v.from] == '"':
		return v.wrong("invalid_json", name, "has an escape that JSON does not know")
	}
	return v.wrongType(name, "a string")
}

func (v value) bool(name string, dst *bool) error {
	switch string(v.bytes()) {
	case "true":
		*dst = true
	case "false", "null":
	default:
		return v.wrongType(name, "true or false")
	}
	return nil
}

func (v value) integer(name string, low, high int64, dst *int64) error {
	if v.null() {
		return nil
	}
	b := v.bytes()
	if b[0] != '-' && digits(b[:1]) == 0 {
		return v.wrongType(name, "a whole number")
	}
	n, err := strconv.ParseInt(view(b), 10, 64)
	if err != nil && digits(b) != len(b) {
		return v.wrongType(name, "a whole number")
	}
	if err != nil || n < low || n > high {
		return v.wrong("invalid_value", name, fmt.Sprintf("must be a whole number from %d to %d", low, high))
	}
	*dst = n
	return nil
}

// oneOf refuses a value that begins with none of the given bytes.
func (v value) oneOf(name, want string, first ...byte) error {
	for _, b := range first {
		if v.body[v.from] == b {
			return nil
		}
	}
	return v.wrongType(name, want)
}

// inside walks the members of an object that Weir reads a part of. take gives
// each member that it reads a bit of its own, and 0 for the others; one that is
// read must not repeat.
func (v value) inside(name string, take func(key []byte, m value) (bit uint8, err error)) error {
	if v.null() {
		return nil
	}
	c := cursor{b: v.body[:v.upto], i: v.from}
	if !c.enter('{') {
		return v.wrongType(name, "an object")
	}
	var seen uint8
	for {
		key, more := c.member()
		if !more {
			break
		}
		from, upto := c.skip()
		if c.bad != "" {
			break
		}
		bit, err := take(key, value{v.body, from, upto})
		if err != nil {
			return err
		}
		if seen&bit != 0 {
			return v.wrong("duplicate_key", name, "has "+strconv.Quote(string(key))+" twice")
		}
		seen |= bit
	}
	if c.bad != "" {
		return notJSON(v.body, &c)
	}
	return nil
}

func (v value) streamOptions(h *chat.Head) error {
	return v.inside("stream_options", func(key []byte, m value) (uint8, error) {
		if string(key) != "include_usage" {
			return 0, nil
		}
		return 1, m.bool("stream_options.include_usage", &h.IncludeUsage)
	})
}

// metadata looks for the conversation. conversation_id wins over session_id.
func (v value) metadata(h *chat.Head) error {
	var session string
	err := v.inside("metadata", func(key []byte, m value) (uint8, error) {
		switch string(key) {
		case "conversation_id":
			return 1, m.identity("metadata.conversation_id", &h.Conversation)
		case "session_id":
			return 2, m.identity("metadata.session_id", &session)
		}
		return 0, nil
	})
	if h.Conversation == "" {
		h.Conversation = session
	}
	return err
}

// identity takes a string, or a number by its digits: some frameworks number
// their sessions.
func (v value) identity(name string, dst *string) error {
	if number(v.bytes()) {
		*dst = string(v.bytes())
		return nil
	}
	return v.text(name, dst, true)
}

func (v value) wrongType(name, want string) error {
	return v.wrong("invalid_type", name, "must be "+want)
}

func (v value) wrong(code, name, what string) error {
	return fault.New(fault.Invalid, code, "%q %s, and is %s (%s)", name, what, describe(v.bytes()), place(v.body, v.from)).At(name).
		Keep("%q %s (%s)", name, what, place(v.body, v.from))
}
