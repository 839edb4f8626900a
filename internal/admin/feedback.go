package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/feedback"
	"github.com/weirhq/weir/internal/store"
)

// FeedbackBatch is what was said of many requests, whoever made them.
type FeedbackBatch struct {
	Source   string         `json:"source,omitempty" doc:"where it comes from: import when left out; judge:NAME of a judge elsewhere. A later word takes the place of an earlier one of the same request, name and source"`
	DryRun   bool           `json:"dry_run,omitempty" doc:"say what is wrong and keep nothing"`
	Feedback []FeedbackItem `json:"feedback" doc:"at most 1000"`
}

// FeedbackItem is one thing said of one request, as at /v1/feedback.
type FeedbackItem struct {
	RequestID      string          `json:"request_id,omitempty" doc:"Weir's id of the request, or"`
	BodyID         string          `json:"id,omitempty" doc:"the id in the body of its reply"`
	Name           string          `json:"name"`
	Value          json.RawMessage `json:"value" doc:"true or false, a number, or a text"`
	Comment        string          `json:"comment,omitempty"`
	Tags           []string        `json:"tags,omitempty" doc:"name=value"`
	IdempotencyKey string          `json:"idempotency_key,omitempty" doc:"left out: the same thing said twice counts once"`
	Time           time.Time       `json:"time,omitzero" doc:"when it was said; left out: now"`
}

// FeedbackReply says what came of it. What is good is kept, whatever the rest is.
type FeedbackReply struct {
	DryRun   bool              `json:"dry_run"`
	Accepted int               `json:"accepted" doc:"taken, or said before: a store counts an id once"`
	Rejected []FeedbackProblem `json:"rejected" doc:"what was not, in order"`
}

// FeedbackProblem is why one was not taken.
type FeedbackProblem struct {
	Index   int    `json:"index" doc:"in the list that was sent, from 0"`
	Code    string `json:"code"`
	Param   string `json:"param,omitempty"`
	Message string `json:"message"`
	Next    string `json:"next,omitempty"`
}

// maxFeedback bounds what is sent at once.
const maxFeedback = 1000

// addFeedback looks all of it up before any of it is kept: while the store is away
// nothing is, and the same may be sent again.
func (c *call) addFeedback(b *FeedbackBatch) (FeedbackReply, error) {
	b.Source = cmp.Or(b.Source, "import")
	if err := feedback.CheckSource(b.Source); err != nil {
		return FeedbackReply{}, err
	}
	if n := len(b.Feedback); n > maxFeedback {
		return FeedbackReply{}, fault.New(fault.TooLarge, "too_much_feedback", "%d things are said at once, and %d are taken", n, maxFeedback).At("feedback").Mend("send them in parts")
	}
	if c.server.cfg.Recorder == nil {
		return FeedbackReply{}, fault.New(fault.Unavailable, "no_store", "this Weir keeps no records").Mend("give it a store: `store` in the definitions")
	}
	ctx, done := c.lengthen(c.server.clocks.reload)
	defer done()
	reply := FeedbackReply{DryRun: b.DryRun, Rejected: []FeedbackProblem{}}
	var scores []*event.Score
	now := c.server.cfg.Now()
	for i := range b.Feedback {
		s, err := c.score(ctx, &b.Feedback[i], b.Source, now.Add(time.Duration(i)))
		var bad *unscored
		switch {
		case errors.As(err, &bad):
			reply.Rejected = append(reply.Rejected, problemOf(i, bad))
		case err != nil:
			return FeedbackReply{}, err
		default:
			scores = append(scores, s)
		}
	}
	reply.Accepted = len(scores)
	if b.DryRun || len(scores) == 0 {
		return reply, nil
	}
	for _, s := range scores {
		c.server.cfg.Recorder.Record(s)
	}
	c.server.cfg.Log.Info("feedback taken", "request_id", c.requestID, "by", c.who(), "source", b.Source, "scores", len(scores))
	return reply, c.synced(ctx)
}

// synced waits until it is on disk: whoever imports deletes the file then.
func (c *call) synced(ctx context.Context) error {
	if c.server.cfg.Sync == nil {
		return nil
	}
	if err := c.server.cfg.Sync(ctx); err != nil {
		return unavailable(fmt.Errorf("write feedback to disk, where it may be by now: %w", err))
	}
	return nil
}

// unscored is one thing that cannot be taken, while others may be.
type unscored struct{ why error }

func (u *unscored) Error() string { return u.why.Error() }
func (u *unscored) Unwrap() error { return u.why }

func problemOf(i int, u *unscored) FeedbackProblem {
	e := fault.From(u.why)
	return FeedbackProblem{Index: i, Code: e.Code, Param: e.Param, Message: e.Message, Next: e.Hint}
}

// score makes the score of an item. An error that is not unscored is about all.
func (c *call) score(ctx context.Context, item *FeedbackItem, source string, now time.Time) (*event.Score, error) {
	said, err := item.said()
	if err != nil {
		return nil, &unscored{err}
	}
	id, at, err := c.origin(ctx, said)
	if err != nil {
		return nil, err
	}
	switch {
	case now.Sub(at) > c.server.cfg.FeedbackWindow:
		return nil, &unscored{feedback.Over(c.server.cfg.FeedbackWindow)}
	case !said.Time.IsZero() && (said.Time.After(now.Add(time.Minute)) || said.Time.Before(at.Add(-time.Minute))):
		return nil, &unscored{fault.New(fault.Invalid, "invalid_feedback", "time: it is in the future, or before the request").At("time").Mend("leave it out for now")}
	}
	s := said.Score(id)
	s.Project, s.Source, s.By, s.Time = c.project(), source, c.who(), now.UTC()
	if !said.Time.IsZero() {
		s.Time = said.Time.UTC()
	}
	if said.Key != "" {
		s.ID = feedback.ID(s.Project, "source\x00"+source, id, said.Key)
		return s, nil
	}
	given := ""
	if !said.Time.IsZero() {
		given = s.Time.Format(time.RFC3339Nano)
	}
	s.ID = feedback.ID(s.Project, "source\x00"+source, id, s.Name, s.Type, fmt.Sprint(s.Value), s.Text, s.Comment, strings.Join(s.Tags, ","), given)
	return s, nil
}

// said reads an item as /v1/feedback reads a body.
func (i *FeedbackItem) said() (*feedback.Said, error) {
	s := &feedback.Said{RequestID: i.RequestID, BodyID: i.BodyID, Name: i.Name, Comment: i.Comment, Tags: i.Tags, Key: i.IdempotencyKey, Time: i.Time}
	if len(i.Value) > 0 {
		if err := s.SetValue(i.Value); err != nil {
			return nil, err
		}
	}
	if err := s.Of(); err != nil {
		return nil, err
	}
	return s, s.Check()
}

// origin finds the request: in memory, in the store, or by what it counted for.
func (c *call) origin(ctx context.Context, said *feedback.Said) (id string, at time.Time, err error) {
	if e := c.recent(said); e != nil {
		return e.ID, e.Time, nil
	}
	st, err := c.server.store()
	if err != nil {
		return "", at, err
	}
	ctx, done := context.WithTimeout(ctx, c.server.clocks.store)
	defer done()
	if said.BodyID != "" {
		return c.replied(ctx, st, said.BodyID)
	}
	e, err := st.Event(ctx, said.RequestID)
	if err == nil {
		if e.Project != c.project() {
			return "", at, &unscored{unknownRequest()}
		}
		return e.ID, e.Time, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return "", at, unavailable(err)
	}
	exposures, err := st.Exposure(ctx, said.RequestID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && len(exposures) == 0:
		return "", at, &unscored{unknownRequest()}
	case err != nil:
		return "", at, unavailable(err)
	}
	return said.RequestID, exposures[0].Time, nil
}

func (c *call) recent(said *feedback.Said) *event.Event {
	if said.BodyID == "" {
		if e, ok := c.server.cfg.Events.Get(said.RequestID); ok && e.Project == c.project() && !c.server.forgotten.hides(e) {
			return e
		}
		return nil
	}
	events, _, _ := c.server.cfg.Events.Recent(event.Query{ID: said.BodyID})
	for _, e := range events {
		if e.BodyID == said.BodyID && e.Project == c.project() && !c.server.forgotten.hides(e) {
			return e
		}
	}
	return nil
}

// replied finds a request by the id of its reply. Of several the last is meant.
func (c *call) replied(ctx context.Context, st Store, bodyID string) (id string, at time.Time, err error) {
	events, _, err := st.FindEvents(ctx, store.EventQuery{AnyID: bodyID, Project: c.project()})
	if err != nil {
		return "", at, unavailable(err)
	}
	for _, e := range events {
		if e.BodyID == bodyID {
			return e.ID, e.Time, nil
		}
	}
	return "", at, &unscored{unknownRequest()}
}

func unknownRequest() error {
	return fault.New(fault.NotFound, "request_not_found", "there is no such request").Mend("weir logs lists them; a request is known once its answer has ended")
}
