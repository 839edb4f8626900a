package chat

import "errors"

// FrameKind says what a frame is.
type FrameKind uint8

// Kinds of frame.
const (
	Whole     FrameKind = iota // the whole JSON body of an answer that is not streamed
	Event                      // one event of a stream, with JSON data
	Done                       // the dialect's terminal marker: [DONE]
	Comment                    // a ping, or fields without data: nothing for the reader, kept for idle proxies
	Malformed                  // an event whose data is not JSON: passed on and counted
	Failure                    // an error where an answer was promised: error JSON inside a 200
)

// Frame is one piece of an answer as it came, with what one pass over it found.
// Its slices are valid until the next call of Next on the stream they came from.
type Frame struct {
	Kind FrameKind
	Raw  []byte // every byte of it, delimiters included; what a relay writes
	Data []byte // the JSON inside Raw; nil for Done and Comment
	ID   []byte // the answer's own id inside Data, as written between its quotes; nil when there is none

	// Said is the one JSON string inside Data that holds what the model says: text,
	// reasoning, a refusal, arguments of a call; as written between its quotes. It is
	// nil when there is none, and when there are more (Many): Codec.Deltas finds those.
	Said        []byte
	Many        bool
	Fingerprint []byte // of the model that answered, as written between its quotes; nil when there is none
	Model       []byte // that says it answered, likewise

	Finish    string // the first finish reason found, "" when none
	Usage     Usage  // valid when HasUsage
	HasUsage  bool   // usage is present and not null; zero is a value
	UsageOnly bool   // usage with no choices: the extra chunk that include_usage adds
	Visible   bool   // carries text, a refusal or a tool call that a reader would see
	Reasoning bool   // carries reasoning text
	Refusal   bool   // carries a refusal
}

// Frames is an answer as a pull stream. It is used by one goroutine.
//
// Next returns io.EOF after the last frame of a complete answer. An answer that
// ends without its dialect's end returns ErrIncomplete. Any other error is the
// transport's.
type Frames interface {
	Next() (Frame, error)
	// Buffered reports whether Next has a frame at hand without waiting: a relay
	// flushes when there is none.
	Buffered() bool
	// Close releases what is below. It may be called at any time, more than once.
	Close() error
}

// Delta is what one frame adds to one choice. Of a Whole frame it is the whole message.
type Delta struct {
	Choice    int
	Role      string
	Text      string // visible text
	Reasoning string
	Refusal   string
	ToolCalls []ToolCall
	Finish    string
}

// ToolCall is a call of a tool, or in a stream a piece of one: the id and name
// come once, Arguments is a raw piece of JSON text.
type ToolCall struct {
	Index     int // -1 for the function_call of older clients
	ID        string
	Name      string
	Arguments string
	// Raw is the call of a request's message as it came, for what has no field
	// here; nil for one that was made.
	Raw []byte
}

// Completion is a whole answer, for a step or a model that answers by itself.
type Completion struct {
	ID      string // of the body; empty: made by the codec from Created
	Model   string
	Created int64 // unix seconds
	Text    []string
	// Text holds the pieces of the answer; a stream sends one event a piece.
	ToolCalls []ToolCall
	Finish    string // "stop" when empty
	Usage     Usage
	// Extra are further top-level members of the body and of every event, as raw
	// JSON: "simulated": true.
	Extra []Field
}

// Field is a name and a raw JSON value.
type Field struct {
	Name  string
	Value []byte
}

// Codec is a dialect: pure bytes to chat and back.
type Codec interface {
	// Name of the dialect: "openai".
	Name() string
	// Parse decodes a request body.
	Parse(op Op, raw []byte) (*Turn, error)
	// Append encodes a turn, unknown fields as they came.
	Append(dst []byte, t *Turn) ([]byte, error)
	// Deltas decodes what a frame (Whole or Event) adds.
	Deltas(f Frame) ([]Delta, error)
	// AppendFrame encodes f with its deltas replaced, everything else as it came.
	// Deltas for choices that f does not have are added to it.
	AppendFrame(dst []byte, f Frame, d []Delta) ([]byte, error)
	// Compose makes the frames of an answer: one Whole, or the events of a stream
	// with its terminal marker. includeUsage adds the usage event to a stream.
	Compose(c *Completion, stream, includeUsage bool) Frames
	// Error encodes a failure as a body (stream false) or an in-band event.
	Error(err error, requestID string, stream bool) []byte
}

// ErrIncomplete says that a stream ended before its dialect's end: no finish
// reason and no terminal marker. Its outcome is `truncated`.
var ErrIncomplete = errors.New("stream ended before its end")

// ErrTooLarge says that one event or body outgrew its limit.
var ErrTooLarge = errors.New("event or body over the limit")
