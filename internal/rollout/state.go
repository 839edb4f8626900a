// Package rollout is the life of a plan: the states it goes through, which moves
// are legal in each, and what is served meanwhile. It is a pure state machine: it
// is told what happened and says what is so now. It computes no report and acts
// on nothing.
package rollout

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/event"
)

// Phase is where a plan is in its life.
type Phase string

// The phases. A plan that was never started is a draft: its route is served the
// baseline. One that is decided goes on as it was, so that nobody is moved by the
// verdict alone, unless the verdict was harm. What is archived is over for good:
// only a new epoch begins again.
const (
	Draft    Phase = "draft"
	Running  Phase = "running"
	Paused   Phase = "paused" // by a bound: the baseline is served, and someone decides
	Decided  Phase = "decided"
	Archived Phase = "archived"
)

// State is what is known of a plan at one epoch.
type State struct {
	Experiment string    `json:"experiment"`
	Epoch      int       `json:"epoch"`
	Phase      Phase     `json:"phase"`
	Hash       string    `json:"hash,omitempty"` // of what it is judged by, as it was started
	Draw       string    `json:"draw,omitempty"` // of what is compared, likewise
	Started    time.Time `json:"started,omitzero"`
	StartedBy  string    `json:"started_by,omitempty"`
	Forced     string    `json:"forced,omitempty"` // the note with which it was started against advice
	Changed    time.Time `json:"changed,omitzero"`
	// Units are those of each variant that it was planned for at its start.
	Units   int64               `json:"planned_units,omitempty"`
	First   *analysis.FirstLook `json:"first_look,omitempty"` // of two, when it left the question open
	Verdict *analysis.Decided   `json:"decided,omitempty"`
	Why     string              `json:"why,omitempty"` // of the last move
}

// Serves says whether units are shared among the variants; otherwise all get the
// baseline.
func (s State) Serves() bool {
	switch s.Phase {
	case Running:
		return true
	case Decided:
		return s.Verdict == nil || s.Verdict.Verdict != analysis.RollBack
	}
	return false
}

// Move is something that is done to a plan.
type Move string

// The moves.
const (
	Start  Move = "start"
	Pause  Move = "pause"
	Resume Move = "resume"
	Look   Move = "look" // the first of two, which left the question open
	Decide Move = "decide"
	Stop   Move = "stop" // ends it without, or after, a decision
	// RollBack is harm that shows after the decision, while units still share the variants.
	RollBack Move = "roll_back"
)

// legal are the moves that each phase has, and where they lead.
var legal = map[Phase]map[Move]Phase{
	Draft:    {Start: Running},
	Running:  {Pause: Paused, Look: Running, Decide: Decided, Stop: Archived},
	Paused:   {Resume: Running, Decide: Decided, Stop: Archived},
	Decided:  {Stop: Archived, RollBack: Decided},
	Archived: {},
}

// Next is the state after a move. The error says what is possible instead.
func (s State) Next(m Move, at time.Time, why string) (State, error) {
	to, ok := legal[s.Phase][m]
	if !ok || m == RollBack && !s.Serves() {
		return s, &IllegalMove{s, m}
	}
	s.Phase, s.Changed, s.Why = to, at, why
	return s, nil
}

// IllegalMove says that a plan cannot do that now.
type IllegalMove struct {
	State State
	Move  Move
}

func (e *IllegalMove) Error() string {
	s := e.State
	switch {
	case e.Move == Start && s.Phase == Archived:
		return fmt.Sprintf("start experiment %s: epoch %d is over and stays so; raise epoch to %d in its definition to begin anew, with units drawn anew", s.Experiment, s.Epoch, s.Epoch+1)
	case e.Move == Start:
		return fmt.Sprintf("start experiment %s: it is %s since %s", s.Experiment, s.Phase, s.Changed.UTC().Format(time.RFC3339))
	case s.Phase == Draft:
		return fmt.Sprintf("%s experiment %s: it is a draft; begin with weir experiment start %s", e.Move, s.Experiment, s.Experiment)
	}
	return fmt.Sprintf("%s experiment %s: it is %s, which leaves nothing to %s", e.Move, s.Experiment, s.Phase, e.Move)
}

// Differs says in what a plan is not what was started; "" when it is. A restart
// reads definitions that nobody compared with those before.
func (s State) Differs(p *analysis.Plan) string {
	switch {
	case s.Started.IsZero():
		return ""
	case s.Hash != "" && p.Hash != s.Hash:
		return "what it is judged by has changed in its definition since the start"
	case s.Draw != "" && p.Draw != s.Draw:
		return "what is compared, or in which shares, has changed in its definition since the start"
	}
	return ""
}

// Subject is what decisions about an experiment are filed under.
func Subject(experiment string) string { return "experiment/" + experiment }

// Decision is the record of a move: what is so from then on, and the report that
// it rests on.
func Decision(id, project, by string, m Move, s State, report json.RawMessage) (*event.Decision, error) {
	kept, err := json.Marshal(moved{State: s, Report: report})
	if err != nil {
		return nil, fmt.Errorf("write down the %s of experiment %s: %w", m, s.Experiment, err)
	}
	return &event.Decision{ID: id, Project: project, Time: s.Changed, Subject: Subject(s.Experiment), Action: string(m), Reason: s.Why, By: by, Report: kept}, nil
}

// moved is what a decision about a plan carries.
type moved struct {
	State  State           `json:"state"`
	Report json.RawMessage `json:"report,omitempty"`
}

// Report gives the report that a decision about a plan rests on, nil when it has
// none.
func Report(d *event.Decision) json.RawMessage {
	var m moved
	if json.Unmarshal(d.Report, &m) != nil {
		return nil
	}
	return m.Report
}

// Read gives the state that a decision led to; false for a decision about
// something else.
func Read(d *event.Decision) (State, bool) {
	var m moved
	if json.Unmarshal(d.Report, &m) != nil || m.State.Experiment == "" || d.Subject != Subject(m.State.Experiment) {
		return State{}, false
	}
	return m.State, true
}
