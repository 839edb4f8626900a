package load

import (
	"bytes"
	"strconv"
	"time"
)

// sse finds the events of a stream in arbitrary pieces of it.
type sse struct {
	client *client
	rep    *reply
	prefix [12]byte // start of the current line
	n      int
	line   []byte // the current line whole, until the first token was seen
	last   time.Time
}

func (s *sse) feed(p []byte) {
	for {
		i := bytes.IndexByte(p, '\n')
		part := p
		if i >= 0 {
			part = p[:i]
		}
		s.n += copy(s.prefix[s.n:], part)
		if s.rep.token.IsZero() {
			s.line = append(s.line, part...)
		}
		if i < 0 {
			return
		}
		line := s.prefix[:s.n]
		if bytes.HasPrefix(line, []byte("data:")) {
			if bytes.HasPrefix(bytes.TrimLeft(line[5:], " "), []byte("[DONE")) {
				s.rep.done = true
			} else {
				now := time.Now()
				if s.rep.events == 0 {
					s.rep.first = now
				} else {
					s.client.gaps = append(s.client.gaps, now.Sub(s.last))
				}
				s.last = now
				s.rep.events++
				if s.rep.token.IsZero() && hasContent(s.line) {
					s.rep.token = now
				}
			}
		}
		s.n, s.line, p = 0, s.line[:0], p[i+1:]
	}
}

// hasContent tells whether an event shows a reader something: a role alone does not.
func hasContent(data []byte) bool {
	_, rest, ok := bytes.Cut(data, []byte(`"content":"`))
	return ok && len(rest) > 0 && rest[0] != '"'
}

// inOrder tells whether a stream of mockllm carries its content chunks 0 to
// tokens-1, each once and in order, and [DONE] after them.
func inOrder(stream []byte, tokens int) bool {
	next, done := 0, false
	for line := range bytes.Lines(stream) {
		data, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r\n"), []byte("data:"))
		if !ok {
			continue
		}
		if done {
			return false
		}
		done = string(bytes.TrimSpace(data)) == "[DONE]"
		_, content, ok := bytes.Cut(data, []byte(`"content":" token`))
		if !ok {
			continue
		}
		number, _, _ := bytes.Cut(content, []byte(`"`))
		if string(number) != strconv.Itoa(next) {
			return false
		}
		next++
	}
	return done && next == tokens
}
