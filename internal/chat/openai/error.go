package openai

import (
	"errors"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/fault"
)

// Error writes a failure as OpenAI does: a body, or the last event of a stream
// that already began. No [DONE] follows it: the answer is not complete. The
// cause of a fault is never in it.
func (Codec) Error(err error, requestID string, stream bool) []byte {
	e := classify(err)
	w := begin(nil).text("message", e.Public()).text("type", kindType(e)).textOrNull("param", e.Param).textOrNull("code", e.Code)
	if requestID != "" {
		w = w.text("request_id", requestID)
	}
	body := begin(nil).raw("error", w.end()).end()
	if !stream {
		return body
	}
	return append(append([]byte("data: "), body...), "\n\n"...)
}

// classify gives errors of this layer the meaning they have when nobody gave
// them another.
func classify(err error) *fault.Error {
	var e *fault.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, chat.ErrIncomplete):
		return fault.New(fault.Upstream, "stream_incomplete", "the model's answer broke off before its end").With(err)
	case errors.Is(err, chat.ErrTooLarge):
		return fault.New(fault.Upstream, "event_too_large", "the model sent more at once than is allowed").With(err)
	}
	return fault.From(err)
}

// kindType is OpenAI's word for a kind of failure.
func kindType(e *fault.Error) string {
	switch e.Kind {
	case fault.Invalid, fault.Method, fault.TooLarge, fault.Unsupported:
		return "invalid_request_error"
	case fault.Unauthorized:
		return "authentication_error"
	case fault.Forbidden:
		return "permission_error"
	case fault.NotFound:
		return "not_found_error"
	case fault.Limited:
		if e.Code == "insufficient_quota" {
			return "insufficient_quota"
		}
		return "rate_limit_error"
	case fault.Timeout:
		return "timeout_error"
	case fault.Unavailable:
		return "service_unavailable_error"
	case fault.Cancelled:
		return "cancelled"
	case fault.Upstream:
		return statusType(e.Status)
	}
	return "server_error"
}

// statusType is OpenAI's word for a model's own answer that is passed on.
func statusType(status int) string {
	switch {
	case status == 429:
		return "rate_limit_error"
	case status >= 400 && status < 500:
		return "invalid_request_error"
	}
	return "server_error"
}

// Status is the HTTP status of a failure: the model's own when it is to be
// passed on, else that of its kind.
func Status(err error) int {
	e := classify(err)
	if e.Status >= 400 && e.Status <= 599 {
		return e.Status
	}
	switch e.Kind {
	case fault.Invalid, fault.Unsupported:
		return 400
	case fault.Unauthorized:
		return 401
	case fault.Forbidden:
		return 403
	case fault.NotFound:
		return 404
	case fault.Method:
		return 405
	case fault.TooLarge:
		return 413
	case fault.Limited:
		return 429
	case fault.Upstream:
		return 502
	case fault.Timeout:
		return 504
	case fault.Unavailable:
		return 503
	case fault.Cancelled:
		return 499 // nginx's: the client closed the request
	}
	return 500
}
