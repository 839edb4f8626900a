package openai

import "bytes"

// event is a server-sent event as far as it has been read. All places are
// counted from the event's first byte, so that the buffer may move.
type event struct {
	line    int  // where the line being read begins
	seen    int  // up to here there is no end of that line
	whole   int  // the event's length once its blank line was read, else 0
	lines   int  // data lines
	from    int  // the first data line's data
	upto    int  //
	cr      bool // the last line ended with a lone CR
	lone    bool // the event before ended with a lone CR: an LF that follows belongs to it
	marked  bool // it begins with a byte order mark
	failure bool // it says that it is an error
}

// advance reads lines until the event is whole, and reports whether it is. At
// the end of the body everything that is left is the event.
//
// A line ends with LF, CRLF or a lone CR. What the bytes mean does not depend
// on how they arrive: after a line that ended with a lone CR, a blank line is
// one more CR, and an LF behind it is stepped over by the event that follows.
// Any other CR waits for the next byte.
func (s *stream) advance(atEnd bool) bool {
	e := &s.ev
	for e.whole == 0 {
		b := s.buf[s.from:s.upto]
		if e.lone && len(b) > 0 {
			if e.lone = false; b[0] == '\n' {
				e.line, e.seen = 1, 1
			}
		}
		end, next := lineEnd(b, e)
		if next == 0 && !atEnd {
			return false
		}
		if next == 0 {
			end, next, e.whole = len(b), len(b), len(b)
		}
		e.cr = b[next-1] == '\r'
		s.readLine(b, end)
		if end == e.line && e.whole == 0 {
			e.whole, e.lone = next, e.cr
		}
		e.line, e.seen = next, next
	}
	return true
}

// lineEnd finds where the text of the current line ends and where the next line
// begins, 0 when that cannot be told yet.
func lineEnd(b []byte, e *event) (end, next int) {
	rest := b[e.seen:]
	lf := bytes.IndexByte(rest, '\n')
	if lf >= 0 {
		rest = rest[:lf]
	}
	cr := bytes.IndexByte(rest, '\r')
	switch at := e.seen + cr; {
	case cr < 0 && lf < 0:
		e.seen = len(b)
		return 0, 0
	case cr < 0:
		return e.seen + lf, e.seen + lf + 1
	case at == e.line && e.cr:
		return at, at + 1
	case at+1 == len(b):
		e.seen = at
		return 0, 0
	case b[at+1] == '\n':
		return at, at + 2
	default:
		return at, at + 1
	}
}

var mark = []byte("\ufeff") // a byte order mark, allowed before the first line

// readLine takes in one line, b[s.ev.line:end].
func (s *stream) readLine(b []byte, end int) {
	e := &s.ev
	line := b[e.line:end]
	if s.first {
		s.first = false
		line, e.marked = bytes.CutPrefix(line, mark)
	}
	data, found := bytes.CutPrefix(line, dataField)
	switch {
	case found && len(data) > 0 && data[0] == ' ':
		data = data[1:]
	case found:
	case string(line) == "data":
		data = nil
	default:
		e.failure = e.failure || string(line) == "event: error" || string(line) == "event:error"
		return
	}
	if e.lines++; e.lines == 1 {
		e.from, e.upto = end-len(data), end
	}
}

var dataField = []byte("data:")

// data gives the data of a whole event: a view of its only data line, or a copy
// that joins several.
func (s *stream) data(raw []byte) []byte {
	if s.ev.lines == 1 {
		return bytes.TrimSpace(raw[s.ev.from:s.ev.upto])
	}
	if s.ev.marked {
		raw = raw[len(mark):]
	}
	s.joined = appendData(s.joined[:0], raw)
	return bytes.TrimSpace(s.joined)
}

// appendData joins the data lines of an event by LF.
func appendData(dst, raw []byte) []byte {
	first := true
	for len(raw) > 0 {
		end := bytes.IndexAny(raw, "\r\n")
		if end < 0 {
			end = len(raw)
		}
		line := raw[:end]
		raw = raw[min(end+1, len(raw)):]
		data, found := bytes.CutPrefix(line, dataField)
		if !found && string(line) != "data" {
			continue
		}
		if !found {
			data = nil
		}
		if !first {
			dst = append(dst, '\n')
		}
		first = false
		dst = append(dst, bytes.TrimPrefix(data, []byte(" "))...)
	}
	return dst
}
