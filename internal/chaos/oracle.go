package chaos

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Ending says how an answer ended. While it goes on, it is empty.
type Ending string

// The endings. EndEarly, EndCut and EndReset are also what a Stop can ask for.
const (
	EndDone     Ending = "done"      // the whole answer, as scripted, was written
	EndEarly    Ending = "early"     // only part of it, in whole HTTP framing
	EndCut      Ending = "cut"       // part of it, then the connection was closed
	EndReset    Ending = "reset"     // part of it, then the connection was reset
	EndRefused  Ending = "refused"   // the connection was closed unread
	EndInvalid  Ending = "invalid"   // what came was no HTTP
	EndPeerLeft Ending = "peer left" // the peer closed the connection first
	EndShutdown Ending = "shutdown"  // the upstream was closed
)

// Request is what the upstream knows of one request and of its answer. Header and
// Body are shared between copies: read, do not write.
type Request struct {
	ID   int // 1, 2, 3, ... in order of arrival
	Conn int // the connection it came on, numbered likewise

	Method, Path, Host string // all empty on a refused connection; Path with its query
	Header             http.Header
	Body               []byte
	Model              string    // as named in the body
	Received           time.Time // when its headers were in

	Script    string // what was played, in textual form
	Status    int
	FirstByte time.Time // when the first byte of the answer had been given to the kernel
	LastByte  time.Time // and the last one so far
	Bytes     int       // on the wire, so far
	Frames    int       // whole events of a stream; a plain reply is one
	Tokens    int       // tokens of text, reasoning or arguments in those; zero for raw streams
	Ended     Ending
	EndedAt   time.Time

	ClosedAt time.Time // when the peer closed the connection; zero if it has not, or the upstream did so first
}

// link is the end of a connection, which all its requests share.
type link struct {
	id       int
	closed   bool // by anybody
	closedAt time.Time
}

// record is a request as the oracle keeps it; guarded by the oracle's lock.
type record struct {
	Request
	link *link
}

// oracle keeps what happened. All of it is guarded by mu; changed is closed and
// replaced whenever something happens that somebody may be waiting for.
type oracle struct {
	mu      sync.Mutex
	keep    int
	count   int
	kept    []*record // the newest, without gaps in their ids
	changed chan struct{}
}

func newOracle(keep int) *oracle {
	return &oracle{keep: keep, changed: make(chan struct{})}
}

// begin records a request that has arrived and gives it its number.
func (o *oracle) begin(l *link, r Request) *record {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.count++
	r.ID, r.Conn = o.count, l.id
	rec := &record{r, l}
	o.kept = append(o.kept, rec)
	if o.keep > 0 && len(o.kept) > o.keep {
		o.kept[0] = nil // so that it is freed before the array is
		o.kept = o.kept[1:]
	}
	o.announce()
	return rec
}

// update changes a record.
func (o *oracle) update(rec *record, change func(*Request)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change(&rec.Request)
}

// end records how an answer ended.
func (o *oracle) end(rec *record, how Ending) {
	o.mu.Lock()
	defer o.mu.Unlock()
	rec.Ended, rec.EndedAt = how, time.Now()
	o.announce()
}

// closed records that a connection is no more; at is zero unless the peer closed it.
func (o *oracle) closed(l *link, at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !l.closed {
		l.closed, l.closedAt = true, at
		o.announce()
	}
}

// announce wakes those who wait; the lock is held.
func (o *oracle) announce() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// copy returns the request with the end of its connection; the lock is held.
func (rec *record) copy() Request {
	r := rec.Request
	r.ClosedAt = rec.link.closedAt
	return r
}

// wait looks, under the lock and again at each change, until look says it is satisfied or fails.
func (o *oracle) wait(timeout time.Duration, what string, look func() (bool, error)) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		o.mu.Lock()
		ok, err := look()
		changed := o.changed
		o.mu.Unlock()
		if ok || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-timer.C:
			return fmt.Errorf("wait for %s: not within %v", what, timeout)
		}
	}
}

// find returns the record with that number, nil when it is still to come; the lock is held.
func (o *oracle) find(id int) (*record, error) {
	first := o.count - len(o.kept) + 1
	switch {
	case id < 1 || id < first:
		return nil, fmt.Errorf("look up request %d: no longer kept (the oldest is %d)", id, first)
	case id > o.count:
		return nil, nil
	}
	return o.kept[id-first], nil
}
