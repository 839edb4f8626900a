package gateway

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/feedback"
)

// Sought is the request that something is said of: by Weir's id, or by the id in
// the body of its reply, which vendors make and which is looked for among the
// requests of a key alone.
type Sought struct {
	ID           string
	BodyID       string
	Project, Key string // of who speaks, with BodyID
}

// Origin is what is known of it.
type Origin struct {
	ID           string
	Time         time.Time
	Project, Key string // who made it
	// Bare says that the event is gone, and with it who made the request: what it
	// counted for is left.
	Bare bool
}

// ErrNoRequest says that there is no such request.
var ErrNoRequest = errors.New("there is no such request")

// Finder finds a request: ErrNoRequest when it is certain that there is none, any
// other error when that cannot be said now.
type Finder func(ctx context.Context, q Sought) (Origin, error)

// which finds the request, and holds whoever speaks to their own.
func (s *saying) which() error {
	if s.principal == nil {
		return s.ofToken()
	}
	if err := s.said.Of(); err != nil {
		return err
	}
	at, known := feedback.IDTime(s.said.RequestID)
	if known {
		if err := s.timely(at); err != nil {
			return err
		}
	}
	o, err := s.look(Sought{ID: s.said.RequestID, BodyID: s.said.BodyID, Project: s.principal.Project, Key: s.principal.Name})
	switch {
	case errors.Is(err, ErrNoRequest):
		return feedback.NoRequest()
	case err != nil && s.said.RequestID == "":
		e := fault.New(fault.Unavailable, "feedback_later", "the request cannot be looked up by the id in its reply now").
			Mend("send it again later, or now with request_id, which need not be looked up").With(err)
		e.RetryAfter = 10 * time.Second
		return e
	case err != nil:
		s.unchecked = true
		s.origin = Origin{ID: s.said.RequestID, Time: at, Project: s.principal.Project, Key: s.principal.Name}
		return nil
	case !o.Bare && (o.Key != s.principal.Name || o.Project != s.principal.Project):
		return feedback.NoRequest()
	case o.Bare:
		o.Project = s.principal.Project
	}
	s.origin = o
	return s.timely(o.Time)
}

// ofToken takes the token's word for it: it was given with the reply. An id of the
// reply's body says less than the token does.
func (s *saying) ofToken() error {
	if s.said.RequestID != "" && s.said.RequestID != s.of {
		return feedback.NoRequest()
	}
	o, err := s.look(Sought{ID: s.of})
	if err != nil || o.Bare {
		at, _ := feedback.IDTime(s.of)
		o = Origin{ID: s.of, Time: at, Project: access.DefaultProject}
	}
	s.origin = o
	return s.timely(o.Time)
}

// timely refuses what comes so late that nothing joins it to its variant any more.
// The time is within the id, so this tells nobody whether there was such a request.
func (s *saying) timely(at time.Time) error {
	if s.now.Sub(at) > s.g.cfg.FeedbackWindow {
		return feedback.Over(s.g.cfg.FeedbackWindow)
	}
	return nil
}

// record writes the score before it is answered. Under an idempotency key the
// first word counts: the same again gives the same id, and another is refused.
func (s *saying) record() (id string, status int, err error) {
	score := s.said.Score(s.origin.ID)
	score.Project, score.Time, score.Source, score.Unchecked = s.origin.Project, s.now.UTC(), feedback.Source, s.unchecked
	by := "token"
	if score.Token = s.principal == nil; !score.Token {
		by, score.By = "key\x00"+s.principal.Name, s.principal.Name
	}
	result, status := "accepted", http.StatusOK
	if s.unchecked {
		result, status = "unchecked", http.StatusAccepted
	}
	if s.said.Key == "" {
		score.ID = event.NewID(s.now)
		s.g.cfg.Recorder.Record(score)
		s.g.cfg.Weir.Feedback.With(result).Inc()
		return score.ID, status, nil
	}
	score.ID = feedback.ID(score.Project, by, score.Event, s.said.Key)
	first, err := s.g.said.repeats.once(score, func() { s.g.cfg.Recorder.Record(score) })
	if err != nil {
		return "", 0, err
	}
	if !first {
		result = "repeated"
	}
	s.g.cfg.Weir.Feedback.With(result).Inc()
	return score.ID, status, nil
}
