package experiment

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxField is the longest name or id a claim can hold, in bytes: its length is
// one byte.
const maxField = 255

// Pin is the token that makes a conversation stay with its variant. It is good
// for that conversation only, so a pin cannot be handed from one to another. It
// is "" when a name in it is over 255 bytes: such a conversation carries no pin.
func (s *Signer) Pin(p Pin, conversation string) string {
	claim, ok := p.append(nil)
	if !ok {
		return ""
	}
	return s.seal("pin", conversation, claim)
}

// OpenPin reads the pin that a conversation carries.
func (s *Signer) OpenPin(token, conversation string) (*Pin, error) {
	claim, err := s.open("pin", conversation, token)
	if err != nil {
		return nil, fmt.Errorf("open pin: %w", err)
	}
	r := reader{rest: claim}
	p := r.pin()
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("open pin: %w", err)
	}
	return p, nil
}

// append encodes a pin: experiment, variant, epoch, outside, begun.
func (p *Pin) append(b []byte) ([]byte, bool) {
	b, ok1 := appendText(b, p.Experiment)
	b, ok2 := appendText(b, p.Variant)
	b = binary.AppendVarint(b, int64(p.Epoch))
	b = appendBool(b, p.Outside)
	b = binary.AppendVarint(b, p.Begun)
	return b, ok1 && ok2
}

func appendText(b []byte, s string) ([]byte, bool) {
	if len(s) > maxField {
		return b, false
	}
	return append(append(b, byte(len(s))), s...), true
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// reader takes a claim apart. Its first error stays, and reads after it give
// zero values, so that callers check once, with end.
type reader struct {
	rest []byte
	err  error
}

var errClaim = errors.New("the claim is damaged")

// take gives the next n bytes, or none when there are fewer.
func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.rest) {
		r.err, r.rest = errClaim, nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) text() string { return string(r.take(int(r.byte()))) }

func (r *reader) int() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		n = -1
	}
	r.take(n)
	return v
}

func (r *reader) bool() bool {
	b := r.byte()
	if b > 1 {
		r.err = errClaim
	}
	return b == 1
}

func (r *reader) pin() *Pin {
	return &Pin{Experiment: r.text(), Variant: r.text(), Epoch: int(r.int()), Outside: r.bool(), Begun: r.int()}
}

// end reports whether everything was read, and nothing was left.
func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		r.err = errClaim
	}
	return r.err
}
