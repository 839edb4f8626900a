// Package fault names the kinds of failure. An Error has two audiences: the
// caller, who reads Message and Hint, and the operator, who reads the cause.
// It is not for doubts: a result with too few samples is still a result.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure it was. The HTTP status is chosen from it
// once, at the edge (each dialect has its own table).
type Kind uint8

// Kinds of failure. The zero value is Internal: an error nobody classified is
// ours until shown otherwise.
const (
	Internal     Kind = iota // a defect of Weir's
	Invalid                  // the request is malformed or contradicts itself
	Unauthorized             // no key, or one that is not known
	Forbidden                // the key may not do this
	NotFound                 // no such route, model or path
	Method                   // the path exists, the method does not
	TooLarge                 // the body, or one of its parts, is over a limit
	Unsupported              // understood, and refused
	Limited                  // too many requests, or no budget left
	Upstream                 // the model answered with an error, or not at all
	Timeout                  // one of the clocks ran out
	Unavailable              // Weir cannot serve now: draining, secret missing
	Cancelled                // the caller left
)

var kindNames = [...]string{"internal", "invalid", "unauthorized", "forbidden", "not_found", "method", "too_large",
	"unsupported", "limited", "upstream", "timeout", "unavailable", "cancelled"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Error is a failure with its two readings.
type Error struct {
	Kind       Kind
	Code       string        // stable, snake_case, for programs: "model_not_found"
	Param      string        // the field at fault, "" when there is none
	Message    string        // for the caller: what, where, why
	Kept       string        // Message without what the caller had sent, where it quotes that; empty: Message
	Hint       string        // for the caller: how to mend it; may be empty
	Status     int           // upstream's own status when it is to be passed on; 0 otherwise
	RetryAfter time.Duration // 0: nothing is known
	Cause      error         // for the operator only; never shown to the caller
}

// New makes an error of a kind; the format is the caller's message.
func New(k Kind, code, format string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error is what the operator reads, and what is kept: the caller's own words are
// not in it.
func (e *Error) Error() string {
	s := e.Message
	if e.Kept != "" {
		s = e.Kept
	}
	if e.Param != "" {
		s = e.Param + ": " + s
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Public is what the caller reads: the message and how to mend it.
func (e *Error) Public() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + ". " + e.Hint
}

// With sets the cause and returns e.
func (e *Error) With(cause error) *Error { e.Cause = cause; return e }

// At names the field at fault and returns e.
func (e *Error) At(param string) *Error { e.Param = param; return e }

// Keep gives the wording that is kept in the place of a message that quotes what
// the caller sent, and returns e.
func (e *Error) Keep(format string, args ...any) *Error {
	e.Kept = fmt.Sprintf(format, args...)
	return e
}

// Mend says how to mend it and returns e.
func (e *Error) Mend(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// From returns err as an Error. One that nobody classified becomes Internal,
// with a message that gives nothing away and err as its cause.
func From(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Code: "internal_error", Message: "internal error", Cause: err}
}

// Is reports whether err is of kind k.
func Is(err error, k Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == k
}
