package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// Apply applies a batch wholly or not at all. What replicas share and many write
// (variant rows, minutes) comes last, so that it is locked for the shortest time.
func (db *DB) Apply(ctx context.Context, b *store.Batch) error {
	err := db.write(ctx, func(tx pgx.Tx) error {
		if err := move(ctx, tx, b); err != nil {
			return err
		}
		units, days, err := applySaid(ctx, tx, b)
		if err != nil {
			return err
		}
		for _, part := range []func(context.Context, pgx.Tx, *store.Batch) error{applyOpen, applyEvents, applyRecords, applyLedger, applyTraffic} {
			if err := part(ctx, tx, b); err != nil {
				return err
			}
		}
		if err := applyDays(ctx, tx, slices.Concat(b.Days, days)); err != nil {
			return err
		}
		if err := applySketches(ctx, tx, b.Sketches); err != nil {
			return err
		}
		if err := applyUnits(ctx, tx, slices.Concat(b.Units, units)); err != nil {
			return err
		}
		return applyRollups(ctx, tx, b.Rollups)
	})
	if err != nil {
		return fmt.Errorf("apply a batch of %q: %w", b.Replica, err)
	}
	return nil
}

// move locks the replica's position, compares it and moves it.
func move(ctx context.Context, tx pgx.Tx, b *store.Batch) error {
	replica := []byte(b.Replica)
	if _, err := tx.Exec(ctx, "INSERT INTO replicas VALUES ($1, 0, 0) ON CONFLICT DO NOTHING", replica); err != nil {
		return err
	}
	var segment, place int64
	if err := tx.QueryRow(ctx, "SELECT segment, place FROM replicas WHERE replica = $1 FOR UPDATE", replica).Scan(&segment, &place); err != nil {
		return err
	}
	if at := (event.Position{Segment: uint64(segment), Offset: place}); at != b.From {
		return fmt.Errorf("from %v: %w: it is at %v", b.From, store.ErrMoved, at)
	}
	_, err := tx.Exec(ctx, "UPDATE replicas SET segment = $2, place = $3 WHERE replica = $1", replica, int64(b.To.Segment), b.To.Offset)
	return err
}

// alone keeps batches out until the transaction ends: the first thing that each
// writes is its replica's position (move), and there it waits, holding nothing.
func alone(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, "LOCK TABLE replicas IN SHARE ROW EXCLUSIVE MODE")
	return err
}

// Position is where the replica's journal has been applied up to.
func (db *DB) Position(ctx context.Context, replica string) (at event.Position, err error) {
	err = db.each(ctx, func(r pgx.Rows) error {
		var segment int64
		err := r.Scan(&segment, &at.Offset)
		at.Segment = uint64(segment)
		return err
	}, "SELECT segment, place FROM replicas WHERE replica = $1", []byte(replica))
	if err != nil {
		return event.Position{}, fmt.Errorf("position of replica %q: %w", replica, err)
	}
	return at, nil
}

// Durable is the position: commits are on disk when they return (see Open).
func (db *DB) Durable(ctx context.Context, replica string) (event.Position, error) {
	return db.Position(ctx, replica)
}

// Open gives the exchanges that began and have not ended, oldest first.
func (db *DB) Open(ctx context.Context, replica string) (begins []*event.Begin, err error) {
	err = db.each(ctx, func(r pgx.Rows) error {
		b, err := record[*event.Begin](r, event.KindBegin)
		begins = append(begins, b)
		return err
	}, "SELECT record FROM begins WHERE replica = $1 ORDER BY id", []byte(replica))
	if err != nil {
		return nil, fmt.Errorf("exchanges under way at %q: %w", replica, err)
	}
	return begins, nil
}

// record reads a row of one encoded record.
func record[R event.Record](r pgx.Rows, kind event.Kind) (rec R, err error) {
	var b []byte
	if err := r.Scan(&b); err != nil {
		return rec, err
	}
	any, err := event.ParseRecord(kind, b)
	if err != nil {
		return rec, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	return any.(R), nil
}

func applyOpen(ctx context.Context, tx pgx.Tx, b *store.Batch) error {
	replica := []byte(b.Replica)
	if len(b.Closed) > 0 {
		if _, err := tx.Exec(ctx, "DELETE FROM begins WHERE replica = $1 AND id = ANY($2)", replica, bytesOf(b.Closed...)); err != nil {
			return naming("begins", err)
		}
	}
	var rows [][]any
	for _, begin := range b.Opened {
		rows = append(rows, []any{b.Replica, begin.ID, event.AppendRecord(nil, begin)})
	}
	return insert(ctx, tx, "begins", text("replica", "id", "record"), rows)
}

// eventColumns are in the order of eventRow.
var eventColumns = []string{"id", "at", "project", "route", "variant", "outcome", "key", "model", "unit_kind", "unit", "client_id", "body_id", "tags", "record"}

func eventRow(e *event.Event) []any {
	row := []any{[]byte(e.ID), nanos(e.Time)}
	for _, s := range []string{e.Project, e.Route, e.Variant(), e.Outcome.String(), e.Key, e.Model, e.UnitKind, e.Unit, e.ClientID, e.BodyID} {
		row = append(row, []byte(s))
	}
	return append(row, bytesOf(e.Tags...), event.AppendRecord(nil, e))
}

// applyEvents copies those whose ids are not there. Should another transaction
// write one of them at this moment, COPY fails, and with it the batch, which the
// caller brings again: ids are made by one replica, so this is not a usual thing.
func applyEvents(ctx context.Context, tx pgx.Tx, b *store.Batch) error {
	if len(b.Events) == 0 {
		return nil
	}
	events := slices.Clone(b.Events)
	slices.SortStableFunc(events, func(x, y *event.Event) int { return strings.Compare(x.ID, y.ID) })
	events = slices.CompactFunc(events, func(x, y *event.Event) bool { return x.ID == y.ID }) // keeps the first
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	there := map[string]bool{}
	rows, err := tx.Query(ctx, "SELECT id FROM events WHERE id = ANY($1)", bytesOf(ids...))
	err = scan(rows, err, func(r pgx.Rows) error {
		var id []byte
		err := r.Scan(&id)
		there[string(id)] = true
		return err
	})
	if err != nil {
		return naming("events", err)
	}
	events = slices.DeleteFunc(events, func(e *event.Event) bool { return there[e.ID] })
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"events"}, eventColumns, pgx.CopyFromSlice(len(events), func(i int) ([]any, error) {
		return eventRow(events[i]), nil
	}))
	return naming("events", err)
}

// applyRecords keeps what is kept one by one; what is there already stays.
func applyRecords(ctx context.Context, tx pgx.Tx, b *store.Batch) error {
	var bodies, entries, decisions [][]any
	for _, body := range b.Bodies {
		bodies = append(bodies, []any{body.ID, nanos(body.Time), event.AppendRecord(nil, body)})
	}
	for _, n := range b.Entries {
		entries = append(entries, []any{n.ID, nanos(n.Time), event.AppendRecord(nil, n)})
	}
	for _, d := range b.Decisions {
		decisions = append(decisions, []any{d.ID, d.Subject, event.AppendRecord(nil, d)})
	}
	for _, rows := range [][][]any{bodies, entries, decisions} {
		slices.SortStableFunc(rows, func(x, y []any) int { return strings.Compare(x[0].(string), y[0].(string)) })
	}
	kept := key(text("id"), number("at"), text("record"))
	return errors.Join(
		insert(ctx, tx, "bodies", kept, bodies),
		insert(ctx, tx, "entries", kept, entries),
		insert(ctx, tx, "decisions", text("id", "subject", "record"), decisions))
}

// fold merges rows of one key and sorts them.
func fold[R any, K comparable](rows []R, id func(*R) K, merge func(into *R, row R) error, order func(a, b R) int) ([]R, error) {
	at := make(map[K]int, len(rows))
	var folded []R
	for i := range rows {
		k := id(&rows[i])
		if j, ok := at[k]; ok {
			if err := merge(&folded[j], rows[i]); err != nil {
				return nil, err
			}
			continue
		}
		at[k] = len(folded)
		folded = append(folded, rows[i])
	}
	slices.SortFunc(folded, order)
	return folded, nil
}
