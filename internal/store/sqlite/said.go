package sqlite

import (
	"context"
	"slices"
	"strconv"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// exposures adds those that are not there, and counts what was said of their
// requests before.
func (b *batch) exposures(in *store.Batch) error {
	for i := range in.Exposures {
		if err := b.exposure(&in.Exposures[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) exposure(x *store.Exposure) error {
	names, err := b.ids(x.Experiment, x.UnitKind, x.Variant)
	if err != nil {
		return err
	}
	id := idValue(x.RequestID)
	have, err := b.one("SELECT 1 FROM exposures WHERE id = ? AND experiment = ?", id, names[0])
	if err != nil || have != nil {
		return err
	}
	err = exposureTable.insert(b.conn, id, names[0], unixNano(x.Time), x.Epoch, x.Step, names[1], unitValue(x.Unit), names[2])
	if err != nil {
		return err
	}
	b.counts["exposures"]++
	key, _ := keyOf(x.RequestID, x.Time)
	b.drift.see(key, x.Time, false)
	said, err := scoresOf(b.conn, x.RequestID)
	if err != nil {
		return err
	}
	for _, s := range said {
		if err := b.count(s, nil, []store.Exposure{*x}); err != nil {
			return err
		}
	}
	return nil
}

// exposuresOf finds what a request counted for.
func (w *words) exposuresOf(c *conn, requestID string) (found []store.Exposure, err error) {
	err = exposureTable.each(c, "WHERE id = ?", func(r *row) error {
		x, err := w.exposureOf(c, r)
		found = append(found, x)
		return err
	}, idValue(requestID))
	return found, err
}

func (w *words) exposureOf(c *conn, r *row) (store.Exposure, error) {
	x := store.Exposure{RequestID: r.id(0), Time: timeOf(r.int(2))}
	x.Epoch, x.Step, x.Unit = int(r.int(3)), int(r.int(4)), r.unit(6)
	var err error
	for column, into := range map[int]*string{1: &x.Experiment, 5: &x.UnitKind, 7: &x.Variant} {
		if *into, err = w.name(c, r.int(column)); err != nil {
			break
		}
	}
	return x, err
}

// Exposure finds what a request counted for.
func (db *DB) Exposure(ctx context.Context, requestID string) (found []store.Exposure, err error) {
	err = db.main.read(ctx, "find an exposure", func(c *conn) error {
		found, err = db.words.exposuresOf(c, requestID)
		if err == nil && len(found) == 0 {
			err = notFound("exposure of request", strconv.Quote(requestID))
		}
		return err
	})
	slices.SortFunc(found, store.CompareExposures)
	return orNone(found, err)
}

// scores keeps the last word of each name and source, and counts it.
func (b *batch) scores(in *store.Batch) error {
	for _, s := range in.Scores {
		if err := b.score(s); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) score(s *event.Score) error {
	said, err := scoresOf(b.conn, s.Event)
	if err != nil {
		return err
	}
	var earlier *event.Score
	if at := slices.IndexFunc(said, func(o *event.Score) bool { return o.Name == s.Name && o.Source == s.Source }); at >= 0 {
		if earlier = said[at]; !store.Later(s, earlier) {
			return nil
		}
	} else {
		b.counts["scores"]++
	}
	err = scoreTable.replace(b.conn, idValue(s.Event), s.Name, s.Source, idValue(s.ID), unixNano(s.Time), event.AppendRecord(nil, s))
	if err != nil {
		return err
	}
	key, _ := keyOf(s.Event, s.Time)
	b.drift.see(key, s.Time, true)
	exposures, err := b.words.exposuresOf(b.conn, s.Event)
	if err != nil {
		return err
	}
	return b.count(s, earlier, exposures)
}

// count adds a score to the sums of what its event counted for.
func (b *batch) count(s, earlier *event.Score, exposures []store.Exposure) error {
	units, days := store.ScoreSums(s, earlier, exposures)
	b.moveDays(days)
	return b.addUnits(units)
}

// scoresOf finds what was said of an event.
func scoresOf(c *conn, id string) (said []*event.Score, err error) {
	err = scoreTable.each(c, "WHERE event = ?", func(r *row) error {
		s, err := parse[*event.Score](event.KindScore, r.bytes(5))
		said = append(said, s)
		return err
	}, idValue(id))
	return said, err
}

// Scores gives what was said of an exchange, newest first.
func (db *DB) Scores(ctx context.Context, id string) (said []*event.Score, err error) {
	err = db.main.read(ctx, "find scores", func(c *conn) error {
		said, err = scoresOf(c, id)
		return err
	})
	slices.SortFunc(said, store.CompareScores)
	return orNone(said, err)
}
