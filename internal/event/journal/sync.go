package journal

import (
	"context"
	"fmt"
)

// waiter is a caller of Sync.
type waiter struct {
	upto uint64
	done chan error // holds one
}

// Sync waits until everything that was recorded so far is durable. After a failed
// fsync, and while something is only in memory, it says so: then what was
// recorded may be lost with the power, or with the process.
func (j *Journal) Sync(ctx context.Context) error {
	w := &waiter{done: make(chan error, 1)}
	j.mu.Lock()
	if j.closing {
		j.mu.Unlock()
		return ErrClosed
	}
	w.upto = j.appended
	j.waiters = append(j.waiters, w)
	if len(j.pending) > 0 || !j.sums.empty() {
		j.wakeWriter() // it will hurry the keeper
	} else {
		poke(j.hurry)
	}
	j.mu.Unlock()
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settled answers those who waited for the first upto records. What failed while
// nobody waited is told to the next one who does.
func (j *Journal) settled(upto uint64, failed error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if failed != nil {
		j.syncErr = failed
	} else {
		j.stats.Synced = max(j.stats.Synced, upto)
	}
	err := j.syncErr
	switch {
	case err != nil:
	case !j.sums.empty():
		err = fmt.Errorf("%s: %w", j.sums.left(), ErrInMemory)
	case j.moving:
		err = fmt.Errorf("what was in memory is being written: %w", ErrInMemory)
	}
	told := false
	rest := j.waiters[:0]
	for _, w := range j.waiters {
		if w.upto > upto {
			rest = append(rest, w)
			continue
		}
		w.done <- err
		told = true
	}
	clear(j.waiters[len(rest):])
	j.waiters = rest
	if told {
		j.syncErr = nil
	}
}
