package admin

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
)

// EventPage is a page of recent events.
type EventPage struct {
	Events        []event.Event `json:"events" doc:"newest first, by the time they ended"`
	NextPageToken string        `json:"next_page_token" doc:"page_token of the next page; empty on the last"`
}

var eventParams = []param{
	{name: "route", kind: "string", about: "of this route only"},
	{name: "variant", kind: "string", about: "assigned to this variant only"},
	{name: "outcome", kind: "string", enum: outcomes, about: "with this outcome only"},
	{name: "key", kind: "string", about: "by this key only, by its name"},
	{name: "id", kind: "string", about: "with this id: Weir's, the caller's own, or the reply's"},
	{name: "since", kind: "string", about: "not older than this: a time (RFC 3339) or a span back from now (15m)"},
}

var pageParams = []param{
	{name: "limit", kind: "integer", about: "at most so many, 1 to 1000; 50 when left out"},
	{name: "page_token", kind: "string", about: "next_page_token of the page before"},
}

// outcomes are the words of all outcomes.
var outcomes = func() (words []string) {
	for o := event.Outcome(0); o.String() != event.Outcome(math.MaxUint8).String(); o++ {
		words = append(words, o.String())
	}
	return words
}()

// listEvents answers with a page of the ring.
func (c *call) listEvents() (EventPage, error) {
	q, err := c.eventQuery()
	if err != nil {
		return EventPage{}, err
	}
	if q.Limit, err = c.limit(); err != nil {
		return EventPage{}, err
	}
	q.Cursor = c.query("page_token")
	events, next, err := c.server.cfg.Events.Recent(q)
	if errors.Is(err, event.ErrCursor) {
		return EventPage{}, fault.New(fault.Invalid, "invalid_page_token", "page_token is not one of this process: it was changed, or Weir was restarted since").
			At("page_token").Mend("begin again without page_token")
	}
	if err != nil {
		return EventPage{}, err
	}
	page := EventPage{Events: make([]event.Event, len(events)), NextPageToken: next}
	for i, e := range events {
		page.Events[i] = *e
	}
	return page, nil
}

// getEvent answers with one event.
func (c *call) getEvent() (event.Event, error) {
	e, ok := c.server.cfg.Events.Get(c.tail)
	if !ok {
		return event.Event{}, fault.New(fault.NotFound, "event_not_found", "no event %q among the recent ones", short(c.tail, 50)).
			At("id").Mend("only the last %d are kept in memory; ?id= on /api/v1/events also finds a caller's id or a reply's", c.server.cfg.Events.Stats().Size)
	}
	return *e, nil
}

func (c *call) query(name string) string { return c.r.URL.Query().Get(name) }

func (c *call) eventQuery() (event.Query, error) {
	q := event.Query{Route: c.query("route"), Variant: c.query("variant"), Outcome: c.query("outcome"), Key: c.query("key"), ID: c.query("id")}
	if q.Outcome != "" && !slices.Contains(outcomes, q.Outcome) {
		return q, fault.New(fault.Invalid, "invalid_parameter", "there is no outcome %q", short(q.Outcome, 50)).
			At("outcome").Mend("outcomes are %s", strings.Join(outcomes, ", "))
	}
	var err error
	q.Since, err = c.since()
	return q, err
}

func (c *call) since() (time.Time, error) {
	text := c.query("since")
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	if span, err := time.ParseDuration(text); err == nil && span >= 0 {
		return c.server.cfg.Now().Add(-span), nil
	}
	return time.Time{}, fault.New(fault.Invalid, "invalid_parameter", "since %q is neither a time nor a span", short(text, 50)).
		At("since").Mend("write 15m, or 2026-01-31T12:00:00Z")
}

func (c *call) limit() (int, error) {
	text := c.query("limit")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > event.MaxPage {
		return 0, fault.New(fault.Invalid, "invalid_parameter", "limit %q is not a number from 1 to %d", short(text, 20), event.MaxPage).At("limit")
	}
	return n, nil
}
