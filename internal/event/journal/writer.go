package journal

import (
	"runtime"
	"time"
)

// batch is what one turn of the writer takes.
type batch struct {
	frames  []byte
	records uint64
	turn    uint64
}

// write is the writer: it alone writes to segments.
func (j *Journal) write() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var pace pace
	for {
		select {
		case <-j.wake:
			if pace.busy {
				runtime.Gosched() // who is about to record something comes along in the same write
			}
			j.drain()
			pace.note(j.recorded())
		case <-j.over:
			j.turnOver()
		case <-tick.C:
			j.retry()
			j.writeMemory()
		case <-j.quit:
			j.drain()
			j.retry()
			j.writeMemory()
			j.finish()
			return
		}
	}
}

// pace tells whether records come so fast that waiting for others of the same
// moment saves more than it costs: a write for each of them takes a quarter of a
// core then. When they come slowly each is written at once.
type pace struct {
	busy  bool
	from  uint64 // records, when the look began
	since time.Time
}

const (
	paceRecords = 512                   // in one look
	paceWithin  = 64 * time.Millisecond // of so many: 8,000 a second
)

func (p *pace) note(records uint64) {
	if records-p.from < paceRecords {
		return
	}
	now := time.Now()
	p.busy = now.Sub(p.since) < paceWithin
	p.from, p.since = records, now
}

// recorded is how many records were written.
func (j *Journal) recorded() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.written
}

// drain writes until nothing is pending.
func (j *Journal) drain() {
	for {
		b := j.take()
		kept := j.put(b.frames)
		if j.isAwaited() {
			j.writeMemory()
		}
		j.done(b, kept)
		if b.records == 0 {
			return
		}
	}
}

// isAwaited says whether somebody waits in Sync.
func (j *Journal) isAwaited() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.waiters) > 0
}

// take empties what is pending.
func (j *Journal) take() batch {
	j.mu.Lock()
	defer j.mu.Unlock()
	b := batch{frames: j.pending, records: j.fresh, turn: j.turn}
	if j.fresh > 0 {
		j.pending, j.spareBuf = j.spareBuf[:0], nil
	}
	j.turn++
	j.fresh, j.current, j.waked = 0, nil, false
	j.queued.Store(0)
	return b
}

// done lets those go who waited for b.
func (j *Journal) done(b batch, kept bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.written += b.records
	j.letGo(b.turn, !kept)
	if b.records > 0 && cap(b.frames) <= largestKept {
		j.spareBuf = b.frames
	}
	if len(j.waiters) > 0 {
		poke(j.hurry)
	}
}

// put writes frames: to the active segment, to the next, or into memory, and says
// whether all are on disk.
func (j *Journal) put(frames []byte) (kept bool) {
	kept = true
	for len(frames) > 0 {
		s, err := j.place(sizeOf(frames))
		if err != nil {
			j.toMemory(frames)
			return false
		}
		if s.money {
			if frames = j.moneyOf(frames); len(frames) == 0 {
				break
			}
			if !j.fits(s, sizeOf(frames)) {
				continue // the first one is another now
			}
		}
		part := fitting(frames, s.size-s.end)
		if len(part) == 0 { // the disk had room for a small segment only
			n := sizeOf(frames)
			j.toMemory(frames[:n])
			kept, frames = false, frames[n:]
			continue
		}
		seal(part, s.seed)
		if _, err := s.file.WriteAt(part, s.end); err != nil {
			j.abandon(s, err)
			continue
		}
		j.landed(s, int64(len(part)))
		frames = frames[len(part):]
	}
	return kept
}

// fitting gives the frames from the beginning that are no longer than room in all.
func fitting(frames []byte, room int64) []byte {
	if int64(len(frames)) <= room {
		return frames
	}
	at := 0
	for {
		n := sizeOf(frames[at:])
		if int64(at+n) > room {
			return frames[:at]
		}
		at += n
	}
}

// landed counts bytes that were written.
func (j *Journal) landed(s *segment, n int64) {
	j.room.failed = 0
	j.mu.Lock()
	defer j.mu.Unlock()
	s.end += n
	j.backlog += n
	j.weigh()
	if !j.dirty {
		j.dirty = true
		poke(j.soil)
	}
	j.tellReaders()
}

// tellReaders wakes those who wait for more. The lock is held.
func (j *Journal) tellReaders() {
	if j.reading.waiting {
		j.reading.waiting = false
		close(j.grown)
		j.grown = make(chan struct{})
	}
}

// finish ends the active segment, for good.
func (j *Journal) finish() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.leave()
	j.room.done = true
}

// leave ends the active segment. One that nothing was written to is no part of
// the journal, unless it is the only one: its header knows what lay before. The
// lock is held.
func (j *Journal) leave() {
	s := j.active
	if s == nil {
		return
	}
	j.active = nil
	s.closed = true
	if n := len(j.segments); s.end == firstFrame && n > 1 {
		j.segments = j.segments[:n-1]
		j.rubbish = append(j.rubbish, s)
	}
}
