package event

import (
	"encoding/json"
	"time"

	"github.com/weirhq/weir/internal/chat"
	"github.com/weirhq/weir/internal/meter"
)

// Kind tells records apart in the journal. Numbers are never used again.
type Kind uint8

// The kinds of record.
const (
	KindBegin    Kind = 1 // an exchange went upstream
	KindEvent    Kind = 2 // an exchange ended
	KindScore    Kind = 3 // something was said of it later
	KindDecision Kind = 4 // the controller chose
	KindEntry    Kind = 5 // money moved
	KindBody     Kind = 6 // what was asked and answered, where that is kept
)

// Record is what travels through a Recorder: *Event, *Begin, *Score, *Decision,
// *Entry, *Body.
type Record interface{ Kind() Kind }

// Kind of the record.
func (*Event) Kind() Kind { return KindEvent }

// Kind of the record.
func (*Begin) Kind() Kind { return KindBegin }

// Kind of the record.
func (*Score) Kind() Kind { return KindScore }

// Kind of the record.
func (*Decision) Kind() Kind { return KindDecision }

// Kind of the record.
func (*Entry) Kind() Kind { return KindEntry }

// Kind of the record.
func (*Body) Kind() Kind { return KindBody }

// Begin says that an exchange went upstream. If the process dies before its
// Event, the next one makes an Event of it, with the outcome `interrupted`.
type Begin struct {
	ID           string       `json:"id"` // of the Event to come
	ClientID     string       `json:"client_request_id,omitempty"`
	Project      string       `json:"project"`
	Time         time.Time    `json:"time"`
	Revision     string       `json:"revision"`
	Path         string       `json:"path"`
	Route        string       `json:"route"`
	Assignments  []Assignment `json:"assignments,omitempty"`
	Conversation string       `json:"conversation,omitempty"`
	Begun        time.Time    `json:"conversation_begun,omitzero"`
	UnitKind     string       `json:"unit_kind,omitempty"`
	Unit         string       `json:"unit,omitempty"`
	Key          string       `json:"key,omitempty"`
	Tags         []string     `json:"tags,omitempty"`
	Model        string       `json:"model,omitempty"` // the variant's own
	Stream       bool         `json:"stream"`
	Simulated    bool         `json:"simulated,omitempty"`
}

// Interrupted is the Event of an exchange that was under way when Weir died.
// What it had produced, and its cost, are not known.
func (b *Begin) Interrupted() *Event {
	return &Event{
		ID: b.ID, ClientID: b.ClientID, Project: b.Project, Time: b.Time, Revision: b.Revision, Path: b.Path, Route: b.Route,
		Assignments: b.Assignments, Conversation: b.Conversation, Begun: b.Begun, UnitKind: b.UnitKind, Unit: b.Unit,
		Key: b.Key, Tags: b.Tags, Model: b.Model, Stream: b.Stream, Simulated: b.Simulated,
		Outcome: Interrupted, Code: "weir_died", Error: "Weir ended while this was under way", CostBasis: meter.Unpriced,
	}
}

// Score is what was said of an exchange after it ended. A later score of the
// same Event, Name and Source takes the place of the earlier.
type Score struct {
	ID        string    `json:"id"`    // UUIDv7; UUIDv8 of what has an idempotency key, or stood in a file
	Event     string    `json:"event"` // id of the exchange
	Project   string    `json:"project"`
	Time      time.Time `json:"time"`
	Name      string    `json:"name"`   // "thumbs", "relevance"
	Source    string    `json:"source"` // "feedback", "judge:NAME"
	Value     int64     `json:"value_micro"`
	Comment   string    `json:"comment,omitempty"`
	By        string    `json:"by,omitempty"`        // name of a key
	Type      string    `json:"type,omitempty"`      // "boolean", "number", "text"; "": a number
	Text      string    `json:"text,omitempty"`      // of type text, which has no value
	Tags      []string  `json:"tags,omitempty"`      // "name=value", sorted
	Token     bool      `json:"token,omitempty"`     // said with a token, by a browser, and not with a key
	Unchecked bool      `json:"unchecked,omitempty"` // whose exchange it is was not known when it was said
}

// Types of what a score says. A boolean is 1 or 0.
const (
	TypeBoolean = "boolean"
	TypeNumber  = "number"
	TypeText    = "text"
)

// Counts reports whether the score has a value: a text has none.
func (s *Score) Counts() bool { return s.Type != TypeText }

// Decision is what was done to a rollout, an experiment or the definitions, why,
// on which report, and by whom.
type Decision struct {
	ID      string          `json:"id"` // UUIDv7
	Project string          `json:"project"`
	Time    time.Time       `json:"time"`
	Subject string          `json:"subject"` // "rollout/support-llama", "definitions"
	Action  string          `json:"action"`  // "advance", "rollback", "apply", "restore"
	Reason  string          `json:"reason"`
	By      string          `json:"by"` // name of a key, "controller", "file"
	Report  json.RawMessage `json:"report,omitempty"`
}

// Entry is a movement of money. That of a request is within its Event; a
// separate Entry stands for an event that was shed, and for what is not a
// request: a correction.
type Entry struct {
	ID       string       `json:"id"` // of the Event, or a UUIDv7 of its own
	Project  string       `json:"project"`
	Time     time.Time    `json:"time"`
	Why      string       `json:"why"` // "request", "shadow", "correction", WhyEnded
	Route    string       `json:"route,omitempty"`
	Variant  string       `json:"variant,omitempty"`
	Model    string       `json:"model,omitempty"`
	Key      string       `json:"key,omitempty"`
	Tags     []string     `json:"tags,omitempty"`
	Requests int64        `json:"requests"` // 1 for a request
	Errors   int64        `json:"errors"`   // 1 for one that counts against its variant
	Usage    chat.Usage   `json:"usage"`
	Source   meter.Source `json:"usage_source,omitempty"`
	Cost     meter.Micro  `json:"cost_micro"`
	Basis    meter.Basis  `json:"cost_basis"`
}

// WhyEnded is the Why of an entry that says no more than that its exchange ended:
// the money was added up with that of others, while the journal had no room.
const WhyEnded = "ended"

// Entry is the money of an event.
func (e *Event) Entry() *Entry {
	n := &Entry{
		ID: e.ID, Project: e.Project, Time: e.Time, Why: "request", Route: e.Route, Variant: e.Variant(), Model: e.Model, Key: e.Key,
		Tags: e.Tags, Requests: 1, Usage: e.Usage, Source: e.UsageSource, Cost: e.Cost, Basis: e.CostBasis,
	}
	if e.Outcome.Against() {
		n.Errors = 1
	}
	if e.ShadowOf != "" {
		n.Why = "shadow"
	}
	return n
}

// Variant is the variant of the first assignment, "" without one.
func (e *Event) Variant() string {
	if len(e.Assignments) == 0 {
		return ""
	}
	return e.Assignments[0].Variant
}

// Body is what was asked and answered. It is off unless definitions ask for it,
// and it is the first thing that is shed.
type Body struct {
	ID       string    `json:"id"` // of the Event
	Time     time.Time `json:"time"`
	Request  []byte    `json:"request"`
	Response []byte    `json:"response"`
	Cut      bool      `json:"cut,omitempty"` // one of them was longer than is kept
}

// Position is a place in the journal of one replica: the next record begins there.
type Position struct {
	Segment uint64 `json:"segment"`
	Offset  int64  `json:"offset"`
}

// Before reports whether p lies before q.
func (p Position) Before(q Position) bool {
	return p.Segment < q.Segment || p.Segment == q.Segment && p.Offset < q.Offset
}

// Recorders is several recorders in turn.
type Recorders []Recorder

// Record passes r on to each.
func (rs Recorders) Record(r Record) {
	for _, one := range rs {
		one.Record(r)
	}
}
