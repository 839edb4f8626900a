package chaos

import (
	"iter"
	"strings"
)

// stream writes the chunks of a turn, one after the other, with the events that a
// script slips in among them. When over, nothing more is written.
type stream struct {
	turn
	yield  func(event) bool
	sent   int // events
	output int // tokens
	over   bool
}

// events is the answer as a stream.
func (t turn) events() iter.Seq[event] {
	return func(yield func(event) bool) {
		s := &stream{turn: t, yield: yield}
		s.begin()
		s.think()
		s.talk()
		s.call()
		s.end()
	}
}

// begin tells the role of each choice.
func (s *stream) begin() {
	for c := range s.ask.N {
		s.delta(c, message{Role: "assistant", Content: "", Refusal: null{}}, 0)
	}
}

// think streams the reasoning of each choice.
func (s *stream) think() {
	for i := 0; i < s.script.Reasoning && !s.over; i++ {
		for c := range s.ask.N {
			s.delta(c, message{Reasoning: s.thought(i)}, 1)
		}
	}
}

// talk streams the text, the choices side by side.
func (s *stream) talk() {
	for i := 0; i < s.count && !s.over; i++ { // a million tokens may be left when the peer leaves
		for c := range s.ask.N {
			s.delta(c, message{Content: s.token(c, i)}, 1)
		}
	}
}

// call streams tool calls: all are opened, then their arguments come interleaved.
func (s *stream) call() {
	for c := range s.ask.N {
		for k := range s.script.ToolCalls {
			s.callDelta(c, toolCall{Index: &k, ID: s.callID(c, k), Type: "function", Function: function{Name: s.tool(k)}})
		}
		for piece := range len(s.arguments(0)) {
			for k := range s.script.ToolCalls {
				s.callDelta(c, toolCall{Index: &k, Function: function{Arguments: s.arguments(k)[piece]}})
			}
		}
	}
}

// end finishes each choice and tells the usage.
func (s *stream) end() {
	last := s.ask.N - 1
	for c := range s.ask.N {
		if s.script.NoFinish {
			break
		}
		reason := s.finish()
		chunk := s.shell("chat.completion.chunk")
		chunk.Choices = []choice{{Index: c, Delta: &message{}, Finish: &reason}}
		chunk.Usage = s.running()
		if c == last && s.script.UsageOnFinish {
			chunk.Usage = s.firstUsage()
		}
		s.put(encode(chunk), 0)
	}
	s.usage()
	if !s.script.NoDone {
		s.put(done, 0)
	}
}

// delta sends a change to one choice.
func (s *stream) delta(index int, m message, tokens int) {
	if s.over {
		return
	}
	s.output += tokens
	chunk := s.shell("chat.completion.chunk")
	chunk.Choices = []choice{{Index: index, Delta: &m}}
	chunk.Usage = s.running()
	s.put(encode(chunk), tokens)
}

// callDelta sends a piece of a tool call.
func (s *stream) callDelta(index int, call toolCall) {
	s.delta(index, message{ToolCalls: []toolCall{call}}, 1)
}

// put sends an event, or the scripted error in its stead. The very first is followed
// by those that the script slips in.
func (s *stream) put(data []byte, tokens int) {
	if at := s.script.ErrorIn200; at.Of == Frames && s.sent >= at.N && !s.over {
		s.raw(errorBody(500, scriptedError, s.script.Code), 0)
		s.over = true
	}
	s.raw(data, tokens)
	if s.sent != 1 {
		return
	}
	if s.script.Malformed {
		s.raw([]byte(`{"id":"`+s.id+`","choices":[{"index":0,"delta":{"content":"half`), 0)
	}
	if s.script.BigEvent > 0 {
		chunk := s.shell("chat.completion.chunk")
		chunk.Choices = []choice{{Delta: &message{Content: strings.Repeat("x", max(s.script.BigEvent-len(data), 1))}}}
		chunk.Usage = s.running()
		s.raw(encode(chunk), 0)
	}
}

// raw sends an event unless the stream is over.
func (s *stream) raw(data []byte, tokens int) {
	if s.over {
		return
	}
	s.sent++
	s.over = !s.yield(event{data, tokens})
}
