package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// acquireSQL takes a lease that is free or over, or renews the holder's own. The
// clock is the server's, one for all replicas. A holder that comes back after its
// lease was over gets a new fence: somebody may have worked meanwhile.
const acquireSQL = `INSERT INTO leases AS l (name, holder, fence, until) VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 microsecond')
	ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until,
		fence = CASE WHEN l.holder = excluded.holder AND l.until > clock_timestamp() THEN l.fence ELSE l.fence + 1 END
		WHERE l.holder = excluded.holder OR l.until <= clock_timestamp()
	RETURNING holder, fence, until`

// Acquire takes or renews a lease, by the server's clock; now is not used.
func (db *DB) Acquire(ctx context.Context, name, holder string, ttl time.Duration, _ time.Time) (store.Lease, error) {
	l, err := db.lease(ctx, name, acquireSQL, []byte(name), []byte(holder), ttl.Microseconds())
	if err == nil && l.Holder == holder {
		return l, nil
	}
	var in store.Lease
	if err == nil {
		in, err = db.lease(ctx, name, "SELECT holder, fence, until FROM leases WHERE name = $1", []byte(name))
	}
	if err != nil {
		return store.Lease{}, fmt.Errorf("acquire lease %q: %w", name, err)
	}
	return in, fmt.Errorf("acquire lease %q: %w: %q holds it until %s", name, store.ErrConflict, in.Holder, in.Until.UTC().Format(time.RFC3339))
}

// lease reads the row that a statement gives, if there is one.
func (db *DB) lease(ctx context.Context, name, sql string, args ...any) (l store.Lease, err error) {
	l.Name = name
	err = db.each(ctx, func(r pgx.Rows) error { return r.Scan((*bytea)(&l.Holder), &l.Fence, &l.Until) }, sql, args...)
	return l, err
}

// Release gives a lease back; its fence is remembered.
func (db *DB) Release(ctx context.Context, l store.Lease) error {
	err := db.write(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE leases SET holder = '', until = '-infinity' WHERE name = $1 AND holder = $2 AND fence = $3", []byte(l.Name), []byte(l.Holder), l.Fence)
		return err
	})
	if err != nil {
		return fmt.Errorf("release lease %q: %w", l.Name, err)
	}
	return nil
}

// FindDecisions gives a page.
func (db *DB) FindDecisions(ctx context.Context, subject string, limit int, cursor string) (decisions []*event.Decision, next string, err error) {
	w := &where{}
	w.is("subject", subject)
	if cursor != "" {
		after, err := store.ParseCursor("decisions", cursor)
		if err != nil {
			return nil, "", fmt.Errorf("find decisions: %w", err)
		}
		w.and("id < ?", []byte(after))
	}
	size := store.PageSize(limit, 50)
	err = db.each(ctx, func(r pgx.Rows) error {
		d, err := record[*event.Decision](r, event.KindDecision)
		decisions = append(decisions, d)
		return err
	}, fmt.Sprintf("SELECT record FROM decisions%s ORDER BY id DESC LIMIT %d", w, size+1), w.args...)
	if err != nil {
		return nil, "", fmt.Errorf("find decisions: %w", err)
	}
	if len(decisions) > size {
		decisions = decisions[:size]
		next = store.Cursor("decisions", decisions[size-1].ID)
	}
	return decisions, next, nil
}

// AddRevision numbers r and keeps it. Those who add at once take turns at the
// table's lock, so that numbers have no holes.
func (db *DB) AddRevision(ctx context.Context, r store.Revision, expect int) (store.Revision, error) {
	err := db.write(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "LOCK TABLE revisions IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return err
		}
		last := 0
		if err := tx.QueryRow(ctx, "SELECT coalesce(max(number), 0) FROM revisions").Scan(&last); err != nil {
			return err
		}
		if expect >= 0 && expect != last {
			return fmt.Errorf("%w: the last is %d", store.ErrConflict, last)
		}
		r.Number = last + 1
		var names, texts []string
		for _, f := range r.Files {
			names, texts = append(names, f.Name), append(texts, f.Text)
		}
		_, err := tx.Exec(ctx, "INSERT INTO revisions VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", r.Number, []byte(r.Hash), nanos(r.Time),
			[]byte(r.Author), []byte(r.Note), []byte(r.Owner), r.Restore, bytesOf(names...), bytesOf(texts...))
		return err
	})
	if err != nil {
		return store.Revision{}, fmt.Errorf("add a revision after %d: %w", expect, err)
	}
	return r, nil
}

// Revision finds one.
func (db *DB) Revision(ctx context.Context, number int) (store.Revision, error) {
	if number == 0 {
		return db.revision(ctx, "the last revision", "ORDER BY number DESC LIMIT 1")
	}
	return db.revision(ctx, fmt.Sprintf("revision %d", number), "WHERE number = $1", number)
}

// RevisionAt finds the one that was in force: the last that was made by then.
func (db *DB) RevisionAt(ctx context.Context, at time.Time) (store.Revision, error) {
	return db.revision(ctx, "revision in force at "+at.Format(time.RFC3339), "WHERE at <= $1 ORDER BY number DESC LIMIT 1", nanos(at))
}

func (db *DB) revision(ctx context.Context, what, which string, args ...any) (r store.Revision, err error) {
	list, err := db.revisions(ctx, which, args...)
	if err == nil && len(list) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Revision{}, fmt.Errorf("%s: %w", what, err)
	}
	return list[0], nil
}

// ListRevisions gives them newest first, without files.
func (db *DB) ListRevisions(ctx context.Context, before, limit int) ([]store.Revision, error) {
	w := &where{}
	if before > 0 {
		w.and("number < ?", before)
	}
	list, err := db.revisions(ctx, fmt.Sprintf("%s ORDER BY number DESC LIMIT %d", w, store.PageSize(limit, 50)), w.args...)
	if err != nil {
		return nil, fmt.Errorf("list revisions: %w", err)
	}
	for i := range list {
		list[i].Files = nil
	}
	return list, nil
}

func (db *DB) revisions(ctx context.Context, which string, args ...any) (list []store.Revision, err error) {
	err = db.each(ctx, func(rows pgx.Rows) error {
		var r store.Revision
		var at int64
		var names, texts [][]byte
		err := rows.Scan(&r.Number, (*bytea)(&r.Hash), &at, (*bytea)(&r.Author), (*bytea)(&r.Note), (*bytea)(&r.Owner), &r.Restore, &names, &texts)
		if err == nil && len(names) != len(texts) {
			err = errors.New("a file has no text")
		}
		if err != nil {
			return err
		}
		r.Time = timeOf(at)
		for i := range names {
			r.Files = append(r.Files, store.File{Name: string(names[i]), Text: string(texts[i])})
		}
		list = append(list, r)
		return nil
	}, "SELECT number, hash, at, author, note, owner, restored, names, texts FROM revisions "+which, args...)
	return list, err
}
