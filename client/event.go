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
	Traceparent  string        `json:"traceparent"`       // the caller's own trace
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
	Tags         []string      `json:"tags"` // "name=value"
	Model        string        `json:"model"`
	Vendor       string        `json:"vendor"`
	ServedModel  string        `json:"served_model"` // as the upstream names it
	Fingerprint  string        `json:"fingerprint"`  // of the served model, as the vendor gives it
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
	UsageKnown   bool          `json:"usage_known"`  // the upstream reported it
	UsageSource  string        `json:"usage_source"` // "reported", "counted", "estimated"; "": nothing is known of it
	UsageError   float64       `json:"usage_error"`  // of an estimate: the relative error of its method
	Cost         int64         `json:"cost_micro"`   // micro-dollars
	CostBasis    string        `json:"cost_basis"`   // "priced", "estimated", "unpriced"; "": no model was asked
	PriceFrom    string        `json:"price_from"`   // "definitions", or the dated row of the list of prices
	Finish       string        `json:"finish"`
	Refusal      bool          `json:"refusal"`
	Read         bool          `json:"read"`  // the answer's text was looked at: Words and Refusal speak of it
	Words        int           `json:"words"` // of the visible answer
	Frames       int           `json:"frames"`
	Malformed    int           `json:"malformed_frames"`
	QueueWait    time.Duration `json:"queue_ns"` // for a place, in Weir
	FirstToken   time.Duration `json:"ttft_ns"`
	FirstThought time.Duration `json:"first_reasoning_ns"`
	PerToken     time.Duration `json:"tpot_ns"`
	Total        time.Duration `json:"total_ns"`
	Overhead     time.Duration `json:"overhead_ns"`
	Simulated    bool          `json:"simulated"`
	ShadowOf     string        `json:"shadow_of"` // id of the event whose request this one copies

	// Skipped is how many events were lost before this one because a stream was
	// read more slowly than requests came in. Follow sets it.
	Skipped uint64 `json:"-"`
}

// Assignment is the variant a unit got, why, and how likely that was.
type Assignment struct {
	Experiment  string  `json:"experiment"`
	Epoch       int     `json:"epoch"`
	Step        int     `json:"step"` // of a rollout, from 1
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
	After    time.Duration `json:"after_ns"` // from the request's arrival to its beginning
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
	Model   string    // by its name in the definitions
	Tag     string    // "name=value"
	Unit    string    // the hash that events show, or kind:id, such as user:ada
	ID      string    // Weir's id, the caller's own, or the reply's
	Since   time.Time // not older
	To      time.Time // older. Not for Follow

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
	set("model", q.Model)
	set("tag", q.Tag)
	set("unit", q.Unit)
	set("id", q.ID)
	if !q.Since.IsZero() {
		set("since", q.Since.Format(time.RFC3339Nano))
	}
	return v
}

// Page is a page of events, newest first.
type Page struct {
	Events        []Event  `json:"events"`
	NextPageToken string   `json:"next_page_token"` // "" on the last page
	Partial       *Partial `json:"partial"`         // nil: nothing is missing
}

// Partial says what an answer lacks.
type Partial struct {
	Reason string    `json:"reason"`
	AsOf   time.Time `json:"as_of"`       // when the store was last written
	Age    float64   `json:"age_seconds"` // how long ago that is
}

// Events gives a page of the events that Weir keeps.
func (c *Client) Events(ctx context.Context, q Query) (Page, error) {
	v := q.values()
	if !q.To.IsZero() {
		v.Set("to", q.To.Format(time.RFC3339Nano))
	}
	paged(v, q.Limit, q.PageToken)
	var p Page
	err := c.get(ctx, "/api/v1/events", v, &p)
	return p, err
}

// paged asks for a page.
func paged(v url.Values, limit int, token string) {
	if limit != 0 {
		v.Set("limit", strconv.Itoa(limit))
	}
	if token != "" {
		v.Set("page_token", token)
	}
}

// Event gives one event by Weir's id of the request. Trace gives all that hangs
// on it.
func (c *Client) Event(ctx context.Context, id string) (Event, error) {
	t, err := c.Trace(ctx, id, false)
	return t.Event, err
}
