package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"time"

	lite "zombiezen.com/go/sqlite"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

const typeInteger = lite.TypeInteger

// events adds those that are not there.
func (b *batch) events(in *store.Batch) error {
	for _, e := range in.Events {
		if err := b.event(e); err != nil {
			return fmt.Errorf("event %q: %w", e.ID, err)
		}
	}
	return nil
}

func (b *batch) event(e *event.Event) error {
	own, id := keyOf(e.ID, e.Time)
	key, free, err := place(b.conn, "events", own, id)
	if err != nil || !free {
		return err
	}
	values := []any{key, id, e.Time.UnixMilli()}
	for _, name := range []string{e.Project, e.Route, e.Variant(), e.Outcome.String(), e.Key, e.Model} {
		word, err := b.words.id(b.conn, name)
		if err != nil {
			return err
		}
		values = append(values, word)
	}
	record, err := b.words.leanRecord(b.conn, e)
	if err != nil {
		return err
	}
	if err := eventTable.insert(b.conn, append(values, record)...); err != nil {
		return err
	}
	b.counts["events"]++
	b.drift.see(key, e.Time, false)
	return addLookups(b.conn, key, e)
}

// place finds the number for an id: its own, or the next that is free. It is not
// free when the id is there already; then key is the id's.
func place(c *conn, table string, own int64, id any) (key int64, free bool, err error) {
	key, free = own, true
	err = c.run("SELECT key, id = ? FROM "+table+" WHERE key BETWEEN ? AND ? ORDER BY key", func(r *row) error {
		switch {
		case r.int(1) == 1:
			key, free = r.int(0), false
		case r.int(0) == key && free:
			key++
		}
		return nil
	}, id, own, own+window-1)
	if err == nil && key == own+window {
		err = fmt.Errorf("more than %d ids share one number", window)
	}
	return key, free, err
}

// eventOf reads a row of events.
func (db *DB) eventOf(c *conn, r *row) (*event.Event, error) {
	return db.words.wholeEvent(c, r.id(1), r.bytes(9))
}

// Event finds one.
func (db *DB) Event(ctx context.Context, id string) (e *event.Event, err error) {
	err = db.main.read(ctx, "find an event", func(c *conn) error {
		if e, err = db.eventByID(c, id); err == nil && e == nil {
			err = notFound("event", strconv.Quote(id))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

// eventByID finds one or none.
func (db *DB) eventByID(c *conn, id string) (*event.Event, error) {
	key, err := eventKey(c, id)
	if err != nil || key < 0 {
		return nil, err
	}
	return db.eventByKey(c, key)
}

// eventKey finds the number of an id, -1 when it is not there.
func eventKey(c *conn, id string) (int64, error) {
	if _, usual := parseID(id); !usual {
		return oddKey(c, id)
	}
	own, kept := keyOf(id, time.Time{})
	key, free, err := place(c, "events", own, kept)
	if err != nil || free {
		return -1, err
	}
	return key, nil
}

// oddKey finds an id that does not tell its own number.
func oddKey(c *conn, id string) (found int64, err error) {
	found = -1
	err = walkLookups(c, idHash(id), 0, lastKey, func(key int64) (bool, error) {
		r, err := c.one("SELECT id = ? FROM events WHERE key = ?", id, key)
		if err == nil && r != nil && r.int(0) == 1 {
			found = key
		}
		return found < 0, err
	})
	return found, err
}

func (db *DB) eventByKey(c *conn, key int64) (e *event.Event, err error) {
	err = eventTable.each(c, "WHERE key = ?", func(r *row) error {
		e, err = db.eventOf(c, r)
		return err
	}, key)
	return e, err
}
