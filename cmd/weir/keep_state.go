package main

import (
	"time"

	"github.com/weirhq/weir/internal/admin"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/event/journal"
	"github.com/weirhq/weir/internal/telemetry"
)

// behindAfter is how old a record may be that is not in the database before that is said.
const behindAfter = 10 * time.Second

// status is how the keeping of records goes.
func (k *keeper) status() admin.RecordStatus {
	j, w := k.own.journal.Stats(), k.own.writer.Status()
	s := admin.RecordStatus{
		State: "ok", AsOf: w.Applied, Durability: "write", Shed: map[string]int64{},
		Journal: admin.JournalStatus{
			Bytes: j.Backlog, Limit: j.Limit, Segments: int64(j.Segments), DiskFull: j.Short, LagRecords: w.Records, LagBytes: w.Bytes,
			LagSeconds: w.Lag.Seconds(), AtRisk: int64(j.AtRisk), Failed: int64(j.WriteErrors),
		},
	}
	rest, damaged := k.inherited()
	for _, left := range rest { // of processes that have ended
		l := left.writer.Status()
		damaged += left.journal.Stats().Damaged
		s.Journal.LagRecords += l.Records
		s.Journal.LagBytes += l.Bytes
		s.Journal.LagSeconds = max(s.Journal.LagSeconds, l.Lag.Seconds())
	}
	s.Journal.Damaged = int64(j.Damaged + damaged)
	for kind, n := range byKind(j.Shed) {
		if n > 0 {
			s.Shed[kind] = int64(n)
		}
	}
	hangs, since := k.db.hangs()
	switch {
	case hangs != nil:
		s.State, s.Reason, s.Since = "away", hangs.Error(), since
	case w.Error != "":
		s.State, s.Reason, s.Since = "away", w.Error, w.Since
	case j.Short:
		s.State, s.Reason = "away", "there is no room on the disk: "+j.LastError
	case w.Recovering:
		s.State, s.Reason = "behind", "what an earlier process left under way is being recorded"
	case w.Lag > behindAfter:
		s.State, s.Reason = "behind", "the database takes records more slowly than they come"
	}
	return s
}

// byKind names what is counted by kind.
func byKind(counts [journal.Kinds]uint64) map[string]uint64 {
	named := make(map[string]uint64, len(counts))
	for kind, n := range counts {
		if kind > 0 {
			named[journal.KindName(event.Kind(kind))] = n
		}
	}
	return named
}

// show makes journal and database known to who scrapes.
func (k *keeper) show(families *telemetry.Record) {
	families.Journal(func() telemetry.JournalState {
		j := k.own.journal.Stats()
		rest, damaged := k.inherited()
		for _, left := range rest {
			l := left.journal.Stats()
			j.Backlog, damaged = j.Backlog+l.Backlog, damaged+l.Damaged
		}
		return telemetry.JournalState{
			Records: byKind(j.Recorded), Shed: byKind(j.Shed), AtRisk: j.AtRisk, Bytes: j.Backlog,
			WriteErrors: j.WriteErrors, SyncErrors: j.SyncErrors, Damaged: j.Damaged + damaged,
		}
	})
	families.Store(func() telemetry.StoreState {
		s := k.status()
		_, err := k.db.now()
		return telemetry.StoreState{
			Up: err == nil && k.own.writer.Status().Error == "", LagRecords: s.Journal.LagRecords,
			Lag: time.Duration(s.Journal.LagSeconds * float64(time.Second)),
		}
	})
}
