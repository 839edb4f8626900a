package store

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// The reads of a Bounded store. What is not here is of the engine itself.

var _ Store = (*Bounded)(nil)

// page is what a read of pages gives.
type page[T any] struct {
	rows []T
	next string
}

// Event is bounded.
func (b *Bounded) Event(ctx context.Context, id string) (*event.Event, error) {
	return ask(ctx, b, "read an event", func(ctx context.Context) (*event.Event, error) { return b.Store.Event(ctx, id) })
}

// FindEvents is bounded.
func (b *Bounded) FindEvents(ctx context.Context, q EventQuery) ([]*event.Event, string, error) {
	p, err := ask(ctx, b, "find events", func(ctx context.Context) (p page[*event.Event], err error) {
		p.rows, p.next, err = b.Store.FindEvents(ctx, q)
		return p, err
	})
	return p.rows, p.next, err
}

// Body is bounded.
func (b *Bounded) Body(ctx context.Context, id string) (*event.Body, error) {
	return ask(ctx, b, "read a body", func(ctx context.Context) (*event.Body, error) { return b.Store.Body(ctx, id) })
}

// Scores is bounded.
func (b *Bounded) Scores(ctx context.Context, id string) ([]*event.Score, error) {
	return ask(ctx, b, "read scores", func(ctx context.Context) ([]*event.Score, error) { return b.Store.Scores(ctx, id) })
}

// LedgerRows is bounded.
func (b *Bounded) LedgerRows(ctx context.Context, q LedgerQuery) ([]LedgerRow, error) {
	return ask(ctx, b, "read the ledger", func(ctx context.Context) ([]LedgerRow, error) { return b.Store.LedgerRows(ctx, q) })
}

// Entry is bounded.
func (b *Bounded) Entry(ctx context.Context, id string) (*event.Entry, error) {
	return ask(ctx, b, "read an entry", func(ctx context.Context) (*event.Entry, error) { return b.Store.Entry(ctx, id) })
}

// RollupRows is bounded.
func (b *Bounded) RollupRows(ctx context.Context, q RollupQuery) ([]Rollup, error) {
	return ask(ctx, b, "read roll-ups", func(ctx context.Context) ([]Rollup, error) { return b.Store.RollupRows(ctx, q) })
}

// TrafficRows is bounded.
func (b *Bounded) TrafficRows(ctx context.Context, q RollupQuery) ([]TrafficRow, error) {
	return ask(ctx, b, "read traffic", func(ctx context.Context) ([]TrafficRow, error) { return b.Store.TrafficRows(ctx, q) })
}

// VariantRows is bounded.
func (b *Bounded) VariantRows(ctx context.Context, experiment string) ([]VariantRow, error) {
	return ask(ctx, b, "read variants", func(ctx context.Context) ([]VariantRow, error) { return b.Store.VariantRows(ctx, experiment) })
}

// UnitRows is bounded.
func (b *Bounded) UnitRows(ctx context.Context, experiment string, after UnitKey, limit int) ([]UnitRow, error) {
	return ask(ctx, b, "read units", func(ctx context.Context) ([]UnitRow, error) { return b.Store.UnitRows(ctx, experiment, after, limit) })
}

// DayRows is bounded.
func (b *Bounded) DayRows(ctx context.Context, experiment string) ([]DayRow, error) {
	return ask(ctx, b, "read days", func(ctx context.Context) ([]DayRow, error) { return b.Store.DayRows(ctx, experiment) })
}

// SketchRows is bounded.
func (b *Bounded) SketchRows(ctx context.Context, experiment string) ([]SketchRow, error) {
	return ask(ctx, b, "read distributions", func(ctx context.Context) ([]SketchRow, error) { return b.Store.SketchRows(ctx, experiment) })
}

// Exposure is bounded.
func (b *Bounded) Exposure(ctx context.Context, requestID string) ([]Exposure, error) {
	return ask(ctx, b, "read an exposure", func(ctx context.Context) ([]Exposure, error) { return b.Store.Exposure(ctx, requestID) })
}

// FindDecisions is bounded.
func (b *Bounded) FindDecisions(ctx context.Context, subject string, limit int, cursor string) ([]*event.Decision, string, error) {
	p, err := ask(ctx, b, "find decisions", func(ctx context.Context) (p page[*event.Decision], err error) {
		p.rows, p.next, err = b.Store.FindDecisions(ctx, subject, limit, cursor)
		return p, err
	})
	return p.rows, p.next, err
}

// Revision is bounded.
func (b *Bounded) Revision(ctx context.Context, number int) (Revision, error) {
	return ask(ctx, b, "read a revision", func(ctx context.Context) (Revision, error) { return b.Store.Revision(ctx, number) })
}

// RevisionAt is bounded.
func (b *Bounded) RevisionAt(ctx context.Context, at time.Time) (Revision, error) {
	return ask(ctx, b, "read a revision", func(ctx context.Context) (Revision, error) { return b.Store.RevisionAt(ctx, at) })
}

// ListRevisions is bounded.
func (b *Bounded) ListRevisions(ctx context.Context, before, limit int) ([]Revision, error) {
	return ask(ctx, b, "list revisions", func(ctx context.Context) ([]Revision, error) { return b.Store.ListRevisions(ctx, before, limit) })
}

// Check is bounded.
func (b *Bounded) Check(ctx context.Context) error {
	_, err := ask(ctx, b, "check the store", func(ctx context.Context) (struct{}, error) { return struct{}{}, b.Store.Check(ctx) })
	return err
}

// Info is bounded.
func (b *Bounded) Info(ctx context.Context) (Info, error) {
	return ask(ctx, b, "ask the store what it is", func(ctx context.Context) (Info, error) { return b.Store.Info(ctx) })
}

// Looks is bounded.
func (b *Bounded) Looks(ctx context.Context, experiment string, epoch int) ([]Look, error) {
	return ask(ctx, b, "read looks", func(ctx context.Context) ([]Look, error) { return b.Store.Looks(ctx, experiment, epoch) })
}
