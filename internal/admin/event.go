package admin

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// EventDetail is all that is known of one request.
type EventDetail struct {
	event.Event
	Waterfall []Span        `json:"waterfall" doc:"what the time went into, in order; spans count from the request's arrival"`
	Money     Money         `json:"money" doc:"how the cost comes about"`
	Scores    []event.Score `json:"scores" doc:"what was said of it later, newest first"`
	BodyState string        `json:"body_state" enum:"none,kept,unknown" doc:"whether what was asked and answered is kept; unknown when the store cannot be asked"`
	Body      *EventBody    `json:"body,omitempty" doc:"with body=true, where it is kept"`
	Partial   *Partial      `json:"partial,omitempty" doc:"present when the store could not be asked for the rest"`
}

// EventBody is what was asked and answered. It is text that callers and models wrote.
type EventBody struct {
	Request  string `json:"request" doc:"as it came; bytes that are not UTF-8 are replaced"`
	Response string `json:"response" doc:"as it went out; of a stream, its events"`
	Cut      bool   `json:"cut" doc:"one of them was longer than is kept"`
	Altered  bool   `json:"altered" doc:"it held bytes that are not UTF-8"`
}

var eventDetailParams = []param{
	{name: "id", kind: "string", about: "Weir's id of the request: x-weir-request-id"},
	{name: "body", kind: "boolean", about: "with what was asked and answered, where that is kept; needs the scope admin, and is noted in the log"},
}

// getEvent answers with one event and everything that hangs on it.
func (c *call) getEvent() (EventDetail, error) {
	withBody, err := c.flag("body")
	if err != nil {
		return EventDetail{}, err
	}
	if withBody {
		// Who may see how requests went need not see what people wrote in them.
		if err := c.must(access.Admin); err != nil {
			return EventDetail{}, err
		}
	}
	ctx, done := c.ask()
	defer done()
	st, why := c.server.store()
	e, err := c.oneEvent(ctx, st, why)
	if err != nil {
		return EventDetail{}, err
	}
	d := EventDetail{Event: *e, Waterfall: waterfall(e), Money: c.server.money(e), Scores: []event.Score{}, BodyState: "unknown"}
	if why == nil {
		why = d.fill(ctx, st, withBody)
	}
	if why != nil && c.server.cfg.Store != nil {
		d.Partial = c.server.partial("scores and body are missing: %s", fault.From(why).Message)
	}
	if c.server.cfg.Store == nil {
		d.BodyState = "none"
	}
	if d.Body != nil {
		c.server.cfg.Log.Info("body of an exchange read", "request_id", c.requestID, "by", c.who(), "event", e.ID)
	}
	return d, nil
}

// oneEvent finds it in memory, or in the store.
func (c *call) oneEvent(ctx context.Context, st Store, why error) (*event.Event, error) {
	if e, ok := c.server.cfg.Events.Get(c.tail); ok && !c.server.forgotten.hides(e) {
		return e, nil
	}
	lost := fault.New(fault.NotFound, "event_not_found", "there is no event %q", short(c.tail, 50)).
		At("id").Mend("?id= on /api/v1/events also finds a caller's id or a reply's")
	if why != nil {
		if c.server.cfg.Store == nil {
			lost.Message += " among the recent ones, which is all that is kept"
			return nil, lost
		}
		e := fault.From(why)
		return nil, fault.New(fault.Unavailable, "store_unavailable", "no event %q among the recent ones, and %s", short(c.tail, 50), e.Message).Mend("%s", e.Hint)
	}
	e, err := st.Event(ctx, c.tail)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, lost
	case err != nil:
		return nil, unavailable(err)
	}
	return e, nil
}

// fill adds what only the store knows. An error leaves the rest as it is.
func (d *EventDetail) fill(ctx context.Context, st Store, withBody bool) error {
	scores, err := st.Scores(ctx, d.ID)
	if err != nil {
		return unavailable(err)
	}
	for _, s := range scores {
		d.Scores = append(d.Scores, *s)
	}
	b, err := st.Body(ctx, d.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		d.BodyState = "none"
		return nil
	case err != nil:
		return unavailable(err)
	}
	d.BodyState = "kept"
	if withBody {
		d.Body = &EventBody{Request: string(b.Request), Response: string(b.Response), Cut: b.Cut, Altered: !utf8.Valid(b.Request) || !utf8.Valid(b.Response)}
	}
	return nil
}
