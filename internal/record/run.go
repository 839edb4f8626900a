package record

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// Run carries records until ctx ends, then writes what is left, for Config.Stop
// at most. What it does not write stays in the journal for the next process. The
// error says that the store was left in the middle of a call.
func (w *Writer) Run(ctx context.Context) error {
	work, end := w.working(ctx)
	defer end()
	st, err := w.open(ctx)
	if err != nil {
		return err
	}
	if st == nil {
		return nil
	}
	var sweeping sync.WaitGroup
	defer sweeping.Wait()
	sweeping.Go(func() { w.sweep(ctx, st) })
	if err := w.resume(ctx, st); err != nil || ctx.Err() != nil {
		return err
	}
	if err := w.carry(ctx, work, st); err != nil {
		return err
	}
	return w.drain(work, st)
}

// working gives the context of what is under way: it ends Config.Stop after ctx,
// or with end.
func (w *Writer) working(ctx context.Context) (work context.Context, end func()) {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var timer *time.Timer
	var mu sync.Mutex
	unhook := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		timer = time.AfterFunc(w.cfg.Stop, cancel)
	})
	return work, func() {
		unhook()
		cancel()
		mu.Lock()
		defer mu.Unlock()
		if timer != nil {
			timer.Stop()
		}
	}
}

// open opens the store, however long that takes; nil when ctx ended first.
func (w *Writer) open(ctx context.Context) (store.Store, error) {
	var st store.Store
	known, err := w.insist(ctx, "", func() error { // who opens it says so
		return w.call(ctx, func(ctx context.Context) (err error) {
			st, err = w.cfg.Open(ctx)
			return err
		})
	})
	if !known {
		return nil, err
	}
	w.setStore(st)
	return st, nil
}

// carry reads and writes until ctx ends. What is under way then is finished on
// the time of work.
func (w *Writer) carry(ctx, work context.Context, st store.Store) error {
	for wait := (backoff{}); ctx.Err() == nil; {
		asked := w.settling()
		items, end, err := w.read(ctx, work)
		if err == nil {
			if err = w.write(ctx, work, st, items); errors.Is(err, errLeft) {
				return err
			}
		}
		switch {
		case err == nil:
			w.well()
			wait = backoff{}
			if end {
				w.settled(asked)
			}
		case ctx.Err() == nil:
			w.troubled(err)
			wait.pause(ctx)
		}
	}
	return nil
}

// write applies items, all of them or up to the first failure. Each failure
// halves what is tried next, each success doubles it: a batch that is too much
// for the store becomes small enough, and one that holds a record the store
// refuses closes in on it.
func (w *Writer) write(ctx, work context.Context, st store.Store, items []event.Item) error {
	if err := w.cross(ctx, work, st, items); err != nil {
		return err
	}
	w.reading(items)
	for len(items) > 0 && work.Err() == nil {
		n, err := w.step(work, st, items)
		if err != nil {
			w.limit = max(min(w.limit, len(items))/2, 1)
			return fmt.Errorf("write to the store: %w", err)
		}
		w.limit = min(2*w.limit, w.cfg.Batch)
		items = items[n:]
		w.reading(items)
		if len(items) == 0 {
			break // more of what earlier processes wrote may follow
		}
		if err := w.cross(ctx, work, st, items); err != nil {
			return err
		}
	}
	if err := w.countUnits(work, st); err != nil {
		return err
	}
	return w.release(work, st, false)
}

// step applies the first of some records, and says how many.
func (w *Writer) step(work context.Context, st store.Store, items []event.Item) (n int, err error) {
	items = w.older(items)
	if w.stuck.enough(w.at) {
		return w.pass(work, st, items)
	}
	part := items[:min(w.limit, len(items))]
	to, err := w.apply(work, st, w.prep.prepare(w.from, part))
	if err != nil {
		if len(part) == 1 {
			w.stuck.again(w.at, err, w.cfg.Now())
		}
		return 0, err
	}
	return count(items, to), nil
}

// drain writes what is left when everything else has stopped. It gives up at the
// first failure: the next process goes on from there.
func (w *Writer) drain(work context.Context, st store.Store) error {
	for work.Err() == nil {
		items, err := w.look()
		if err == nil && len(items) == 0 {
			err = w.release(work, st, true)
		}
		if err == nil {
			err = w.write(work, work, st, items)
		}
		switch {
		case errors.Is(err, errLeft):
			return err
		case err != nil:
			w.cfg.Log.Warn("records are left in the journal for the next start", "error", err)
			return nil
		case len(items) == 0:
			return nil
		}
	}
	return nil
}

// releaseEvery is the time between two releases of what was applied: an engine
// may have to flush its log for one.
const releaseEvery = 2 * time.Second

// release gives back what the store will not lose any more: at intervals, or now.
// An engine that was told `applied` may still lose it with the machine's power;
// until it is sure, the journal keeps it.
func (w *Writer) release(work context.Context, st store.Store, now bool) error {
	at := w.cfg.Now()
	if !w.released.Before(w.at) || !now && at.Sub(w.releasedAt) < releaseEvery {
		return nil
	}
	w.releasedAt = at
	var sure event.Position
	err := w.call(work, func(ctx context.Context) (err error) {
		sure, err = st.Durable(ctx, w.cfg.Replica)
		return err
	})
	if err != nil {
		w.cfg.Counts.Failures.Inc()
		return fmt.Errorf("make the store durable: %w", err)
	}
	w.released = sure
	w.cfg.Source.Release(sure)
	return nil
}

// count says how many records end at or before a position.
func count(items []event.Item, to event.Position) int {
	for i, item := range items {
		if to.Before(item.Next) {
			return i
		}
	}
	return len(items)
}

// backoff is the time between two attempts: from 100 ms, doubling to 5 s, each
// between half of it and all of it, so that replicas do not come in step.
type backoff struct{ last time.Duration }

const (
	backoffLeast = 100 * time.Millisecond
	backoffMost  = 5 * time.Second
)

func (b *backoff) pause(ctx context.Context) {
	b.last = min(max(2*b.last, backoffLeast), backoffMost)
	pause(ctx, b.last/2+rand.N(b.last/2+1))
}
