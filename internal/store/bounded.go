package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// ErrNoAnswer says that an engine did not come back from a read, not even when its
// time was over.
var ErrNoAnswer = errors.New("the store does not answer")

// Bounded is a store as people read it: each read comes back when its context
// ends, whatever the engine does. A disk that hangs holds an engine in a call of
// the operating system, where no context reaches it; such a read is left behind,
// and its goroutine with it. They are counted: when all places are held by reads
// that hang, further ones are refused at once.
//
// What writes is not bounded: it is whole or nothing, and who left it behind would
// not know which.
type Bounded struct {
	Store
	places chan struct{} // held until the engine is back

	mu      sync.Mutex
	hanging int // of the places, those whose reader has gone
}

// leaveAfter is what an engine gets to come back when a read's time is over: it may
// have a query to interrupt.
const leaveAfter = 500 * time.Millisecond

// Bound bounds the reads of a store; most of them may be in it at a time.
func Bound(s Store, most int) *Bounded {
	return &Bounded{Store: s, places: make(chan struct{}, most)}
}

// ask makes one read.
func ask[T any](ctx context.Context, b *Bounded, doing string, read func(context.Context) (T, error)) (none T, err error) {
	if err := b.enter(ctx); err != nil {
		return none, fmt.Errorf("%s: %w", doing, err)
	}
	type answer struct {
		value T
		err   error
	}
	answered, left := make(chan answer, 1), false
	go func() {
		var a answer
		a.value, a.err = unpanicked(ctx, doing, read)
		b.mu.Lock()
		defer b.mu.Unlock()
		if left {
			b.hanging--
		}
		<-b.places
		answered <- a
	}()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(leaveAfter)
	defer timer.Stop()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-timer.C:
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case a := <-answered: // just now
		return a.value, a.err
	default:
	}
	left = true
	b.hanging++
	return none, fmt.Errorf("%s: %w, and does not heed its deadline", doing, ErrNoAnswer)
}

// enter takes a place, which a read that ends gives back.
func (b *Bounded) enter(ctx context.Context) error {
	select {
	case b.places <- struct{}{}:
		return nil
	default:
	}
	b.mu.Lock()
	hanging := b.hanging
	b.mu.Unlock()
	if hanging == cap(b.places) {
		return fmt.Errorf("%w: %d reads hang in it, and no more are begun until one of them comes back", ErrNoAnswer, hanging)
	}
	select {
	case b.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %d reads were in it all the time: %w", ErrNoAnswer, cap(b.places), ctx.Err())
	}
}

// unpanicked makes an error of a driver's defect: it must not end the process that
// serves requests.
func unpanicked[T any](ctx context.Context, doing string, read func(context.Context) (T, error)) (value T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: panic in the store: %v\n%s", doing, p, debug.Stack())
		}
	}()
	return read(ctx)
}
