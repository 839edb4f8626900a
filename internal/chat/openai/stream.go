package openai

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/chat"
)

const (
	firstBuffer     = 4 << 10
	keptBuffer      = 64 << 10 // a buffer that grew beyond is not used again
	defaultMaxEvent = 4 << 20
	maxEmptyReads   = 100 // reads that bring nothing before the body counts as broken

	// What is read after [DONE] so that the connection can be used again.
	drainBytes = 32 << 10
	drainTime  = 100 * time.Millisecond
)

// StreamOptions are the limits of a stream.
type StreamOptions struct {
	MaxEvent int // bytes of one event; 0 means 4 MiB
	Choices  int // that were asked for; 0 means 1
}

// stream reads server-sent events. Its frames are views into one buffer.
//
//	buf: | handed out | event being read | free |
//	     0            from               upto
type stream struct {
	body     io.ReadCloser
	pooled   *[]byte // what buf came from
	buf      []byte
	from     int
	upto     int
	ev       event
	first    bool // no line was read yet: a byte order mark may come
	max      int
	joined   []byte // the data of an event that has several data lines
	choices  tracker
	asked    int
	done     bool  // [DONE] came
	readErr  error // what the last read ended with, kept until all before it is handed out
	end      error // what Next gives from now on
	released bool
	closed   bool
}

var buffers = sync.Pool{New: func() any { b := make([]byte, firstBuffer); return &b }}

// NewStream cuts a stream of events into frames. Every byte of the body is in
// the Raw of some frame, in order, up to the event that ends the stream; an
// event that the end cuts short is in none. Next gives io.EOF only if [DONE]
// came or every choice seen had a finish reason, and chat.ErrTooLarge for an
// event over the limit. What follows [DONE] is thrown away.
func NewStream(body io.ReadCloser, o StreamOptions) chat.Frames {
	if o.MaxEvent <= 0 {
		o.MaxEvent = defaultMaxEvent
	}
	buf := buffers.Get().(*[]byte)
	return &stream{body: body, pooled: buf, buf: *buf, max: o.MaxEvent, asked: o.Choices, first: true}
}

// Next gives the next frame. The one before is no longer valid.
func (s *stream) Next() (chat.Frame, error) {
	for empty := 0; ; {
		if s.end != nil {
			return chat.Frame{}, s.end
		}
		switch {
		case s.done:
			return s.stop(io.EOF)
		case s.advance(false):
			if s.ev.whole > s.max {
				return s.stop(chat.ErrTooLarge)
			}
			return s.take(), nil
		case s.upto-s.from > s.max:
			return s.stop(chat.ErrTooLarge)
		case s.readErr != nil:
			return s.last()
		case s.fill() > 0:
			empty = 0
		default:
			if empty++; empty == maxEmptyReads && s.readErr == nil {
				s.readErr = io.ErrNoProgress
			}
		}
	}
}

// Buffered reports whether a whole event is at hand.
func (s *stream) Buffered() bool { return s.end == nil && !s.done && s.advance(false) }

// fill reads once, behind what is not handed out yet.
func (s *stream) fill() int {
	if s.from == s.upto {
		s.from, s.upto = 0, 0
	}
	if len(s.buf)-s.upto < len(s.buf)/8 {
		s.makeRoom()
	}
	n, err := s.body.Read(s.buf[s.upto:])
	s.upto += n
	s.readErr = err
	return n
}

// makeRoom moves the event being read to the front of the buffer, or doubles
// the buffer when the event fills most of it, but not far beyond the limit.
func (s *stream) makeRoom() {
	to := s.buf
	if more := min(2*len(to), s.max+firstBuffer); s.upto-s.from > len(to)*3/4 && more > len(to) {
		to = make([]byte, more)
	}
	s.upto = copy(to, s.buf[s.from:s.upto])
	s.from = 0
	s.buf = to
}

// take hands out the event that advance found whole.
func (s *stream) take() chat.Frame {
	raw := s.buf[s.from : s.from+s.ev.whole]
	f := chat.Frame{Kind: chat.Comment, Raw: raw}
	if s.ev.lines > 0 {
		f.Data = s.data(raw)
	}
	switch {
	case len(f.Data) == 0:
		f.Data = nil
	case string(f.Data) == "[DONE]":
		f.Kind, f.Data = chat.Done, nil
		s.done = true
	default:
		f.Kind = chat.Event
		inspect(f.Data, &f, &s.choices)
		if s.ev.failure {
			f.Kind = chat.Failure
		}
	}
	s.from += s.ev.whole
	s.ev = event{lone: s.ev.lone}
	return f
}

// last handles the end of the body. Bytes of an event that was not ended by a
// blank line belong to the answer only if the answer is complete with them:
// some servers leave out the last blank line. Otherwise they are a part of what
// was lost, and handing them out would let the reader glue them to whatever
// comes next.
func (s *stream) last() (chat.Frame, error) {
	if s.upto > s.from {
		before, done := s.choices, s.done
		s.advance(true)
		f := s.take()
		if s.done || s.complete() || f.Kind == chat.Failure {
			return f, nil
		}
		s.choices, s.done = before, done
	}
	switch {
	case s.complete():
		return s.stop(io.EOF)
	case errors.Is(s.readErr, io.EOF):
		return s.stop(chat.ErrIncomplete)
	}
	return s.stop(fmt.Errorf("reading the stream: %w", s.readErr))
}

// complete reports whether nothing is missing. Where the body broke off, choices
// that were asked for may not have begun; where it ended as it should, the server
// may have made fewer.
func (s *stream) complete() bool {
	return s.choices.complete() && (s.readErr == io.EOF || s.choices.count() >= s.asked)
}

// stop ends the stream and gives its buffer back. The frames handed out before
// are no longer valid by now.
func (s *stream) stop(err error) (chat.Frame, error) {
	s.end = err
	if !s.released {
		s.released = true
		if len(s.buf) <= keptBuffer {
			*s.pooled = s.buf
			buffers.Put(s.pooled)
		}
		s.buf, s.from, s.upto = nil, 0, 0
	}
	return chat.Frame{}, err
}

// Close closes the body. When the answer is complete it first reads the little
// that may still come, for a short while: a connection is only used again when
// its body was read to the end. The buffer is left to the garbage collector,
// since a frame may still be in use.
func (s *stream) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	if s.end == nil {
		s.end = errors.New("reading the stream: it was closed")
	}
	if s.done && s.readErr == nil {
		late := time.AfterFunc(drainTime, func() { _ = s.body.Close() })
		_, _ = io.CopyN(io.Discard, s.body, drainBytes)
		late.Stop()
	}
	if err := s.body.Close(); err != nil {
		return fmt.Errorf("closing the stream: %w", err)
	}
	return nil
}
