package admin

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/fault"
)

// Problem is an error's body: RFC 9457, with a code for programs and a next
// step for people.
type Problem struct {
	Type      string              `json:"type" doc:"always about:blank: the code says which problem it is"`
	Title     string              `json:"title" doc:"the status in words"`
	Status    int                 `json:"status"`
	Detail    string              `json:"detail" doc:"what happened, where and why"`
	Code      string              `json:"code" doc:"stable, for programs"`
	Param     string              `json:"param,omitempty" doc:"the field or parameter at fault"`
	Next      string              `json:"next,omitempty" doc:"what to do about it"`
	RequestID string              `json:"request_id" doc:"Weir's id of this request, as in x-weir-request-id"`
	Problems  []DefinitionProblem `json:"problems,omitempty" doc:"what is wrong with the definitions"`
	Diff      *Diff               `json:"diff,omitempty" doc:"of a change that has to be made elsewhere: what would change"`
}

// DefinitionProblem is one thing that is wrong, or doubtful, in the definitions.
type DefinitionProblem struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty" doc:"from 1"`
	Column   int    `json:"column,omitempty" doc:"from 1, in characters"`
	Path     string `json:"path,omitempty" doc:"where in the document: routes.support.baseline"`
	Severity string `json:"severity" enum:"error,warning,note"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

func definitionProblems(ps definition.Problems) []DefinitionProblem {
	out := make([]DefinitionProblem, len(ps))
	for i, p := range ps {
		out[i] = DefinitionProblem{p.File, p.Line, p.Column, p.Path, p.Severity.String(), p.Message, p.Hint}
	}
	return out
}

// statuses chooses the HTTP status of a kind of failure, here and nowhere else.
var statuses = map[fault.Kind]int{
	fault.Internal:     http.StatusInternalServerError,
	fault.Invalid:      http.StatusBadRequest,
	fault.Unauthorized: http.StatusUnauthorized,
	fault.Forbidden:    http.StatusForbidden,
	fault.NotFound:     http.StatusNotFound,
	fault.Method:       http.StatusMethodNotAllowed,
	fault.TooLarge:     http.StatusRequestEntityTooLarge,
	fault.Unsupported:  http.StatusUnsupportedMediaType,
	fault.Limited:      http.StatusTooManyRequests,
	fault.Upstream:     http.StatusBadGateway,
	fault.Timeout:      http.StatusGatewayTimeout,
	fault.Unavailable:  http.StatusServiceUnavailable,
	fault.Cancelled:    499,
}

// invalidDefinitions is a failure that lists what is wrong, or what would have to
// be changed elsewhere.
type invalidDefinitions struct {
	fault    *fault.Error
	problems []DefinitionProblem
	diff     *Diff
}

func (e *invalidDefinitions) Error() string { return e.fault.Error() }
func (e *invalidDefinitions) Unwrap() error { return e.fault }

// fail answers with err. The caller reads its message, the log gets its cause.
func (c *call) fail(err error) {
	e := fault.From(err)
	p := Problem{Type: "about:blank", Status: statuses[e.Kind], Detail: e.Message, Code: e.Code, Param: e.Param, Next: e.Hint, RequestID: c.requestID}
	if e.Status != 0 {
		p.Status = e.Status
	}
	if list, ok := err.(*invalidDefinitions); ok {
		p.Problems, p.Diff = list.problems, list.diff
	}
	if p.Title = http.StatusText(p.Status); p.Title == "" {
		p.Title = e.Kind.String()
	}
	if e.Kind == fault.Internal {
		c.server.cfg.Log.Error("admin request failed", "request_id", c.requestID, "operation", c.operation(), "error", e.Error())
	}
	h := c.w.Header()
	if e.Kind == fault.Unauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="weir admin"`)
	}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds())+1))
	}
	if c.r.ContentLength != 0 {
		h.Set("Connection", "close") // the body may be unread
	}
	body, _ := json.Marshal(p)
	c.write(p.Status, "application/problem+json", append(escapeControls(body), '\n'))
}
