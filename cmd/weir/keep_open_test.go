package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// deaf is a store whose reads do not come back before they are let go.
type deaf struct {
	store.Store
	letGo chan struct{}
}

func (d deaf) Revision(context.Context, int) (store.Revision, error) {
	<-d.letGo
	return store.Revision{}, nil
}

// S1: what people read of the database comes back, the revisions of the definitions
// among it.
func TestReadsOfADatabaseThatHangs(t *testing.T) {
	letGo := make(chan struct{})
	defer close(letGo)
	d := &database{open: func(string) (store.Store, error) { return deaf{store.NewMemory(), letGo}, nil }}
	if _, err := d.reader(); err == nil {
		t.Error("a database that nobody opened can be read")
	}
	if _, err := d.get(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := d.reader()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := r.Revision(ctx, 1); !errors.Is(err, store.ErrNoAnswer) {
		t.Errorf("a read that hangs: %v", err)
	}
}
