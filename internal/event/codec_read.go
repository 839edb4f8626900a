package event

import (
	"bytes"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// reader walks the fields of a message. What does not parse makes it bad, and
// then it is at its end: callers look once, afterwards.
type reader struct {
	b    []byte
	text string // the same bytes: strings are parts of this one copy
	at   int
	num  protowire.Number // of the field that comes
	typ  protowire.Type
	bad  bool
}

func newReader(b []byte) reader { return reader{b: b, text: string(b)} }

// next goes to the next field and says whether there is one.
func (r *reader) next() bool {
	if r.bad || r.at == len(r.b) {
		return false
	}
	num, typ, n := protowire.ConsumeTag(r.b[r.at:])
	r.num, r.typ = num, typ
	return r.forward(n)
}

// forward takes n bytes; a negative n is protowire's word for what does not parse.
func (r *reader) forward(n int) bool {
	if n < 0 {
		r.bad = true
		return false
	}
	r.at += n
	return true
}

// is says whether the field has the type that its number stands for.
func (r *reader) is(t protowire.Type) bool {
	if r.typ != t {
		r.bad = true
	}
	return !r.bad
}

func (r *reader) skip() {
	r.forward(protowire.ConsumeFieldValue(r.num, r.typ, r.b[r.at:]))
}

// span gives where the bytes of a field begin and end.
func (r *reader) span() (from, to int) {
	if !r.is(protowire.BytesType) {
		return 0, 0
	}
	data, n := protowire.ConsumeBytes(r.b[r.at:])
	if !r.forward(n) {
		return 0, 0
	}
	return r.at - len(data), r.at
}

func (r *reader) string() string {
	from, to := r.span()
	return r.text[from:to]
}

func (r *reader) bytes() []byte {
	from, to := r.span()
	if from == to {
		return nil
	}
	return bytes.Clone(r.b[from:to])
}

// message gives a reader of a message within.
func (r *reader) message() reader {
	from, to := r.span()
	return reader{b: r.b[from:to], text: r.text[from:to], bad: r.bad}
}

// took passes on that a message within did not parse.
func (r *reader) took(in *reader) { r.bad = r.bad || in.bad }

func (r *reader) int64() int64 {
	if !r.is(protowire.VarintType) {
		return 0
	}
	v, n := protowire.ConsumeVarint(r.b[r.at:])
	r.forward(n)
	return int64(v)
}

func (r *reader) bool() bool { return r.int64() != 0 }

func (r *reader) fixed() uint64 {
	if !r.is(protowire.Fixed64Type) {
		return 0
	}
	v, n := protowire.ConsumeFixed64(r.b[r.at:])
	r.forward(n)
	return v
}

func (r *reader) float() float64 { return math.Float64frombits(r.fixed()) }

func (r *reader) time() time.Time {
	nano := int64(r.fixed())
	if r.bad {
		return time.Time{}
	}
	return time.Unix(0, nano).UTC()
}
