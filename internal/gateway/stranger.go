package gateway

import (
	"sync/atomic"
	"time"
)

// strangers lets a few requests through, and then one a second. Of requests whose
// caller could not be told who it is, so many are recorded: all are counted, but
// whoever has no key must not be able to fill the record of those who have.
//
// It is the generic cell rate algorithm (ITU-T I.371): next is when the request
// after this one is due.
type strangers struct{ next atomic.Int64 }

// severalStrangers may come at once.
const severalStrangers = 500

func (s *strangers) allow(now time.Time) bool {
	n, due := now.UnixNano(), s.next.Load()
	if due-n > severalStrangers*int64(time.Second) {
		return false
	}
	return s.next.CompareAndSwap(due, max(due, n)+int64(time.Second))
}
