package client

import (
	"context"
	"time"
)

// Link lets a browser in, once.
type Link struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

// Link makes a link that lets a browser in, once and for a few minutes. The session
// it opens may what this client's key may.
func (c *Client) Link(ctx context.Context) (Link, error) {
	var l Link
	err := c.post(ctx, "/api/v1/links", struct{}{}, &l, timeout)
	return l, err
}
