package record

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
)

// disk is a journal that outlives processes, in memory: what was recorded is
// there, whoever is killed.
type disk struct {
	mu       sync.Mutex
	life     uint64 // segment of the process that writes now
	end      int64
	items    []event.Item
	all      []event.Item    // released ones too
	begins   map[string]bool // ids of all Begins
	starts   []event.Position
	released event.Position
	bytes    int64 // not released
	grown    chan struct{}
}

func newDisk() *disk {
	return &disk{life: 1, end: firstOffset, grown: make(chan struct{}), begins: map[string]bool{}}
}

// firstOffset is where a segment's records begin, in the real journal too.
const firstOffset = 8192

// reopen is what the next process does.
func (d *disk) reopen() *view {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.life, d.end = d.life+1, firstOffset
	return &view{disk: d, recovered: event.Position{Segment: d.life, Offset: firstOffset}}
}

func (d *disk) Record(r event.Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	const size = 100
	d.starts = append(d.starts, event.Position{Segment: d.life, Offset: d.end})
	d.end += size
	d.bytes += size
	d.items = append(d.items, event.Item{Record: r, Next: event.Position{Segment: d.life, Offset: d.end}})
	d.all = append(d.all, d.items[len(d.items)-1])
	if b, ok := r.(*event.Begin); ok {
		d.begins[b.ID] = true
	}
	close(d.grown)
	d.grown = make(chan struct{})
}

func (d *disk) behind(p event.Position) (bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, start := range d.starts {
		if !start.Before(p) {
			bytes += 100
		}
	}
	return bytes
}

func (d *disk) backlog() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bytes
}

// view is a disk as one process sees it.
type view struct {
	*disk
	recovered event.Position
}

var _ Source = (*view)(nil)

func (j *view) Recovered() event.Position { return j.recovered }

func (j *view) Nearest(p event.Position) event.Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	if p.Before(j.released) {
		return j.released
	}
	return p
}

func (j *view) Read(ctx context.Context, from event.Position, most int) ([]event.Item, error) {
	for {
		items, more, err := j.look(from, most)
		if len(items) > 0 || err != nil {
			return items, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (j *view) look(from event.Position, most int) ([]event.Item, <-chan struct{}, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if from != (event.Position{}) && from.Before(j.released) {
		return nil, nil, fmt.Errorf("read from %v: %w", from, event.ErrPosition)
	}
	for i, start := range j.starts {
		if !start.Before(from) {
			return append([]event.Item(nil), j.items[i:min(i+most, len(j.items))]...), nil, nil
		}
	}
	return nil, j.grown, nil
}

func (j *view) Release(upto event.Position) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.items) > 0 && !upto.Before(j.items[0].Next) {
		j.released = j.items[0].Next
		j.items, j.starts = j.items[1:], j.starts[1:]
		j.bytes -= 100
	}
}

// wrapped is a store whose calls go through functions that may fail.
type wrapped struct {
	store.Store
	apply    func(ctx context.Context, b *store.Batch) error
	position func(ctx context.Context) error
	find     func(id string) error
	durable  func() error
	variants func() error
}

func (w *wrapped) Apply(ctx context.Context, b *store.Batch) error {
	if w.apply != nil {
		return w.apply(ctx, b)
	}
	return w.Store.Apply(ctx, b)
}

func (w *wrapped) Position(ctx context.Context, replica string) (event.Position, error) {
	if w.position != nil {
		if err := w.position(ctx); err != nil {
			return event.Position{}, err
		}
	}
	return w.Store.Position(ctx, replica)
}

func (w *wrapped) Event(ctx context.Context, id string) (*event.Event, error) {
	if w.find != nil {
		if err := w.find(id); err != nil {
			return nil, err
		}
	}
	return w.Store.Event(ctx, id)
}

func (w *wrapped) Durable(ctx context.Context, replica string) (event.Position, error) {
	if w.durable != nil {
		if err := w.durable(); err != nil {
			return event.Position{}, err
		}
	}
	return w.Store.Durable(ctx, replica)
}

func (w *wrapped) VariantRows(ctx context.Context, experiment string) ([]store.VariantRow, error) {
	if w.variants != nil {
		if err := w.variants(); err != nil {
			return nil, err
		}
	}
	return w.Store.VariantRows(ctx, experiment)
}

var errInjected = errors.New("injected")

// running is a Writer at work.
type running struct {
	*Writer
	t      *testing.T
	cancel context.CancelFunc
	done   chan error
}

// start runs a Writer over a journal and a store. change adapts its Config.
func start(t *testing.T, j *view, st store.Store, change func(*Config)) *running {
	t.Helper()
	cfg := Config{
		Source: j, Backlog: j.behind, Open: Opened(st), Recorder: j.disk, Replica: "r1",
		Linger: -1, Batch: 16,
	}
	if change != nil {
		change(&cfg)
	}
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{Writer: w, t: t, cancel: cancel, done: make(chan error, 1)}
	go func() { r.done <- w.Run(ctx) }()
	return r
}

// settled waits until all that was recorded is in the store.
func (r *running) settled() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Hour) // of the bubble's clock
	defer cancel()
	if err := r.Settle(ctx); err != nil {
		r.t.Fatal(err)
	}
}

// stop ends the Writer and gives what Run returned.
func (r *running) stop() error {
	r.cancel()
	return <-r.done
}

// stopWell ends a Writer that has no reason to complain.
func (r *running) stopWell() {
	r.t.Helper()
	if err := r.stop(); err != nil {
		r.t.Fatalf("Run = %v", err)
	}
}

// noon is when the events of tests happen.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// exchange is a plain event, enrolled in an experiment.
func exchange(n int) *event.Event {
	return &event.Event{
		ID: idOf(n), Project: "default", Time: noon.Add(time.Duration(n) * time.Second), Route: "support",
		UnitKind: "user", Unit: fmt.Sprintf("%016x", n%7), Key: "app", Model: "m", Outcome: event.OK, Status: 200,
		Assignments: []event.Assignment{{Experiment: "x", Epoch: 1, Variant: []string{"a", "b"}[n%7%2], Enrolled: true, Reason: "chance"}},
		Attempts:    []event.Attempt{{Model: "m", Endpoint: "http://m", Status: 200, Result: "ok"}},
		UsageSource: meter.Reported, Cost: meter.Micro(n), CostBasis: meter.Priced, Total: time.Duration(n+1) * time.Millisecond,
	}
}

// began is the Begin of an exchange.
func began(e *event.Event) *event.Begin {
	return &event.Begin{
		ID: e.ID, Project: e.Project, Time: e.Time, Route: e.Route, Assignments: e.Assignments,
		UnitKind: e.UnitKind, Unit: e.Unit, Key: e.Key, Model: e.Model,
	}
}

// switched is a switch that a test turns while a Writer works.
func switched(on bool) *atomic.Bool {
	s := &atomic.Bool{}
	s.Store(on)
	return s
}

// must ends the test on an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// requests sums the ledger's requests, by why.
func requests(t *testing.T, st store.Store) map[string]int64 {
	t.Helper()
	sums := map[string]int64{}
	for _, row := range must[[]store.LedgerRow](t)(st.LedgerRows(t.Context(), store.LedgerQuery{})) {
		sums[row.Why] += row.Requests
	}
	return sums
}

// idOf is the id of an exchange, as Weir makes them.
func idOf(n int) string { return fmt.Sprintf("00000000-0000-7000-8000-%012d", n) }
