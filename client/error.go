package client

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Error is Weir's answer when it does not do what was asked. Message and Next
// are for people, Code is for programs.
type Error struct {
	Status    int    // HTTP
	Code      string // stable: "event_not_found"
	Message   string // what happened, where and why
	Next      string // what to do about it; may be empty
	RequestID string // Weir's id of the call
	Param     string // the field or parameter at fault; may be empty
	Problems  []Problem
	Diff      *Diff // of a change that has to be made elsewhere; nil else

	retryAfter time.Duration
}

// Error is the message and what to do about it.
func (e *Error) Error() string {
	s := e.Message
	if e.Next != "" {
		s += ": " + e.Next
	}
	if e.Code != "" {
		s += " (" + e.Code + ")"
	}
	return s
}

// Problem is one thing that is wrong, or doubtful, in the definitions.
type Problem struct {
	File     string `json:"file"`
	Line     int    `json:"line"`     // from 1; 0: the file as a whole
	Column   int    `json:"column"`   // from 1, in characters
	Path     string `json:"path"`     // "routes.support.baseline"
	Severity string `json:"severity"` // "error", "warning", "note"
	Message  string `json:"message"`
	Hint     string `json:"hint"`
}

// maxError bounds the body of an error that is read.
const maxError = 1 << 20

// errorOf reads an answer that is not 200. One that Weir did not write (a
// proxy's, another program's) becomes an Error without a code.
func errorOf(resp *http.Response) error {
	e := &Error{Status: resp.StatusCode, RequestID: resp.Header.Get("X-Weir-Request-Id"), retryAfter: retryAfter(resp.Header)}
	data, _ := io.ReadAll(io.LimitReader(resp.Body, maxError))
	var p struct {
		Detail    string    `json:"detail"`
		Code      string    `json:"code"`
		Param     string    `json:"param"`
		Next      string    `json:"next"`
		RequestID string    `json:"request_id"`
		Problems  []Problem `json:"problems"`
		Diff      *Diff     `json:"diff"`
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") || json.Unmarshal(data, &p) != nil || p.Code == "" {
		e.Message = fmt.Sprintf("%s answered %s", resp.Request.URL.Redacted(), resp.Status)
		e.Next = "see whether this is the admin listener of Weir"
		return e
	}
	e.Code, e.Message, e.Next, e.Param, e.Problems, e.Diff = p.Code, p.Detail, p.Next, p.Param, p.Problems, p.Diff
	if p.RequestID != "" {
		e.RequestID = p.RequestID
	}
	return e
}
