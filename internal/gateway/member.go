package gateway

import (
	"context"
	"encoding/json"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
)

// quote is s as a JSON string.
func quote(s string) []byte {
	b, _ := json.Marshal(s)
	return b
}

// member sets one top-level member of an answer: of the whole body, and with
// events of every event of a stream too.
func member(name string, value []byte, events bool) Transform {
	return func(_ context.Context, _ *Exchange, in chat.Frames) chat.Frames {
		return &memberFrames{Frames: in, name: name, value: value, events: events}
	}
}

// oneLine makes one line of an event's data that came in several: between JSON's
// tokens a line end is white space, in an event it would end the data.
func oneLine(b []byte) {
	for i, c := range b {
		if c == '\n' || c == '\r' {
			b[i] = ' '
		}
	}
}

type memberFrames struct {
	chat.Frames
	name   string
	value  []byte
	events bool
	raw    []byte
}

func (m *memberFrames) Next() (chat.Frame, error) {
	f, err := m.Frames.Next()
	if err != nil {
		return f, err
	}
	switch {
	case f.Kind == chat.Whole:
		f.Raw = openai.WithMember(f.Raw, m.name, m.value)
		f.Data = f.Raw
	case f.Kind == chat.Event && m.events:
		data := openai.WithMember(f.Data, m.name, m.value)
		m.raw = append(append(append(m.raw[:0], "data: "...), data...), "\n\n"...)
		oneLine(m.raw[:len(m.raw)-2])
		f.Raw, f.Data = m.raw, m.raw[len("data: "):len(m.raw)-2]
	}
	return f, nil
}
