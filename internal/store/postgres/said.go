package postgres

import (
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// said is what is known of the requests of a batch: what they counted for, and
// what was said of them.
type said struct {
	exposures map[string][]store.Exposure // by id of the request
	scores    map[string][]*event.Score   // by id of the event
	fresh     []store.Exposure            // of the batch, those that were not there
	changed   map[[3]string]*event.Score  // of the batch, those that are the last word
	units     []store.UnitDelta           // what all this adds
	days      []store.DayRow
}

// applySaid takes in exposures, then scores, and gives what they add to unit and
// day rows (store.ScoreSums). One may come by one replica and the other by
// another: whoever comes second must see the first, so they meet at locks.
func applySaid(ctx context.Context, tx pgx.Tx, b *store.Batch) ([]store.UnitDelta, []store.DayRow, error) {
	if len(b.Exposures) == 0 && len(b.Scores) == 0 {
		return nil, nil, nil
	}
	if err := meet(ctx, tx, b); err != nil {
		return nil, nil, err
	}
	s := &said{exposures: map[string][]store.Exposure{}, scores: map[string][]*event.Score{}, changed: map[[3]string]*event.Score{}}
	if err := s.read(ctx, tx, b); err != nil {
		return nil, nil, err
	}
	for _, x := range b.Exposures {
		s.expose(x)
	}
	for _, one := range b.Scores {
		s.score(one)
	}
	if err := s.write(ctx, tx); err != nil {
		return nil, nil, err
	}
	return s.units, s.days, nil
}

// meetings is how many locks there are; a request has one of them by its id.
const meetings = 64

// meet takes the locks of the batch's requests: exposures share them, since every
// batch has some; a score has its own alone, and waits for batches under way.
func meet(ctx context.Context, tx pgx.Tx, b *store.Batch) error {
	alone := map[int32]bool{}
	for _, x := range b.Exposures {
		alone[meeting(x.RequestID)] = false
	}
	for _, s := range b.Scores {
		alone[meeting(s.Event)] = true
	}
	for _, at := range slices.Sorted(maps.Keys(alone)) { // all in one order
		sql := "SELECT pg_advisory_xact_lock_shared($1, $2)"
		if alone[at] {
			sql = "SELECT pg_advisory_xact_lock($1, $2)"
		}
		if _, err := tx.Exec(ctx, sql, int32(lockSaid), at); err != nil {
			return naming("scores", err)
		}
	}
	return nil
}

func meeting(id string) int32 { return int32(crc32.ChecksumIEEE([]byte(id)) % meetings) }

// read gets what is kept of the batch's requests.
func (s *said) read(ctx context.Context, tx pgx.Tx, b *store.Batch) error {
	ids := map[string]bool{}
	for _, x := range b.Exposures {
		ids[x.RequestID] = true
	}
	for _, one := range b.Scores {
		ids[one.Event] = true
	}
	list := bytesOf(slices.Sorted(maps.Keys(ids))...)
	rows, err := tx.Query(ctx, exposureSQL+" = ANY($1)", list)
	err = scan(rows, err, func(r pgx.Rows) error {
		x, err := exposure(r)
		s.exposures[x.RequestID] = append(s.exposures[x.RequestID], x)
		return err
	})
	if err != nil {
		return naming("exposures", err)
	}
	rows, err = tx.Query(ctx, "SELECT record FROM scores WHERE event = ANY($1)", list)
	return naming("scores", scan(rows, err, func(r pgx.Rows) error {
		one, err := record[*event.Score](r, event.KindScore)
		if err == nil {
			s.scores[one.Event] = append(s.scores[one.Event], one)
		}
		return err
	}))
}

// expose takes in an exposure: what was said of the request counts from now on.
func (s *said) expose(x store.Exposure) {
	have := s.exposures[x.RequestID]
	if slices.ContainsFunc(have, func(o store.Exposure) bool { return o.Experiment == x.Experiment }) {
		return
	}
	s.exposures[x.RequestID] = append(have, x)
	s.fresh = append(s.fresh, x)
	for _, one := range s.scores[x.RequestID] {
		s.count(one, nil, []store.Exposure{x})
	}
}

// score takes in a score, which may take the place of an earlier one.
func (s *said) score(one *event.Score) {
	have := s.scores[one.Event]
	at := slices.IndexFunc(have, func(o *event.Score) bool { return o.Name == one.Name && o.Source == one.Source })
	var earlier *event.Score
	if at >= 0 {
		if earlier = have[at]; !store.Later(one, earlier) {
			return
		}
		have[at] = one
	} else {
		s.scores[one.Event] = append(have, one)
	}
	s.changed[[3]string{one.Event, one.Name, one.Source}] = one
	s.count(one, earlier, s.exposures[one.Event])
}

func (s *said) count(one, earlier *event.Score, exposures []store.Exposure) {
	units, days := store.ScoreSums(one, earlier, exposures)
	s.units, s.days = append(s.units, units...), append(s.days, days...)
}

func (s *said) write(ctx context.Context, tx pgx.Tx) error {
	var rows [][]any
	for _, x := range s.fresh {
		rows = append(rows, []any{x.RequestID, x.Experiment, nanos(x.Time), int64(x.Epoch), int64(x.Step), x.UnitKind, x.Unit, x.Variant})
	}
	columns := key(text("request", "experiment"), number("at", "epoch", "step"), text("unit_kind", "unit", "variant"))
	if err := insert(ctx, tx, "exposures", columns, rows); err != nil {
		return err
	}
	columns, rows = key(text("event", "name", "source"), number("at"), text("record")), nil
	for _, k := range slices.SortedFunc(maps.Keys(s.changed), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }) {
		one := s.changed[k]
		rows = append(rows, []any{one.Event, one.Name, one.Source, nanos(one.Time), event.AppendRecord(nil, one)})
	}
	if len(rows) == 0 {
		return nil
	}
	sql := fmt.Sprintf("INSERT INTO scores (%s) SELECT * FROM %s ON CONFLICT (event, name, source) DO UPDATE SET at = excluded.at, record = excluded.record",
		names(columns, ""), unnest(columns))
	_, err := tx.Exec(ctx, sql, arrays(columns, rows)...)
	return naming("scores", err)
}

const exposureSQL = "SELECT request, experiment, at, epoch, step, unit_kind, unit, variant FROM exposures WHERE request"

func exposure(r pgx.Rows) (x store.Exposure, err error) {
	var at int64
	err = r.Scan((*bytea)(&x.RequestID), (*bytea)(&x.Experiment), &at, &x.Epoch, &x.Step, (*bytea)(&x.UnitKind), (*bytea)(&x.Unit), (*bytea)(&x.Variant))
	x.Time = timeOf(at)
	return x, err
}

// Exposure finds what a request counted for.
func (db *DB) Exposure(ctx context.Context, requestID string) (found []store.Exposure, err error) {
	err = db.each(ctx, func(r pgx.Rows) error {
		x, err := exposure(r)
		found = append(found, x)
		return err
	}, exposureSQL+" = $1 ORDER BY experiment", []byte(requestID))
	if err == nil && len(found) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("exposure of request %q: %w", requestID, err)
	}
	return found, nil
}

// Scores gives what was said of an exchange.
func (db *DB) Scores(ctx context.Context, id string) (scores []*event.Score, err error) {
	err = db.each(ctx, func(r pgx.Rows) error {
		one, err := record[*event.Score](r, event.KindScore)
		scores = append(scores, one)
		return err
	}, "SELECT record FROM scores WHERE event = $1", []byte(id))
	if err != nil {
		return nil, fmt.Errorf("scores of %q: %w", id, err)
	}
	slices.SortFunc(scores, store.CompareScores)
	return scores, nil
}
