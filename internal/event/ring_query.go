package event

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// Query says which events are wanted. Empty fields ask for nothing in particular.
type Query struct {
	Route   string
	Variant string // of any assignment
	Outcome string // by name
	Key     string // name of the caller's key
	ID      string // Weir's id, the caller's own, or the id in the reply's body
	Since   time.Time
	Limit   int    // of one page; 0: 50, at most MaxPage
	Cursor  string // where the page before this one ended
}

// MaxPage is the largest page.
const MaxPage = 1000

// Matches reports whether e is wanted.
func (q *Query) Matches(e *Event) bool {
	return (q.Route == "" || q.Route == e.Route) &&
		(q.Outcome == "" || q.Outcome == e.Outcome.String()) &&
		(q.Key == "" || q.Key == e.Key) &&
		(q.ID == "" || q.ID == e.ID || q.ID == e.ClientID || q.ID == e.BodyID) &&
		(q.Since.IsZero() || !e.Time.Before(q.Since)) &&
		(q.Variant == "" || e.has(q.Variant))
}

// has reports whether one of the event's assignments is to the variant.
func (e *Event) has(variant string) bool {
	for i := range e.Assignments {
		if e.Assignments[i].Variant == variant {
			return true
		}
	}
	return false
}

// ErrCursor says that a cursor is not one of this ring's: it was changed, or
// Weir was restarted since.
var ErrCursor = errors.New("the cursor is not one of this process")

// Recent gives a page of the events that match, newest first by the time they
// were recorded, and the cursor of the page after it, "" when this is the last.
// Following cursors never shows an event twice and leaves none out but those
// that were overwritten meanwhile. Events must not be changed: others read them.
func (r *Ring) Recent(q Query) (events []*Event, next string, err error) {
	limit := uint64(math.MaxUint64)
	if q.Cursor != "" {
		if limit, err = r.parseCursor(q.Cursor); err != nil {
			return nil, "", err
		}
	}
	size := pageSize(q.Limit)
	var buf [portion]*Event
	for {
		n, from := r.before(limit, &buf)
		if n == 0 {
			return events, "", nil
		}
		for i, e := range buf[:n] {
			if !q.Matches(e) {
				continue
			}
			if len(events) == size { // one more than fits: there is a next page
				return events, r.cursor(from - uint64(i)), nil
			}
			events = append(events, e)
		}
		limit = from - uint64(n)
	}
}

// Get finds an event by Weir's id.
func (r *Ring) Get(id string) (*Event, bool) {
	e, _ := r.find(id)
	return e, e != nil
}

// find gives an event and the number of the record after it, or nil.
func (r *Ring) find(id string) (e *Event, next uint64) {
	var buf [portion]*Event
	for limit := uint64(math.MaxUint64); ; {
		n, from := r.before(limit, &buf)
		if n == 0 {
			return nil, 0
		}
		for i, e := range buf[:n] {
			if e.ID == id {
				return e, from - uint64(i)
			}
		}
		limit = from - uint64(n)
	}
}

func pageSize(asked int) int {
	if asked <= 0 {
		return 50
	}
	return min(asked, MaxPage)
}

// cursor names the place below number limit.
func (r *Ring) cursor(limit uint64) string {
	b := binary.BigEndian.AppendUint64(nil, r.name)
	return base64.RawURLEncoding.EncodeToString(binary.AppendUvarint(b, limit))
}

func (r *Ring) parseCursor(s string) (uint64, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 9 || binary.BigEndian.Uint64(b) != r.name {
		return 0, ErrCursor
	}
	limit, n := binary.Uvarint(b[8:])
	if n <= 0 || n != len(b)-8 {
		return 0, ErrCursor
	}
	return limit, nil
}
