package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// entries adds those that are not there.
func (b *batch) entries(in *store.Batch) error {
	for _, n := range in.Entries {
		have, err := b.one("SELECT 1 FROM entries WHERE id = ?", idValue(n.ID))
		if err != nil {
			return err
		}
		if have != nil {
			continue
		}
		if err := entryTable.insert(b.conn, idValue(n.ID), event.AppendRecord(nil, n)); err != nil {
			return err
		}
		b.counts["entries"]++
	}
	return nil
}

// Entry finds one.
func (db *DB) Entry(ctx context.Context, id string) (n *event.Entry, err error) {
	err = db.main.read(ctx, "find an entry", func(c *conn) error {
		r, err := entryTable.find(c, "WHERE id = ?", idValue(id))
		if err != nil {
			return err
		}
		if r == nil {
			return notFound("entry", strconv.Quote(id))
		}
		n, err = parse[*event.Entry](event.KindEntry, r.bytes(1))
		return err
	})
	if err != nil {
		return nil, err
	}
	return n, nil
}

// decisions adds those that are not there.
func (b *batch) decisions(in *store.Batch) error {
	for _, d := range in.Decisions {
		own, id := keyOf(d.ID, d.Time)
		key, free, err := place(b.conn, "decisions", own, id)
		if err != nil {
			return err
		}
		if !free {
			continue
		}
		subject, err := b.words.id(b.conn, d.Subject)
		if err != nil {
			return err
		}
		if err := decisionTable.insert(b.conn, key, id, subject, event.AppendRecord(nil, d)); err != nil {
			return err
		}
	}
	return nil
}

// FindDecisions gives a page, newest first.
func (db *DB) FindDecisions(ctx context.Context, subject string, limit int, cursor string) (decisions []*event.Decision, next string, err error) {
	before, last := int64(lastKey), int64(0)
	if cursor != "" {
		if before, err = parseKeyCursor("decisions", cursor); err != nil {
			return nil, "", fmt.Errorf("find decisions: %w", err)
		}
	}
	size := store.PageSize(limit, 50)
	err = db.main.read(ctx, "find decisions", func(c *conn) error {
		where, args, err := db.subject(c, subject)
		if err != nil {
			return err
		}
		return decisionTable.each(c, where+"key < ? ORDER BY key DESC LIMIT ?", func(r *row) error {
			if len(decisions) == size {
				next = keyCursor("decisions", last)
				return nil
			}
			last = r.int(0)
			d, err := parse[*event.Decision](event.KindDecision, r.bytes(3))
			decisions = append(decisions, d)
			return err
		}, append(args, before, size+1)...)
	})
	if err != nil {
		return nil, "", err
	}
	return decisions, next, nil
}

// subject is the condition that picks a subject's decisions; one that nobody
// decided on has the number -1, which no word has.
func (db *DB) subject(c *conn, subject string) (where string, args []any, err error) {
	if subject == "" {
		return "WHERE ", nil, nil
	}
	id, err := db.words.find(c, subject)
	if id == 0 {
		id = -1
	}
	return "WHERE subject = ? AND ", []any{id}, err
}

// addBodies adds those that are not there, in their own file.
func (db *DB) addBodies(ctx context.Context, bodies []*event.Body) error {
	if len(bodies) == 0 {
		return nil
	}
	return db.bodies.write(ctx, "keep bodies", func(c *conn) error {
		added := int64(0)
		for _, b := range bodies {
			own, id := keyOf(b.ID, b.Time)
			key, free, err := place(c, "bodies", own, id)
			if err != nil {
				return err
			}
			if !free {
				continue
			}
			added++
			if err := bodyTable.insert(c, key, id, b.Time.UnixMilli(), event.AppendRecord(nil, b)); err != nil {
				return err
			}
		}
		return addMeta(c, "rows:bodies", added)
	})
}

// Body finds what was asked and answered.
func (db *DB) Body(ctx context.Context, id string) (b *event.Body, err error) {
	err = db.bodies.read(ctx, "find a body", func(c *conn) error {
		where, args := bodyOf(id)
		r, err := bodyTable.find(c, where, args...)
		if err != nil {
			return err
		}
		if r == nil {
			return notFound("body", strconv.Quote(id))
		}
		b, err = parse[*event.Body](event.KindBody, r.bytes(3))
		return err
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// bodyOf is the condition that picks a body. An id that does not tell its number
// is looked for among all: there are none of Weir's making.
func bodyOf(id string) (where string, args []any) {
	if _, usual := parseID(id); !usual {
		return "WHERE id = ?", []any{id}
	}
	own, kept := keyOf(id, time.Time{})
	return "WHERE key BETWEEN ? AND ? AND id = ?", []any{own, own + window - 1, kept}
}
