package journal

import (
	"fmt"

	"github.com/weirhq/weir/internal/event"
)

// page is what is given up at once of a disk that cannot be read.
const page = 4096

// passDamage finds the next record behind a place where none is.
func (j *Journal) passDamage(r *reader, pos event.Position) (int64, error) {
	next, err := r.scan.seek(pos.Offset + 1)
	if err != nil {
		return j.passUnreadable(r, pos, err)
	}
	j.damaged(r, pos, next)
	return next, nil
}

// passUnreadable gives a page up after a number of tries, once and for all.
func (j *Journal) passUnreadable(r *reader, pos event.Position, err error) (int64, error) {
	r.scan.buf = r.scan.buf[:0]
	given := &r.stuck
	if !pos.Before(given.from) && pos.Before(given.to) && pos.Segment == given.to.Segment {
		return given.to.Offset, nil
	}
	if err := j.stuckAt(r, pos, err); err != nil {
		return pos.Offset, err
	}
	next := event.Position{Segment: pos.Segment, Offset: min((pos.Offset/page+1)*page, r.scan.end)}
	if given.to != pos {
		given.from = pos
	}
	given.to = next
	j.damaged(r, pos, next.Offset)
	return next.Offset, nil
}

// stuckAt counts tries at a place; nil says that it was tried often enough.
func (j *Journal) stuckAt(r *reader, pos event.Position, err error) error {
	if r.stuck.at != pos {
		r.stuck.at, r.stuck.times = pos, 0
	}
	if r.stuck.times++; r.stuck.times < mostStuck {
		return fmt.Errorf("reading segment %d of the journal %q at byte %d: %w", pos.Segment, j.cfg.Dir, pos.Offset, err)
	}
	return nil
}

// damaged counts and tells a stretch that was passed over, once.
func (j *Journal) damaged(r *reader, pos event.Position, to int64) {
	if !r.firstSight(pos, to) {
		return
	}
	j.mu.Lock()
	j.stats.Damaged++
	j.stats.DamagedBytes += to - pos.Offset
	j.mu.Unlock()
	j.cfg.Log.Error("journal: damaged, records are missing", "dir", j.cfg.Dir, "segment", pos.Segment, "from", pos.Offset, "to", to, "bytes", to-pos.Offset)
}

func (r *reader) firstSight(pos event.Position, to int64) bool {
	if pos.Before(r.far) {
		return false
	}
	r.far = event.Position{Segment: pos.Segment, Offset: to}
	return true
}

// parse reads a record, or counts that it could not.
func (j *Journal) parse(r *reader, kind event.Kind, payload []byte, pos event.Position) event.Record {
	record, err := event.ParseRecord(kind, payload)
	if err == nil {
		return record
	}
	if r.firstSight(pos, pos.Offset+1) {
		j.mu.Lock()
		j.stats.Unknown++
		j.mu.Unlock()
		j.cfg.Log.Error("journal: a record that this version cannot read is left out", "dir", j.cfg.Dir, "segment", pos.Segment, "at", pos.Offset, "kind", kind, "error", err)
	}
	return nil
}
