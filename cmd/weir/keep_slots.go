package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/event/journal"
	"github.com/weirhq/weir/internal/record"
	"github.com/weirhq/weir/internal/store"
)

// slot is the journal of one process, and what carries it on. Processes that share
// a folder, as during a takeover, have a slot each: two never share a journal.
type slot struct {
	name    string
	journal *journal.Journal
	writer  *record.Writer
}

// maxSlots bounds how many processes share a folder: one that serves, and those
// that still drain after a new one took over.
const maxSlots = 16

// openOwn takes the first journal that no other process has.
func (k *keeper) openOwn() (*slot, error) {
	keep := k.store.Keep
	old := store.Retention{Events: keep.Events, Bodies: keep.Bodies, Rollups: keep.Rollups, Exposures: keep.Exposures}
	for i := range maxSlots {
		s, err := k.openSlot(strconv.Itoa(i), old)
		if !errors.Is(err, journal.ErrInUse) {
			return s, err
		}
	}
	return nil, fmt.Errorf("%s is used by %d other processes", k.dir, maxSlots)
}

// openSlot opens a journal. One of the writers of a folder deletes what is old.
func (k *keeper) openSlot(name string, old store.Retention) (*slot, error) {
	j, err := journal.Open(journal.Config{Dir: k.slotDir(name), Replica: name, Limit: k.store.JournalLimit, Log: k.log})
	if err != nil {
		return nil, err
	}
	s := &slot{name: name, journal: j}
	s.writer, err = record.New(record.Config{
		Source: j, Backlog: j.Behind, Open: k.db.get, Recorder: j, Replica: name,
		MeasuresOf: k.measuresOf, SegmentsOf: k.segmentsOf,
		Retention: old, SetAside: k.setAside, Log: k.log, Counts: *k.counts,
	})
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return s, nil
}

func (k *keeper) slotDir(name string) string { return filepath.Join(k.dir, "journal", name) }

// backlog is how much the journal holds that was not given back, in bytes.
func (s *slot) backlog() int64 { return s.journal.Stats().Backlog }

// inheritEvery is how often it is looked whether a process has left something.
const inheritEvery = 2 * time.Second

// inherit carries on the journals of processes that have ended, whenever that was:
// before this one, or since, as the one that it took over from and that died on the way.
func (k *keeper) inherit(ctx context.Context) {
	done := map[string]string{} // what was in those that are done with
	for ; ctx.Err() == nil; pause(ctx, inheritEvery) {
		for i := range maxSlots {
			name := strconv.Itoa(i)
			held := k.contents(name)
			if name == k.own.name || held == "" || held == done[name] {
				continue
			}
			if k.carryOn(ctx, name) {
				done[name] = k.contents(name)
			}
		}
	}
}

// contents changes with what is in a slot; "" when nothing is.
func (k *keeper) contents(name string) string {
	entries, _ := os.ReadDir(k.slotDir(name)) // there may be none
	var held strings.Builder
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), ".segment") {
			fmt.Fprintln(&held, e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return held.String()
}

// carryOn brings what is in a slot to the store. It reports whether there is
// nothing left to do there.
func (k *keeper) carryOn(ctx context.Context, name string) bool {
	s, err := k.openSlot(name, store.Retention{})
	if errors.Is(err, journal.ErrInUse) {
		return false
	}
	if err != nil {
		k.log.Error("a journal that another process left behind cannot be read", "dir", k.slotDir(name), "error", err.Error())
		return true // until it changes
	}
	k.hold(s)
	defer k.giveBack(s)
	work, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { _ = s.writer.Run(work) })
	err = s.writer.Settle(work)
	stop()
	running.Wait()
	return err == nil && s.backlog() == 0
}

func (k *keeper) hold(s *slot) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rest = append(k.rest, s)
}

func (k *keeper) giveBack(s *slot) {
	if err := s.journal.Close(); err != nil {
		k.log.Error("close a journal that another process left behind", "error", err.Error())
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.damaged += s.journal.Stats().Damaged
	k.rest = slices.DeleteFunc(k.rest, func(one *slot) bool { return one == s })
}

// inherited are the slots that are carried on now, and how many damaged stretches
// those had that were.
func (k *keeper) inherited() (rest []*slot, damaged uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.rest), k.damaged
}
