package telemetry

import "time"

// Record holds the families about the record itself: the journal, the store that
// it is written into, and the budgets that are read from it. Their owners are
// asked at each reading, so that a writer that hangs shows a lag that grows and
// not the last one it had.
//
// A family appears when its owner is made known.
type Record struct{ registry *Registry }

// NewRecord is the group without any family yet.
func NewRecord(r *Registry) *Record { return &Record{registry: r} }

// JournalState is what a journal says of itself at one reading.
type JournalState struct {
	Records map[string]uint64 // written, by kind, since the start
	Shed    map[string]uint64 // given up for want of room, by kind, since the start
	AtRisk  uint64            // answers that went out before their record was written
	Bytes   int64             // on disk

	WriteErrors, SyncErrors uint64
	Damaged                 uint64 // stretches that hold no readable record
}

// recordKinds are shown from the start, at zero, so that the first loss is a rise
// and not a new series.
var recordKinds = []string{"begin", "event", "score", "decision", "entry", "body"}

// Journal makes the journal known.
func (w *Record) Journal(ask func() JournalState) {
	byKind := func(counts func(JournalState) map[string]uint64) func(Show) {
		return func(show Show) {
			have := counts(ask())
			for _, kind := range recordKinds {
				show(float64(have[kind]), kind)
			}
		}
	}
	r := w.registry
	r.Ask("weir_journal_records_total", "Records written to the journal, by kind.",
		KindCounter, []string{"kind"}, byKind(func(s JournalState) map[string]uint64 { return s.Records }))
	r.Ask("weir_journal_shed_total", "Records given up because the journal was full, by kind. Money is not: an event that is shed leaves its entry in the ledger.",
		KindCounter, []string{"kind"}, byKind(func(s JournalState) map[string]uint64 { return s.Shed }))
	r.Ask("weir_journal_at_risk_total", "Answers that went out before their record was written: a crash at that moment would have lost it.",
		KindCounter, nil, func(show Show) { show(float64(ask().AtRisk)) })
	r.Ask("weir_journal_bytes", "Size of what the journal holds on disk, in bytes.",
		KindGauge, nil, func(show Show) { show(float64(ask().Bytes)) })
	r.Ask("weir_journal_errors_total", "Calls to the disk that failed, by operation: write or sync.",
		KindCounter, []string{"operation"}, func(show Show) {
			s := ask()
			show(float64(s.WriteErrors), "write")
			show(float64(s.SyncErrors), "sync")
		})
	r.Ask("weir_journal_damaged_total", "Stretches of the journal that hold no readable record, where there should be some.",
		KindCounter, nil, func(show Show) { show(float64(ask().Damaged)) })
}

// StoreState is what the writer of the store says of itself at one reading.
type StoreState struct {
	Up         bool          // the last write succeeded
	LagRecords int64         // in the journal and not yet in the store
	Lag        time.Duration // age of the oldest of them; 0 when there is none
}

// Store makes the store and its writer known.
func (w *Record) Store(ask func() StoreState) {
	r := w.registry
	r.Ask("weir_store_up", "1 if the last write to the store succeeded, 0 if not.",
		KindGauge, nil, func(show Show) { show(number(ask().Up)) })
	r.Ask("weir_record_lag_records", "Records in the journal that are not in the store yet.",
		KindGauge, nil, func(show Show) { show(float64(ask().LagRecords)) })
	r.Ask("weir_record_lag_seconds", "Age of the oldest record that is not in the store yet, in seconds; 0 when there is none.",
		KindGauge, nil, func(show Show) { show(ask().Lag.Seconds()) })
}

// Writing are the handles of what carries records from the journal to the store.
type Writing struct {
	Applied, Batches    *Counter
	StoreErrors         *Counter
	SetAside, Unknown   *Counter
	Interrupted         *Counter
	Repeated            *Counter
	UnitsLeft, TagsLeft *Counter
	Deleted             *Counter
	Unowned             *Counter
}

// Writing makes the writer of the store known. The same handles come back each time.
func (w *Record) Writing() *Writing {
	count := func(name, help string) *Counter { return w.registry.Counter(name, help).With() }
	return &Writing{
		Applied:     count("weir_record_applied_total", "Records from the journal that are in the store."),
		Batches:     count("weir_record_batches_total", "Transactions in which they were written."),
		StoreErrors: count("weir_store_errors_total", "Calls to the store that failed; writes are tried again."),
		SetAside:    count("weir_record_set_aside_total", "Records that the store refused while it took others: they are in a file beside it."),
		Unknown:     count("weir_record_unknown_total", "Records of a kind that this version does not know."),
		Interrupted: count("weir_record_interrupted_total", "Requests that an earlier process began and did not end."),
		Repeated:    count("weir_record_repeated_total", "Events of such requests that came twice and were counted once."),
		UnitsLeft:   count("weir_record_units_left_out_total", "Enrolled requests whose unit is beyond the cap of an experiment and not in the sample."),
		TagsLeft:    count("weir_record_tags_other_total", "Requests whose tags are booked as `other`, because there are too many different ones."),
		Deleted:     count("weir_record_deleted_total", "Rows that were deleted because they were over their time."),
		Unowned:     count("weir_record_unowned_total", "Feedback taken while the store was away and dropped afterwards, because its request was another key's."),
	}
}

// BudgetState is one budget at one reading.
type BudgetState struct {
	Name  string  // in the definitions
	Spent float64 // of its amount in the current day or month; 1 is all of it
}

// Budgets makes the budgets known.
func (w *Record) Budgets(ask func() []BudgetState) {
	w.registry.Ask("weir_budget_spent_ratio", "What is spent of a budget in its current day or month; 1 is all of it.",
		KindGauge, []string{"budget"}, func(show Show) {
			for _, b := range ask() {
				show(b.Spent, b.Name)
			}
		})
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
