package gateway

import (
	"strings"
	"sync"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
)

// said is what a model said in one round, kept in case it does not report how
// many tokens that were: the beginning as it came, and the length of all of it.
// A model that reports costs a copy of its text and nothing else.
type said struct {
	text   *[]byte // pooled; JSON strings without their quotes, one after another
	length int64   // bytes, also of those that were not kept
}

// maxSaid bounds what is kept. What is beyond is taken to be like it.
const maxSaid = 64 << 10

var texts = sync.Pool{New: func() any { b := make([]byte, 0, 2<<10); return &b }}

func (s *said) add(piece []byte) {
	s.length += int64(len(piece))
	if s.text == nil {
		s.text = texts.Get().(*[]byte)
	}
	if room := maxSaid - len(*s.text); room > 0 {
		*s.text = append(*s.text, piece[:min(room, len(piece))]...)
	}
}

// addText adds a text that was decoded: what would be an escape is one again.
func (s *said) addText(text string) {
	if text != "" {
		s.add([]byte(strings.ReplaceAll(text, `\`, `\\`)))
	}
}

// release gives the buffer back.
func (s *said) release() {
	if s.text != nil {
		*s.text = (*s.text)[:0]
		texts.Put(s.text)
	}
	*s = said{}
}

// sample is the beginning of what was said, decoded, and the length of the whole.
func (s *said) sample() (text string, length int64) {
	if s.text == nil || len(*s.text) == 0 {
		return "", 0
	}
	kept := int64(len(*s.text))
	text = string(openai.Unescape(make([]byte, 0, kept), *s.text))
	if s.length <= kept {
		return text, int64(len(text))
	}
	text = strings.ToValidUTF8(text, "") // it may end within a letter
	return text, s.length * int64(len(text)) / kept
}

// listen keeps what a frame says. The answers that say several things at once are
// few, and are taken apart. Of a whole answer with its usage nothing is kept.
func (m *reading) listen(f *chat.Frame) {
	switch {
	case f.Kind == chat.Whole && f.HasUsage:
	case f.Said != nil:
		m.said.add(f.Said)
	default:
		deltas, err := openai.Codec{}.Deltas(*f)
		if err != nil {
			m.said.add(f.Data) // at least as long as what it says
			return
		}
		for i := range deltas {
			d := &deltas[i]
			m.said.addText(d.Text)
			m.said.addText(d.Reasoning)
			m.said.addText(d.Refusal)
			for j := range d.ToolCalls {
				m.said.addText(d.ToolCalls[j].Name)
				m.said.addText(d.ToolCalls[j].Arguments)
			}
		}
	}
}
