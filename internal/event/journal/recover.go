package journal

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// recover finds what earlier processes left, and the number for the next segment.
// Only a segment that no other follows is read through: where a segment ends is
// in the next one's header.
func (j *Journal) recover() (next uint64, err error) {
	numbers, err := j.numbers()
	if err != nil {
		return 0, err
	}
	var found []*segment
	for _, n := range numbers {
		s, err := j.meet(n)
		if err != nil {
			return 0, err
		}
		if s != nil {
			found = append(found, s)
		}
	}
	j.link(found)
	j.backlog = j.unreleased()
	j.weigh()
	return nextNumber(numbers, time.Now()), nil
}

// nextNumber counts on, and is never below the milliseconds since 1970: a folder
// that was emptied does not come back to positions that a store has kept.
func nextNumber(numbers []uint64, now time.Time) uint64 {
	next := uint64(now.UnixMilli())
	if n := len(numbers); n > 0 {
		next = max(next, numbers[n-1]+1)
	}
	return next
}

// numbers gives the segments in the folder in order, and removes a spare.
func (j *Journal) numbers() ([]uint64, error) {
	names, err := j.disk.Names()
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, name := range names {
		if n, ok := segmentNumber(name); ok {
			numbers = append(numbers, n)
		}
		if name == spareName {
			if err := j.disk.Remove(name); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// meet reads the header of a segment; nil if it was made and never used.
func (j *Journal) meet(number uint64) (*segment, error) {
	name := segmentName(number)
	f, err := j.disk.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	s := &segment{number: number, size: size, end: max(size, firstFrame), closed: true}
	h, err := readHeader(f)
	switch newer := (*newerError)(nil); {
	case errors.As(err, &newer):
		return nil, fmt.Errorf("segment %q: %w", name, err)
	case err == nil && h.number == number && h.replica != j.cfg.Replica:
		return nil, fmt.Errorf("it is the journal of replica %q, and this is %q: each replica has a folder of its own; move this one away or start with the name it had", h.replica, j.cfg.Replica)
	case err == nil && h.number == number:
		s.prev, s.seed = h.prev, h.seed()
	case isBlank(f, size):
		f.Close() // Windows removes no open file
		return nil, j.disk.Remove(name)
	default:
		s.lost = true
		j.cfg.Log.Error("journal: both headers of a segment are damaged, its records cannot be read", "dir", j.cfg.Dir, "file", name, "bytes", size)
	}
	return s, nil
}

// isBlank says whether nothing but zeros is in a file.
func isBlank(f file, size int64) bool {
	s := scanner{file: f, end: size}
	last, err := s.lastByte(0)
	return err == nil && last == 0
}

// link finds where each segment ends, and removes those that no other names as the
// one before: nothing that counts was ever written to them.
func (j *Journal) link(found []*segment) {
	var follower *segment // the nearest one behind whose header can be read
	for i := len(found) - 1; i >= 0; i-- {
		s := found[i]
		switch {
		case follower == nil:
			j.findEnd(s)
		case follower.prev.Segment < s.number:
			j.rubbish = append(j.rubbish, s)
			continue
		case follower.prev.Segment == s.number:
			j.endsAt(s, follower.prev.Offset)
		default:
			j.stats.Missing++
			j.cfg.Log.Error("journal: a segment is missing", "dir", j.cfg.Dir, "file", segmentName(follower.prev.Segment))
			j.findEnd(s)
		}
		if s.end > firstFrame {
			j.segments = append(j.segments, s)
		} else {
			j.forgo(s)
		}
		follower = nil
		if !s.lost {
			follower = s
		}
	}
	slices.Reverse(j.segments)
}

// forgo leaves an empty segment out. What it knows of the one before goes into
// the header of the segment that this process begins; only then is it removed.
func (j *Journal) forgo(s *segment) {
	j.rubbish = append(j.rubbish, s)
	if j.before = s.prev; j.before == (event.Position{}) {
		j.before = s.endAt()
	}
}

// endsAt takes the follower's word, unless the file has become shorter.
func (j *Journal) endsAt(s *segment, end int64) {
	if s.size < end {
		j.stats.Damaged++
		j.stats.DamagedBytes += end - s.size
		j.cfg.Log.Error("journal: a segment has lost its end", "dir", j.cfg.Dir, "file", segmentName(s.number), "bytes", end-s.size)
	}
	s.end = min(max(s.size, firstFrame), max(end, firstFrame))
}

// findEnd reads a segment through for the last record in it, and cuts off what
// lies behind: what was preallocated, and a write that was not finished.
func (j *Journal) findEnd(s *segment) {
	if s.lost {
		return
	}
	f, err := j.disk.Open(segmentName(s.number))
	if err != nil {
		return // reading it will tell
	}
	defer f.Close()
	scan := scanner{file: f, seed: s.seed, end: s.size}
	end, err := scan.lastFrame()
	if err != nil {
		j.cfg.Log.Error("journal: a segment cannot be read to its end", "dir", j.cfg.Dir, "file", segmentName(s.number), "error", err)
		return
	}
	s.end = end
	if last, err := scan.lastByte(end); err == nil && last > end {
		j.stats.Torn += last - end
		j.cfg.Log.Warn("journal: an unfinished write was cut off", "dir", j.cfg.Dir, "file", segmentName(s.number), "at", end, "bytes", last-end)
	}
	f.Truncate(end) // else the next header tells
}

// lastFrame gives the end of the last frame.
func (s *scanner) lastFrame() (int64, error) {
	end := int64(firstFrame)
	for at := end; at < s.end; {
		_, _, next, ok, err := s.frame(at)
		if err != nil {
			return 0, err
		}
		if ok {
			end, at = next, next
			continue
		}
		if at, err = s.seek(at + 1); err != nil {
			return 0, err
		}
	}
	return end, nil
}

// lastByte gives the end of what is not zero from a place on; that place if nothing
// is.
func (s *scanner) lastByte(from int64) (int64, error) {
	last := from
	for at := from; at < s.end; {
		b, err := s.at(at, 1)
		if err != nil || len(b) == 0 {
			return last, err
		}
		for i, c := range b {
			if c != 0 {
				last = at + int64(i) + 1
			}
		}
		at += int64(len(b))
	}
	return last, nil
}
