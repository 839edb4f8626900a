package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/fault"
)

// advised is an error and what to do about it, which is printed on a line of its own.
type advised struct {
	err  error
	next string
}

func (e *advised) Error() string { return e.err.Error() }
func (e *advised) Unwrap() error { return e.err }

// advise adds what to do about an error.
func advise(err error, format string, args ...any) error {
	return &advised{err, fmt.Sprintf(format, args...)}
}

// envelope is an error as programs read it, when -o json was asked for.
type envelope struct {
	Code      string `json:"code"` // stable: Weir's own code where it answered, else the word of the exit code
	Message   string `json:"message"`
	Next      string `json:"next,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// report prints an error and gives the exit code. at is the command that was
// called, as the user writes it.
func (a *app) report(err error, at string) int {
	if err == nil {
		return exitOK
	}
	code := codeOf(err)
	var said *exitErr
	if errors.As(err, &said) && said.err == nil || code == exitInterrupted {
		return code
	}
	t := envelopeOf(err, code, at)
	if a.json {
		line, _ := json.Marshal(t)
		fmt.Fprintf(a.err, "%s\n", escapeHostile(line))
		return code
	}
	fmt.Fprintln(a.err, "weir:", plainLines(t.Message))
	if t.Next != "" {
		fmt.Fprintln(a.err, "next:", plainLines(t.Next))
	}
	return code
}

// envelopeOf takes an error apart: who told of it, and what to do.
func envelopeOf(err error, code int, at string) envelope {
	t := envelope{Code: wordOf(code), Message: strings.TrimSpace(err.Error())}
	var weir *client.Error
	var gateway *refusal
	var invalid *definition.Error
	var own *fault.Error
	var a *advised
	switch {
	case errors.As(err, &weir):
		t.Message, t.Next, t.RequestID = weir.Message, weir.Next, weir.RequestID
		if weir.Code != "" {
			t.Code = weir.Code
		}
	case errors.As(err, &gateway):
		t.RequestID = gateway.requestID
		if gateway.code != "" {
			t.Code = gateway.code
		}
	case errors.As(err, &own):
		t.Code, t.Message, t.Next = own.Code, own.Message, own.Hint
	case errors.As(err, &invalid): // each problem begins its line, so that a click opens the file
		t.Message = "the definitions cannot be used\n" + invalid.Error()
		t.Next = "mend them: weir validate checks them without running anything"
	}
	if errors.As(err, &a) {
		t.Next = a.next
	}
	if t.Next == "" && code == exitUsage {
		t.Next = at + " --help"
	}
	return t
}

func wordOf(code int) string {
	for _, c := range exitCodes {
		if c.code == code {
			return c.word
		}
	}
	return "error"
}
