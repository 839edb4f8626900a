package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/feedback"
)

// feedbackPath takes what is said of an answer afterwards. It asks no model and is
// no event: it makes the admission of the journey, and then a score.
const feedbackPath = "/v1/feedback"

// saying is one call of it, on its way to a score.
type saying struct {
	g   *Gateway
	w   http.ResponseWriter
	r   *http.Request
	now time.Time

	principal *access.Principal // nil: a token speaks
	of        string            // the request that the token is for
	said      *feedback.Said
	origin    Origin
	unchecked bool // the store is away: whose request it is will be looked up later
}

// feedback takes one word. A page of any origin may send it: what lets it in is a
// token, which no browser sends by itself.
func (g *Gateway) feedback(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	switch r.Method {
	case http.MethodPost:
	case http.MethodOptions:
		preflight(w)
		return
	default:
		g.plainError(w, r, methodNotAllowed(w, r, "OPTIONS, POST"))
		return
	}
	g.inFlight.Add(1) // a stop waits for it
	defer g.inFlight.Add(-1)
	s := &saying{g: g, w: w, r: r, now: time.Now()}
	id, status, err := s.guarded()
	if err != nil {
		g.cfg.Weir.Feedback.With(resultOf(err)).Inc()
		s.fail(err)
		return
	}
	w.Header().Set("X-Weir-Request-Id", event.NewID(s.now))
	if caller := headerOf(r, "X-Request-Id"); caller != "" && len(caller) <= maxClientID {
		w.Header().Set("X-Request-Id", caller)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"feedback_id": id}) // the caller left: nobody to tell
}

// preflight tells a browser what a page may send: no cookie, which nothing here reads.
func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "POST")
	h.Set("Access-Control-Allow-Headers", "authorization, content-type, idempotency-key, x-api-key, x-request-id")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// guarded makes an error of a defect: of ours, or of the store's.
func (s *saying) guarded() (id string, status int, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.g.log.panicked("feedback", p, debug.Stack())
			err = fault.New(fault.Internal, "internal_error", "internal error")
		}
	}()
	return s.take()
}

// take is the way of one word: who says it, what, of which request, and how often.
func (s *saying) take() (id string, status int, err error) {
	if s.g.cfg.Find == nil {
		return "", 0, fault.New(fault.Unavailable, "feedback_not_kept", "this Weir keeps no records, so feedback would be lost").
			Mend("give it a folder: store.dir in the definitions, or --store DIR")
	}
	if err := s.who(); err != nil {
		return "", 0, err
	}
	if err := s.what(); err != nil {
		return "", 0, err
	}
	if err := s.which(); err != nil {
		return "", 0, err
	}
	if err := s.g.said.requests.allow(s.origin.ID, s.now); err != nil {
		return "", 0, err
	}
	return s.record()
}

// who finds the caller: a token in place of a key speaks for one request. A token
// may come in the body too, with which a page needs no leave to send it.
func (s *saying) who() error {
	if s.g.state.Load() == nil {
		return fault.New(fault.Unavailable, "starting", "Weir has no definitions in force yet").Mend("try again in a moment")
	}
	if scheme, token, _ := strings.Cut(headerOf(s.r, "Authorization"), " "); strings.EqualFold(scheme, "bearer") && strings.HasPrefix(strings.TrimSpace(token), feedback.TokenPrefix) {
		return s.byToken(strings.TrimSpace(token))
	}
	p, err := s.g.principal(s.g.state.Load(), s.r)
	if err != nil {
		// It may yet have a token in its body, which is short.
		if s.carriesKey() || s.what() != nil || s.said.Token == "" {
			return err
		}
		return s.byToken(s.said.Token)
	}
	if !p.Can(access.Feedback) {
		return fault.New(fault.Forbidden, "scope_missing", "key %q does not have the scope `feedback`", p.Name).
			Mend("add it to the key in the definitions, beside `call`")
	}
	if !s.carriesKey() {
		// No keys are declared, and this machine may say all it likes. A token still
		// says which request is meant.
		if err := s.what(); err != nil {
			return err
		}
		if s.said.Token != "" {
			return s.byToken(s.said.Token)
		}
	}
	s.principal = p
	return s.g.said.keys.allow(p.Project+"\x00"+p.Name, s.now)
}

func (s *saying) carriesKey() bool {
	return headerOf(s.r, "Authorization") != "" || headerOf(s.r, "X-Api-Key") != ""
}

func (s *saying) byToken(token string) error {
	if s.g.cfg.Tokens == nil {
		return fault.New(fault.Unauthorized, "feedback_token_invalid", "this Weir knows no feedback tokens")
	}
	of, err := s.g.cfg.Tokens.Open(token, s.now)
	s.of, s.principal = of, nil
	return err
}

// what reads the body, once.
func (s *saying) what() (err error) {
	if s.said != nil {
		return nil
	}
	if e := headerOf(s.r, "Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return fault.New(fault.Unsupported, "unsupported_encoding", "a body with Content-Encoding %q cannot be read", short(e, 40)).Mend("send it plain")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(s.w, s.r.Body, feedback.MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return fault.New(fault.TooLarge, "body_too_large", "the body is over %d bytes", large.Limit).Mend("send less")
	case errors.Is(err, os.ErrDeadlineExceeded):
		e := fault.New(fault.Timeout, "body_timeout", "the body did not arrive within %s", s.g.cfg.BodyTimeout)
		e.Status = http.StatusRequestTimeout
		return e
	case err != nil:
		return fault.New(fault.Cancelled, "client_closed_request", "the body broke off").With(err)
	}
	said, err := feedback.Parse(raw)
	if err != nil {
		return err
	}
	if key := headerOf(s.r, "Idempotency-Key"); key != "" {
		if said.Key != "" && said.Key != key {
			return fault.New(fault.Invalid, "invalid_feedback", "idempotency_key and the header Idempotency-Key differ").At("idempotency_key").Mend("send one of them")
		}
		said.Key = key
		if err := said.Check(); err != nil {
			return err
		}
	}
	s.said = said
	return nil
}

// fail answers with err.
func (s *saying) fail(err error) {
	if d := fault.From(err).RetryAfter; d > 0 {
		s.w.Header().Set("Retry-After", strconv.Itoa(int((d+time.Second-1)/time.Second)))
	}
	s.g.plainError(s.w, s.r, err)
}

// resultOf is how a call that was refused is counted.
func resultOf(err error) string {
	switch fault.From(err).Kind {
	case fault.Unauthorized, fault.Forbidden:
		return "unauthorized"
	case fault.NotFound:
		return "not_found"
	case fault.Limited:
		return "limited"
	case fault.Unavailable, fault.Internal:
		return "unavailable"
	}
	return "refused"
}

// carryFeedbackToken hands out the token, on routes that ask for it: before the
// first byte, so that it is there for a stream and for an error too.
func (x *Exchange) carryFeedbackToken() {
	if t := x.g.cfg.Tokens; t != nil && x.Route.Token {
		x.set("X-Weir-Feedback-Token", t.Token(x.ID, x.start.Add(x.g.cfg.FeedbackWindow)))
	}
}

// findWithin bounds a look for a request.
const findWithin = 2 * time.Second

// look asks for the request, for a while.
func (s *saying) look(q Sought) (Origin, error) {
	ctx, done := context.WithTimeout(s.r.Context(), findWithin)
	defer done()
	return s.g.cfg.Find(ctx, q)
}
