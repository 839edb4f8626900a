package client

import (
	"context"
	"net/url"
	"strconv"
	"time"
)

// Event is what happened to one request. Times that were not reached are zero.
type Event struct {
	ID           string        `json:"id"`                // Weir's own, a UUIDv7: x-weir-request-id
	ClientID     string        `json:"client_request_id"` // the caller's x-request-id
	BodyID       string        `json:"body_id"`           // of the reply
	Project      string        `json:"project"`
	Time         time.Time     `json:"time"`
	Revision     string        `json:"revision"` // of the definitions in force
	Path         string        `json:"path"`
	Route        string        `json:"route"`
	Assignments  []Assignment  `json:"assignments"`
	Conversation string        `json:"conversation"` // keyed hash
	Begun        time.Time     `json:"conversation_begun"`
	UnitKind     string        `json:"unit_kind"`
	Unit         string        `json:"unit"` // keyed hash
	Key          string        `json:"key"`  // name of the caller's key
	Model        string        `json:"model"`
	Vendor       string        `json:"vendor"`
	ServedModel  string        `json:"served_model"` // as the upstream names it
	Endpoint     string        `json:"endpoint"`
	Attempts     []Attempt     `json:"attempts"`
	Fallback     bool          `json:"fallback"`
	Parameters   []string      `json:"parameters"` // whose value was used: "temperature: variant"
	Stream       bool          `json:"stream"`
	Outcome      string        `json:"outcome"`     // "ok", "timeout", ...
	AnsweredBy   string        `json:"answered_by"` // a stage that answered in place of the upstream; "" else
	Status       int           `json:"status"`      // sent to the client
	Code         string        `json:"code"`
	Clock        string        `json:"clock"` // that ran out
	Error        string        `json:"error"`
	Usage        Usage         `json:"usage"`
	UsageKnown   bool          `json:"usage_known"`
	Finish       string        `json:"finish"`
	Refusal      bool          `json:"refusal"`
	Frames       int           `json:"frames"`
	Malformed    int           `json:"malformed_frames"`
	FirstToken   time.Duration `json:"ttft_ns"`
	FirstThought time.Duration `json:"first_reasoning_ns"`
	PerToken     time.Duration `json:"tpot_ns"`
	Total        time.Duration `json:"total_ns"`
	Overhead     time.Duration `json:"overhead_ns"`
	Simulated    bool          `json:"simulated"`

	// Skipped is how many events were lost before this one because a stream was
	// read more slowly than requests came in. Follow sets it.
	Skipped uint64 `json:"-"`
}

// Assignment is the variant a unit got, why, and how likely that was.
type Assignment struct {
	Experiment  string  `json:"experiment"`
	Epoch       int     `json:"epoch"`
	Variant     string  `json:"variant"`
	Reason      string  `json:"reason"`   // "chance", "override", "forced", "pinned", "no_unit", "outside"
	Enrolled    bool    `json:"enrolled"` // enters the statistics
	Probability float64 `json:"probability"`
	Doubt       string  `json:"doubt"` // an expression that failed
}

// Attempt is one try at one endpoint.
type Attempt struct {
	Model    string        `json:"model"`
	Endpoint string        `json:"endpoint"`
	Status   int           `json:"status"` // 0: no response
	Result   string        `json:"result"`
	Took     time.Duration `json:"took_ns"`
}

// Usage is in tokens. Cached and CacheWrite are parts of Input, Reasoning of Output.
type Usage struct {
	Input      int64 `json:"input"`
	Output     int64 `json:"output"`
	Cached     int64 `json:"cached"`
	CacheWrite int64 `json:"cache_write"`
	Reasoning  int64 `json:"reasoning"`
}

// Query says which events are wanted. Empty fields ask for nothing in particular.
type Query struct {
	Route   string
	Variant string
	Outcome string
	Key     string    // name of a key
	ID      string    // Weir's id, the caller's own, or the reply's
	Since   time.Time // not older

	Limit     int    // of one page: 1 to 1000; 0: 50. Not for Follow
	PageToken string // NextPageToken of the page before. Not for Follow
	After     string // the id of an event to begin behind. For Follow only
}

func (q *Query) values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("route", q.Route)
	set("variant", q.Variant)
	set("outcome", q.Outcome)
	set("key", q.Key)
	set("id", q.ID)
	if !q.Since.IsZero() {
		set("since", q.Since.Format(time.RFC3339Nano))
	}
	return v
}

// Page is a page of recent events, newest first.
type Page struct {
	Events        []Event `json:"events"`
	NextPageToken string  `json:"next_page_token"` // "" on the last page
}

// Events gives a page of the recent events that Weir holds in memory.
func (c *Client) Events(ctx context.Context, q Query) (Page, error) {
	v := q.values()
	if q.Limit != 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if q.PageToken != "" {
		v.Set("page_token", q.PageToken)
	}
	var p Page
	err := c.get(ctx, "/api/v1/events", v, &p)
	return p, err
}

// Event gives one recent event by Weir's id of the request.
func (c *Client) Event(ctx context.Context, id string) (Event, error) {
	var e Event
	err := c.get(ctx, "/api/v1/events/"+url.PathEscape(id), nil, &e)
	return e, err
}
