package store

import (
	"cmp"
	"context"
	"strings"
	"time"
)

// Look is the estimate of an experiment's primary metric at one time, kept so
// that its course can be shown. Low and High are the ends of an interval that
// holds at every look.
type Look struct {
	Experiment string    `json:"experiment"`
	Epoch      int       `json:"epoch"`
	Time       time.Time `json:"time"`
	Variant    string    `json:"variant"` // compared with the baseline
	Metric     string    `json:"metric"`
	Units      int64     `json:"units"` // of both variants
	Estimate   float64   `json:"estimate"`
	Low        float64   `json:"low"`
	High       float64   `json:"high"`
}

// Looks keeps the course of experiments. Retain deletes them with roll-ups.
type Looks interface {
	// AddLook keeps one. A second one of the same time, variant and metric of the
	// epoch takes the place of the first.
	AddLook(ctx context.Context, l Look) error
	// Looks gives those of an epoch, oldest first.
	Looks(ctx context.Context, experiment string, epoch int) ([]Look, error)
}

// LookKey names a look.
type LookKey struct {
	Experiment string
	Epoch      int
	Time       int64 // nanoseconds
	Variant    string
	Metric     string
}

// Key names the look.
func (l *Look) Key() LookKey {
	return LookKey{l.Experiment, l.Epoch, l.Time.UnixNano(), l.Variant, l.Metric}
}

// CompareLooks orders by time, then by name.
func CompareLooks(a, b Look) int {
	return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Experiment, b.Experiment), cmp.Compare(a.Epoch, b.Epoch),
		strings.Compare(a.Variant, b.Variant), strings.Compare(a.Metric, b.Metric))
}
