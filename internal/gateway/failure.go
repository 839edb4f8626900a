package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/upstream"
)

// failure is an attempt that did not begin an answer.
type failure struct {
	err     *fault.Error
	outcome event.Outcome
	again   again
	result  string // of the attempt: one of a short list
	status  int    // the upstream's; 0: none came
	body    []byte // the upstream's own error, to be passed on
}

// again says where a failed attempt may be tried once more.
type again uint8

const (
	never      again = iota
	otherModel       // this model cannot help: its credential, its secret
	otherPlace       // another endpoint or model: this one is silent or full
	anywhere         // the same endpoint too
)

// failed classifies an attempt that ended without a status, or a stream that broke.
func (x *Exchange) failed(ctx context.Context, err error) *failure {
	var c *clockError
	switch {
	case stopped(ctx):
		return &failure{err: shuttingDown(), outcome: event.Interrupted, result: "interrupted"}
	case errors.As(context.Cause(ctx), &c):
		x.clockName = c.name
		f := &failure{err: timedOut(c), outcome: event.Timeout, again: otherPlace, result: "timeout_" + c.name}
		if c.name == "total" {
			f.again = never
		}
		return f
	case ctx.Err() != nil:
		return &failure{err: clientLeft(), outcome: event.Cancelled, result: "cancelled"}
	}
	return brokenUpstream(err)
}

// brokenUpstream classifies by how far the upstream came.
func brokenUpstream(err error) *failure {
	f := &failure{outcome: event.UpstreamError, again: anywhere}
	var up *upstream.Error
	var own *fault.Error
	switch {
	case errors.Is(err, chat.ErrIncomplete):
		f.outcome, f.result = event.Truncated, "truncated"
		f.err = fault.New(fault.Upstream, "stream_incomplete", "the model's answer broke off before its end").With(err)
	case errors.Is(err, chat.ErrTooLarge):
		f.result, f.again = "too_large", never
		f.err = fault.New(fault.Upstream, "upstream_too_large", "one event of the model's answer is over the limit").With(err)
	case errors.As(err, &own):
		f.err, f.result, f.again = own, own.Code, otherModel
	case errors.As(err, &up):
		f.result = up.Class.String()
		f.err = fault.New(fault.Upstream, "upstream_"+f.result, "%s", classText[up.Class]).With(err)
		switch up.Class {
		case upstream.Body:
			f.outcome, f.err.Code = event.Truncated, "stream_incomplete"
		case upstream.TooLarge:
			f.again = never
		}
	default:
		f.result = "body"
		f.outcome = event.Truncated
		f.err = fault.New(fault.Upstream, "stream_incomplete", "the model's answer broke off before its end").With(err)
	}
	return f
}

var classText = map[upstream.Class]string{
	upstream.Connect:  "the model could not be reached",
	upstream.Send:     "the request could not be sent to the model",
	upstream.Header:   "the model closed the connection without an answer",
	upstream.Body:     "the model's answer broke off before its end",
	upstream.Protocol: "the model's answer is not of its format",
	upstream.TooLarge: "the model's answer is over the limit",
}

// refusedBy classifies an answer with a status other than 2xx.
func refusedBy(r *upstream.Reply, m *upstream.Model) *failure {
	f := &failure{status: r.Status, result: "status_" + strconv.Itoa(r.Status/100) + "xx", outcome: event.UpstreamError, again: otherPlace}
	switch s := r.Status; {
	case s == http.StatusUnauthorized || s == http.StatusForbidden:
		// Weir's own credential: never a 401 that looks like the client's key.
		f.again = otherModel
		f.err = fault.New(fault.Upstream, "upstream_auth", "model %q refused Weir's credential", m.Name)
	case s == http.StatusTooManyRequests:
		f.outcome, f.body = event.Rejected, r.Body
		f.err = fault.New(fault.Limited, "rate_limit_exceeded", "model %q is over its rate limit", m.Name)
	case s == http.StatusRequestTimeout || s == http.StatusTooEarly:
		f.err = fault.New(fault.Upstream, "upstream_error", "model %q answered %d", m.Name, s)
	case s >= 400 && s < 500:
		f.outcome, f.again, f.body = event.Rejected, never, r.Body
		f.err = fault.New(fault.Upstream, "upstream_rejected", "model %q answered %d", m.Name, s)
		f.err.Status = s
	case s >= 500:
		f.again = anywhere
		f.err = fault.New(fault.Upstream, "upstream_error", "model %q answered %d", m.Name, s)
		if s == http.StatusServiceUnavailable || s == http.StatusGatewayTimeout {
			f.err.Status = s
		}
	default:
		f.err = fault.New(fault.Upstream, "upstream_protocol", "model %q answered %d, which is no answer", m.Name, s)
	}
	f.err.RetryAfter = retryAfter(r.Header, time.Now())
	return f
}

// maxRetryAfter caps what an upstream may ask for.
const maxRetryAfter = time.Hour

// retryAfter reads seconds or an HTTP date (RFC 9110, 10.2.3). What cannot be
// read is not known: it is never invented.
func retryAfter(h map[string][]string, now time.Time) time.Duration {
	v := strings.TrimSpace(http.Header(h).Get("Retry-After"))
	if v == "" {
		return 0
	}
	d := time.Duration(0)
	if n, err := strconv.ParseInt(v, 10, 64); err == nil {
		d = time.Duration(min(max(n, 0), int64(maxRetryAfter/time.Second))) * time.Second
	} else if t, err := http.ParseTime(v); err == nil {
		d = t.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}

func timedOut(c *clockError) *fault.Error {
	return fault.New(fault.Timeout, "timeout_"+c.name, "the model did not answer in time: its %s clock of %s ran out", strings.ReplaceAll(c.name, "_", " "), c.after)
}

// statusLeft is the status of an exchange whose client left: nginx's 499.
const statusLeft = 499

func clientLeft() *fault.Error {
	return fault.New(fault.Cancelled, "client_closed_request", "the client closed the request")
}

func shuttingDown() *fault.Error {
	return fault.New(fault.Unavailable, "shutting_down", "Weir is shutting down").Mend("send the request again")
}

func unsupported(m *upstream.Model, what string) error {
	return fault.New(fault.Unsupported, "unsupported_operation", "model %q does not serve %s", m.Name, what).At("model")
}

// classify says how an exchange ended with err, when nobody said so before.
func classify(x *Exchange, err error) event.Outcome {
	if x.gone() {
		return event.Cancelled
	}
	if stopped(x.r.Context()) {
		return event.Interrupted
	}
	switch fault.From(err).Kind {
	case fault.Internal:
		return event.Interrupted
	case fault.Cancelled:
		return event.Cancelled
	case fault.Upstream:
		return event.UpstreamError
	case fault.Timeout:
		if x.plan == nil {
			return event.Invalid
		}
		return event.Timeout
	case fault.Unauthorized, fault.Forbidden, fault.Limited, fault.Unavailable:
		return event.Refused
	}
	return event.Invalid
}
