package record

import (
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// Status is how a Writer is doing.
type Status struct {
	Started    time.Time      `json:"started"`
	Open       bool           `json:"open"`             // the store was opened
	Recovering bool           `json:"recovering"`       // what earlier processes left under way is not all told yet
	Position   event.Position `json:"position"`         // the journal is applied up to here
	Applied    time.Time      `json:"applied,omitzero"` // when that was; zero: nothing yet
	Bytes      int64          `json:"lag_bytes"`        // in the journal, not yet safe in the store
	Records    int64          `json:"lag_records"`      // about: bytes by the mean size of what was applied
	Lag        time.Duration  `json:"lag_ns"`           // age of the oldest record that is not applied
	Error      string         `json:"error,omitempty"`  // what keeps records from the store; "" when all is well
	Since      time.Time      `json:"since,omitzero"`   // since when
}

// Status gives the state of this moment. It waits for nothing.
func (w *Writer) Status() Status {
	w.mu.Lock()
	s, oldest, size := w.status, w.oldest, w.size
	w.mu.Unlock()
	now := w.cfg.Now()
	if w.cfg.Backlog != nil {
		s.Bytes = w.cfg.Backlog(s.Position)
		s.Records = size.records(s.Bytes)
	}
	switch {
	case !oldest.IsZero():
		s.Lag = max(now.Sub(oldest), 0)
	case s.Position == (event.Position{}) && s.Applied.IsZero() && s.Bytes > 0:
		s.Lag = now.Sub(s.Started) // nothing could be read yet
	}
	return s
}

// ErrNotOpen says that the store could not be opened yet.
var ErrNotOpen = errors.New("the store is not open")

// Store gives the store once it is open.
func (w *Writer) Store() (store.Store, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.store != nil:
		return w.store, nil
	case w.status.Error != "":
		return nil, fmt.Errorf("%w: %s", ErrNotOpen, w.status.Error)
	}
	return nil, ErrNotOpen
}

func (w *Writer) setStore(s store.Store) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.store, w.status.Open = s, true
}

// reading notes what was read and is not applied. Its age counts from when it was
// recorded, by its own word, or from when it was first read, if that is earlier:
// the clock it was recorded by may have been another.
func (w *Writer) reading(items []event.Item) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case len(items) == 0:
		w.oldest = time.Time{}
	case w.oldest.IsZero() || w.oldestAt != w.at:
		w.oldest, w.oldestAt = w.cfg.Now(), w.at
		if t := recordTime(items[0].Record); !t.IsZero() && t.Before(w.oldest) {
			w.oldest = t
		}
	}
}

// found notes where the store stands.
func (w *Writer) found(at event.Position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status.Position = at
}

// advanced notes that the store took a batch.
func (w *Writer) advanced(d *prepared) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status.Position, w.status.Applied = d.batch.To, w.cfg.Now()
	w.size.note(&d.batch, d.tally.records)
}

// well notes that the store does what it is asked.
func (w *Writer) well() {
	w.mu.Lock()
	since, logged := w.status.Since, !w.logged.IsZero()
	w.status.Error, w.status.Since, w.logged = "", time.Time{}, time.Time{}
	w.mu.Unlock()
	if logged {
		w.cfg.Log.Info("the store takes records again", "after", w.cfg.Now().Sub(since).Round(time.Millisecond))
	}
}

// troubled notes what keeps records from the store, and logs it when it begins
// and once a minute from then on.
func (w *Writer) troubled(err error) {
	now := w.cfg.Now()
	w.mu.Lock()
	w.status.Error = err.Error()
	if w.status.Since.IsZero() {
		w.status.Since = now
	}
	since, quiet := w.status.Since, now.Sub(w.logged) < time.Minute
	if !quiet {
		w.logged = now
	}
	w.mu.Unlock()
	if !quiet {
		w.cfg.Log.Warn("records wait in the journal", "error", err, "since", since)
	}
}

// size is how large records are in the journal, to tell how many a number of
// bytes holds.
type size struct{ bytes, count int64 }

// note takes in a batch, if it lies in one segment.
func (s *size) note(b *store.Batch, records uint64) {
	if b.From.Segment == b.To.Segment && b.From.Before(b.To) {
		s.bytes += b.To.Offset - b.From.Offset
		s.count += int64(records)
	}
}

func (s *size) records(bytes int64) int64 {
	const guess = 500 // before there is anything to go by
	mean := int64(guess)
	if s.count > 0 {
		mean = max(s.bytes/s.count, 1)
	}
	return (bytes + mean - 1) / mean
}

// recordTime is about when a record was written.
func recordTime(r event.Record) time.Time {
	switch r := r.(type) {
	case *event.Event:
		return r.Time.Add(r.Total)
	case *event.Begin:
		return r.Time
	case *event.Score:
		return r.Time
	case *event.Decision:
		return r.Time
	case *event.Entry:
		return r.Time
	case *event.Body:
		return r.Time
	}
	return time.Time{}
}
