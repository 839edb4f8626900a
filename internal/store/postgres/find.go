package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// bytea reads a column of bytes as text.
type bytea string

// ScanBytes takes the bytes of a column; pgx calls it.
func (b *bytea) ScanBytes(v []byte) error {
	*b = bytea(v)
	return nil
}

// window asks for times from one to another; zero ones ask for nothing.
func window(w *where, column string, from, to time.Time) {
	if !from.IsZero() {
		w.and(column+" >= ?", nanos(from))
	}
	if !to.IsZero() {
		w.and(column+" < ?", nanos(to))
	}
}

func named(w *where, project, route, variant, model string) {
	w.is("project", project)
	w.is("route", route)
	w.is("variant", variant)
	w.is("model", model)
}

// one reads the record of an id.
func one[R event.Record](ctx context.Context, db *DB, table, what string, kind event.Kind, id string) (found R, err error) {
	there := false
	err = db.each(ctx, func(r pgx.Rows) error {
		there = true
		found, err = record[R](r, kind)
		return err
	}, "SELECT record FROM "+table+" WHERE id = $1", []byte(id))
	if err == nil && !there {
		err = store.ErrNotFound
	}
	if err != nil {
		return found, fmt.Errorf("%s %q: %w", what, id, err)
	}
	return found, nil
}

// Event finds one.
func (db *DB) Event(ctx context.Context, id string) (*event.Event, error) {
	return one[*event.Event](ctx, db, "events", "event", event.KindEvent, id)
}

// Body finds what was asked and answered.
func (db *DB) Body(ctx context.Context, id string) (*event.Body, error) {
	return one[*event.Body](ctx, db, "bodies", "body", event.KindBody, id)
}

// Entry finds one.
func (db *DB) Entry(ctx context.Context, id string) (*event.Entry, error) {
	return one[*event.Entry](ctx, db, "entries", "entry", event.KindEntry, id)
}

// FindEvents gives a page.
func (db *DB) FindEvents(ctx context.Context, q store.EventQuery) (events []*event.Event, next string, err error) {
	w, err := wanted(&q)
	if err != nil {
		return nil, "", fmt.Errorf("find events: %w", err)
	}
	err = db.each(ctx, func(r pgx.Rows) error {
		e, err := record[*event.Event](r, event.KindEvent)
		events = append(events, e)
		return err
	}, fmt.Sprintf("SELECT record FROM events%s ORDER BY id DESC LIMIT %d", w, q.Size()+1), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("find events: %w", err)
	}
	if len(events) > q.Size() { // one more than fits: there is a next page
		events = events[:q.Size()]
		next = store.Cursor("events", events[len(events)-1].ID)
	}
	return events, next, nil
}

func wanted(q *store.EventQuery) (*where, error) {
	w := &where{}
	if q.Cursor != "" {
		after, err := store.ParseCursor("events", q.Cursor)
		if err != nil {
			return nil, err
		}
		w.and("id < ?", []byte(after))
	}
	window(w, "at", q.From, q.To)
	named(w, q.Project, q.Route, q.Variant, q.Model)
	w.is("outcome", q.Outcome)
	w.is("key", q.Key)
	w.is("unit", q.Unit)
	if q.Tag != "" {
		w.and("? = ANY(tags)", []byte(q.Tag))
	}
	if q.AnyID != "" {
		w.and("(id = ? OR client_id = ? OR body_id = ?)", []byte(q.AnyID))
	}
	return w, nil
}
