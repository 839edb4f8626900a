package admin

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/access"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// DecisionPage is a page of what was decided.
type DecisionPage struct {
	Decisions     []event.Decision `json:"decisions" doc:"newest first"`
	NextPageToken string           `json:"next_page_token" doc:"page_token of the next page; empty on the last"`
	Partial       *Partial         `json:"partial,omitempty" doc:"present when the store cannot be asked"`
}

var decisionParams = []param{
	{name: "subject", kind: "string", about: "of this subject only: definitions, units, rollout/support-llama"},
}

// decided keeps what this listener decided until the store has it: who changed
// something finds it in the log at once, whatever the store does.
type decided struct {
	mu   sync.Mutex
	list []*event.Decision // oldest first
}

// maxDecided bounds what is kept in memory.
const maxDecided = 200

func (d *decided) add(one *event.Decision) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.list) == maxDecided {
		d.list = slices.Delete(d.list, 0, 1)
	}
	d.list = append(d.list, one)
}

// of gives those of a subject, newest first by id.
func (d *decided) of(subject string) (list []*event.Decision) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.list {
		if subject == "" || subject == one.Subject {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b *event.Decision) int { return strings.Compare(b.ID, a.ID) })
	return list
}

// auditWithin bounds the wait for a decision to be on disk.
const auditWithin = 5 * time.Second

// decide keeps what was done here, by whom and why. The report must be of types
// that can be encoded.
func (c *call) decide(subject, action, reason string, report any) {
	data, err := json.Marshal(report)
	if err != nil {
		c.server.cfg.Log.Error("encode what is kept of a decision", "subject", subject, "error", err.Error())
	}
	now := c.server.cfg.Now()
	d := &event.Decision{ID: event.NewID(now), Project: c.project(), Time: now, Subject: subject, Action: action, Reason: reason, By: c.who(), Report: data}
	c.server.cfg.Log.Info("decided", "request_id", c.requestID, "subject", subject, "action", action, "by", d.By, "decision", d.ID)
	c.server.decided.add(d)
	if c.server.cfg.Recorder == nil {
		return
	}
	c.server.cfg.Recorder.Record(d)
	if c.server.cfg.Sync == nil {
		return
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(c.r.Context()), auditWithin)
	defer done()
	if err := c.server.cfg.Sync(ctx); err != nil {
		c.server.cfg.Log.Error("write a decision to disk", "decision", d.ID, "error", err.Error())
	}
}

// project is that of the caller.
func (c *call) project() string {
	if c.principal == nil {
		return access.DefaultProject
	}
	return c.principal.Project
}

func (c *call) listDecisions() (DecisionPage, error) {
	limit, err := c.limit()
	if err != nil {
		return DecisionPage{}, err
	}
	at, ok := parseSpot(c.query("page_token"))
	if !ok {
		return DecisionPage{}, badToken()
	}
	subject := c.query("subject")
	held := c.server.decided.of(subject)
	id := func(d *event.Decision) string { return d.ID }
	var m merged[*event.Decision]
	var partial *Partial
	st, why := c.server.store()
	if why == nil {
		ctx, done := c.ask()
		defer done()
		m = merge(held, at, limit, id, func(cursor string) ([]*event.Decision, string, error) {
			return st.FindDecisions(ctx, subject, limit+1, cursor)
		})
		why = m.err
	} else {
		m = merge(held, at, limit, id, nil)
	}
	switch {
	case errors.Is(why, store.ErrCursor):
		return DecisionPage{}, badToken()
	case why != nil && c.server.cfg.Store != nil:
		partial = c.server.partial("%s; these are what was decided here since the start", fault.From(unavailable(why)).Message)
	}
	page := DecisionPage{Decisions: make([]event.Decision, len(m.rows)), NextPageToken: m.next, Partial: partial}
	for i, d := range m.rows {
		page.Decisions[i] = *d
	}
	return page, nil
}
