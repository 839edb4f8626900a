package event

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// DefaultRing is how many events a Ring holds when nothing else is asked for.
const DefaultRing = 4096

// Ring keeps the last events in memory: what `weir logs` and the page read
// until a store does. Record puts a pointer into a slot and encodes nothing;
// readers copy pointers in small portions, so that a long search holds the
// lock no longer than a short one.
//
// Each record has a number, from 0. Number i sits in slot i mod len until
// number i+len takes its place; cursors and followers are numbers, so they
// stay right when the ring wraps round under them.
type Ring struct {
	mu        sync.Mutex
	slots     []*Event
	next      uint64 // the number of the next record
	followers []*Follower

	name    uint64 // in cursors: one made by another ring is refused
	dropped atomic.Uint64
}

// NewRing makes a ring of n events; n <= 0 means DefaultRing.
func NewRing(n int) *Ring {
	if n <= 0 {
		n = DefaultRing
	}
	return &Ring{slots: make([]*Event, n), name: rand.Uint64()}
}

var _ Recorder = (*Ring)(nil)

// Record keeps an event in place of the oldest one; other records are not for a
// ring. It waits for no reader.
func (r *Ring) Record(rec Record) {
	e, ok := rec.(*Event)
	if !ok {
		return
	}
	r.mu.Lock()
	r.slots[r.next%uint64(len(r.slots))] = e
	r.next++
	for _, f := range r.followers {
		f.poke()
	}
	r.mu.Unlock()
}

// RingStats is what a ring counts about itself.
type RingStats struct {
	Recorded  uint64 // since the start
	Held      int    // now
	Size      int    // most that can be held
	Followers int    // now
	Dropped   uint64 // overwritten before a follower had read them, summed over followers
}

// Stats gives the counts of this moment.
func (r *Ring) Stats() RingStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return RingStats{
		Recorded: r.next, Held: int(r.next - r.oldest()), Size: len(r.slots),
		Followers: len(r.followers), Dropped: r.dropped.Load(),
	}
}

// oldest is the number of the oldest event held. The lock must be held.
func (r *Ring) oldest() uint64 {
	if n := uint64(len(r.slots)); r.next > n {
		return r.next - n
	}
	return 0
}

// portion is how many pointers a reader copies under the lock at a time: 2 KiB.
const portion = 256

// before copies events with numbers below limit, newest first, into buf. It
// returns how many; their numbers are limit-1, limit-2, ... after limit was
// lowered to the newest there is.
func (r *Ring) before(limit uint64, buf *[portion]*Event) (n int, from uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	limit = min(limit, r.next)
	for i := limit; i > r.oldest() && n < portion; i-- {
		buf[n] = r.slots[(i-1)%uint64(len(r.slots))]
		n++
	}
	return n, limit
}

// since copies events with numbers from on, oldest first, into buf. When some
// of them are gone already it begins with the oldest held; lost says how many
// that leaves out.
func (r *Ring) since(from uint64, buf *[portion]*Event) (n int, lost uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if o := r.oldest(); from < o {
		lost, from = o-from, o
	}
	for i := from; i < r.next && n < portion; i++ {
		buf[n] = r.slots[i%uint64(len(r.slots))]
		n++
	}
	return n, lost
}
