// Package evidence gathers what a report is computed from: it reads the sums of
// an experiment, and the record of a route, and hands them to analysis. It
// computes no estimate and decides nothing.
package evidence

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/analysis"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// Sums is what is read of a store for a report.
type Sums interface {
	store.Sums
	store.Looks
}

// Question is what is to be reported.
type Question struct {
	Plan    analysis.Plan
	Started time.Time
	Now     time.Time
	First   *analysis.FirstLook
	Decided *analysis.Decided
	// Units bounds how many unit rows are read, for segments and for how evenly
	// requests are spread; 0: DefaultUnits, negative: all of them.
	Units int
}

// DefaultUnits keeps a report under a second or two.
const DefaultUnits = 50_000

// Read gathers an experiment's sums, of the plan's epoch.
func Read(ctx context.Context, s Sums, q Question) (analysis.Input, error) {
	in := analysis.Input{
		Plan: q.Plan, Times: analysis.Times{Started: q.Started, Now: q.Now}, First: q.First, Decided: q.Decided,
		Sums: map[string]map[string]stats.Moments{}, Clusters: map[string]map[string][]stats.Cluster{},
		Weekdays: map[string][7]int64{},
	}
	for _, read := range []struct {
		what string
		do   func(context.Context, Sums, *Question, *analysis.Input) error
	}{{"sums", readSums}, {"distributions", readClusters}, {"days", readDays}, {"earlier looks", readLooks}, {"units", readUnits}} {
		if err := read.do(ctx, s, &q, &in); err != nil {
			return in, fmt.Errorf("read the %s of experiment %q: %w", read.what, q.Plan.Experiment, err)
		}
	}
	return in, nil
}

func readSums(ctx context.Context, s Sums, q *Question, in *analysis.Input) error {
	rows, err := s.VariantRows(ctx, q.Plan.Experiment)
	for i := range rows {
		r := &rows[i]
		if r.Epoch != q.Plan.Epoch {
			continue
		}
		m := at(in.Sums, r.Variant)
		merged := m[r.Metric]
		merged.Merge(r.Moments)
		m[r.Metric] = merged
		switch r.Metric {
		case store.OtherVariant:
			if in.Traffic.Multiple == nil {
				in.Traffic.Multiple = map[string]int64{}
			}
			in.Traffic.Multiple[r.Variant] += r.Units
		case store.LeftOut:
			in.Traffic.OverriddenUnits += r.Units
		}
	}
	return err
}

// at is the inner map of a variant, made when it is not there.
func at[V any](outer map[string]map[string]V, variant string) map[string]V {
	m := outer[variant]
	if m == nil {
		m = map[string]V{}
		outer[variant] = m
	}
	return m
}

// readClusters reads the distributions of clusters of units. An experiment has
// one step, so that a bucket comes once.
func readClusters(ctx context.Context, s Sums, q *Question, in *analysis.Input) error {
	rows, err := s.SketchRows(ctx, q.Plan.Experiment)
	if err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		if r.Epoch != q.Plan.Epoch {
			continue
		}
		sketch, err := stats.ParseSketch(r.Sketch)
		if err != nil {
			return fmt.Errorf("cluster %d of %s, %s: %w", r.Bucket, r.Variant, r.Metric, err)
		}
		m := at(in.Clusters, r.Variant)
		m[r.Metric] = append(m[r.Metric], stats.Cluster{N: sketch.Count(), Sketch: sketch})
	}
	return nil
}

// readDays reads the counts by day, and among them what is counted beside measures.
func readDays(ctx context.Context, s Sums, q *Question, in *analysis.Input) error {
	rows, err := s.DayRows(ctx, q.Plan.Experiment)
	if err != nil {
		return err
	}
	served := map[string]*analysis.Served{}
	for i := range rows {
		r := &rows[i]
		if r.Epoch != q.Plan.Epoch {
			continue
		}
		model, fingerprint, isServed := store.ServedBy(r.Metric)
		switch {
		case r.Metric == store.AsideNoUnit:
			in.Traffic.NoUnit += r.N
			in.Traffic.Requests += r.N
		case r.Metric == store.AsideOverride:
			in.Traffic.Overrides += r.N
			in.Traffic.Requests += r.N
		case r.Metric == store.AsideSimulated:
			in.Simulated = in.Simulated || r.N > 0
		case isServed:
			addServed(served, r, model, fingerprint)
		default:
			in.Days = append(in.Days, analysis.Day{Day: r.Day, Variant: r.Variant, Measure: r.Metric, N: r.N, Sum: r.Sum})
			if r.Metric == analysis.Requests {
				week := in.Weekdays[r.Variant]
				week[r.Day.UTC().Weekday()] += r.N
				in.Weekdays[r.Variant] = week
				in.Traffic.Requests += r.N
			}
		}
	}
	in.Served = listServed(served)
	return nil
}

func readLooks(ctx context.Context, s Sums, q *Question, in *analysis.Input) error {
	looks, err := s.Looks(ctx, q.Plan.Experiment, q.Plan.Epoch)
	for _, l := range looks {
		in.Looks = append(in.Looks, analysis.Look{Time: l.Time, Variant: l.Variant, Metric: l.Metric, Units: l.Units,
			Estimate: l.Estimate, Sequence: stats.Interval{Low: l.Low, High: l.High}})
	}
	return err
}
