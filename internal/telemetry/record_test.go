package telemetry

import (
	"strings"
	"testing"
	"time"
)

func TestRecordFamiliesSayWhatTheirOwnersSay(t *testing.T) {
	r := New()
	record := NewRecord(r)
	journal := JournalState{Records: map[string]uint64{"event": 7}, Shed: map[string]uint64{"body": 2}, AtRisk: 3, Bytes: 4096, WriteErrors: 8, SyncErrors: 9, Damaged: 10}
	store := StoreState{Up: true, LagRecords: 6, Lag: 1500 * time.Millisecond}
	record.Journal(func() JournalState { return journal })
	record.Store(func() StoreState { return store })
	record.Budgets(func() []BudgetState { return []BudgetState{{"month", .8}, {"team-a", 1.25}} })
	for _, c := range []struct {
		name, label string
		want        float64
	}{
		{"weir_journal_records_total", "event", 7},
		{"weir_journal_records_total", "entry", 0},
		{"weir_journal_shed_total", "body", 2},
		{"weir_journal_shed_total", "event", 0},
		{"weir_journal_at_risk_total", "", 3},
		{"weir_journal_bytes", "", 4096},
		{"weir_store_up", "", 1},
		{"weir_journal_errors_total", "write", 8},
		{"weir_journal_errors_total", "sync", 9},
		{"weir_journal_damaged_total", "", 10},
		{"weir_record_lag_records", "", 6},
		{"weir_record_lag_seconds", "", 1.5},
		{"weir_budget_spent_ratio", "month", .8},
		{"weir_budget_spent_ratio", "team-a", 1.25},
	} {
		if got := sampleOf(t, r, c.name, strings.Fields(c.label)...).Value; got != c.want {
			t.Errorf("%s{%s}: %v, want %v", c.name, c.label, got, c.want)
		}
	}
	store.Up, store.Lag = false, time.Minute
	if up, lag := sampleOf(t, r, "weir_store_up").Value, sampleOf(t, r, "weir_record_lag_seconds").Value; up != 0 || lag != 60 {
		t.Errorf("the store went away: up %v, lag %v s, want 0 and 60", up, lag)
	}
}

// A dashboard of a Weir without a journal must not show a journal of size 0.
func TestRecordFamiliesAppearWithTheirOwners(t *testing.T) {
	r := New()
	record := NewRecord(r)
	record.Store(func() StoreState { return StoreState{} })
	for name := range gathered(r) {
		if strings.HasPrefix(name, "weir_journal") || strings.HasPrefix(name, "weir_budget") {
			t.Errorf("%s is there without its owner", name)
		}
	}
}

func TestWritingHandles(t *testing.T) {
	r := New()
	w := NewRecord(r).Writing()
	for i, c := range []*Counter{w.Applied, w.Batches, w.StoreErrors, w.SetAside, w.Unknown, w.Interrupted, w.Repeated, w.UnitsLeft, w.TagsLeft, w.Deleted} {
		c.Add(uint64(i + 1))
	}
	NewRecord(r).Writing().Applied.Inc() // a second writer counts in the same place
	for i, name := range []string{
		"record_applied", "record_batches", "store_errors", "record_set_aside", "record_unknown", "record_interrupted", "record_repeated",
		"record_units_left_out", "record_tags_other", "record_deleted",
	} {
		want := float64(i + 1)
		if i == 0 {
			want = 2
		}
		if got := sampleOf(t, r, "weir_"+name+"_total").Value; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
