package record

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

func parseSketch(b []byte) (*stats.Sketch, error) { return stats.ParseSketch(b) }

var errDead = errors.New("killed")

// life is a process that is killed at one of its calls to the outside, before the
// call or after it.
type life struct {
	mu   sync.Mutex
	left int // calls until then; negative: it lives
	dead chan struct{}
}

// step reports whether the process still lives.
func (l *life) step() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch l.left {
	case 0:
		return false
	case 1:
		close(l.dead)
	}
	l.left--
	return l.left != 0
}

func (l *life) alive() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left != 0
}

// mortal makes calls for a process that may be killed: from then on none has any
// effect.
func mortal(l *life, call func() error) error {
	if !l.step() {
		return errDead
	}
	err := call()
	if !l.step() {
		return errDead
	}
	return err
}

// mortalStore is a store as such a process sees it. faults may spoil a call.
type mortalStore struct {
	store.Store
	life   *life
	faults func(apply func() error) error
}

func (s *mortalStore) Apply(ctx context.Context, b *store.Batch) error {
	return mortal(s.life, func() error { return s.faults(func() error { return s.Store.Apply(ctx, b) }) })
}

func (s *mortalStore) Position(ctx context.Context, replica string) (p event.Position, err error) {
	err = mortal(s.life, func() (err error) { p, err = s.Store.Position(ctx, replica); return err })
	return p, err
}

func (s *mortalStore) Durable(ctx context.Context, replica string) (p event.Position, err error) {
	err = mortal(s.life, func() (err error) { p, err = s.Store.Durable(ctx, replica); return err })
	return p, err
}

func (s *mortalStore) Open(ctx context.Context, replica string) (begins []*event.Begin, err error) {
	err = mortal(s.life, func() (err error) { begins, err = s.Store.Open(ctx, replica); return err })
	return begins, err
}

func (s *mortalStore) Event(ctx context.Context, id string) (e *event.Event, err error) {
	err = mortal(s.life, func() (err error) { e, err = s.Store.Event(ctx, id); return err })
	return e, err
}

// mortalJournal is a journal as such a process sees it.
type mortalJournal struct {
	*view
	life *life
}

func (j *mortalJournal) Record(r event.Record) {
	_ = mortal(j.life, func() error { j.disk.Record(r); return nil })
}

func (j *mortalJournal) Release(upto event.Position) {
	_ = mortal(j.life, func() error { j.view.Release(upto); return nil })
}

func (j *mortalJournal) Read(ctx context.Context, from event.Position, most int) ([]event.Item, error) {
	if !j.life.alive() {
		return nil, errDead
	}
	return j.view.Read(ctx, from, most)
}

// live is one process: a gateway that records and a Writer, until it is killed
// after some calls, or, with calls negative, until all is in the store.
func live(t *testing.T, d *disk, st store.Store, o *oracle, calls, acts int, faults func(func() error) error) {
	l := &life{left: calls, dead: make(chan struct{})}
	j := &mortalJournal{d.reopen(), l}
	w := start(t, j.view, nil, func(c *Config) {
		c.Source, c.Recorder, c.Batch, c.Timeout = j, j, 1+o.r.IntN(40), time.Second
		c.Open = Opened(&mortalStore{st, l, faults})
	})
	for range acts {
		if l.alive() {
			o.act(d)
		}
		if o.r.IntN(10) == 0 {
			time.Sleep(time.Duration(o.r.IntN(300)) * time.Millisecond)
		}
	}
	if calls < 0 {
		for _, e := range o.pending {
			o.end(d, e)
		}
		o.pending = nil
		w.settled()
		w.settled()
		w.stopWell()
		return
	}
	select {
	case <-l.dead:
	case <-time.After(time.Minute): // it had less to do: killed in its sleep
		l.mu.Lock()
		l.left = 0
		l.mu.Unlock()
	}
	_ = w.stop()
	o.killed(d.begun())
}

// begun gives which exchanges have a Begin on the disk, released or not.
func (d *disk) begun() func(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return func(id string) bool { return d.begins[id] }
}

// faulty spoils calls: an error before it, or after it took effect, a panic, a
// time-out.
func faulty(r *rand.Rand, rate int) func(func() error) error {
	return func(apply func() error) error {
		switch r.IntN(rate) {
		case 0:
			return errInjected
		case 1:
			_ = apply()
			return fmt.Errorf("the connection broke: %w", errInjected)
		case 2:
			panic("a defect")
		case 3:
			_ = apply()
			time.Sleep(1500 * time.Millisecond) // past its deadline, within the grace
			return context.DeadlineExceeded
		case 4:
			err := apply()
			time.Sleep(5 * time.Second) // far past
			return err
		}
		return apply()
	}
}

// Random traffic, random faults of the store, and kill after kill: what the store
// holds in the end is what happened, to the last digit.
func TestEveryRecordCountsOnceWhateverDies(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 30
	}
	for seed := range uint64(rounds) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			d, st, o := newDisk(), store.NewMemory(), newOracle(r)
			for range r.IntN(8) {
				live(t, d, st, o, 1+r.IntN(60), r.IntN(150), faulty(rand.New(rand.NewPCG(seed, 4)), 5+r.IntN(40)))
			}
			live(t, d, st, o, -1, r.IntN(50), func(apply func() error) error { return apply() })
			compareTotals(t, found(t, st, o), o.expected())
			if open := must[[]*event.Begin](t)(st.Open(t.Context(), "r1")); len(open) != 0 {
				t.Errorf("%d exchanges are open", len(open))
			}
			sameAsAtOnce(t, d, st)
		})
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

// sameAsAtOnce compares the store with one that got everything the journal ever
// held in one batch: sketches, days, all of it.
func sameAsAtOnce(t *testing.T, d *disk, st *store.Memory) {
	t.Helper()
	w := must[*Writer](t)(New(Config{Source: d.reopen(), Open: Opened(st), Recorder: d, Replica: "r1"}))
	once := store.NewMemory()
	all := w.prep.prepare(event.Position{}, d.all)
	all.batch.To = must[event.Position](t)(st.Position(t.Context(), "r1"))
	if err := once.Apply(t.Context(), &all.batch); err != nil {
		t.Fatal(err)
	}
	got := must[string](t)(storetest.Dump(t.Context(), st, "r1"))
	want := must[string](t)(storetest.Dump(t.Context(), once, "r1"))
	if got != want {
		t.Errorf("many batches and one differ\n%s", firstDifference(got, want))
	}
}

func firstDifference(a, b string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			from := max(i-200, 0)
			return fmt.Sprintf("got  …%s\nwant …%s", a[from:min(i+200, len(a))], b[from:min(i+200, len(b))])
		}
	}
	return fmt.Sprintf("got %d bytes, want %d", len(a), len(b))
}

// Recovery killed at each of its steps in turn, and then a second time.
func TestRecoveryMayItselfBeKilled(t *testing.T) {
	none := func(apply func() error) error { return apply() }
	for first := 1; first < 60; first++ {
		for _, second := range []int{1, 2, 5, 9, 14, 20, 30} {
			synctest.Test(t, func(t *testing.T) {
				d, st, o := newDisk(), store.NewMemory(), newOracle(rand.New(rand.NewPCG(1, 1)))
				for n := range 5 {
					e := exchange(n)
					d.Record(began(e))
					o.ended[e.ID] = began(e).Interrupted()
				}
				live(t, d, st, o, first, 0, none)
				live(t, d, st, o, second, 0, none)
				live(t, d, st, o, -1, 0, none)
				compareTotals(t, found(t, st, o), o.expected())
			})
			if t.Failed() {
				t.Fatalf("killed at call %d, then at call %d", first, second)
			}
		}
	}
}
