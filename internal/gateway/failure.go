package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/chat/openai"
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

// blames reports whether an attempt that ended so is held against its endpoint:
// it could not be reached, was silent, full or broken. What it refused as it
// should, and what others ended, is not its failure.
func (f *failure) blames() bool {
	switch f.result {
	case "connect", "send", "header":
		return true
	}
	return f.status == http.StatusTooManyRequests || f.status >= 500 || blamed(f.outcome)
}

// blamed is the same for an answer that had begun.
func blamed(o event.Outcome) bool { return o == event.Truncated || o == event.Timeout }

// failed classifies an attempt that ended without a status, or a stream that broke.
func (x *Exchange) failed(ctx context.Context, err error) *failure {
	var c *clockError
	switch {
	case stopped(ctx):
		return &failure{err: shuttingDown(), outcome: event.Interrupted, result: "interrupted"}
	case errors.As(context.Cause(ctx), &c):
		x.clockName = c.name
		if c.client {
			return &failure{err: clientTooSlow(), outcome: event.Cancelled, result: "cancelled"}
		}
		f := &failure{err: timedOut(c), outcome: event.Timeout, again: otherPlace, result: "timeout_" + c.name}
		if c.name == "total" {
			f.again = never
		}
		return f
	case ctx.Err() != nil:
		return &failure{err: clientLeft(), outcome: event.Cancelled, result: "cancelled"}
	}
	return x.brokenUpstream(err, x.answer != nil)
}

// brokenUpstream classifies by how far the upstream came, and whether an answer had begun.
func (x *Exchange) brokenUpstream(err error, begun bool) *failure {
	f := &failure{outcome: event.UpstreamError, again: anywhere}
	var up *upstream.Error
	var own *fault.Error
	switch {
	case errors.Is(err, chat.ErrIncomplete):
		f.outcome, f.result = event.Truncated, "truncated"
		f.err = fault.New(fault.Upstream, "stream_incomplete", "the model's answer broke off before its end").With(err)
	case errors.Is(err, chat.ErrTooLarge):
		f.result, f.again = "too_large", never
		what := "one event of the model's answer is over the limit"
		if errors.As(err, &up) {
			what = classText[up.Class] // the driver knows more
		}
		f.err = fault.New(fault.Upstream, "upstream_too_large", "%s", what).With(err)
	case errors.As(err, &own):
		return x.refusedHere(err)
	case errors.As(err, &up):
		f.result = up.Class.String()
		f.err = fault.New(fault.Upstream, "upstream_"+f.result, "%s", classText[up.Class]).With(err)
		switch up.Class {
		case upstream.Body:
			f.outcome, f.err.Code = event.Truncated, "stream_incomplete"
		case upstream.TooLarge:
			f.again = never
		}
	case !begun: // a driver's own trouble: nothing says that the model did anything
		f.result = "error"
		f.err = fault.New(fault.Upstream, "upstream_error", "the model could not be asked").With(err)
	default:
		f.result = "body"
		f.outcome = event.Truncated
		f.err = fault.New(fault.Upstream, "stream_incomplete", "the model's answer broke off before its end").With(err)
	}
	return f
}

// refusedHere is a refusal that a driver or a pool made by itself, without asking.
// What it says of the request is for the caller, what it says of the model is not.
func (x *Exchange) refusedHere(err error) *failure {
	switch own := fault.From(err); own.Kind {
	case fault.Invalid, fault.Unsupported, fault.TooLarge:
		return &failure{err: own, outcome: event.Rejected, result: "rejected"}
	}
	return &failure{err: x.unasked(err), outcome: event.UpstreamError, again: otherModel, result: "unavailable"}
}

// unasked is an error of a model that cannot be asked, as this caller may read it.
// The names of models and vendors are for who may know what answers, the names of
// secrets for the operator alone.
func (x *Exchange) unasked(err error) *fault.Error {
	own := fault.From(err)
	if x.exposed() && own.Code != "model_unavailable" {
		return own
	}
	said := "the model cannot be asked"
	if own.Kind == fault.Unavailable {
		said = "the model is not configured"
	}
	e := fault.New(own.Kind, own.Code, "%s", said).With(err)
	e.RetryAfter = own.RetryAfter
	return e
}

// brokenEdit is the failure of a request that a step left unfit to be sent, nil
// when that is not why err came. It is Weir's own defect, and the same everywhere.
func (x *Exchange) brokenEdit(err error) *failure {
	if _, untouched := x.Request.Untouched(); untouched {
		return nil
	}
	body, broken := x.Request.Body()
	if broken == nil {
		broken = openai.Scan(body, x.path.op, new(chat.Head))
	}
	if broken == nil {
		return nil
	}
	own := fault.New(fault.Internal, "internal_error", "internal error").With(fmt.Errorf("a step left a request that cannot be sent: %w: %w", broken, err))
	return &failure{err: own, outcome: event.Interrupted, result: "interrupted"}
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
		f.err = fault.New(fault.Upstream, "upstream_auth", "the model refused Weir's credential")
	case s == http.StatusTooManyRequests:
		f.outcome, f.body = event.Rejected, r.Body
		f.err = fault.New(fault.Limited, "rate_limit_exceeded", "the model is over its rate limit")
	case s == http.StatusRequestTimeout || s == http.StatusTooEarly:
		f.err = fault.New(fault.Upstream, "upstream_error", "the model answered %d", s)
	case s >= 400 && s < 500:
		f.outcome, f.again, f.body = event.Rejected, never, r.Body
		f.err = fault.New(fault.Upstream, "upstream_rejected", "the model refused the request: it answered %d", s)
		f.err.Status = s
	case s >= 500:
		f.again = anywhere
		f.err = fault.New(fault.Upstream, "upstream_error", "the model answered %d", s)
		if s == http.StatusServiceUnavailable || s == http.StatusGatewayTimeout {
			f.err.Status = s
		}
	default:
		f.err = fault.New(fault.Upstream, "upstream_protocol", "the model answered %d, which is no answer", s)
	}
	f.err.Cause = fmt.Errorf("model %q", m.Name) // which one is the operator's to know
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

func clientLeft() *fault.Error {
	return fault.New(fault.Cancelled, "client_closed_request", "the client closed the request")
}

func clientTooSlow() *fault.Error {
	return fault.New(fault.Cancelled, "client_too_slow", "the client did not take the answer in time")
}

func shuttingDown() *fault.Error {
	return fault.New(fault.Unavailable, "shutting_down", "Weir is shutting down").Mend("send the request again")
}

// unpriced refuses a model without a price, where definitions ask for that
// (unpriced: deny). Another model of the route may have one.
func unpriced(m *upstream.Model) *failure {
	e := fault.New(fault.Unavailable, "model_unpriced", "the model has no price, and without one it is not asked").With(fmt.Errorf("model %q: unpriced is deny", m.Name))
	return &failure{err: e, outcome: event.Refused, again: otherModel, result: "unpriced"}
}

// mayHaveBeenRead reports whether an attempt that ended without an answer may have
// used tokens: the request was on its way, and nobody knows how far the model came.
func mayHaveBeenRead(f *failure, err error) bool {
	var up *upstream.Error
	if errors.As(err, &up) && (up.Class == upstream.Connect || up.Class == upstream.Send) {
		return false
	}
	switch f.outcome {
	case event.Cancelled, event.Timeout, event.Interrupted:
		return true
	}
	return false
}

func unsupported(m *upstream.Model, what string) error {
	return fault.New(fault.Unsupported, "unsupported_operation", "the model does not serve %s", what).At("model").With(fmt.Errorf("model %q", m.Name))
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
