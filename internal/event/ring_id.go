package event

import (
	"crypto/rand"
	"sync"
	"time"
)

// NewID makes the id of an exchange: a UUIDv7 (RFC 9562, section 5.7) in text.
// Ids made by one process sort in the order in which they were made.
func NewID(now time.Time) string { return ids.next(now) }

// ids is the one generator of the process: order within the process is its promise.
var ids idSource

// idSource makes UUIDv7s whose first 60 bits grow by at least one with each id
// (section 6.2, method 3: 48 bits of milliseconds, 12 bits of a fraction of one),
// so two ids never share them, whatever the random part is. When the clock
// stands still or steps back the source counts on from the last id.
//
// The other 62 bits come from crypto/rand. An id is a weak proof that its
// reader saw the answer (feedback names requests by it), so it must not be
// guessed from its neighbours; math/rand/v2 makes no such promise, seeded or
// not. Reading crypto/rand for each id would cost a system call on many
// kernels, so randomness is fetched for 128 ids at a time and wiped as it is
// used. The lock is needed for the order in any case.
type idSource struct {
	mu   sync.Mutex
	last uint64 // first 60 bits of the last id
	used int    // bytes of pool that were handed out; 0 only before the first id
	pool [128 * 8]byte
}

// next makes the id of an exchange that began at now.
func (s *idSource) next(now time.Time) string {
	stamp := stampOf(now)
	var u [16]byte
	s.mu.Lock()
	if stamp <= s.last {
		stamp = s.last + 1
	}
	s.last = stamp
	if s.used == 0 || s.used == len(s.pool) {
		_, _ = rand.Read(s.pool[:]) // never fails: the runtime ends the process instead
		s.used = 0
	}
	random := s.pool[s.used : s.used+8]
	copy(u[8:], random)
	clear(random)
	s.used += 8
	s.mu.Unlock()

	for i := range 6 {
		u[i] = byte(stamp >> (52 - 8*i))
	}
	u[6] = 0x70 | byte(stamp>>8)&0x0f
	u[7] = byte(stamp)
	u[8] = 0x80 | u[8]&0x3f
	return idText(&u)
}

// stampOf is 48 bits of Unix milliseconds followed by 12 bits of a fraction of
// a millisecond: steps of 244 ns. Times before 1970 count as 1970.
func stampOf(t time.Time) uint64 {
	ns := t.UnixNano()
	if ns < 0 {
		return 0
	}
	ms, rest := uint64(ns)/1e6, uint64(ns)%1e6
	return ms<<12 | rest<<12/1e6
}

// idText writes u as 8-4-4-4-12 hexadecimal digits. The string is the one allocation.
func idText(u *[16]byte) string {
	const digits = "0123456789abcdef"
	var b [36]byte
	at := 0
	for i, v := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b[at] = '-'
			at++
		}
		b[at], b[at+1] = digits[v>>4], digits[v&15]
		at += 2
	}
	return string(b[:])
}
