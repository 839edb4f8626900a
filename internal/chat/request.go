package chat

import "bytes"

// Head is what one pass over a request's body finds without decoding it.
// Strings are unescaped copies; numbers are -1 when absent.
type Head struct {
	Model         string
	User          string // OpenAI's `user`
	SafetyID      string // safety_identifier
	CacheKey      string // prompt_cache_key
	Conversation  string // metadata.conversation_id or metadata.session_id
	Stream        bool
	IncludeUsage  bool // stream_options.include_usage
	N             int64
	MaxTokens     int64  // max_tokens
	MaxCompletion int64  // max_completion_tokens
	Members       []Span // every top-level member, in order

}

// Span is one top-level member of a body: where its key (with quotes) begins
// and where its value begins and ends.
type Span struct {
	Key        string // unescaped; a view into the body where it had no escapes
	KeyAt      int
	From, Upto int
}

// Request is a request with its raw bytes and, once asked for, its parsed form.
// There is one way to change it in content (Edit), which makes the raw bytes
// stale, and one to set a top-level parameter (Set), which does not: it is
// spliced in when the request is sent.
type Request struct {
	Op    Op
	Codec Codec
	Head  Head

	raw     []byte
	turn    *Turn
	stale   bool
	patches []Field
}

// NewRequest takes the raw bytes as they came; head belongs to them.
func NewRequest(op Op, codec Codec, raw []byte, head Head) *Request {
	return &Request{Op: op, Codec: codec, Head: head, raw: raw}
}

// Untouched gives the raw bytes and true as long as nothing changed the
// content: the relay path.
func (r *Request) Untouched() ([]byte, bool) { return r.raw, !r.stale }

// Turn is the parsed form, made when first asked for. It must not be changed
// other than through Edit.
func (r *Request) Turn() (*Turn, error) {
	if r.turn == nil {
		t, err := r.Codec.Parse(r.Op, r.raw)
		if err != nil {
			return nil, err
		}
		r.turn = t
	}
	return r.turn, nil
}

// Edit changes the content. The raw bytes are made anew from the parsed form
// when next asked for.
func (r *Request) Edit(change func(*Turn) error) error {
	t, err := r.Turn()
	if err != nil {
		return err
	}
	r.stale = true
	return change(t)
}

// Body is the content as bytes: as it came, or encoded again after an Edit.
// Parameters given by Set are not in it yet.
func (r *Request) Body() ([]byte, error) {
	if !r.stale {
		return r.raw, nil
	}
	return r.Codec.Append(nil, r.turn)
}

// Set gives a top-level parameter a raw JSON value when the request is sent;
// nil takes it away. The last Set of a name wins.
func (r *Request) Set(name string, value []byte) {
	for i := range r.patches {
		if r.patches[i].Name == name {
			r.patches[i].Value = value
			return
		}
	}
	r.patches = append(r.patches, Field{name, value})
}

// Patches are the parameters given by Set.
func (r *Request) Patches() []Field { return r.patches }

// Member finds a top-level member of the body as it came. The value is nil when absent.
func (r *Request) Member(name string) []byte {
	for _, m := range r.Head.Members {
		if m.Key == name {
			return bytes.TrimSpace(r.raw[m.From:m.Upto])
		}
	}
	return nil
}
