package chaos

import (
	"net/http"
	"strings"
	"time"
)

// Script says how one request is answered. The zero Script is a healthy server.
// Fields combine; where two exclude each other, the comment says which wins.
type Script struct {
	// Before the answer.
	Refuse    bool          // close the socket at once, where possible before the request is read
	FirstByte time.Duration // silence before the status line

	// The head.
	Status         int         // empty: 200. From 300 on, an error in OpenAI's shape is the body
	Code           string      // the error's code, as "context_length_exceeded"; empty: null
	RetryAfter     string      // sent as it stands, so it may be junk; empty: no such header
	Redirect       string      // the Location; with an empty Status, 302
	Header         http.Header // more headers; a Content-Type here replaces the usual one
	EndlessHeaders bool        // headers without end, until the peer leaves

	// The wire.
	Stall      Stall
	Stop       Stop
	Between    time.Duration // pause between frames
	Slice      int           // bytes a write, of everything; empty: whole frames
	SliceDelay time.Duration // pause between slices, without which the peer's kernel may join them again
	UntilClose bool          // the end of the connection is the end of the body
	LengthOff  int           // send a Content-Length wrong by this much; empty: tell the truth
	Gzip       bool          // compressed, asked for or not
	GzipBomb   int           // the body is this many spaces, compressed

	// The content, weightiest first: Raw, then Golden, Body, ErrorIn200, then a proper answer.
	Raw        []byte // a stream sent as it stands; not part of the textual form
	Golden     string // the golden stream of this name, sent as it stands
	Body       string // sent as it stands, as JSON unless Header says otherwise
	ErrorIn200 Point  // an error instead of an answer, or after that many Frames of a stream
	Text       string // what the model says; empty: made-up words
	Tokens     int    // how many of those; empty: 12, or enough to reach the points above
	Reasoning  int    // reasoning tokens before them
	ToolCalls  int    // answer with so many parallel tool calls, instead of text
	Finish     string // the finish_reason; empty: the fitting one

	// The shape of a stream.
	SSE       Style
	Malformed bool // an event that is no JSON, after the first one
	BigEvent  int  // an event of about this many bytes, after the first one
	NoDone    bool // no [DONE]
	NoFinish  bool // no finish_reason

	// Usage. By default a reply has it, and a stream when include_usage asks for it.
	Usage         *Usage // these figures; empty: what was counted
	NoUsage       bool   // never, asked or not; weightier than the rest
	NullUsage     bool   // "usage":null on the other chunks of a stream, asked or not
	UsageOnFinish bool   // on the chunk with the finish_reason, not on one of its own
	TwoUsage      bool   // two usage chunks, of which the last is right
	RunningUsage  bool   // on each chunk, so far
}

// Style says how events are written down. All of it is legal; readers differ in
// how much of it they understand.
type Style struct {
	CRLF      bool // lines end in CR LF
	NoSpace   bool // "data:{" rather than "data: {"
	Comments  bool // a comment before each event
	MultiLine bool // the data of an event on three lines
	Fields    bool // event: and id: lines too
}

// Usage is what an answer cost in tokens. Cached is part of Input, Reasoning is
// part of Output.
type Usage struct {
	Input, Output, Cached, Reasoning int
}

// defaultTokens is how long an answer is when nobody says: a few frames more than
// most tests cut at.
const defaultTokens = 12

// tokens returns how many tokens of text to say when the caller allows at most limit
// (zero: any number). A point to be reached is weightier than the caller's limit,
// for a stall that silently never comes would make a test pass for nothing; the
// script's own Tokens are weightier still.
func (s Script) tokens(limit int, stream bool) int {
	n, needed := s.Tokens, 0
	for _, p := range s.points() {
		needed = max(needed, p.tokensToReach(stream))
	}
	if n == 0 {
		n = max(defaultTokens, needed)
	}
	needed = min(needed, n)
	if limit > 0 {
		n = max(min(n, limit), needed)
	}
	return n
}

// tokensToReach is a generous estimate of the tokens it takes to reach the point:
// a frame has one and is longer than 100 bytes, a word in a reply is longer than one byte.
func (p Point) tokensToReach(stream bool) int {
	const spare = 8
	switch {
	case p.Of == Never || p.N == 0:
		return 0
	case p.Of == Frames:
		return p.N + spare
	case stream:
		return p.N/100 + spare
	}
	return p.N
}

// points returns every place where the answer is interrupted.
func (s Script) points() []Point { return []Point{s.Stall.At, s.Stop.At, s.ErrorIn200} }

// status returns the status code to send.
func (s Script) status() int {
	switch {
	case s.Status != 0:
		return s.Status
	case s.Redirect != "":
		return http.StatusFound
	}
	return http.StatusOK
}

// String returns the script in the form that Parse reads. Raw has no such form and
// shows as a comment that Parse refuses.
func (s Script) String() string {
	var parts []string
	for _, w := range words {
		for _, v := range w.show(&s) {
			parts = append(parts, w.write(v))
		}
	}
	if s.Raw != nil {
		parts = append(parts, "(raw)")
	}
	return strings.Join(parts, ";")
}
