package journal

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"
)

// room is what the writer knows of where it can write. Its flags are also read,
// under the journal's lock, by whoever weighs.
type room struct {
	next    uint64 // number of the segment to come
	failed  int    // segments in turn that took nothing
	short   bool   // there is no room for segments: only the reserve, if any
	reserve bool   // and that has room
	done    bool   // nothing is written any more
	cause   error  // why
	since   time.Time
}

// place gives the segment for the next n bytes. What is longer than the whole of
// the active one gets no other: they are as small as that when the disk is nearly
// full, and its last room is not for that.
func (j *Journal) place(n int) (*segment, error) {
	if s := j.active; s != nil {
		if j.fits(s, n) {
			return s, nil
		}
		if s.money {
			j.setReserve(false)
			return nil, j.room.cause
		}
	}
	if j.room.short {
		return nil, j.room.cause
	}
	if j.room.failed < 2 { // one bad file is a file; two are the disk
		err := j.roll()
		if err == nil {
			return j.active, nil
		}
		j.room.cause = err
	}
	j.runShort(j.room.cause)
	if j.active == nil {
		return nil, j.room.cause
	}
	return j.active, nil
}

// fits says whether n bytes belong to s, if anywhere. After a failed fsync nothing
// may: the kernel forgets what it could not write, and would say next time that
// all is well.
func (j *Journal) fits(s *segment, n int) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return s.broken == nil && (s.size-s.end >= int64(n) || int64(n) > s.size-firstFrame)
}

// roll begins the next segment.
func (j *Journal) roll() error {
	f, size, err := j.nextFile()
	if err != nil {
		return err
	}
	return j.begin(f, size, false)
}

// nextFile gives the spare under its new name, or makes a file.
func (j *Journal) nextFile() (file, int64, error) {
	name := segmentName(j.room.next)
	if j.takeSpare() {
		f, size, err := j.adopt(spareName, name)
		if err == nil {
			return f, size, nil
		}
	}
	return j.create(name)
}

func (j *Journal) takeSpare() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	had := j.hasSpare
	j.hasSpare = false
	return had
}

// adopt gives a file its name as a segment. It is not open while it is renamed,
// which Windows would refuse.
func (j *Journal) adopt(from, to string) (file, int64, error) {
	if err := j.disk.Rename(from, to); err != nil {
		return nil, 0, err
	}
	f, err := j.disk.Open(to)
	if err != nil {
		return nil, 0, err
	}
	size, err := f.Size()
	if err != nil || size < leastSegment { // not preallocated: it may grow to what others have
		size = j.cfg.Segment
	}
	return f, size, nil
}

// create makes a file for a segment, smaller when the disk has no more.
func (j *Journal) create(name string) (file, int64, error) {
	for size := j.cfg.Segment; ; size /= 2 {
		f, err := j.disk.Create(name, size, false)
		if err == nil || !isFull(err) || size/2 < min(j.cfg.Segment, 1<<20) {
			return f, size, err
		}
	}
}

// begin makes f the active segment.
func (j *Journal) begin(f file, size int64, money bool) error {
	j.mu.Lock()
	h := header{number: j.room.next, salt: newSalt(), made: time.Now(), prev: j.lastWritten(), replica: j.cfg.Replica}
	j.mu.Unlock()
	if err := writeHeader(f, &h); err != nil {
		f.Close()
		j.disk.Remove(segmentName(h.number))
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.room.next++
	j.leave()
	j.active = &segment{number: h.number, prev: h.prev, seed: h.seed(), size: size, money: money, end: firstFrame, file: f}
	j.segments = append(j.segments, j.active)
	j.renamed = true
	j.tellReaders()
	poke(j.soil)
	return nil
}

// newSalt comes from crypto/rand, so that nobody can make bodies that look like
// frames.
func newSalt() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// abandon leaves a segment that could not be written. What the write left behind
// lies beyond its end, which the next one's header tells, and is not read.
func (j *Journal) abandon(s *segment, err error) {
	j.room.failed++
	j.room.cause = fmt.Errorf("writing segment %d: %w", s.number, err)
	j.cfg.Log.Error("journal: a write failed, its segment is abandoned", "dir", j.cfg.Dir, "segment", s.number, "error", err)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.stats.WriteErrors++
	j.stats.LastError = j.room.cause.Error()
	j.leave()
	if s.money {
		j.room.reserve = false
	}
	j.weigh()
	poke(j.soil)
}
