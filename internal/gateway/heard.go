package gateway

import (
	"strings"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/metric"
)

// heard is what experiments want to know of the text of an answer: how many words
// the reader sees, and how it begins, which tells whether the model refuses.
// Nobody listens for requests that take part in no experiment: their frames cost
// nothing here.
//
// Words are counted in the pieces as they come, between the quotes of JSON. What
// stands in no single piece is taken apart, which happens seldom.
type heard struct {
	words     int
	within    bool   // a word: the next piece may go on with it
	beginning []byte // as it came, escapes and all
}

// maxBeginning is how much of an answer is kept: letters may come as escapes of
// six bytes.
const maxBeginning = 6 * metric.RefusalBeginning

// hear takes in what a frame shows the reader.
func (h *heard) hear(f *chat.Frame) {
	switch {
	case !f.Visible:
	case f.Said != nil && !f.Reasoning:
		h.add(f.Said)
	default:
		deltas, err := openai.Codec{}.Deltas(*f)
		if err != nil {
			return
		}
		for i := range deltas {
			h.addText(deltas[i].Text)
			h.addText(deltas[i].Refusal)
		}
	}
}

// add takes in a piece of text, escapes and all.
func (h *heard) add(piece []byte) {
	if room := maxBeginning - len(h.beginning); room > 0 {
		h.beginning = append(h.beginning, piece[:min(room, len(piece))]...)
	}
	for i := 0; i < len(piece); i++ {
		space := piece[i] == ' '
		if piece[i] == '\\' && i+1 < len(piece) {
			i++
			space = piece[i] == 'n' || piece[i] == 't' || piece[i] == 'r'
		}
		if !space && !h.within {
			h.words++
		}
		h.within = !space
	}
}

// addText takes in a text that was decoded.
func (h *heard) addText(text string) {
	if text != "" {
		h.add([]byte(strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(text)))
	}
}

// refuses reports whether the answer begins like a refusal.
func (h *heard) refuses() bool {
	return metric.Refuses(string(openai.Unescape(nil, h.beginning)))
}

// listener is who listens to the next answer: nobody outside experiments.
func (x *Exchange) listener() *heard {
	if !x.Assignment.Enrolled || x.path.op == chat.OpEmbed {
		return nil
	}
	return &heard{}
}

// eventText tells of the answer's text what was heard of it. A call of a tool is
// no text for a reader: of such answers nothing is told.
func (x *Exchange) eventText(e *event.Event) {
	m := &x.meter
	if m.heard == nil || m.frames == 0 || e.Finish == "tool_calls" || e.Finish == "function_call" {
		return
	}
	e.Read, e.Words = true, m.heard.words
	e.Refusal = e.Refusal || m.heard.refuses()
}
