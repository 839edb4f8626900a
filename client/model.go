package client

import (
	"context"
	"time"
)

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
	Price     Price      `json:"price"`  // what its tokens cost now

	Servers []ServerState `json:"servers,omitempty"` // what its servers say of themselves. Of ModelsWide
}

// Price is what a model's tokens cost, in micro-dollars per million tokens.
type Price struct {
	Known    bool      `json:"known"`      // it has a price of its own
	Basis    string    `json:"basis"`      // of the cost of its answers: "priced", "estimated", "unpriced"
	From     string    `json:"from"`       // "definitions", or the row of the list of prices with its day
	Source   string    `json:"source"`     // the public page that the row was taken from
	ListAsOf time.Time `json:"list_as_of"` // when the list was last compared with the vendors' pages
	Until    time.Time `json:"until"`      // when another price takes over, where that is known
	Policy   string    `json:"unpriced"`   // what is done without a price: "deny", "estimate", "untracked"
	Refused  bool      `json:"refused"`    // it has no price and is not asked for that
	Unit     string    `json:"unit"`
	Input    int64     `json:"input"`
	Output   int64     `json:"output"`
	Cached   int64     `json:"cached_input"`
	Written  int64     `json:"cache_write"`
}

// Endpoint is one replica of a model.
type Endpoint struct {
	URL      string `json:"url"`
	InFlight int64  `json:"in_flight"`
	Failures int64  `json:"failures"` // since the last attempt that succeeded

	Sent     *int64 `json:"sent,omitempty"`     // attempts on the wire; nil: not known. Of ModelsWide
	Answered *int64 `json:"answered,omitempty"` // of those, with an answer
}

// ServerState is what a model's server says of itself. Nil is what it does not tell.
type ServerState struct {
	Endpoint string    `json:"endpoint"`
	Kind     string    `json:"kind"` // "vllm", "tgi", ...
	At       time.Time `json:"at"`   // when it was last heard
	Age      float64   `json:"age_seconds"`
	Error    string    `json:"error"` // why it was not heard since
	Running  *float64  `json:"running"`
	Queued   *float64  `json:"queued"`
	Waited   *float64  `json:"queue_wait_seconds"` // mean over those that left its queue lately
	KVCache  *float64  `json:"kv_cache_share"`     // 0 to 1
	GPUs     []GPU     `json:"gpus"`
}

// GPU is one that a server runs on.
type GPU struct {
	Name        string   `json:"name"`
	Busy        *float64 `json:"busy_share"` // 0 to 1
	MemoryUsed  *int64   `json:"memory_used_bytes"`
	MemoryTotal *int64   `json:"memory_total_bytes"`
}

// ModelList is every model, by name.
type ModelList struct {
	Models   []Model        `json:"models"`
	Unpriced int            `json:"unpriced"`         // models whose answers have no known cost
	Window   *TrafficWindow `json:"window,omitempty"` // nil but of ModelsWide
}

// Models lists the models, by name.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	var list ModelList
	err := c.get(ctx, "/api/v1/models", nil, &list)
	return list.Models, err
}

// ModelsWide lists the models with what went to their endpoints from one time to
// another (zero: the last day), and what their servers say of themselves.
func (c *Client) ModelsWide(ctx context.Context, from, to time.Time) (ModelList, error) {
	var list ModelList
	err := c.get(ctx, "/api/v1/models", wide(from, to), &list)
	return list, err
}
