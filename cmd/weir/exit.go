package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/chat/openai"
	"github.com/weirhq/weir/internal/fault"
)

// Exit codes. They are documented in docs/reference/cli.md and never reused.
const (
	exitOK           = 0
	exitError        = 1
	exitUsage        = 2
	exitFindings     = 3 // differences, or findings of `validate --strict` and `doctor`
	exitAuth         = 4
	exitNotFound     = 5
	exitConflict     = 6
	exitFailed       = 7 // the verdict is: failed, rolled back
	exitInconclusive = 8
	exitTimeout      = 124
	exitInterrupted  = 130 // as shells say of a program that Ctrl-C ended
)

// exitCodes is the table of the codes, for people and for docs/reference/cli.md:
// the word is the `code` of an error that has no better one.
var exitCodes = []struct {
	code          int
	word, meaning string
}{
	{exitOK, "ok", "it was done"},
	{exitError, "error", "something went wrong: the message says what"},
	{exitUsage, "usage", "it was called wrongly, or the definitions cannot be used"},
	{exitFindings, "findings", "it found differences, an error, or with --strict a warning"},
	{exitAuth, "auth", "no key, a wrong one, or one that may not do this"},
	{exitNotFound, "not_found", "there is no such route, variant, request or other thing"},
	{exitConflict, "conflict", "it is there already, or was changed by somebody else"},
	{exitFailed, "failed", "the verdict is: failed, rolled back (kept for rollouts)"},
	{exitInconclusive, "inconclusive", "no verdict (kept for rollouts)"},
	{exitTimeout, "timeout", "it took too long"},
	{exitInterrupted, "interrupted", "Ctrl-C or SIGTERM ended it before it was done"},
}

// exitError is an error with the code the program ends with.
type exitErr struct {
	code int
	err  error // nil: everything was said already
}

func (e *exitErr) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitErr) Unwrap() error { return e.err }

// usage marks an error in how the command was called.
func usage(err error) error { return &exitErr{exitUsage, err} }

// exit ends with a code after everything was said.
func exit(code int) error { return &exitErr{code: code} }

func codeOf(err error) int {
	var e *exitErr
	var c *client.Error
	var r *refusal
	var f *fault.Error
	switch {
	case errors.As(err, &e):
		return e.code
	case errors.As(err, &c):
		if code := codeOfAnswer(c.Status, c.Code); code != exitError || c.Status != 400 {
			return code
		}
		return exitUsage // of the admin API, which is asked for what the command line says
	case errors.As(err, &r):
		return codeOfAnswer(r.status, r.code)
	case errors.As(err, &f):
		return codeOfAnswer(openai.Status(f), f.Code)
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return exitTimeout
	}
	return exitError
}

// codeOfAnswer is the exit code for what a listener of Weir answered.
func codeOfAnswer(status int, code string) int {
	if code == "unknown_variant" { // in a request that is otherwise good: 400
		return exitNotFound
	}
	switch status {
	case 401, 403:
		return exitAuth
	case 404:
		return exitNotFound
	case 409, 412:
		return exitConflict
	case 408, 504:
		return exitTimeout
	}
	return exitError
}
