package main

import (
	"context"
	"fmt"

	"github.com/weirhq/weir/internal/admin"
	"github.com/weirhq/weir/internal/store"
)

// people is the database as the admin API has it: to forget somebody is more than
// the database's affair.
type people struct {
	store.Store
	kept *keeper
}

func (k *keeper) people() (admin.Store, error) {
	st, err := k.reader()
	if err != nil {
		return nil, err
	}
	return people{st, k}, nil
}

// Forget erases a unit. What was recorded of it before must be in the database
// first, or it would come there afterwards; and the journal's file goes as soon as
// the database does not need it any more: it holds the same, word for word, and a
// database that is lost is filled from it.
func (p people) Forget(ctx context.Context, kind, unit string) (store.Forgotten, error) {
	if err := p.kept.carriedOn(ctx); err != nil {
		return store.Forgotten{}, err
	}
	if err := p.kept.own.journal.Sync(ctx); err != nil {
		return store.Forgotten{}, fmt.Errorf("forget a unit: write the journal: %w", err)
	}
	f, err := p.kept.own.writer.Forget(ctx, kind, unit)
	if err == nil {
		p.kept.own.journal.Turn()
	}
	return f, err
}

// carriedOn waits until what other processes left is in the database.
func (k *keeper) carriedOn(ctx context.Context) error {
	for {
		rest, _ := k.inherited()
		if len(rest) == 0 {
			return nil
		}
		pause(ctx, again/10)
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("forget a unit: what another process left in %s is not in the database yet: %w", k.slotDir(rest[0].name), err)
		}
	}
}
