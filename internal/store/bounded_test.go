package store_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// A bounded store is the same store.
func TestBounded(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return store.Bound(store.NewMemory(), 4) })
}

// hung is a store that does not heed its context: it comes back when it is let go.
type hung struct {
	store.Store
	inside atomic.Int32
	letGo  chan struct{}
}

func (h *hung) LedgerRows(context.Context, store.LedgerQuery) ([]store.LedgerRow, error) {
	h.inside.Add(1)
	defer h.inside.Add(-1)
	<-h.letGo
	return []store.LedgerRow{{}}, nil
}

func (h *hung) FindEvents(ctx context.Context, _ store.EventQuery) ([]*event.Event, string, error) {
	<-ctx.Done()
	return nil, "", ctx.Err()
}

func (*hung) Event(context.Context, string) (*event.Event, error) { panic("a defect") }

func readWithin(s store.Store, d time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	_, err := s.LedgerRows(ctx, store.LedgerQuery{})
	return err
}

func TestReadsComeBackFromAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hung{Store: store.NewMemory(), letGo: make(chan struct{})}
		s := store.Bound(h, 4)
		var wg sync.WaitGroup
		for range 20 { // those without a place wait for one until their time is over
			wg.Go(func() {
				began := time.Now()
				if err := readWithin(s, 8*time.Second); !errors.Is(err, store.ErrNoAnswer) || time.Since(began) > 9*time.Second {
					t.Errorf("after %s: %v", time.Since(began), err)
				}
			})
		}
		wg.Wait()
		if n := h.inside.Load(); n != 4 {
			t.Errorf("%d reads are in the engine, want 4", n)
		}
		began := time.Now()
		if err := readWithin(s, 8*time.Second); !errors.Is(err, store.ErrNoAnswer) || !strings.Contains(err.Error(), "4 reads hang in it") || time.Since(began) != 0 {
			t.Errorf("while all places hang: %v after %s", err, time.Since(began))
		}
		close(h.letGo)
		synctest.Wait()
		if err := readWithin(s, time.Second); err != nil {
			t.Errorf("when it came back: %v", err)
		}
		for range 10 { // every place was given back
			if _, _, err := s.FindEvents(canceled(), store.EventQuery{}); !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrNoAnswer) {
				t.Errorf("an engine that heeds its context: %v", err)
			}
		}
	})
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// A driver's defect is an error of one read: it has a goroutine of its own, where
// nobody else would catch it.
func TestAReadThatPanics(t *testing.T) {
	s := store.Bound(&hung{Store: store.NewMemory()}, 1)
	for range 3 {
		if _, err := s.Event(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "a defect") {
			t.Error(err)
		}
	}
}

// A read that somebody adds to the contract is bounded too: with no engine beneath,
// what is bounded gives an error, and what is not panics.
func TestEveryReadIsBounded(t *testing.T) {
	engine := []string{"Acquire", "AddLook", "AddRevision", "Apply", "Backup", "Close", "Durable", "Forget", "Open", "Position", "Rebuild", "Release", "Retain"}
	s := reflect.ValueOf(store.Bound(nil, 1))
	contract := reflect.TypeFor[store.Store]()
	for i := range contract.NumMethod() {
		name := contract.Method(i).Name
		if !slices.Contains(engine, name) && !gives(s.MethodByName(name)) {
			t.Errorf("%s is not bounded (bounded_read.go), nor one of those that are the engine's own", name)
		}
	}
}

// gives reports whether a method comes back, whatever it gives.
func gives(method reflect.Value) (whole bool) {
	args := []reflect.Value{reflect.ValueOf(context.Background())}
	for i := 1; i < method.Type().NumIn(); i++ {
		args = append(args, reflect.Zero(method.Type().In(i)))
	}
	defer func() { whole = recover() == nil }()
	method.Call(args)
	return true
}
