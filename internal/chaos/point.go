package chaos

import "time"

// Unit says what a Point counts.
type Unit int

// What a Point can count. The zero Unit makes a Point that is never reached.
const (
	Never  Unit = iota
	Bytes       // of the body, before any HTTP framing
	Frames      // server-sent events, [DONE] among them; comments are not counted
	Wire        // every byte of the answer: status line, headers, framing, body
)

// Point is a place in an answer: after N of the unit. Bytes or Frames of zero is
// after the headers, Wire of zero is before anything at all. A point beyond the
// end of the answer is never reached.
type Point struct {
	Of Unit
	N  int
}

// Stop ends an answer before its time, at a point: EndEarly ends it as if that
// were all (the HTTP framing is whole), EndReset resets the connection, and EndCut or
// anything else closes it. In the middle of the framing (Wire) EndEarly is EndCut.
type Stop struct {
	At  Point
	How Ending
}

// Stall is a silence in the middle of an answer, with the connection kept open.
type Stall struct {
	At   Point
	For  time.Duration // empty: until the peer leaves
	Ping time.Duration // a comment is sent this often meanwhile; empty: none. Only sensible between frames
}

// ahead returns how much may pass, of n, before the next point that counts the
// same unit, when have has passed already.
func ahead(points []Point, of Unit, have, n int) int {
	for _, p := range points {
		if p.Of == of && p.N > have {
			n = min(n, p.N-have)
		}
	}
	return n
}
