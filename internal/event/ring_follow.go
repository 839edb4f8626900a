package event

import (
	"context"
	"slices"
)

// Follower reads a ring's events in the order in which they were recorded. The
// ring is its buffer: one that is slower than the traffic by a whole ring loses
// the oldest, is told how many, and never makes Record wait. It is used by one
// goroutine and must be closed.
type Follower struct {
	ring *Ring
	from uint64        // number of the next event to read
	wake chan struct{} // one place: something was recorded since
	buf  [portion]*Event
}

// Follow reads what is recorded from now on. With after, the id of an event, it
// begins behind that event; when that is no longer held, with the oldest held.
func (r *Ring) Follow(after string) *Follower {
	f := &Follower{ring: r, wake: make(chan struct{}, 1)}
	if after != "" {
		_, f.from = r.find(after) // 0 when it is gone
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.followers = append(r.followers, f)
	if after == "" {
		f.from = r.next
	} else if f.from == 0 {
		f.from = r.oldest()
	}
	return f
}

// Next waits for events and returns those at hand, at most 256, and how many
// were lost before them. The slice is valid until the next call. The error is
// the context's.
func (f *Follower) Next(ctx context.Context) (events []*Event, lost uint64, err error) {
	for {
		n, lost := f.ring.since(f.from, &f.buf)
		if n > 0 {
			f.from += lost + uint64(n)
			f.ring.dropped.Add(lost)
			return f.buf[:n], lost, nil
		}
		select {
		case <-f.wake:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

// poke tells the follower that there is something to read.
func (f *Follower) poke() {
	select {
	case f.wake <- struct{}{}:
	default: // it has been told
	}
}

// Close ends the following.
func (f *Follower) Close() {
	f.ring.mu.Lock()
	defer f.ring.mu.Unlock()
	f.ring.followers = slices.DeleteFunc(f.ring.followers, func(g *Follower) bool { return g == f })
}
