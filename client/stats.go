package client

import (
	"context"
	"encoding/json"
	"net/url"
)

// StatsMethod is one method of the calculator.
type StatsMethod struct {
	Name    string          `json:"name"`
	Summary string          `json:"summary"`
	Source  string          `json:"source"`
	Inputs  []string        `json:"inputs"`
	Outputs []string        `json:"outputs"`
	Example json.RawMessage `json:"example"` // inputs that it can be called with
}

// StatsMethods are the methods by name.
type StatsMethods struct {
	Methods []StatsMethod `json:"methods"`
}

// StatsMethods lists what Stats can compute.
func (c *Client) StatsMethods(ctx context.Context) (StatsMethods, error) {
	var m StatsMethods
	err := c.get(ctx, "/api/v1/stats", nil, &m)
	return m, err
}

// Stats computes one statistic from inputs that encode as a JSON object, and decodes the
// answer into a struct or a map. What is undefined is null, with a status and a reason.
func (c *Client) Stats(ctx context.Context, method string, inputs, into any) error {
	return c.post(ctx, "/api/v1/stats/"+url.PathEscape(method), inputs, into, timeout)
}
