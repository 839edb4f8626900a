package store

import (
	"fmt"
	"maps"
	"time"
)

// RollupKey names a roll-up.
type RollupKey struct {
	Minute                         time.Time
	Project, Route, Variant, Model string
}

// Key names the row; its time is in UTC, so that keys of one minute are equal.
func (r *Rollup) Key() RollupKey {
	return RollupKey{r.Minute.UTC(), r.Project, r.Route, r.Variant, r.Model}
}

// Merge adds o, of the same minute, route, variant and model.
func (r *Rollup) Merge(o Rollup) (err error) {
	outcomes := maps.Clone(r.Outcomes)
	if outcomes == nil {
		outcomes = make(map[string]int64, len(o.Outcomes))
	}
	for word, n := range o.Outcomes {
		outcomes[word] += n
	}
	r.Outcomes = outcomes
	r.Fallback += o.Fallback
	r.LedgerSums.Add(o.LedgerSums)
	for _, pair := range []struct {
		into *[]byte
		from []byte
	}{{&r.Duration, o.Duration}, {&r.TTFT, o.TTFT}, {&r.TPOT, o.TPOT}} {
		if *pair.into, err = MergeSketches(*pair.into, pair.from); err != nil {
			return fmt.Errorf("roll-up of route %q at %s: %w", r.Route, r.Minute.Format(time.RFC3339), err)
		}
	}
	return nil
}

// TrafficKey names a traffic row.
type TrafficKey struct {
	Hour                                     time.Time
	Project, Route, Variant, Model, Endpoint string
}

// Key names the row.
func (r *TrafficRow) Key() TrafficKey {
	return TrafficKey{r.Hour.UTC(), r.Project, r.Route, r.Variant, r.Model, r.Endpoint}
}

// Merge adds the counts of o.
func (r *TrafficRow) Merge(o TrafficRow) {
	r.Assigned += o.Assigned
	r.Sent += o.Sent
	r.Answered += o.Answered
}

// LedgerKey names a ledger row.
type LedgerKey struct {
	Hour                                           time.Time
	Project, Route, Variant, Model, Key, Tags, Why string
}

// ID names the row; Key is the caller's key.
func (r *LedgerRow) ID() LedgerKey {
	return LedgerKey{r.Hour.UTC(), r.Project, r.Route, r.Variant, r.Model, r.Key, r.Tags, r.Why}
}

// DayKey names a day row.
type DayKey struct {
	VariantKey
	Day time.Time
}

// Key names the row.
func (r *DayRow) Key() DayKey {
	return DayKey{VariantKey{r.Experiment, r.Epoch, r.Step, r.Variant, r.Metric}, r.Day.UTC()}
}

// SketchKey names a sketch row.
type SketchKey struct {
	VariantKey
	Bucket int
}

// Key names the row.
func (r *SketchRow) Key() SketchKey {
	return SketchKey{VariantKey{r.Experiment, r.Epoch, r.Step, r.Variant, r.Metric}, r.Bucket}
}
