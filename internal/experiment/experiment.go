// Package experiment says which variant a unit gets, and why. A Set is
// everything assignment needs, immutable, swapped whole; Set.Assign is a pure
// function of it and of what the request carried. It keeps no state, opens
// nothing and decides nothing about who wins.
package experiment

import "encoding/json"

// Variant is one way to answer.
type Variant struct {
	Name       string
	Model      string // the name of a model definition
	Parameters map[string]json.RawMessage
	// Parameters named here win over the caller's; what is absent stays the
	// caller's. Of two output-token limits the smaller holds.
}

// Unit is what is randomised.
type Unit struct {
	Kind string // "user", "session" or "key"
	ID   string
}

// Reason says why a unit got its variant.
type Reason uint8

// Reasons for an assignment. Only Chance and Pinned enter the statistics.
const (
	Outside    Reason = iota // not enrolled: no experiment, not in the audience, or the middle of a two-ended share
	Chance                   // by the hash of the unit
	Overridden               // by an expression of the route
	Forced                   // by the caller, with scope force
	Pinned                   // the conversation began with it
	NoUnit                   // nothing to randomise by: the baseline
)

var reasonNames = [...]string{"outside", "chance", "override", "forced", "pinned", "no_unit"}

func (r Reason) String() string { return reasonNames[r] }

// Route is the name an application puts in `model`.
type Route struct {
	Name      string
	Baseline  *Variant
	Unit      []UnitSource // the first that is present; all of one kind
	Overrides []Override
	Fallback  []string // names of models, tried in order before the first byte
	Retries   int      // further attempts before the first byte, fallbacks included
	Expose    Expose   // who sees variant headers
	Blind     bool     // echo the route's name in `model`
	Cookie    bool     // the route lists the cookie among its unit sources
	Token     bool     // replies carry a feedback token

	Experiment *Experiment // in force, or nil
}

// Expose says who is told which variant answered.
type Expose uint8

// Who sees variant headers.
const (
	Trusted Expose = iota // loopback callers without keys, and keys with scope read
	Always
	Never
)

// UnitSource is one place a unit may come from.
type UnitSource struct {
	From string // "header", "user", "safety_identifier", "metadata", "cookie", "key"
	Name string // of the header or the metadata field
	Kind string // "user", "session", "key"
}

// Override sends some requests to a named variant, outside the statistics.
type Override struct {
	When    *Expr
	Variant string // "baseline", "candidate", or the name of a variant
	Open    bool   // anyone; else the caller needs scope force
}

// Experiment is a route's variants and how units are shared among them.
type Experiment struct {
	Name     string
	Route    string
	Epoch    int
	Salt     string // name and epoch unless given; differs per experiment
	Kind     string // of the units, the route's
	Arms     []Arm
	TwoEnded bool   // a canary share: candidate [0,w), enrolled baseline [1-w,1)
	Audience *Expr  // nil: everyone
	Hash     string // of the specification, 16 hex digits
}

// Arm is a variant and the range of the hash it owns: [From, To], both ends
// included, as integers. An arm that owns nothing has Empty set.
type Arm struct {
	Variant     *Variant
	From, To    uint64
	Empty       bool
	Probability float64
	Candidate   bool // the arm an override's "candidate" means
	Baseline    bool
	Stopped     bool // its range is served the baseline and leaves the analysis
}

// Assignment is a unit's variant on a route, with the reason and the
// probability it had.
type Assignment struct {
	Experiment  *Experiment // nil when no experiment is in force
	Variant     *Variant
	Arm         int // index into Experiment.Arms; -1 when outside
	Unit        Unit
	Reason      Reason
	Enrolled    bool    // enters the statistics
	Pin         *Pin    // the pin that was honoured, or that came and was broken
	Doubt       string  // an expression that failed while it was evaluated, and counted as false
	Probability float64 // that this unit got this variant by chance; 1 where nothing was drawn
}

// Input is what a request carried that assignment may read.
type Input struct {
	Unit     Unit // zero ID: none
	Key      string
	Groups   []string
	Header   func(name string) string // case-insensitive; nil: none
	Forced   string                   // variant asked for by the caller, "" when none
	MayForce bool                     // the caller has scope force
	Pin      *Pin                     // a verified pin of this conversation, or nil
}

// Pin is what a conversation carries to stay where it began.
type Pin struct {
	Experiment string
	Epoch      int
	Variant    string
	Outside    bool  // it began with the baseline, outside the experiment
	Begun      int64 // unix seconds
}

// Set is every route and experiment in force. It is immutable.
type Set struct {
	Revision string // hash of the definitions, 16 hex digits
	Routes   map[string]*Route
}
