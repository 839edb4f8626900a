package gateway

import (
	"time"

	"github.com/weirhq/weir/internal/event"
)

// kept is how records tell who asked and what was assigned: the Begin of an
// exchange and its Event say the same.
type kept struct {
	made         bool
	assignments  []event.Assignment
	unitKind     string
	unit         string // keyed hash
	conversation string // keyed hash
	begun        time.Time
}

// identity makes it when first asked for, once a variant was assigned.
func (x *Exchange) identity() *kept {
	k, a := &x.kept, &x.Assignment
	if k.made || a.Variant == nil {
		return k
	}
	k.made = true
	one := event.Assignment{Variant: a.Variant.Name, Reason: a.Reason.String(), Enrolled: a.Enrolled, Probability: a.Probability, Doubt: a.Doubt}
	if a.Experiment != nil {
		one.Experiment, one.Epoch = a.Experiment.Name, a.Experiment.Epoch
	}
	k.assignments = []event.Assignment{one}
	if a.Unit.ID != "" {
		k.unitKind, k.unit = a.Unit.Kind, x.g.hasher.hash(a.Unit.Kind, a.Unit.ID)
	}
	if x.conversation != "" {
		k.conversation = x.g.hasher.hash("conversation", x.conversation)
		if x.begun > 0 {
			k.begun = time.Unix(x.begun, 0).UTC()
		}
	}
	return k
}

// recordBegin tells that the exchange goes upstream: should Weir die before its
// end, this is what is known of it.
func (x *Exchange) recordBegin() {
	k, t := x.identity(), &x.plan.targets[0]
	b := &event.Begin{
		ID: x.ID, ClientID: x.clientID(), Project: x.Principal.Project, Time: x.start, Revision: x.state.snapshot.Set.Revision, Path: x.path.name, Route: x.Route.Name,
		Assignments: k.assignments, Conversation: k.conversation, Begun: k.begun, UnitKind: k.unitKind, Unit: k.unit,
		Key: x.Principal.Name, Tags: x.tags, Model: t.model.Name, Stream: x.Stream, Simulated: t.simulated,
	}
	x.guarded(func() { x.g.cfg.Recorder.Record(b) })
}
