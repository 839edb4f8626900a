// Package store is the contract of what keeps records for longer than a process
// lives: small interfaces, one per noun, and the rows they speak of. It keeps
// nothing itself but for the twin in memory (memory.go), against which every
// driver is measured by storetest.
//
// Writing is one method, Apply: a batch of records, the sums and roll-ups they
// make, and the place in the journal they came from are one transaction, so that
// each record counts exactly once whatever dies when. What is computed from
// records is computed in package record; how rows merge (sums.go, unit.go,
// shift.go, sketch.go), how they are packed (pack.go) and which of them a query
// wants (query.go) is here, so that all engines do it alike.
package store

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
)

// Store is everything an engine keeps. A reader takes the small interface it needs.
type Store interface {
	Applier
	Events
	Ledger
	Rollups
	Sums
	Looks
	Decisions
	Revisions
	Leases
	Keeper
	Close() error
}

// Errors of every driver.
var (
	// ErrMoved says that the journal position that Apply began from is not the one
	// that is stored: the batch, or a part of it, was applied before.
	ErrMoved = errors.New("the journal position has moved")
	// ErrNotFound says that there is no such row.
	ErrNotFound = errors.New("not found")
	// ErrConflict says that somebody else was first: a revision, a lease.
	ErrConflict = errors.New("changed by somebody else")
	// ErrCursor says that a page cursor was not made by this store.
	ErrCursor = errors.New("not a cursor of this store")
	// ErrDamaged says that what is on disk is not what was written.
	ErrDamaged = errors.New("damaged")
)

// Batch is what one transaction applies.
type Batch struct {
	Replica  string
	From, To event.Position // the stored position must be From, or ErrMoved

	Opened    []*event.Begin // under way at the end of the batch
	Closed    []string       // ids of those opened in an earlier batch that have ended
	Events    []*event.Event // an id that is there already is left as it is
	Bodies    []*event.Body
	Entries   []*event.Entry // corrections and what stands for a shed event: kept one by one
	Ledger    []LedgerRow    // money of events and entries, added to the hour's row
	Rollups   []Rollup       // added to the minute's row
	Traffic   []TrafficRow   // added to the hour's row
	Units     []UnitDelta    // added to unit rows; variant rows follow by the difference
	Days      []DayRow       // added to the day's row
	Sketches  []SketchRow    // merged
	Exposures []Exposure     // one that is there already is left as it is
	Scores    []*event.Score // counted by the store, see ScoreSums: Units and Days hold nothing of them
	Decisions []*event.Decision
}

// Applier writes.
type Applier interface {
	// Apply applies a batch wholly or not at all.
	Apply(ctx context.Context, b *Batch) error
	// Position is where the replica's journal has been applied up to; zero at first.
	Position(ctx context.Context, replica string) (event.Position, error)
	// Durable makes what was applied so far outlive a loss of power, and gives the
	// position up to which the replica's journal may be released. It may lie before
	// Position: a busy engine gives what it was sure of before, and no error.
	Durable(ctx context.Context, replica string) (event.Position, error)
	// Open gives the exchanges of a replica that began and have not ended.
	Open(ctx context.Context, replica string) ([]*event.Begin, error)
}

// Events finds single requests.
type Events interface {
	// Event finds one by Weir's id. ErrNotFound.
	Event(ctx context.Context, id string) (*event.Event, error)
	// FindEvents gives a page, newest first by id, and the cursor of the next page, ""
	// after the last. Following cursors shows no event twice, and leaves none out that
	// was there when the first page was read and still is.
	FindEvents(ctx context.Context, q EventQuery) (events []*event.Event, next string, err error)
	// Body is what was asked and answered, where that was kept. ErrNotFound.
	Body(ctx context.Context, id string) (*event.Body, error)
	// Scores gives what was said of an exchange, newest first: the last word of each
	// name and source.
	Scores(ctx context.Context, id string) ([]*event.Score, error)
}

// EventQuery says which events are wanted. Empty fields ask for nothing in particular.
type EventQuery struct {
	Project  string
	Route    string
	Variant  string // of the first assignment
	Outcome  string // by name
	Key      string
	Model    string
	Tag      string    // "name=value"
	Unit     string    // keyed hash
	AnyID    string    // Weir's id, the caller's own, or the id in the reply's body
	From, To time.Time // by arrival; To is not included
	Limit    int       // of one page; 0: 50, at most event.MaxPage
	Cursor   string
}

// LedgerRow is the money of an hour. Times are the hour's beginning, UTC.
type LedgerRow struct {
	Hour    time.Time `json:"hour"`
	Project string    `json:"project"`
	Route   string    `json:"route"`
	Variant string    `json:"variant"`
	Model   string    `json:"model"`
	Key     string    `json:"key"`
	Tags    string    `json:"tags"` // "a=1,b=2", sorted
	Why     string    `json:"why"`  // "request", "correction", "shadow"
	LedgerSums
}

// LedgerSums are what is added up.
type LedgerSums struct {
	Requests   int64       `json:"requests"`
	Errors     int64       `json:"errors"`
	Input      int64       `json:"input"` // tokens; the next two are within
	Cached     int64       `json:"cached"`
	CacheWrite int64       `json:"cache_write"`
	Output     int64       `json:"output"` // tokens; the next is within
	Reasoning  int64       `json:"reasoning"`
	Cost       meter.Micro `json:"cost_micro"`      // all that is priced, estimates too
	Estimated  meter.Micro `json:"estimated_micro"` // of that, what rests on an estimate
	Guessed    int64       `json:"estimated_requests"`
	Unpriced   int64       `json:"unpriced_requests"` // their cost is not in Cost
}

// LedgerQuery says which hours are wanted. To is not included.
type LedgerQuery struct {
	Project, Route, Variant, Model, Key, Tag, Why string
	From, To                                      time.Time
}

// Ledger is money by the hour. It is never deleted.
type Ledger interface {
	// LedgerRows gives rows by hour, oldest first.
	LedgerRows(ctx context.Context, q LedgerQuery) ([]LedgerRow, error)
	// Entry finds one that was kept by itself. ErrNotFound.
	Entry(ctx context.Context, id string) (*event.Entry, error)
}

// Rollup is a minute of a route and variant. Time is the minute's beginning, UTC.
type Rollup struct {
	Minute   time.Time        `json:"minute"`
	Project  string           `json:"project"`
	Route    string           `json:"route"`
	Variant  string           `json:"variant"`
	Model    string           `json:"model"`
	Outcomes map[string]int64 `json:"outcomes"` // requests by outcome
	Fallback int64            `json:"fallback"`
	LedgerSums
	Duration []byte `json:"-"` // encoded stats.Sketch of seconds; empty when there is none
	TTFT     []byte `json:"-"`
	TPOT     []byte `json:"-"`
}

// RollupQuery says which minutes are wanted. To is not included.
type RollupQuery struct {
	Project, Route, Variant, Model string
	From, To                       time.Time
}

// TrafficRow is where the requests of an hour went, so that a wrong split shows.
type TrafficRow struct {
	Hour     time.Time `json:"hour"`
	Project  string    `json:"project"`
	Route    string    `json:"route"`
	Variant  string    `json:"variant"`
	Model    string    `json:"model"`
	Endpoint string    `json:"endpoint"` // "" in the row that counts assignments
	Assigned int64     `json:"assigned"` // requests that got the variant
	Sent     int64     `json:"sent"`     // attempts on the wire
	Answered int64     `json:"answered"` // of those, with an answer
}

// Rollups is what screens read. Rows come oldest first.
type Rollups interface {
	RollupRows(ctx context.Context, q RollupQuery) ([]Rollup, error)
	TrafficRows(ctx context.Context, q RollupQuery) ([]TrafficRow, error)
}

// Sums is what reports read.
type Sums interface {
	// VariantRows leaves out those without a unit.
	VariantRows(ctx context.Context, experiment string) ([]VariantRow, error)
	// UnitRows gives the unit rows of an experiment in pages, in an order of the engine's
	// own that does not change: after is the key of the last row of the page before, the
	// zero value at first. A limit of 0 is event.MaxPage.
	UnitRows(ctx context.Context, experiment string, after UnitKey, limit int) ([]UnitRow, error)
	DayRows(ctx context.Context, experiment string) ([]DayRow, error)
	SketchRows(ctx context.Context, experiment string) ([]SketchRow, error)
	// Exposure finds what a request counted for. ErrNotFound.
	Exposure(ctx context.Context, requestID string) ([]Exposure, error)
	// Rebuild computes the variant rows again from the unit rows, mends those that
	// differed, and gives them before and after. ErrConflict when another Rebuild came
	// between.
	Rebuild(ctx context.Context) ([]Difference, error)
}

// Difference is a variant row that was not what the unit rows say.
type Difference struct {
	Before, After VariantRow
}

// Decisions is the log of what was decided; it is never deleted.
type Decisions interface {
	// FindDecisions gives a page, newest first. subject "": all.
	FindDecisions(ctx context.Context, subject string, limit int, cursor string) (decisions []*event.Decision, next string, err error)
}

// Revision is definitions as they were applied. Numbers begin at 1.
type Revision struct {
	Number  int       `json:"number"`
	Hash    string    `json:"hash"` // of what the document says: experiment.Set.Revision
	Time    time.Time `json:"time"`
	Author  string    `json:"author"`
	Note    string    `json:"note,omitempty"`
	Owner   string    `json:"owner"` // "file", "store", "environment"
	Restore int       `json:"restored_from,omitempty"`
	Files   []File    `json:"files,omitempty"` // as written; not in lists
}

// File is one file of a document.
type File struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Revisions keeps definitions.
type Revisions interface {
	// AddRevision numbers r and keeps it if the last number is expect (negative: any).
	// ErrConflict.
	AddRevision(ctx context.Context, r Revision, expect int) (Revision, error)
	// Revision finds one with its files; number 0 is the last. ErrNotFound.
	Revision(ctx context.Context, number int) (Revision, error)
	// RevisionAt finds the one that was in force at a time. ErrNotFound.
	RevisionAt(ctx context.Context, at time.Time) (Revision, error)
	// ListRevisions gives them newest first, without files, those below the number before
	// (0: from the last).
	ListRevisions(ctx context.Context, before, limit int) ([]Revision, error)
}

// Lease is the right to act alone, for a time. Fence grows each time that the
// lease is taken and stays when it is renewed: whoever acts under a lease shows
// it, and the older one is refused.
type Lease struct {
	Name   string
	Holder string
	Fence  int64
	Until  time.Time
}

// Leases hands out leases. Time is the engine's own where it has one clock for
// all replicas; now is used where it has none.
type Leases interface {
	// Acquire takes a lease that is free or over, or renews the holder's own that is
	// not over. ErrConflict with the lease in force.
	Acquire(ctx context.Context, name, holder string, ttl time.Duration, now time.Time) (Lease, error)
	// Release gives it back; one that has another holder by now is left alone.
	Release(ctx context.Context, l Lease) error
}

// Retention is what is kept for how long; 0 keeps for ever. Scores are kept for
// as long as events or exposures are, whichever is longer; traffic rows and looks
// go with roll-ups.
type Retention struct {
	Events, Bodies, Rollups, Exposures time.Duration
}

// Forgotten counts what Forget erased.
type Forgotten struct {
	Events, Units, Exposures, Bodies, Scores int64
}

// Info is what an engine says of itself.
type Info struct {
	Engine  string           `json:"engine"` // "sqlite", "postgres", "memory"
	Version string           `json:"version"`
	Schema  int              `json:"schema"`
	Bytes   int64            `json:"bytes"`          // on disk, write-ahead log included
	Rows    map[string]int64 `json:"rows,omitempty"` // may be estimates
}

// Keeper looks after what is kept.
type Keeper interface {
	// Retain deletes what is over its time, at most limit rows a call so that writers
	// get their turn; more says that there is more to do.
	Retain(ctx context.Context, r Retention, now time.Time, limit int) (deleted int64, more bool, err error)
	// Forget erases the events, exposures and unit rows of a unit, by its keyed hash, and the
	// bodies and scores of its requests; variant rows follow. What names no unit stays: the ledger, roll-ups, days, sketches.
	Forget(ctx context.Context, unitKind, unit string) (Forgotten, error)
	// Check reads everything and compares it with its checksums. ErrDamaged.
	Check(ctx context.Context) error
	// Backup writes a copy of one moment while writing goes on. Restoring is by file or
	// by the engine's own tool. errors.ErrUnsupported where there is nothing to copy.
	Backup(ctx context.Context, w io.Writer) error
	Info(ctx context.Context) (Info, error)
}
