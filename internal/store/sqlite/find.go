package sqlite

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// lastKey is above every number that a row can have.
const lastKey = math.MaxInt64

// page is a page of events under way.
type page struct {
	db *DB
	*conn
	q      store.EventQuery
	from   int64 // numbers of the page: from from up to before, which is not included
	before int64
	events []*event.Event
	keys   []int64
	full   bool // there is one more than fits
}

// FindEvents gives a page, newest first.
func (db *DB) FindEvents(ctx context.Context, q store.EventQuery) (events []*event.Event, next string, err error) {
	p := &page{db: db, q: q, before: lastKey}
	if q.Cursor != "" {
		if p.before, err = parseKeyCursor("events", q.Cursor); err != nil {
			return nil, "", fmt.Errorf("find events: %w", err)
		}
	}
	err = db.main.read(ctx, "find events", func(c *conn) error {
		p.conn = c
		return p.fill()
	})
	if err != nil {
		return nil, "", err
	}
	if p.full {
		next = keyCursor("events", p.keys[len(p.keys)-1])
	}
	return p.events, next, nil
}

func keyCursor(of string, key int64) string { return store.Cursor(of, strconv.FormatInt(key, 10)) }

func parseKeyCursor(of, cursor string) (int64, error) {
	after, err := store.ParseCursor(of, cursor)
	if err != nil {
		return 0, err
	}
	key, err := strconv.ParseInt(after, 10, 64)
	if err != nil {
		return 0, store.ErrCursor
	}
	return key, nil
}

// fill chooses the way that leads past the fewest rows that are not wanted: ids,
// then unit and tag, then what has few values.
func (p *page) fill() error {
	if err := p.bound(); err != nil {
		return err
	}
	switch {
	case p.q.AnyID != "":
		return p.byID()
	case p.q.Unit != "":
		return walkLookups(p.conn, unitHash(p.q.Unit), p.from, p.before, p.show)
	case p.q.Tag != "":
		return walkLookups(p.conn, tagHash(p.q.Tag), p.from, p.before, p.show)
	}
	return p.byColumn()
}

// bound narrows the numbers to those of the times that are asked for.
func (p *page) bound() error {
	d, err := readDrift(p.conn)
	if err != nil {
		return err
	}
	if !p.q.From.IsZero() {
		p.from = d.from(p.q.From)
	}
	if !p.q.To.IsZero() {
		p.before = min(p.before, d.before(p.q.To))
	}
	return nil
}

// show reads an event that may be wanted.
func (p *page) show(key int64) (more bool, err error) {
	e, err := p.db.eventByKey(p.conn, key)
	if err != nil || e == nil { // it was deleted and its lookups are not yet
		return true, err
	}
	return p.take(key, e), nil
}

// take adds an event if it is wanted; more says whether there is room for others.
func (p *page) take(key int64, e *event.Event) (more bool) {
	if !p.q.Matches(e) {
		return true
	}
	if len(p.events) == p.q.Size() {
		p.full = true
		return false
	}
	p.events, p.keys = append(p.events, e), append(p.keys, key)
	return true
}

// byID shows the event with that id of Weir's among those with that id of a
// caller's or a vendor's.
func (p *page) byID() error {
	own, err := eventKey(p.conn, p.q.AnyID)
	if err != nil {
		return err
	}
	pending := own >= p.from && own >= 0 && own < p.before
	err = walkLookups(p.conn, idHash(p.q.AnyID), p.from, p.before, func(key int64) (bool, error) {
		if pending && own >= key {
			pending = false
			if more, err := p.show(own); err != nil || !more || own == key {
				return more, err
			}
		}
		return p.show(key)
	})
	if err == nil && pending && !p.full {
		_, err = p.show(own)
	}
	return err
}

// columns are the indexed ones, and what of a query they answer.
var columns = []struct {
	name  string
	asked func(*store.EventQuery) string
}{ // in the order in which they are likely to be rare
	{"caller", func(q *store.EventQuery) string { return q.Key }},
	{"model", func(q *store.EventQuery) string { return q.Model }},
	{"variant", func(q *store.EventQuery) string { return q.Variant }},
	{"route", func(q *store.EventQuery) string { return q.Route }},
	{"outcome", func(q *store.EventQuery) string { return q.Outcome }},
}

// byColumn walks along one index, or the table, newest first, and stops when the
// page is full.
func (p *page) byColumn() error {
	var where strings.Builder
	var args []any
	index := ""
	for _, col := range columns {
		word := col.asked(&p.q)
		if word == "" {
			continue
		}
		id, err := p.db.words.find(p.conn, word)
		if err != nil || id == 0 { // no event has it
			return err
		}
		rare := col.name == "outcome" && word != event.OK.String()
		if index == "" || rare {
			index = "events_" + col.name
		}
		where.WriteString(col.name + " = ? AND ")
		args = append(args, id)
	}
	if !p.q.From.IsZero() {
		where.WriteString("time >= ? AND ")
		args = append(args, p.q.From.UnixMilli())
	}
	if !p.q.To.IsZero() {
		where.WriteString("time <= ? AND ")
		args = append(args, p.q.To.UnixMilli())
	}
	by := "NOT INDEXED "
	if index != "" {
		by = "INDEXED BY " + index + " "
	}
	return p.walk(by+"WHERE "+where.String(), args)
}

// walk reads in portions, so that a page that is full does not hold a statement
// half-way, and none reads more than it shows.
func (p *page) walk(where string, args []any) error {
	for {
		last, rows := int64(-1), 0
		err := eventTable.each(p.conn, where+"key >= ? AND key < ? ORDER BY key DESC LIMIT ?", func(r *row) error {
			rows++
			last = r.int(0)
			if p.full {
				return nil
			}
			e, err := p.db.eventOf(p.conn, r)
			if err != nil {
				return err
			}
			p.take(last, e)
			return nil
		}, append(slices.Clone(args), p.from, p.before, p.q.Size()+1)...)
		if err != nil || p.full || rows <= p.q.Size() {
			return err
		}
		p.before = last
	}
}
