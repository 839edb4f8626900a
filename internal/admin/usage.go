package admin

import (
	"time"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/usage"
)

// What is answered here is computed in package usage, which every screen, command
// and report asks, so that their numbers agree. This file reads parameters.

// UsageReply is usage by period and keys.
type UsageReply struct {
	usage.Table
	Currency string   `json:"currency" enum:"USD" doc:"amounts are in millionths of it"`
	Partial  *Partial `json:"partial,omitempty" doc:"present when the store is behind: what ended lately is not in yet"`
}

// MonthsReply is one period against the one before it.
type MonthsReply struct {
	usage.Comparison
	Currency string   `json:"currency" enum:"USD" doc:"amounts are in millionths of it"`
	Partial  *Partial `json:"partial,omitempty" doc:"present when the store is behind: what ended lately is not in yet"`
}

const currency = "USD"

// ledgerParams say whose money.
var ledgerParams = []param{
	{name: "project", kind: "string", about: "of this project only"},
	{name: "route", kind: "string", about: "of this route only"},
	{name: "variant", kind: "string", about: "of this variant only"},
	{name: "model", kind: "string", about: "of this model only, by its name in the definitions"},
	{name: "key", kind: "string", about: "of this key only, by its name"},
	{name: "tag", kind: "string", about: "with this tag only: name=value"},
	{name: "why", kind: "string", enum: []string{"request", "correction", "shadow"}, about: "money that moved for this reason only"},
}

var byParam = param{name: "by", kind: "string", about: "keys to tell it by, with commas: project, route, variant, model, key, tag, why, or tag:NAME for the values of one tag; all together when left out"}

var usageParams = []param{byParam,
	{name: "per", kind: "string", enum: []string{"total", "hour", "day", "week", "month"}, about: "length of the periods; total when left out"}}

var monthsParams = []param{byParam,
	{name: "per", kind: "string", enum: []string{"month", "week", "day"}, about: "length of the period; month when left out"},
	{name: "at", kind: "string", about: "a time in the period that is wanted: a time (RFC 3339) or a day; now when left out"},
	{name: "tz", kind: "string", about: "time zone of the calendar, such as Europe/Vienna; UTC when left out"}}

// Bounds of an answer.
const (
	usageLast = 30 * 24 * time.Hour // without from
	mostRows  = 50_000
)

func (c *call) ledgerFilter() (store.LedgerQuery, error) {
	q := store.LedgerQuery{Project: c.query("project"), Route: c.query("route"), Variant: c.query("variant"), Model: c.query("model"),
		Key: c.query("key"), Tag: c.query("tag")}
	if c.query("why") == "" {
		return q, nil
	}
	var err error
	q.Why, err = c.choice("why", []string{"request", "correction", "shadow"})
	return q, err
}

func (c *call) by() ([]string, error) {
	by, err := usage.ParseBy(c.query("by"))
	if err != nil {
		return nil, wrongParam("by", err)
	}
	return by, nil
}

// wrongParam is what another package says of a parameter.
func wrongParam(name string, err error) error {
	return fault.New(fault.Invalid, "invalid_parameter", "%s: %s", name, sentence("%v", err)).At(name)
}

func (c *call) usage() (UsageReply, error) {
	from, to, zone, err := c.window(usageLast)
	if err != nil {
		return UsageReply{}, err
	}
	per, err := c.choice("per", usageParams[1].enum)
	if err != nil {
		return UsageReply{}, err
	}
	by, err := c.by()
	if err != nil {
		return UsageReply{}, err
	}
	filter, err := c.ledgerFilter()
	if err != nil {
		return UsageReply{}, err
	}
	st, err := c.server.store()
	if err != nil {
		return UsageReply{}, err
	}
	ctx, done := c.ask()
	defer done()
	t, err := usage.Tabulate(ctx, st, usage.Query{By: by, Per: usage.Per(per), From: from, To: to, Zone: zone, Filter: filter}, c.server.cfg.Now())
	if err != nil {
		return UsageReply{}, unavailable(err)
	}
	if len(t.Rows) > mostRows {
		return UsageReply{}, fault.New(fault.TooLarge, "answer_too_large", "the answer would have %d rows, over %d", len(t.Rows), mostRows).
			Mend("ask for a shorter window, longer periods or fewer keys")
	}
	return UsageReply{*t, currency, c.server.behind()}, nil
}

func (c *call) months() (MonthsReply, error) {
	zone, err := c.zone()
	if err != nil {
		return MonthsReply{}, err
	}
	at, err := c.instant(zone)
	if err != nil {
		return MonthsReply{}, err
	}
	per, err := c.choice("per", monthsParams[1].enum)
	if err != nil {
		return MonthsReply{}, err
	}
	by, err := c.by()
	if err != nil {
		return MonthsReply{}, err
	}
	filter, err := c.ledgerFilter()
	if err != nil {
		return MonthsReply{}, err
	}
	st, err := c.server.store()
	if err != nil {
		return MonthsReply{}, err
	}
	ctx, done := c.ask()
	defer done()
	m, err := usage.Compare(ctx, st, by, usage.Per(per), zone, filter, at)
	if err != nil {
		return MonthsReply{}, unavailable(err)
	}
	return MonthsReply{*m, currency, c.server.behind()}, nil
}

// instant reads at; now when it is left out, and at most now.
func (c *call) instant(zone *time.Location) (time.Time, error) {
	now := c.server.cfg.Now()
	at, err := c.moment("at", zone)
	if err != nil {
		return at, err
	}
	if at.IsZero() {
		return now, nil
	}
	if at.After(now) {
		return at, fault.New(fault.Invalid, "invalid_parameter", "at %s is yet to come", at.UTC().Format(time.RFC3339)).At("at")
	}
	return at, nil
}

// behind says that sums of the store lack what ended lately, when they do by more
// than the moments it always takes.
func (s *Server) behind() *Partial {
	r := s.record()
	if r.State == "ok" || s.cfg.Record == nil {
		return nil
	}
	return s.partial("the store is %s: %d records wait in the journal, and are in no sum yet", r.State, r.Journal.LagRecords)
}
