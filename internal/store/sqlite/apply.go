package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// batch is an Apply under way: what it adds up in memory until the end, because
// many of its records move the same rows.
type batch struct {
	*conn
	words  *words
	shifts store.Shifts
	days   map[store.DayKey]*store.DayRow
	counts map[string]int64 // rows that were added, by table
	drift  drift
}

// Apply applies a batch wholly or not at all. Bodies are in another file: they
// are committed just before the rest, and are left as they are when the batch
// comes again.
func (db *DB) Apply(ctx context.Context, b *store.Batch) error {
	return db.main.write(ctx, fmt.Sprintf("apply a batch of %q", b.Replica), func(c *conn) error {
		if err := move(c, b); err != nil {
			return err
		}
		return db.apply(ctx, c, b)
	})
}

func (db *DB) apply(ctx context.Context, c *conn, in *store.Batch) error {
	b, err := db.begin(c)
	if err != nil {
		return err
	}
	for _, part := range []func(*store.Batch) error{
		b.begins, b.events, b.entries, b.ledger, b.rollups, b.traffic, b.units, b.addDays, b.sketches, b.exposures, b.scores, b.decisions,
	} {
		if err := part(in); err != nil {
			return err
		}
	}
	if err := b.end(); err != nil {
		return err
	}
	return db.addBodies(ctx, in.Bodies)
}

// begin starts adding up.
func (db *DB) begin(c *conn) (*batch, error) {
	d, err := readDrift(c)
	return &batch{conn: c, words: db.words, shifts: store.Shifts{}, days: map[store.DayKey]*store.DayRow{}, counts: map[string]int64{}, drift: d}, err
}

// end writes what was added up.
func (b *batch) end() error {
	if err := b.writeShifts(b.shifts); err != nil {
		return err
	}
	if err := b.writeDays(); err != nil {
		return err
	}
	if err := b.drift.write(b.conn); err != nil {
		return err
	}
	for name, n := range b.counts {
		if err := addMeta(b.conn, "rows:"+name, n); err != nil {
			return err
		}
	}
	return nil
}

// move takes the replica's position from From to To, or says that it is not there.
func move(c *conn, b *store.Batch) error {
	at, err := position(c, b.Replica)
	if err != nil {
		return err
	}
	if at != b.From {
		return fmt.Errorf("from %v: %w: it is at %v", b.From, store.ErrMoved, at)
	}
	return positionTable.replace(c, b.Replica, int64(b.To.Segment), b.To.Offset)
}

func position(c *conn, replica string) (at event.Position, err error) {
	r, err := positionTable.find(c, "WHERE replica = ?", replica)
	if err != nil || r == nil {
		return at, err
	}
	return event.Position{Segment: uint64(r.int(1)), Offset: r.int(2)}, nil
}

// Position is where the replica's journal has been applied up to.
func (db *DB) Position(ctx context.Context, replica string) (at event.Position, err error) {
	err = db.main.read(ctx, "read the journal's position", func(c *conn) error {
		at, err = position(c, replica)
		return err
	})
	return at, err
}

// begins notes what is under way.
func (b *batch) begins(in *store.Batch) error {
	for _, id := range in.Closed {
		if err := b.exec("DELETE FROM begins WHERE replica = ? AND id = ?", in.Replica, idValue(id)); err != nil {
			return err
		}
	}
	for _, one := range in.Opened {
		if err := beginTable.replace(b.conn, in.Replica, idValue(one.ID), event.AppendRecord(nil, one)); err != nil {
			return err
		}
	}
	return nil
}

// Open gives the exchanges that began and have not ended, oldest first.
func (db *DB) Open(ctx context.Context, replica string) (begins []*event.Begin, err error) {
	err = db.main.read(ctx, "read what is under way", func(c *conn) error {
		return beginTable.each(c, "WHERE replica = ? ORDER BY id", func(r *row) error {
			one, err := parse[*event.Begin](event.KindBegin, r.bytes(2))
			begins = append(begins, one)
			return err
		}, replica)
	})
	return orNone(begins, err)
}

// parse reads a record that was kept. Its checksum was right: if it cannot be
// read, it was written wrongly.
func parse[T event.Record](kind event.Kind, b []byte) (one T, err error) {
	r, err := event.ParseRecord(kind, b)
	if err != nil {
		return one, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	one, ok := r.(T)
	if !ok {
		return one, errors.New("a record is not of the kind that was asked for")
	}
	return one, nil
}
