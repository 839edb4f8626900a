package journal

import (
	"context"
	"fmt"
	"sync"

	"github.com/weirhq/weir/internal/event"
)

// reader has one segment open for reading.
type reader struct {
	waiting bool // somebody waits for Journal.grown; the journal's lock guards it

	mu     sync.Mutex // held while reading
	number uint64
	file   file
	scan   scanner
	stuck  stuck
	far    event.Position // damage up to here was counted
}

// stuck is a place that the disk does not give back, and the stretch before it
// that was given up.
type stuck struct {
	at       event.Position
	times    int
	from, to event.Position
}

// mostStuck is how often such a place is tried before it is taken for damaged.
const mostStuck = 10

// defaultBatch is how many records are read where the caller does not say.
const defaultBatch = 512

// Read gives the next records from a position on, at most max of them. It waits
// until there is one. What was written can be read, whether it is durable or not.
// The zero position is the oldest there is. Damaged stretches are passed over and
// counted. It looks before it heeds ctx: an error of ctx says that there was
// nothing, and a ctx that has ended asks without waiting. ErrPosition.
func (j *Journal) Read(ctx context.Context, from event.Position, max int) ([]event.Item, error) {
	if max <= 0 {
		max = defaultBatch
	}
	for {
		items, more, err := j.readSome(from, max)
		if err != nil || len(items) > 0 {
			return items, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-j.gone:
			return nil, ErrClosed
		}
	}
}

// stretch is a part of a segment that can be read.
type stretch struct {
	segment *segment
	at, end int64
	more    <-chan struct{} // closed when there may be more
}

// readSome reads what is there. With nothing there, more tells when to look again.
func (j *Journal) readSome(from event.Position, max int) (items []event.Item, more <-chan struct{}, err error) {
	r := &j.reading
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(items) < max {
		s, err := j.resolve(from)
		if err != nil || s.segment == nil {
			return items, s.more, ifNone(items, err)
		}
		items, from, err = j.readStretch(r, s, items, max)
		if err != nil {
			return items, nil, ifNone(items, err)
		}
	}
	return items, nil, nil
}

// ifNone keeps an error for the next call when there is something to give first.
func ifNone(items []event.Item, err error) error {
	if len(items) > 0 {
		return nil
	}
	return err
}

// resolve finds what lies at a position: nothing, so far, if the segment is nil.
func (j *Journal) resolve(from event.Position) (stretch, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closing && j.room.done {
		return stretch{}, ErrClosed
	}
	for i, s := range j.segments {
		at, err := j.within(s, from)
		switch {
		case err != nil:
			return stretch{}, err
		case at < 0: // it lies behind this one
			continue
		case at < s.end:
			return stretch{segment: s, at: at, end: s.end}, nil
		case i+1 < len(j.segments):
			from = event.Position{Segment: j.segments[i+1].number, Offset: firstFrame}
		}
	}
	if end := (event.Position{Segment: j.room.next, Offset: firstFrame}); end.Before(from) {
		return stretch{}, j.noPosition(from, "it never existed")
	}
	j.reading.waiting = true
	return stretch{more: j.grown}, nil
}

// within gives the offset in s that a position stands for; negative if it lies
// behind s.
func (j *Journal) within(s *segment, from event.Position) (int64, error) {
	switch {
	case from.Segment > s.number:
		return -1, nil
	case from == event.Position{}:
		return firstFrame, nil
	case from.Segment < s.number:
		if !s.lost && (s.prev == event.Position{} || from.Before(s.prev)) {
			return 0, j.noPosition(from, "it was released, or is another journal's")
		}
		return firstFrame, nil
	case from.Offset < firstFrame, from.Offset > s.end && !s.closed:
		return 0, j.noPosition(from, "it never existed")
	}
	return min(from.Offset, s.end), nil // records that a power cut took had been read
}

func (j *Journal) noPosition(p event.Position, why string) error {
	return fmt.Errorf("reading the journal %q from segment %d, byte %d: %w: %s", j.cfg.Dir, p.Segment, p.Offset, ErrPosition, why)
}

// readStretch reads records of one segment, and gives the place behind them.
func (j *Journal) readStretch(r *reader, s stretch, items []event.Item, max int) ([]event.Item, event.Position, error) {
	pos := event.Position{Segment: s.segment.number, Offset: s.at}
	if err := r.open(j.disk, s); err != nil {
		if err = j.stuckAt(r, pos, err); err == nil {
			j.damaged(r, pos, s.end)
			pos.Offset = s.end
		}
		return items, pos, err
	}
	for len(items) < max && pos.Offset < s.end {
		kind, payload, next, ok, err := r.scan.frame(pos.Offset)
		switch {
		case err != nil:
			if next, err = j.passUnreadable(r, pos, err); err != nil {
				return items, pos, err
			}
		case !ok:
			if next, err = j.passDamage(r, pos); err != nil {
				return items, pos, err
			}
		default:
			if record := j.parse(r, kind, payload, pos); record != nil {
				items = append(items, event.Item{Record: record, Next: event.Position{Segment: pos.Segment, Offset: next}})
			}
		}
		pos.Offset = next
	}
	return items, pos, nil
}

// open has the stretch's segment in the scanner.
func (r *reader) open(d disk, s stretch) error {
	if r.file == nil || r.number != s.segment.number {
		r.shut()
		f, err := d.Open(segmentName(s.segment.number))
		if err != nil {
			return err
		}
		r.file, r.number = f, s.segment.number
		r.scan = scanner{file: f, seed: s.segment.seed, buf: r.scan.buf[:0]}
	}
	r.scan.end = s.end
	return nil
}

func (r *reader) shut() {
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
}

func (r *reader) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shut()
}
