// Package event is what is kept of a request: the Event, its one Outcome, and
// the Recorder through which records leave the gateway. It stores nothing but
// a bounded ring in memory.
package event

import (
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/telemetry"
)

// Outcome is how an exchange ended: exactly one. It is the value that telemetry
// counts, so that the two cannot come to differ.
type Outcome = telemetry.Outcome

// Outcomes. Those that count against a variant are Truncated, Timeout,
// UpstreamError, Rejected and Interrupted.
const (
	OK            = telemetry.OutcomeOK
	Blocked       = telemetry.OutcomeBlocked       // by a rail
	Truncated     = telemetry.OutcomeTruncated     // the upstream died mid-answer
	Timeout       = telemetry.OutcomeTimeout       // one of the clocks ran out
	UpstreamError = telemetry.OutcomeUpstreamError // the upstream failed, or answered with an error
	Rejected      = telemetry.OutcomeRejected      // the upstream's 4xx after assignment
	Cancelled     = telemetry.OutcomeCancelled     // the client left: not an error
	Interrupted   = telemetry.OutcomeInterrupted   // Weir stopped in the middle: a shutdown, a defect
	Refused       = telemetry.OutcomeRefused       // limits, budget, access
	Invalid       = telemetry.OutcomeInvalid       // what Weir itself refuses before assignment
)

// Assignment is an assignment as it is kept.
type Assignment struct {
	Experiment  string  `json:"experiment,omitempty"`
	Epoch       int     `json:"epoch,omitempty"`
	Step        int     `json:"step,omitempty"` // of a rollout, from 1
	Variant     string  `json:"variant"`
	Reason      string  `json:"reason"`
	Enrolled    bool    `json:"enrolled"`
	Probability float64 `json:"probability"`
	Doubt       string  `json:"doubt,omitempty"` // an expression that failed
}

// Attempt is one try at one endpoint, a child of the event.
type Attempt struct {
	Model    string        `json:"model"`
	Endpoint string        `json:"endpoint"`
	Status   int           `json:"status,omitempty"`   // 0: no response
	Result   string        `json:"result"`             // one of the short list in docs/reference/events.md: "ok", "connect", "status_5xx"
	After    time.Duration `json:"after_ns,omitempty"` // from the request's arrival to its beginning
	Took     time.Duration `json:"took_ns"`
}

// Event is what happened to one request. Times not reached are zero.
type Event struct {
	ID           string        `json:"id"` // UUIDv7, x-weir-request-id
	ClientID     string        `json:"client_request_id,omitempty"`
	BodyID       string        `json:"body_id,omitempty"`     // the reply's own id
	Traceparent  string        `json:"traceparent,omitempty"` // the caller's own trace, as W3C Trace Context writes it
	Project      string        `json:"project"`
	Time         time.Time     `json:"time"`
	Revision     string        `json:"revision"`
	Path         string        `json:"path"`
	Route        string        `json:"route,omitempty"`
	Assignments  []Assignment  `json:"assignments,omitempty"`
	Conversation string        `json:"conversation,omitempty"` // keyed hash
	Begun        time.Time     `json:"conversation_begun,omitzero"`
	UnitKind     string        `json:"unit_kind,omitempty"`
	Unit         string        `json:"unit,omitempty"` // keyed hash
	Key          string        `json:"key,omitempty"`
	Tags         []string      `json:"tags,omitempty"`  // "name=value", sorted
	Model        string        `json:"model,omitempty"` // definition's name
	Vendor       string        `json:"vendor,omitempty"`
	ServedModel  string        `json:"served_model,omitempty"`
	Fingerprint  string        `json:"fingerprint,omitempty"` // of the served model, as the vendor gives it
	Endpoint     string        `json:"endpoint,omitempty"`
	Attempts     []Attempt     `json:"attempts,omitempty"`
	Fallback     bool          `json:"fallback,omitempty"`
	Parameters   []string      `json:"parameters,omitempty"` // "temperature: variant", "max_tokens: caller (smaller)"
	Stream       bool          `json:"stream"`
	Outcome      Outcome       `json:"outcome"`
	AnsweredBy   string        `json:"answered_by,omitempty"` // a stage that answered in place of the upstream
	Status       int           `json:"status"`                // sent to the client
	Code         string        `json:"code,omitempty"`
	Clock        string        `json:"clock,omitempty"`
	Error        string        `json:"error,omitempty"` // for operators, never a body
	Usage        chat.Usage    `json:"usage"`
	UsageKnown   bool          `json:"usage_known"`            // the upstream reported it
	UsageSource  meter.Source  `json:"usage_source,omitempty"` // "" when nothing is known of it
	UsageError   float64       `json:"usage_error,omitempty"`  // of an estimate: the relative error that its method was measured to have
	Cost         meter.Micro   `json:"cost_micro"`             // micro-dollars
	CostBasis    meter.Basis   `json:"cost_basis,omitempty"`   // "" when no model was asked
	PriceFrom    string        `json:"price_from,omitempty"`   // "definitions", or the dated row of the price list
	Finish       string        `json:"finish,omitempty"`
	Refusal      bool          `json:"refusal,omitempty"` // the vendor says that the model refused, or the answer begins like a refusal
	Read         bool          `json:"read,omitempty"`    // the answer's text was looked at: Words and Refusal speak of it
	Words        int           `json:"words,omitempty"`   // of the visible answer
	Frames       int           `json:"frames,omitempty"`
	Malformed    int           `json:"malformed_frames,omitempty"`
	QueueWait    time.Duration `json:"queue_ns,omitempty"` // for a place, in Weir
	FirstToken   time.Duration `json:"ttft_ns,omitempty"`
	FirstThought time.Duration `json:"first_reasoning_ns,omitempty"`
	PerToken     time.Duration `json:"tpot_ns,omitempty"`
	Total        time.Duration `json:"total_ns"`
	Overhead     time.Duration `json:"overhead_ns"`
	Simulated    bool          `json:"simulated,omitempty"`
	ShadowOf     string        `json:"shadow_of,omitempty"` // id of the Event whose request this one copies; "" for what a client asked
}

// Recorder takes what the gateway and the controllers have to tell. For an Event
// it returns before the last byte of the answer is released, and must not wait
// longer than a few milliseconds for a disk, nor for a network or a lock held
// over either. The record is not changed by anybody from then on.
type Recorder interface {
	Record(Record)
}
