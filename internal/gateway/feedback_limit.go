package gateway

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/fault"
)

// saidMemory is what is kept of feedback in memory, all of it bounded: how much
// each key and each request has had, and what was said under idempotency keys.
type saidMemory struct {
	keys     keyLimit
	requests requestLimit
	repeats  repeats
}

// Bounds of feedback. A key may send a burst and then so many a second; of one
// request so much may be said, and then a little each day: a person changes their
// mind a few times, and who says more is stuffing.
const (
	keyBurst     = 500
	keyEvery     = time.Second / 50
	requestBurst = 20
	requestEvery = 24 * time.Hour / 20

	mostRates   = 10_000
	mostRepeats = 10_000
)

// keyLimit is the limit of keys, requestLimit that of requests.
type (
	keyLimit     struct{ rates dues }
	requestLimit struct{ rates dues }
)

func (l *keyLimit) allow(key string, now time.Time) error {
	wait := l.rates.take(key, now, keyBurst, keyEvery)
	if wait <= 0 {
		return nil
	}
	e := fault.New(fault.Limited, "feedback_rate_limited", "this key sends feedback faster than %d a second", time.Second/keyEvery).
		Mend("send it more slowly; weir feedback import takes many at once")
	e.RetryAfter = wait
	return e
}

func (l *requestLimit) allow(id string, now time.Time) error {
	wait := l.rates.take(id, now, requestBurst, requestEvery)
	if wait <= 0 {
		return nil
	}
	e := fault.New(fault.Limited, "feedback_rate_limited", "of this request %d things were said lately, which is all that is taken", requestBurst).
		Mend("say it once: a later word of the same name takes the place of the earlier")
	e.RetryAfter = wait
	return e
}

// dues is the generic cell rate algorithm (ITU-T I.371) for many names: when the
// next one of each is due. A name that has waited long enough is as good as new and
// is forgotten when there are too many; if none has, the one that is due first.
type dues struct {
	mu  sync.Mutex
	due map[string]time.Time
}

// take gives how long to wait, or 0 and one is taken.
func (r *dues) take(name string, now time.Time, burst int, every time.Duration) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	due := r.due[name]
	if due.Before(now) {
		due = now
	}
	if wait := due.Sub(now) - time.Duration(burst-1)*every; wait > 0 {
		return wait
	}
	if r.due == nil {
		r.due = map[string]time.Time{}
	}
	if _, known := r.due[name]; !known && len(r.due) >= mostRates {
		r.forget(now)
	}
	r.due[name] = due.Add(every)
	return 0
}

// forget makes room.
func (r *dues) forget(now time.Time) {
	first := ""
	for name, due := range r.due {
		if due.Before(now) {
			delete(r.due, name)
		} else if first == "" || due.Before(r.due[first]) {
			first = name
		}
	}
	if len(r.due) >= mostRates {
		delete(r.due, first)
	}
}

// repeats remembers what was said under idempotency keys, the last so many. The
// store counts an id once also when it is not remembered here, as after a restart.
type repeats struct {
	mu    sync.Mutex
	known map[string]*repeat
	order []string // a ring
	next  int
}

type repeat struct {
	of   [sha256.Size]byte // what was said
	done chan struct{}     // closed when it is recorded
}

// once records a score unless that was done before. Whoever comes second waits for
// the first: an answer says that it is recorded.
func (r *repeats) once(s *event.Score, record func()) (first bool, err error) {
	of := sha256.Sum256([]byte(strings.Join(append([]string{s.Name, s.Type, fmt.Sprint(s.Value), s.Text, s.Comment}, s.Tags...), "\x00")))
	r.mu.Lock()
	have := r.known[s.ID]
	if have == nil {
		have = &repeat{of: of, done: make(chan struct{})}
		r.add(s.ID, have)
		r.mu.Unlock()
		r.record(s.ID, have, record)
		return true, nil
	}
	r.mu.Unlock()
	if have.of != of {
		e := fault.New(fault.Invalid, "idempotency_key_reused", "something else was said of this request under this idempotency key").
			At("idempotency_key").Mend("make a new key for each thing that is said; a correction is one")
		e.Status = 409
		return false, e
	}
	<-have.done
	return false, nil
}

// record records, and remembers nothing of what panicked.
func (r *repeats) record(id string, one *repeat, record func()) {
	recorded := false
	defer func() {
		if !recorded {
			r.mu.Lock()
			delete(r.known, id)
			r.mu.Unlock()
		}
		close(one.done)
	}()
	record()
	recorded = true
}

// add keeps one, in place of the oldest. The lock is held.
func (r *repeats) add(id string, one *repeat) {
	if r.known == nil {
		r.known = map[string]*repeat{}
	}
	if len(r.order) < mostRepeats {
		r.order = append(r.order, id)
	} else {
		delete(r.known, r.order[r.next])
		r.order[r.next] = id
		r.next = (r.next + 1) % mostRepeats
	}
	r.known[id] = one
}
