package journal

import "github.com/weirhq/weir/internal/event"

// Release says that nothing before a position will be read again. Segments that
// lie wholly before it are removed.
func (j *Journal) Release(upto event.Position) {
	j.mu.Lock()
	if j.released.Before(upto) {
		j.released = upto
		j.backlog = j.unreleased()
		j.weigh()
	}
	j.mu.Unlock()
	j.drop()
}

// Turn begins a new segment, so that the file of what was written until now is
// removed as soon as that is released: somebody in it is to be forgotten.
func (j *Journal) Turn() { poke(j.over) }

// turnOver is the writer's part of it. While there is no room the file stays, as
// it would stay without.
func (j *Journal) turnOver() {
	j.drain()
	j.mu.Lock()
	nothing := j.active == nil || j.active.money || j.active.end == firstFrame
	j.mu.Unlock()
	if nothing || j.room.short {
		return
	}
	if err := j.roll(); err != nil {
		j.cfg.Log.Warn("journal: a new segment was asked for and could not be begun", "dir", j.cfg.Dir, "error", err)
	}
}

// Nearest gives p, if one can read from it, and else the first place behind it
// where one can: what was between is gone, and nothing before p is read again. A
// store whose position is no longer here goes on from there.
func (j *Journal) Nearest(p event.Position) event.Position {
	if _, err := j.resolve(p); err == nil {
		return p
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.segments {
		if s.number > p.Segment {
			return event.Position{Segment: s.number, Offset: firstFrame}
		}
	}
	return j.recovered // p is ahead of all: what this process writes cannot have been read
}

// Behind is how many bytes of records lie behind a position.
func (j *Journal) Behind(p event.Position) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.behind(p)
}

// unreleased adds up what is not released. The lock is held.
func (j *Journal) unreleased() int64 { return j.behind(j.released) }

// behind is Behind with the lock held.
func (j *Journal) behind(p event.Position) int64 {
	var n int64
	for _, s := range j.segments {
		switch {
		case s.number > p.Segment:
			n += s.end - firstFrame
		case s.number == p.Segment:
			n += s.end - max(min(p.Offset, s.end), firstFrame)
		}
	}
	return n
}

// drop removes the released segments that the keeper has closed. The last one
// stays: the next one's header will name it.
func (j *Journal) drop() {
	j.mu.Lock()
	n := 0
	for n < len(j.segments)-1 && j.droppable(j.segments[n]) {
		n++
	}
	gone := j.segments[:n:n]
	if n > 0 {
		j.before = gone[n-1].endAt()
		j.segments = append([]*segment(nil), j.segments[n:]...)
	}
	j.mu.Unlock()
	if n == 0 {
		return
	}
	j.reading.forget(gone[n-1].number)
	for _, s := range gone {
		j.remove(s)
	}
}

// droppable is called with the lock held.
func (j *Journal) droppable(s *segment) bool {
	return s.closed && s.file == nil && !j.released.Before(s.endAt())
}

// forget closes a segment up to a number: Windows removes no open file.
func (r *reader) forget(upto uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.number <= upto {
		r.shut()
	}
}

// sweep removes what is no part of the journal, and what was released.
func (j *Journal) sweep() {
	j.mu.Lock()
	rubbish := j.rubbish
	j.rubbish = nil
	j.mu.Unlock()
	for _, s := range rubbish {
		if s.file != nil {
			s.file.Close()
		}
		j.remove(s)
	}
	j.drop()
}

func (j *Journal) remove(s *segment) {
	if err := j.disk.Remove(segmentName(s.number)); err != nil {
		j.cfg.Log.Warn("journal: a segment that is done with could not be removed", "dir", j.cfg.Dir, "segment", s.number, "error", err)
	}
}
