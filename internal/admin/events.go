package admin

import (
	"errors"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// EventPage is a page of events.
type EventPage struct {
	Events        []event.Event `json:"events" doc:"newest first, by id, which is by the time they began"`
	NextPageToken string        `json:"next_page_token" doc:"page_token of the next page; empty on the last"`
	Partial       *Partial      `json:"partial,omitempty" doc:"present when some may be missing: the store cannot be asked, or is behind"`
}

// Partial says what an answer lacks.
type Partial struct {
	Reason string    `json:"reason" doc:"why, and what the answer was made of instead"`
	AsOf   time.Time `json:"as_of,omitzero" doc:"when the store was last written"`
	Age    float64   `json:"age_seconds,omitempty" doc:"how long ago that is"`
}

var eventParams = []param{
	{name: "route", kind: "string", about: "of this route only"},
	{name: "variant", kind: "string", about: "assigned to this variant only"},
	{name: "outcome", kind: "string", enum: outcomes, about: "with this outcome only"},
	{name: "key", kind: "string", about: "by this key only, by its name"},
	{name: "model", kind: "string", about: "answered by this model only, by its name in the definitions"},
	{name: "tag", kind: "string", about: "with this tag only: name=value"},
	{name: "unit", kind: "string", about: "of this unit only: the hash that events show, or kind:id, such as user:ada"},
	{name: "id", kind: "string", about: "with this id: Weir's, the caller's own, or the reply's"},
	{name: "since", kind: "string", about: "not older than this: a time (RFC 3339), a day, or a span back from now (15m, 7d)"},
}

var eventWindowParams = []param{
	{name: "from", kind: "string", about: "the same as since"},
	{name: "to", kind: "string", about: "older than this"},
}

// outcomes are the words of all outcomes.
var outcomes = func() (words []string) {
	for o := event.Outcome(0); o.String() != event.Outcome(math.MaxUint8).String(); o++ {
		words = append(words, o.String())
	}
	return words
}()

// listEvents answers with a page of what the store and the memory hold.
func (c *call) listEvents() (EventPage, error) {
	q, err := c.eventQuery()
	if err != nil {
		return EventPage{}, err
	}
	if q.Limit, err = c.limit(); err != nil {
		return EventPage{}, err
	}
	at, ok := parseSpot(c.query("page_token"))
	if !ok {
		return EventPage{}, badToken()
	}
	m, partial := c.findEvents(q, at)
	if errors.Is(m.err, store.ErrCursor) {
		return EventPage{}, badToken()
	}
	page := EventPage{Events: make([]event.Event, len(m.rows)), NextPageToken: m.next, Partial: partial}
	for i, e := range m.rows {
		page.Events[i] = *e
	}
	return page, nil
}

func badToken() error {
	return fault.New(fault.Invalid, "invalid_page_token", "page_token is not one of this call: it was changed, or is of another store").
		At("page_token").Mend("begin again without page_token")
}

// findEvents draws a page from both places. The memory is read first: what leaves
// it meanwhile has been in the store for long.
func (c *call) findEvents(q store.EventQuery, at spot) (merged[*event.Event], *Partial) {
	held, size := c.server.held(&q)
	st, why := c.server.store()
	if why != nil {
		m := merge(held, at, q.Limit, eventID, nil)
		if c.server.cfg.Store == nil {
			return m, nil // the memory is all there is
		}
		return m, c.server.partial("%s; these are from the memory of recent requests", fault.From(why).Message)
	}
	ctx, done := c.ask()
	defer done()
	m := merge(held, at, q.Limit, eventID, func(cursor string) ([]*event.Event, string, error) {
		q := q
		q.Cursor, q.Limit = cursor, min(q.Limit+1, event.MaxPage) // one more says whether there is a next page
		return st.FindEvents(ctx, q)
	})
	// While all is well the journal still holds what the store has and is not sure of yet.
	switch r := c.server.record(); {
	case m.err != nil && !errors.Is(m.err, store.ErrCursor):
		return m, c.server.partial("the store could not be read: %v; the rest is from the memory of recent requests", m.err)
	case r.State != "ok" && r.Journal.LagRecords > int64(size):
		return m, c.server.partial("%d records wait in the journal, more than the memory of recent requests holds", r.Journal.LagRecords)
	}
	return m, nil
}

func eventID(e *event.Event) string { return e.ID }

// held are the events in memory that match, newest first by id, and how many are
// in memory in all.
func (s *Server) held(q *store.EventQuery) (events []*event.Event, size int) {
	ring := event.Query{Limit: event.MaxPage}
	for {
		page, next, err := s.cfg.Events.Recent(ring)
		if err != nil {
			break // only of a cursor that is not the ring's
		}
		size += len(page)
		for _, e := range page {
			if q.Matches(e) && !s.forgotten.hides(e) {
				events = append(events, e)
			}
		}
		if ring.Cursor = next; next == "" {
			break
		}
	}
	slices.SortStableFunc(events, func(a, b *event.Event) int { return strings.Compare(b.ID, a.ID) })
	return slices.CompactFunc(events, func(a, b *event.Event) bool { return a.ID == b.ID }), size
}

// partial says what an answer lacks, and of when the store is.
func (s *Server) partial(format string, args ...any) *Partial {
	p := &Partial{Reason: sentence(format, args...), AsOf: s.record().AsOf}
	if !p.AsOf.IsZero() {
		p.Age = s.cfg.Now().Sub(p.AsOf).Seconds()
	}
	return p
}

// eventQuery reads the filters.
func (c *call) eventQuery() (q store.EventQuery, err error) {
	q = store.EventQuery{Route: c.query("route"), Variant: c.query("variant"), Outcome: c.query("outcome"), Key: c.query("key"),
		Model: c.query("model"), Tag: c.query("tag"), AnyID: c.query("id")}
	if q.Outcome != "" && !slices.Contains(outcomes, q.Outcome) {
		return q, fault.New(fault.Invalid, "invalid_parameter", "there is no outcome %q", short(q.Outcome, 50)).
			At("outcome").Mend("outcomes are %s", strings.Join(outcomes, ", "))
	}
	if q.Unit, err = c.unitHash(c.query("unit")); err != nil {
		return q, err
	}
	if c.query("since") != "" && c.query("from") != "" {
		return q, fault.New(fault.Invalid, "invalid_parameter", "since and from are the same, and both are given").At("since").Mend("give one of them")
	}
	for _, name := range []string{"since", "from"} {
		at, err := c.moment(name, time.UTC)
		if err != nil {
			return q, err
		}
		if !at.IsZero() {
			q.From = at
		}
	}
	if q.To, err = c.moment("to", time.UTC); err == nil && !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		err = notBefore(q.From, q.To)
	}
	return q, err
}

// unitKinds are the kinds of unit.
var unitKinds = []string{"user", "session", "key"}

// hashOfUnit is what events show of a unit.
var hashOfUnit = regexp.MustCompile(`^[0-9a-f]{16}$`)

// unitHash takes a unit as events show it, or hashes kind:id.
func (c *call) unitHash(text string) (string, error) {
	kind, id, named := strings.Cut(text, ":")
	if text == "" || !named && hashOfUnit.MatchString(text) {
		return text, nil
	}
	if !slices.Contains(unitKinds, kind) || id == "" {
		return "", fault.New(fault.Invalid, "invalid_parameter", "unit is neither a hash nor kind:id").
			At("unit").Mend("kinds are %s: user:ada", strings.Join(unitKinds, ", "))
	}
	return c.server.hashUnit(kind, id)
}

// hashUnit gives the keyed hash under which records keep a unit.
func (s *Server) hashUnit(kind, id string) (string, error) {
	if s.cfg.HashUnit == nil {
		return "", fault.New(fault.Unavailable, "no_unit_key", "this Weir cannot tell the hash of a unit").
			Mend("ask for the hash that events show")
	}
	return s.cfg.HashUnit(kind, id), nil
}
