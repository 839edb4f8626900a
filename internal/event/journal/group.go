package journal

import (
	"slices"
	"time"
)

// group is callers who wait for the same write. While a write is under way the
// next group forms.
type group struct {
	done  chan struct{}
	late  bool // read after done: they were let go before their records were written
	count uint64
	turn  uint64 // of the writer, that will write for them
	until time.Time
}

// join adds a caller to the current group. The lock is held.
func (j *Journal) join() *group {
	g := j.current
	if g == nil {
		g = &group{done: make(chan struct{}), turn: j.turn, until: time.Now().Add(j.cfg.Wait)}
		j.current = g
		j.waiting = append(j.waiting, g)
		if !j.armed {
			j.armed = true
			j.watchdog.Reset(j.cfg.Wait)
		}
	}
	g.count++
	return g
}

// letGo ends the wait of those whose turn has been: their records were written, or
// are only in memory. The lock is held.
func (j *Journal) letGo(turn uint64, late bool) {
	n := 0
	for n < len(j.waiting) && j.waiting[n].turn <= turn {
		j.end(j.waiting[n], late)
		n++
	}
	j.waiting = slices.Delete(j.waiting, 0, n)
}

func (j *Journal) end(g *group, late bool) {
	g.late = late
	if late {
		j.stats.AtRisk += g.count
	}
	close(g.done)
}

// freeLate is called by the watchdog: it lets go who has waited long enough. Those
// who come after them form another group, and wait their own time.
func (j *Journal) freeLate() {
	j.mu.Lock()
	defer j.mu.Unlock()
	now, n := time.Now(), 0
	for n < len(j.waiting) && !now.Before(j.waiting[n].until) {
		g := j.waiting[n]
		j.end(g, true)
		if g == j.current {
			j.current = nil
		}
		n++
	}
	j.waiting = slices.Delete(j.waiting, 0, n)
	if j.armed = len(j.waiting) > 0; j.armed {
		j.watchdog.Reset(j.waiting[0].until.Sub(now))
	}
}
