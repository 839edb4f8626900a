package record

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
)

// A store that is away refuses everything, and waiting is right. A store that
// refuses one record and takes others would make all others wait behind it for
// ever. The two look alike from the first record's place, so before a record is
// passed over the store has to show that it works:
//
//  1. the record was refused several times by itself, and not for want of time;
//  2. a batch without content is taken, and the record is refused right after;
//  3. the records behind it, one of the same kind among them, are taken without it.
//
// The third is also what passes over it: the same transaction. When the disk is
// full no event is taken, so no event is set aside. With nothing to prove it by,
// the record is passed over after Config.Patience, if its money is taken.
//
// The record is handed to SetAside before, so that it is never nowhere; one that
// was handed over may be taken in the end all the same. The money of a refused
// event is booked by an entry in its place.

// stuck is the first record, while it is refused by itself.
type stuck struct {
	at    event.Position // where it begins
	times int
	since time.Time
	err   error                   // the last
	next  time.Time               // when to try again to get past it
	last  error                   // of the last time
	aside map[event.Position]bool // what was handed to SetAside, by its end
}

const (
	refusals    = 3                // before the record is taken for the trouble
	mostRefused = 8                // records in a row that can be passed over at once
	retryPass   = 10 * time.Second // between two attempts to pass
)

// again notes a refusal.
func (s *stuck) again(at event.Position, err error, now time.Time) {
	if noVerdict(err) {
		return
	}
	if s.at != at || s.times == 0 {
		*s = stuck{at: at, since: now, aside: map[event.Position]bool{}}
	}
	s.times++
	s.err = err
}

// enough reports whether the record was refused often enough to look past it.
func (s *stuck) enough(at event.Position) bool { return s.times >= refusals && s.at == at }

// noVerdict reports an error that says nothing about a record.
func noVerdict(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, store.ErrMoved) || errors.Is(err, errLeft)
}

// pass gets past the first record, and says how many records that settled. An
// error is that of the store in trouble, or of the side file.
func (w *Writer) pass(ctx context.Context, st store.Store, items []event.Item) (n int, err error) {
	refused := w.stuck
	if n, err = w.try(ctx, st, items, 0); n > 0 || err != nil {
		return n, err // in trouble, or it had applied more than it said
	}
	if n, err = w.try(ctx, st, items, 1); n > 0 || noVerdict(err) {
		return n, err
	}
	w.stuck = refused
	if now := w.cfg.Now(); !now.Before(refused.next) {
		if n, err = w.passOver(ctx, st, items, err); n > 0 {
			return n, nil
		}
		w.stuck.next, w.stuck.last = now.Add(retryPass), err
	}
	return 0, w.stuck.last
}

// try applies the first records, or a batch of none, and says how many were
// applied by then.
func (w *Writer) try(ctx context.Context, st store.Store, items []event.Item, first int) (n int, err error) {
	d := w.prep.begin(w.from, w.at)
	if first > 0 {
		d = w.prep.begin(w.from, items[first-1].Next)
	}
	for _, item := range items[:first] {
		w.prep.add(d, item.Record)
	}
	start := w.at
	to, err := w.apply(ctx, st, w.prep.finish(d))
	if err != nil || to == start {
		return 0, err
	}
	return count(items, to), nil
}

// passOver looks for a batch that the store takes, without the first record, that
// proves that the store works. Others of its kind may be bad too: they are left
// out in turn.
func (w *Writer) passOver(ctx context.Context, st store.Store, items []event.Item, why error) (n int, err error) {
	bad := []int{0}
	for len(bad) <= mostRefused {
		last := bad[len(bad)-1]
		if err := w.setAside(items[last], why); err != nil {
			return 0, err
		}
		witness := sameKind(items, last)
		if witness < 0 {
			break
		}
		for m := len(items); ; m = max(m/2, witness+1) {
			if n, err = w.without(ctx, st, items[:m], bad, why); n > 0 || err != nil && noVerdict(err) {
				return n, err
			}
			if m == witness+1 {
				break
			}
		}
		bad = append(bad, witness)
	}
	if w.cfg.Now().Sub(w.stuck.since) >= w.cfg.Patience {
		return w.tryWithout(ctx, st, items[:1], bad[:1], true, why)
	}
	return 0, fmt.Errorf("the store works and refuses a record: %w", why)
}

// sameKind finds the next record of the kind of the one at i; -1 without one.
func sameKind(items []event.Item, i int) int {
	for j := i + 1; j < len(items); j++ {
		if a, b := items[i].Record, items[j].Record; a != nil && b != nil && a.Kind() == b.Kind() {
			return j
		}
	}
	return -1
}

// without applies records but for the bad ones, of which it books the money if the
// store lets it.
func (w *Writer) without(ctx context.Context, st store.Store, items []event.Item, bad []int, why error) (n int, err error) {
	n, err = w.tryWithout(ctx, st, items, bad, true, why)
	if n == 0 && !noVerdict(err) {
		n, err = w.tryWithout(ctx, st, items, bad, false, why)
	}
	return n, err
}

func (w *Writer) tryWithout(ctx context.Context, st store.Store, items []event.Item, bad []int, money bool, why error) (n int, err error) {
	d := w.prep.begin(w.from, items[len(items)-1].Next)
	for i, item := range items {
		if slices.Contains(bad, i) {
			w.prep.addRefused(d, item.Record, money)
		} else {
			w.prep.add(d, item.Record)
		}
	}
	to, err := w.apply(ctx, st, w.prep.finish(d))
	if err != nil {
		return 0, err
	}
	for _, i := range bad {
		w.cfg.Counts.SetAside.Inc()
		w.cfg.Log.Error("a record is set aside: the store refuses it, and takes others", "record", recordID(items[i].Record), "error", why)
	}
	return count(items, to), nil
}

// addRefused closes what a refused record ended, and books its money.
func (p *preparer) addRefused(d *prepared, r event.Record, money bool) {
	var n *event.Entry
	switch r := r.(type) {
	case *event.Event:
		n = r.Entry()
	case *event.Entry:
		n = r
	default:
		return
	}
	wasOpen := p.close(d, n.ID)
	if e, ok := r.(*event.Event); ok && leftBehind(e) && !wasOpen {
		d.tally.repeated++
		return
	}
	if money {
		p.addEntry(d, cleaned(n))
	}
}

// cleaned is an entry without what an engine may refuse in a text: bytes that are
// not UTF-8, and zero bytes.
func cleaned(n *event.Entry) *event.Entry {
	c := *n
	for _, field := range []*string{&c.ID, &c.Project, &c.Why, &c.Route, &c.Variant, &c.Model, &c.Key} {
		*field = cleanText(*field)
	}
	c.Tags = nil
	for _, tag := range n.Tags {
		c.Tags = append(c.Tags, cleanText(tag))
	}
	return &c
}

func cleanText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// setAside hands a record to the side file, once.
func (w *Writer) setAside(item event.Item, why error) error {
	if w.stuck.aside[item.Next] {
		return nil
	}
	if err := w.cfg.SetAside(item.Record, why); err != nil {
		return fmt.Errorf("set aside record %s, which the store refuses (%w): %w", recordID(item.Record), why, err)
	}
	w.stuck.aside[item.Next] = true
	return nil
}

// recordID names a record in a log.
func recordID(r event.Record) string {
	switch r := r.(type) {
	case *event.Event:
		return r.ID
	case *event.Begin:
		return r.ID
	case *event.Score:
		return r.ID
	case *event.Decision:
		return r.ID
	case *event.Entry:
		return r.ID
	case *event.Body:
		return r.ID
	}
	return "of an unknown kind"
}
