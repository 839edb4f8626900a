package journal

import (
	"hash/crc32"

	"github.com/weirhq/weir/internal/event"
)

// Levels say how full the journal is, in per mille: of its limit on disk, or of
// what may wait in memory for a disk that dawdles, whichever is more. From each
// on, something more is shed. Money never is.
const (
	bodiesGo    = 800  // bodies
	eventsGo    = 900  // and events, more and more of them: their money stays, as an entry
	allEventsGo = 950  // all events, and begins
	full        = 1000 // scores; and money is added up in memory, and written once a second
)

// mostPending is how much may wait for the writer.
const mostPending = 64 << 20

// admit gives what is recorded in r's place: r itself, the money of an event, or
// nothing. What was added up in memory is kept, but not on disk.
func (j *Journal) admit(r event.Record) (instead event.Record, inMemory bool) {
	level := max(j.level.Load(), j.queued.Load()*full/mostPending)
	if level < bodiesGo {
		return r, false
	}
	if sheds(r, level) {
		j.shed(r.Kind())
		e, ok := r.(*event.Event)
		if !ok {
			return nil, false
		}
		r = e.Entry()
	}
	if n, ok := r.(*event.Entry); ok && level >= full {
		j.gather(n)
		return nil, true
	}
	return r, false
}

func sheds(r event.Record, level int64) bool {
	switch r := r.(type) {
	case *event.Body:
		return true
	case *event.Event:
		return unlucky(r.ID, level)
	case *event.Begin:
		return level >= allEventsGo
	case *event.Score:
		return level >= full
	}
	return false
}

// unlucky samples by the id's hash, so that an id is kept or shed the same way by
// everyone who asks.
func unlucky(id string, level int64) bool {
	const steps = allEventsGo - eventsGo
	return int64(crc32.Checksum([]byte(id), castagnoli)%steps) < level-eventsGo
}

// shed counts a record that is not kept. The first of each kind is told; the rest
// is for Stats.
func (j *Journal) shed(k event.Kind) {
	j.mu.Lock()
	j.stats.Shed[k]++
	first := j.stats.Shed[k] == 1
	j.mu.Unlock()
	if first {
		j.cfg.Log.Warn("journal: not everything fits, shedding begins", "dir", j.cfg.Dir, "kind", KindName(k), "level_per_mille", j.level.Load())
	}
}

// weigh sets the level. The lock is held, and backlog is up to date.
func (j *Journal) weigh() {
	level := j.backlog * full / j.cfg.Limit
	if j.room.short {
		least := int64(full)
		if j.room.reserve {
			least = allEventsGo
		}
		level = max(level, least)
	}
	j.level.Store(level)
}
