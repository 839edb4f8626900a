package chaos

import (
	"fmt"
	"time"
)

// Requests returns what is kept, oldest first. An answer that is still being written
// shows as far as it got, and a peer may have read its last byte a moment before that
// is noted here: WaitEnded is for final figures.
func (u *Upstream) Requests() []Request {
	u.oracle.mu.Lock()
	defer u.oracle.mu.Unlock()
	list := make([]Request, len(u.oracle.kept))
	for i, rec := range u.oracle.kept {
		list[i] = rec.copy()
	}
	return list
}

// Count returns how many requests came in all, refused connections included and
// whether they are still kept or not.
func (u *Upstream) Count() int {
	u.oracle.mu.Lock()
	defer u.oracle.mu.Unlock()
	return u.oracle.count
}

// WaitCount waits until n requests have come.
func (u *Upstream) WaitCount(n int, timeout time.Duration) error {
	return u.oracle.wait(timeout, fmt.Sprintf("%d requests", n), func() (bool, error) {
		return u.oracle.count >= n, nil
	})
}

// WaitEnded waits until the answer to request id has ended, in whatever way, and returns it.
func (u *Upstream) WaitEnded(id int, timeout time.Duration) (Request, error) {
	return u.waitFor(id, timeout, "the end of the answer to", func(rec *record) (bool, error) {
		return rec.Ended != "", nil
	})
}

// WaitClosed waits until the peer has closed the connection of request id, and
// returns it. It is an error when the upstream closed it first.
func (u *Upstream) WaitClosed(id int, timeout time.Duration) (Request, error) {
	return u.waitFor(id, timeout, "the peer to close the connection of", func(rec *record) (bool, error) {
		if rec.link.closed && rec.link.closedAt.IsZero() {
			return false, fmt.Errorf("wait for the peer to close the connection of request %d: the upstream closed it first (%s)", id, rec.Ended)
		}
		return rec.link.closed, nil
	})
}

// waitFor waits until a request is there and satisfies ok.
func (u *Upstream) waitFor(id int, timeout time.Duration, what string, ok func(*record) (bool, error)) (found Request, err error) {
	err = u.oracle.wait(timeout, fmt.Sprintf("%s request %d", what, id), func() (bool, error) {
		rec, err := u.oracle.find(id)
		if rec == nil {
			return false, err
		}
		found = rec.copy()
		return ok(rec)
	})
	return found, err
}
