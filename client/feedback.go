package client

import (
	"context"
	"encoding/json"
	"time"
)

// FeedbackBatch is what was said of many requests, at most 1000 and a MiB at once.
type FeedbackBatch struct {
	Source   string         `json:"source,omitempty"` // "": import
	DryRun   bool           `json:"dry_run,omitempty"`
	Feedback []FeedbackItem `json:"feedback"`
}

// FeedbackItem is one thing said of one request.
type FeedbackItem struct {
	RequestID      string          `json:"request_id,omitempty"` // Weir's id of the request, or
	BodyID         string          `json:"id,omitempty"`         // the id in the body of its reply
	Name           string          `json:"name"`
	Value          json.RawMessage `json:"value"` // true or false, a number, or a text
	Comment        string          `json:"comment,omitempty"`
	Tags           []string        `json:"tags,omitempty"` // "name=value"
	IdempotencyKey string          `json:"idempotency_key,omitempty"`
	Time           time.Time       `json:"time,omitzero"` // zero: now
}

// FeedbackReply is what came of it. What is good is kept, whatever the rest is.
type FeedbackReply struct {
	DryRun   bool              `json:"dry_run"`
	Accepted int               `json:"accepted"`
	Rejected []FeedbackProblem `json:"rejected"`
}

// FeedbackProblem is why one was not taken.
type FeedbackProblem struct {
	Index   int    `json:"index"` // in the list that was sent, from 0
	Code    string `json:"code"`
	Param   string `json:"param"`
	Message string `json:"message"`
	Next    string `json:"next"`
}

// AddFeedback says something of requests, whoever made them: that needs a key with
// the scope `operate`. The same said twice counts once, so it may be sent again.
func (c *Client) AddFeedback(ctx context.Context, b FeedbackBatch) (FeedbackReply, error) {
	var r FeedbackReply
	err := c.post(ctx, "/api/v1/feedback", b, &r, reloadWithin)
	return r, err
}
