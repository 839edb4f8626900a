package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/weirhq/weir/internal/fault"
	"github.com/weirhq/weir/internal/store"
)

// Store is as much of what keeps records as this listener reads and looks after.
// Any store.Store is one.
type Store interface {
	store.Events
	store.Ledger
	store.Rollups
	store.Sums
	store.Decisions
	store.Keeper
}

var _ Store = store.Store(nil)

// RecordStatus is how the keeping of records goes: the journal, and what stands
// between it and the store. Its owner fills it; it asks no engine.
type RecordStatus struct {
	State      string           `json:"state" enum:"ok,behind,away,none" doc:"ok: what ended is in the store, but for the last moments; behind: more is waiting; away: the store cannot be written; none: nothing is kept"`
	Reason     string           `json:"reason,omitempty" doc:"why it is not ok"`
	Since      time.Time        `json:"since,omitzero" doc:"since when it is not ok"`
	AsOf       time.Time        `json:"as_of,omitzero" doc:"when the store was last written: what is read from it is of then"`
	Durability string           `json:"durability,omitempty" enum:"fsync,write,memory" doc:"what a record has survived before its answer is over: fsync, the machine's end; write, the process's; memory, nothing"`
	Journal    JournalStatus    `json:"journal"`
	Shed       map[string]int64 `json:"shed,omitempty" doc:"records given up since the start because the journal or its disk was full, by kind; their money is kept"`
}

// JournalStatus is how full the journal is, and how far the store is behind it.
type JournalStatus struct {
	Bytes      int64   `json:"bytes" doc:"on disk"`
	Limit      int64   `json:"limit" doc:"most it may have; before that records are shed"`
	Segments   int64   `json:"segments"`
	DiskFull   bool    `json:"disk_full,omitempty" doc:"there is no room on its disk: money and decisions are kept, the rest is shed"`
	LagRecords int64   `json:"lag_records" doc:"recorded, and not in the store yet"`
	LagBytes   int64   `json:"lag_bytes"`
	LagSeconds float64 `json:"lag_seconds" doc:"age of the oldest record that is not in the store yet"`
	AtRisk     int64   `json:"at_risk" doc:"answers that went out before their record was written, because the disk was slow"`
	Failed     int64   `json:"failed" doc:"records that could not be written"`
	Damaged    int64   `json:"damaged" doc:"stretches that hold no readable record where there should be some, found since the start"`
}

// store gives what keeps records, or a failure that says why there is none now.
func (s *Server) store() (Store, error) {
	if s.cfg.Store == nil {
		return nil, fault.New(fault.Unavailable, "no_store", "this Weir keeps no records").
			Mend("give it a store: `store` in the definitions")
	}
	st, err := s.cfg.Store()
	if err != nil {
		return nil, unavailable(err)
	}
	return st, nil
}

// unavailable is a store that does not answer now. An operator may read why:
// drivers keep secrets out of their errors. What was classified stays as it is.
func unavailable(err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	if errors.Is(err, store.ErrNoAnswer) || errors.Is(err, context.DeadlineExceeded) {
		e := fault.New(fault.Timeout, "store_timeout", "the store has not answered in time: %v", err).
			Mend("ask for less, such as a shorter window; when small questions hang too its disk does: look at the system's log and /api/v1/store. Requests are served and recorded meanwhile")
		e.RetryAfter = time.Second
		return e
	}
	e := fault.New(fault.Unavailable, "store_unavailable", "the store cannot be asked now: %v", err).
		Mend("see /api/v1/store; requests are served and recorded meanwhile")
	e.RetryAfter = time.Second
	return e
}

// ask bounds a look into the store.
func (c *call) ask() (context.Context, context.CancelFunc) {
	return context.WithTimeout(c.r.Context(), c.server.clocks.store)
}

// lengthen gives a call more time than others: for its work, and then its answer.
func (c *call) lengthen(work time.Duration) (context.Context, context.CancelFunc) {
	rc := http.NewResponseController(c.w)
	_ = rc.SetReadDeadline(time.Time{})
	_ = rc.SetWriteDeadline(time.Now().Add(work + c.server.clocks.write))
	return context.WithTimeout(c.r.Context(), work)
}

// record is how the keeping of records goes.
func (s *Server) record() RecordStatus {
	if s.cfg.Record == nil {
		return RecordStatus{State: "none", Reason: "nothing is kept beyond the memory of recent requests"}
	}
	return s.cfg.Record()
}
