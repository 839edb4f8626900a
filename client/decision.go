package client

import (
	"context"
	"encoding/json"
	"net/url"
	"time"
)

// Decision is what was done, why, and by whom.
type Decision struct {
	ID      string          `json:"id"`
	Project string          `json:"project"`
	Time    time.Time       `json:"time"`
	Subject string          `json:"subject"` // "definitions", "units", "store"
	Action  string          `json:"action"`  // "apply", "restore", "forget", "rebuild"
	Reason  string          `json:"reason"`
	By      string          `json:"by"`     // name of a key, or who stands for one
	Report  json.RawMessage `json:"report"` // what it rests on, or what came of it
}

// DecisionPage is a page of decisions, newest first.
type DecisionPage struct {
	Decisions     []Decision `json:"decisions"`
	NextPageToken string     `json:"next_page_token"` // "" on the last page
	Partial       *Partial   `json:"partial"`         // nil: nothing is missing
}

// Decisions gives a page of what was decided. subject "": all; limit 0: 50;
// token "": from the last.
func (c *Client) Decisions(ctx context.Context, subject string, limit int, token string) (DecisionPage, error) {
	v := url.Values{}
	if subject != "" {
		v.Set("subject", subject)
	}
	paged(v, limit, token)
	var p DecisionPage
	err := c.get(ctx, "/api/v1/decisions", v, &p)
	return p, err
}
