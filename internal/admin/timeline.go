package admin

import (
	"strings"
	"time"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/usage"
)

// TimelineReply is how requests went, step by step.
type TimelineReply struct {
	usage.Timeline
	Currency string   `json:"currency" enum:"USD" doc:"amounts are in millionths of it"`
	Partial  *Partial `json:"partial,omitempty" doc:"present when the store is behind: what ended lately is not in yet"`
}

var timelineParams = []param{
	{name: "by", kind: "string", about: "keys to tell it by, with commas: project, route, variant, model; all together when left out"},
	{name: "step", kind: "string", about: "length of a step in whole minutes (5m, 1h, 1d); chosen so that there are at most 300 when left out"},
	{name: "project", kind: "string", about: "of this project only"},
	{name: "route", kind: "string", about: "of this route only"},
	{name: "variant", kind: "string", about: "of this variant only"},
	{name: "model", kind: "string", about: "of this model only"},
	{name: "from", kind: "string", about: "from this time on: RFC 3339, a day, or a span back from now; an hour ago when left out"},
	{name: "to", kind: "string", about: "to this time, which is not included; now when left out"},
}

// Bounds of a timeline.
const (
	timelineLast = time.Hour // without from
	mostPoints   = 2000
	fewPoints    = 300 // without step
)

func (c *call) timeline() (TimelineReply, error) {
	from, to, _, err := c.window(timelineLast)
	if err != nil {
		return TimelineReply{}, err
	}
	step, err := c.step(to.Sub(from))
	if err != nil {
		return TimelineReply{}, err
	}
	q := usage.TimelineQuery{Step: step, From: from, To: to, Filter: store.RollupQuery{Project: c.query("project"), Route: c.query("route"), Variant: c.query("variant"), Model: c.query("model")}}
	if q.By, err = c.by(); err != nil {
		return TimelineReply{}, err
	}
	for _, name := range q.By {
		if name == "key" || name == "why" || strings.HasPrefix(name, "tag") {
			return TimelineReply{}, fault.New(fault.Invalid, "invalid_parameter", "a timeline cannot be told by %q", name).
				At("by").Mend("keys are project, route, variant and model; GET /api/v1/usage?per=hour has the others")
		}
	}
	st, err := c.server.store()
	if err != nil {
		return TimelineReply{}, err
	}
	ctx, done := c.ask()
	defer done()
	t, err := usage.ReadTimeline(ctx, st, q, c.server.cfg.Now())
	if err != nil {
		return TimelineReply{}, unavailable(err)
	}
	return TimelineReply{*t, currency, c.server.behind()}, nil
}

// step reads the length of a step, or chooses a round one.
func (c *call) step(window time.Duration) (time.Duration, error) {
	text := c.query("step")
	if text == "" {
		for _, step := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 6 * time.Hour} {
			if window/step <= fewPoints {
				return step, nil
			}
		}
		return 24 * time.Hour, nil
	}
	step, ok := spanOf(text)
	if !ok || step < time.Minute || step%time.Minute != 0 {
		return 0, fault.New(fault.Invalid, "invalid_parameter", "step %q is not a number of whole minutes", short(text, 20)).At("step").Mend("write 1m, 5m, 1h or 1d")
	}
	if n := window / step; n > mostPoints {
		return 0, fault.New(fault.Invalid, "invalid_parameter", "there would be %d steps, over %d", n, mostPoints).At("step").Mend("make the step longer, or the window shorter")
	}
	return step, nil
}
