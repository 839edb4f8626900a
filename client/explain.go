package client

import (
	"context"
	"time"
)

// ExplainRequest is what a request would carry that assignment reads.
type ExplainRequest struct {
	Route    string            `json:"route"`
	Unit     string            `json:"unit,omitempty"` // "": taken from Headers and Key, as the route says
	Kind     string            `json:"kind,omitempty"` // of the unit; "": the route's
	Headers  map[string]string `json:"headers,omitempty"`
	Key      string            `json:"key,omitempty"`       // name of the caller's key
	Groups   []string          `json:"groups,omitempty"`    // of that key
	Forced   string            `json:"forced,omitempty"`    // the variant asked for with x-weir-variant
	MayForce bool              `json:"may_force,omitempty"` // that key has the scope `force`; without keys everybody has
	At       time.Time         `json:"at,omitzero"`         // by the definitions in force then; zero: now
}

// Explanation is the assignment that such a request gets, and how it comes about.
type Explanation struct {
	Revision    string   `json:"revision"` // of the definitions in force
	Route       string   `json:"route"`
	Unit        string   `json:"unit"`
	Kind        string   `json:"kind"`
	Experiment  string   `json:"experiment"`
	Epoch       int      `json:"epoch"`
	Variant     string   `json:"variant"`
	Model       string   `json:"model"`  // by its name in the definitions
	Reason      string   `json:"reason"` // "chance", "override", "forced", "pinned", "no_unit", "outside"
	Enrolled    bool     `json:"enrolled"`
	Probability float64  `json:"probability"`
	Doubt       string   `json:"doubt"`      // an expression that failed and counted as false
	Parameters  []string `json:"parameters"` // that the variant decides, and how
	Steps       []Step   `json:"steps"`

	At     time.Time `json:"at,omitzero"`               // that was asked about; zero: now
	Number int       `json:"revision_number,omitempty"` // of the revision in force then; with At
	Since  time.Time `json:"revision_time,omitzero"`    // when it came into force; with At
}

// Step is one question that assignment asked, and the answer.
type Step struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Explain says which variant a request would get, and why. Nothing is changed or
// counted by asking.
func (c *Client) Explain(ctx context.Context, r ExplainRequest) (Explanation, error) {
	var x Explanation
	err := c.post(ctx, "/api/v1/explain", r, &x, timeout)
	return x, err
}
