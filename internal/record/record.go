// Package record carries what happened from the journal into the store. It is
// the slow wing's half of the record: the gateway has written a record to the
// journal before the answer ended, and what happens here can take its time.
//
// A Writer reads the journal in batches. Of each batch it prepares everything
// the store keeps (prepare.go and the files it names): the records themselves,
// money by the hour, minute roll-ups, where requests went, and for what takes
// part in an experiment the sums by unit. The batch and the journal position it
// ends at are one transaction, so each record counts exactly once, whatever dies
// when: a batch is there wholly, and the next begins behind it, or it is not,
// and is read again.
//
// The store may be away, locked, full, or hung; the Writer waits, says so
// (Status), and goes on without a restart. Nothing here touches a live request:
// the journal is the buffer, and its bound says what is shed. One record that the
// store refuses while it takes others is set aside (refused.go). Exchanges that
// an earlier process began and did not end become events with the outcome
// `interrupted` (recover.go).
//
// It is not for reading: screens and reports read the store. What sums mean is
// the business of packages metric and analysis.
package record

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/metric"
	"github.com/weirhq/weir/internal/store"
)

// Source is a journal as it is read.
type Source interface {
	// Read gives the records from a position on, in order, at most max; the zero
	// position is the oldest there is. It looks first, and waits until there is one or
	// ctx ends: an error of ctx says that there was none. event.ErrPosition says that
	// there is no such place.
	Read(ctx context.Context, from event.Position, max int) ([]event.Item, error)
	// Release says that what lies before a position is in the store.
	Release(upto event.Position)
	// Recovered is where this process began to write: what lies before was written
	// by earlier ones.
	Recovered() event.Position
	// Nearest gives p if one can read from it, else the first place behind it.
	Nearest(p event.Position) event.Position
}

// Config says what a Writer works with. Empty fields have the default that their
// comment names.
type Config struct {
	Source  Source
	Backlog func(applied event.Position) int64 // bytes of records behind a position of the journal; nil: lag is told in time only
	// Open opens the store, or gives the one that is open. It is called until it
	// succeeds, and its error says what was being done. Who opens it closes it, after
	// Run has returned.
	Open     func(ctx context.Context) (store.Store, error)
	Recorder event.Recorder // takes the events of exchanges that an earlier process left behind
	Replica  string         // names this journal in the store

	Measures []metric.Measure // which sums are kept of every experiment; nil: metric.Standard()
	// MeasuresOf gives the measures that an experiment's epoch declares, kept besides;
	// nil when it is not known yet, else the same each time. nil: none declares any.
	MeasuresOf func(experiment string, epoch int) []metric.Measure
	// SegmentsOf gives the declared segment values of a request, at most five, the same
	// for the same event each time. nil: none.
	SegmentsOf func(e *event.Event, experiment string) []string

	Retention store.Retention // the zero value keeps everything
	// SetAside keeps a record that the store refuses, and why, before it is passed
	// over. On an error nothing is passed over. nil: it is only logged.
	SetAside func(r event.Record, why error) error
	Log      *slog.Logger // nil: nothing is logged
	Now      func() time.Time
	Counts   Counts // those that somebody shows

	Batch    int           // most records of a transaction; 0: 4,000
	Linger   time.Duration // how long a batch that is not full waits for more; 0: 100 ms
	Timeout  time.Duration // of one call to the store; 0: 30 s
	Stop     time.Duration // how long a stop may take to write what is left; 0: 5 s
	Patience time.Duration // how long a refused record with none after it is tried; 0: 10 min
	Sweep    time.Duration // between two rounds of retention; 0: 10 min
	Units    int64         // most unit rows of an experiment's epoch before units are sampled; 0: 5 million
	TagSets  int           // most different sets of tags in an hour of the ledger; 0: 1,000
}

// withDefaults fills in what was left empty.
func (c Config) withDefaults() Config {
	def(&c.Log, slog.New(slog.DiscardHandler))
	def(&c.Batch, 4000)
	def(&c.Linger, 100*time.Millisecond)
	def(&c.Timeout, 30*time.Second)
	def(&c.Stop, 5*time.Second)
	def(&c.Patience, 10*time.Minute)
	def(&c.Sweep, 10*time.Minute)
	def(&c.Units, 5_000_000)
	def(&c.TagSets, 1000)
	c.Counts = c.Counts.filled()
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Measures == nil {
		c.Measures = metric.Standard()
	}
	if c.SetAside == nil {
		c.SetAside = func(event.Record, error) error { return nil }
	}
	return c
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Writer carries records from one journal to one store.
type Writer struct {
	cfg  Config
	prep *preparer

	// Of Run's goroutine alone.
	from       event.Position               // what the store says it has
	at         event.Position               // where the journal is read; the same, but before the first batch
	tried      map[event.Position]*prepared // batches from here, by their end, of which it is not known whether they were applied
	limit      int                          // most records of the next batch: fewer after a failure
	stuck      stuck                        // the first record, while it is refused by itself
	released   event.Position               // what the journal was told to give back
	releasedAt time.Time
	told       map[string]bool // what earlier processes left open, and is told
	begun      bool            // a batch was applied
	crossed    bool            // what earlier processes wrote is read, and what they left open is told

	// Of retention's goroutine alone.
	clock sweepClock
	awake func() time.Duration // how long this process has been awake; nobody sets that

	mu       sync.Mutex
	store    store.Store // nil until it is open
	status   Status
	oldest   time.Time // what was read and is not applied is from then; zero: nothing
	oldestAt event.Position
	logged   time.Time // when trouble was last logged
	settle   settle
	size     size
}

// New makes a Writer. Nothing happens before Run.
func New(cfg Config) (*Writer, error) {
	switch {
	case cfg.Source == nil:
		return nil, errors.New("record: no source to read from")
	case cfg.Open == nil:
		return nil, errors.New("record: no store to write to")
	case cfg.Recorder == nil:
		return nil, errors.New("record: no recorder for the exchanges that were interrupted")
	case cfg.Replica == "":
		return nil, errors.New("record: the replica has no name")
	}
	cfg = cfg.withDefaults()
	prep, err := newPreparer(cfg)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	began := time.Now()
	return &Writer{
		cfg: cfg, prep: prep, awake: func() time.Duration { return time.Since(began) }, limit: cfg.Batch, tried: map[event.Position]*prepared{}, told: map[string]bool{},
		status: Status{Started: cfg.Now(), Recovering: true}, settle: settle{done: make(chan struct{})},
	}, nil
}

// Opened is an Open for a store that is open already.
func Opened(s store.Store) func(context.Context) (store.Store, error) {
	return func(context.Context) (store.Store, error) { return s, nil }
}
