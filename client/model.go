package client

import "context"

// Model is a model of the definitions and whether it can serve.
type Model struct {
	Name      string     `json:"name"`
	Vendor    string     `json:"vendor"`
	Driver    string     `json:"driver"`
	ID        string     `json:"model"` // the vendor's; "": asked from the endpoint
	Endpoints []Endpoint `json:"endpoints"`
	Key       string     `json:"key"`     // where its key comes from: "env:OPENAI_API_KEY"; never the key
	Context   int64      `json:"context"` // window in tokens; 0: not known
	Ready     bool       `json:"ready"`
	Reason    string     `json:"reason"` // why it is not ready
	Next      string     `json:"next"`   // what to do about it
}

// Endpoint is one replica of a model.
type Endpoint struct {
	URL      string `json:"url"`
	InFlight int64  `json:"in_flight"`
	Failures int64  `json:"failures"` // since the last attempt that succeeded
}

// Models lists the models, by name.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	var list struct {
		Models []Model `json:"models"`
	}
	err := c.get(ctx, "/api/v1/models", nil, &list)
	return list.Models, err
}
