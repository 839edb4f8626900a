package chaos

import (
	"bytes"
	"fmt"
	"iter"
)

// eventStream is the Content-Type of a stream.
const eventStream = "text/event-stream; charset=utf-8"

// event is one event of a stream, not yet written down.
type event struct {
	data   []byte
	tokens int
}

// done is the data of the last event of a healthy stream.
var done = []byte("[DONE]")

// frames writes events down in the style.
func (st Style) frames(events iter.Seq[event]) iter.Seq[frame] {
	return func(yield func(frame) bool) {
		n := 0
		for e := range events {
			if st.Comments && !yield(frame{bytes: st.comment()}) {
				return
			}
			n++
			if !yield(frame{st.write(e.data, n), true, e.tokens}) {
				return
			}
		}
	}
}

// write is the nth event as text.
func (st Style) write(data []byte, n int) []byte {
	eol, field := st.eol(), "data: "
	if st.NoSpace {
		field = "data:"
	}
	var out bytes.Buffer
	if st.Fields {
		fmt.Fprintf(&out, "event: message%sid: %d%s", eol, n, eol)
	}
	for _, line := range st.lines(data) {
		out.WriteString(field)
		out.Write(line)
		out.WriteString(eol)
	}
	out.WriteString(eol)
	return out.Bytes()
}

// lines parts the data where JSON allows a line end: after the first brace and before the last.
func (st Style) lines(data []byte) [][]byte {
	last := len(data) - 1
	if !st.MultiLine || last < 2 || data[0] != '{' || data[last] != '}' {
		return [][]byte{data}
	}
	return [][]byte{data[:1], data[1:last], data[last:]}
}

// comment is what providers send to keep a quiet stream open.
func (st Style) comment() []byte { return []byte(": ping" + st.eol() + st.eol()) }

func (st Style) eol() string {
	if st.CRLF {
		return "\r\n"
	}
	return "\n"
}

// rawFrames parts a stream that is sent as it stands after each blank line, so that
// it too can be stopped after a frame. What is left over at the end is no whole event.
func rawFrames(raw []byte) iter.Seq[frame] {
	return func(yield func(frame) bool) {
		for rest := raw; len(rest) > 0; {
			n, isEvent := block(rest)
			if !yield(frame{bytes: rest[:n], event: isEvent}) {
				return
			}
			rest = rest[n:]
		}
	}
}

// block returns the length of the first block of a stream, its blank line included, and
// whether that is an event: it is whole and has data.
func block(raw []byte) (n int, isEvent bool) {
	hasData := false
	for n < len(raw) {
		i := bytes.IndexByte(raw[n:], '\n')
		if i < 0 {
			return len(raw), false
		}
		line := bytes.TrimSuffix(raw[n:n+i], []byte("\r"))
		n += i + 1
		if len(line) == 0 {
			return n, hasData
		}
		hasData = hasData || bytes.HasPrefix(line, []byte("data:")) || string(line) == "data"
	}
	return n, false
}
