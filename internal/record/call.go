package record

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// errLeft says that a call to the store was still out when the Writer had to
// stop. Its goroutine ends when the store answers; what it does till then is
// whole, since a batch and its position are one transaction.
var errLeft = errors.New("the store did not answer before the stop")

// grace is what a call gets to come back after its context has ended: an engine
// may have a transaction to take back.
const grace = time.Second

// call makes one call to the store. It is bounded by Config.Timeout through its
// context. A store that does not heed its context is waited for, since a second
// call beside the first would only hang too; the status says so, and ctx ends
// the waiting.
func (w *Writer) call(ctx context.Context, f func(context.Context) error) error {
	return bounded(ctx, w.cfg.Timeout, w.troubled, f)
}

// bounded is call, with the one who is told of a store that hangs.
func bounded(ctx context.Context, timeout time.Duration, hangs func(error), f func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- unpanicked(limited, f) }()
	select {
	case err := <-done:
		return err
	case <-limited.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
	}
	if ctx.Err() == nil {
		hangs(fmt.Errorf("the store has not answered for %v, and does not heed its deadline", timeout+grace))
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select { // the stop may have come just now
	case err := <-done:
		return err
	case <-time.After(grace):
		return errLeft
	}
}

// unpanicked makes an error of a driver's defect: it must not end the process
// that serves requests.
func unpanicked(ctx context.Context, f func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in the store: %v\n%s", p, debug.Stack())
		}
	}()
	return f(ctx)
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
