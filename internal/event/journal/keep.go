package journal

import (
	"errors"
	"fmt"
	"time"
)

// keep is the keeper: it flushes what was written, trims and closes full
// segments, and has files ready before they are needed. A disk that dawdles keeps
// it waiting, not the writer.
func (j *Journal) keep() {
	var due <-chan time.Time
	for {
		select {
		case <-j.soil:
			if due == nil {
				due = time.After(j.cfg.SyncEvery)
			}
		case <-due:
			due = nil
			j.settle()
		case <-j.hurry:
			j.settle()
		case <-j.rest:
			j.settle()
			j.tidy()
			return
		}
	}
}

// settle makes everything durable that was written until now.
func (j *Journal) settle() {
	j.mu.Lock()
	upto, names := j.written, j.renamed
	j.dirty, j.renamed = false, false
	var work []flush
	for _, s := range j.segments {
		if s.file != nil {
			work = append(work, flush{segment: s, file: s.file, end: s.end, closed: s.closed, from: max(s.synced, s.told, firstFrame)})
		}
	}
	j.mu.Unlock()
	var failed error
	if names {
		failed = j.flushNames()
	}
	for _, f := range work {
		failed = errors.Join(failed, j.flush(f))
	}
	j.settled(upto, failed)
	j.sweep()
	j.prepare()
}

// flush is one segment's share of a turn of the keeper.
type flush struct {
	segment   *segment
	file      file
	from, end int64 // what is not yet known to be durable, or not to be
	closed    bool
}

func (j *Journal) flush(f flush) error {
	if f.closed {
		f.file.Truncate(f.end) // saves space; the next header tells the end as well
	}
	err := j.flushData(f)
	if f.closed {
		f.file.Close()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if f.closed {
		f.segment.file = nil
	}
	if err == nil {
		f.segment.synced = f.end
		return nil
	}
	f.segment.broken, f.segment.told = err, f.end
	j.stats.Doubtful += f.end - f.from
	j.stats.LastError = err.Error()
	return err
}

// flushData never asks for a second fsync of a file after one has failed: that
// one would say that all is well.
func (j *Journal) flushData(f flush) error {
	if f.segment.broken != nil || f.from == f.end && !f.closed { // only the keeper sets broken
		return f.segment.brokenBetween(f.from, f.end)
	}
	err := f.file.Sync()
	if err == nil {
		return nil
	}
	j.mu.Lock()
	j.stats.SyncErrors++
	j.mu.Unlock()
	j.cfg.Log.Error("journal: an fsync failed, its segment is abandoned; what was written may be lost with the power",
		"dir", j.cfg.Dir, "segment", f.segment.number, "from", f.from, "to", f.end, "error", err)
	return fmt.Errorf("flushing segment %d: %w", f.segment.number, err)
}

// brokenBetween is the error that stands for a stretch.
func (s *segment) brokenBetween(from, to int64) error {
	if from == to {
		return nil
	}
	return s.broken
}

func (j *Journal) flushNames() error {
	err := j.disk.Flush()
	if err == nil {
		return nil
	}
	j.mu.Lock()
	j.renamed = true
	j.stats.SyncErrors++
	j.stats.LastError = err.Error()
	j.mu.Unlock()
	return fmt.Errorf("flushing the folder: %w", err)
}
