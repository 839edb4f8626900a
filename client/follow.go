package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Clocks of Follow.
const (
	silence   = 45 * time.Second // without even a ping, which comes every 15 s: the connection is dead
	comeBack  = time.Minute      // how long Weir may be away, as for a restart
	maxRecord = 8 << 20          // bytes of one event
)

// Follow hands each event to f as it is recorded, until ctx ends, f returns an
// error, or Weir stays away for a minute; the error says which. When a connection
// breaks it is made anew and goes on behind the last event, as far back as Weir
// keeps them: after a restart of Weir that is from its start.
func (c *Client) Follow(ctx context.Context, q Query, f func(Event) error) error {
	s := &follower{client: c, query: q, each: f, last: q.After}
	away := time.Time{}
	for try := 1; ; try++ {
		opened, err := s.once(ctx)
		var own *ownError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &own):
			return own.err
		case opened:
			away, try = time.Time{}, 1
		case !s.opened || !worthRetrying(ctx, err): // never reached, or refused
			return err
		}
		if away.IsZero() {
			away = time.Now()
		}
		if time.Since(away) > comeBack {
			return err
		}
		if err := sleep(ctx, pause(try, err)); err != nil {
			return err
		}
	}
}

// errSilent is why a dead connection is given up.
var errSilent = fmt.Errorf("nothing was heard for %s", silence)

// ownError is an error of the caller's function: it is given back as it is.
type ownError struct{ err error }

func (o *ownError) Error() string { return o.err.Error() }

// follower is one Follow over its connections.
type follower struct {
	client  *Client
	query   Query
	each    func(Event) error
	last    string // id of the last event handed on
	skipped uint64
	opened  bool // at least once
}

// once follows over one connection until it ends.
func (s *follower) once(ctx context.Context) (opened bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alive := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer alive.Stop()
	v := s.query.values()
	if s.last != "" {
		v.Set("after", s.last)
	}
	resp, err := s.client.send(ctx, http.MethodGet, "/api/v1/events:stream?"+v.Encode(), nil, http.Header{"Accept": {"text/event-stream"}})
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	s.opened = true
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 0, 64<<10), maxRecord)
	if err := s.read(lines, func() { alive.Reset(silence) }); err != nil {
		return true, err
	}
	if err := lines.Err(); err != nil {
		return true, &lost{fmt.Errorf("follow events: %w", err)}
	}
	return true, &lost{fmt.Errorf("follow events: %w", io.ErrUnexpectedEOF)}
}

// read takes the stream apart: lines of a field each, an empty line ends an event.
func (s *follower) read(lines *bufio.Scanner, alive func()) error {
	var name string
	var data []byte
	for lines.Scan() {
		alive()
		field, value, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			name = string(value)
		case "data":
			data = append(data, value...)
		case "":
			if len(lines.Bytes()) > 0 { // a comment
				continue
			}
			if err := s.take(name, data); err != nil {
				return err
			}
			name, data = "", data[:0]
		}
	}
	return nil
}

// take handles one event of the stream.
func (s *follower) take(name string, data []byte) error {
	switch {
	case len(data) == 0:
		return nil
	case name == "dropped":
		var d struct {
			Dropped uint64 `json:"dropped"`
		}
		if json.Unmarshal(data, &d) == nil {
			s.skipped += d.Dropped
		}
		return nil
	case name != "":
		return nil // of a newer Weir
	}
	var e Event
	if err := json.Unmarshal(data, &e); err != nil {
		return &ownError{fmt.Errorf("decode an event of the stream: %w", err)}
	}
	e.Skipped, s.skipped, s.last = s.skipped, 0, e.ID
	if err := s.each(e); err != nil {
		return &ownError{err}
	}
	return nil
}
