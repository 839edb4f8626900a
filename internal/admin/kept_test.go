package admin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/definition"
	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/experiment"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/stats"
	"github.com/weirhq/weir/internal/store"
)

// kept is a fixture with a store, definitions that are kept, and a memory of what
// was recorded.
type kept struct {
	*fixture
	*keptStore
	bounded     *store.Bounded
	definitions *definitions
	recorded    *recorder
	now         time.Time
}

// noon is when tests with a store take place.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func startKept(t *testing.T, change func(*Config)) *kept {
	t.Helper()
	k := &kept{keptStore: &keptStore{Memory: store.NewMemory(), t: t}, definitions: newDefinitions(t), recorded: &recorder{}, now: noon}
	k.bounded = store.Bound(k.keptStore, 4) // as the binary has it
	k.fixture = start(t, func(c *Config) {
		c.Now = func() time.Time { return k.now }
		c.Store = func() (Store, error) {
			if err := k.why(); err != nil {
				return nil, err
			}
			return k.bounded, nil
		}
		c.Record = func() RecordStatus { return k.status() }
		c.Definitions, c.Recorder = k.definitions, k.recorded
		c.HashUnit = func(kind, id string) string { return "hash-of-" + kind + "-" + id }
		if change != nil {
			change(c)
		}
	})
	return k
}

// keptStore is the twin in memory, which can be away and can fail.
type keptStore struct {
	*store.Memory
	t  *testing.T
	at event.Position

	mu     sync.Mutex
	away   error
	fails  error // of every read
	hangs  bool
	deaf   chan struct{} // reads end when it is closed, whatever their context says; nil: they heed it
	health RecordStatus
	finds  int // pages of events that were asked for
	backup func(io.Writer) error
	check  error
}

func (s *keptStore) why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.away
}

func (s *keptStore) status() RecordStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.health.State == "" {
		return RecordStatus{State: "ok", AsOf: noon.Add(-time.Second)}
	}
	return s.health
}

// set changes what the store does from now on.
func (s *keptStore) set(change func(*keptStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *keptStore) reading(ctx context.Context) error {
	s.mu.Lock()
	fails, hangs, deaf := s.fails, s.hangs, s.deaf
	s.mu.Unlock()
	if deaf != nil {
		<-deaf
		return nil
	}
	if hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return fails
}

func (s *keptStore) FindEvents(ctx context.Context, q store.EventQuery) ([]*event.Event, string, error) {
	s.set(func(s *keptStore) { s.finds++ })
	if err := s.reading(ctx); err != nil {
		return nil, "", err
	}
	return s.Memory.FindEvents(ctx, q)
}

func (s *keptStore) Event(ctx context.Context, id string) (*event.Event, error) {
	if err := s.reading(ctx); err != nil {
		return nil, err
	}
	return s.Memory.Event(ctx, id)
}

func (s *keptStore) LedgerRows(ctx context.Context, q store.LedgerQuery) ([]store.LedgerRow, error) {
	if err := s.reading(ctx); err != nil {
		return nil, err
	}
	return s.Memory.LedgerRows(ctx, q)
}

func (s *keptStore) Check(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.check
}

func (s *keptStore) Backup(_ context.Context, w io.Writer) error {
	s.mu.Lock()
	write := s.backup
	s.mu.Unlock()
	if write == nil {
		_, err := io.Copy(w, bytes.NewReader(make([]byte, 1<<20)))
		return err
	}
	return write(w)
}

// apply puts a batch into the store.
func (s *keptStore) apply(b *store.Batch) {
	s.t.Helper()
	b.Replica, b.From, b.To = "r", s.at, event.Position{Segment: 1, Offset: s.at.Offset + 1}
	if err := s.Apply(s.t.Context(), b); err != nil {
		s.t.Fatal(err)
	}
	s.at = b.To
}

// eventAt makes an event of the n-th second before noon; its id is of that time.
func eventAt(n int) *event.Event {
	at := noon.Add(-time.Duration(n) * time.Second)
	return &event.Event{ID: idAt(at, n), Project: "default", Time: at, Route: []string{"support", "plain"}[n%2], Key: "app", Model: "big", Outcome: event.OK,
		Status: 200, Total: time.Second, Unit: fmt.Sprintf("%016x", n), UnitKind: "user", Tags: []string{"team=" + []string{"a", "b", "c"}[n%3]},
		Assignments: []event.Assignment{{Variant: []string{"a", "b"}[n%2], Reason: "outside"}}, BodyID: fmt.Sprint("body-", n), ClientID: fmt.Sprint("client-", n)}
}

// idAt is a UUIDv7 of a time. n tells apart those of one millisecond.
func idAt(at time.Time, n int) string {
	ms := at.UnixMilli()
	return fmt.Sprintf("%08x-%04x-7%03x-8%03x-%012x", ms>>16, ms&0xffff, n&0xfff, 0, n)
}

// sketch encodes some seconds.
func sketch(t *testing.T, seconds ...float64) []byte {
	t.Helper()
	s := stats.NewSketch()
	for _, v := range seconds {
		s.Add(v)
	}
	b, err := s.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fill puts two days of money and traffic into the store.
func (s *keptStore) fill() {
	s.t.Helper()
	b := &store.Batch{}
	for h := range 48 {
		hour := noon.Add(-time.Duration(h) * time.Hour)
		for v, variant := range []string{"a", "b"} {
			sums := store.LedgerSums{Requests: int64(10 + h + v), Input: 100, Output: 50, Cost: meter.Micro(1000 * (h + 1))}
			b.Ledger = append(b.Ledger, store.LedgerRow{Hour: hour, Project: "default", Route: "support", Variant: variant, Model: []string{"big", "small"}[v],
				Key: "app", Tags: "team=a", Why: "request", LedgerSums: sums})
			b.Rollups = append(b.Rollups, store.Rollup{Minute: hour, Project: "default", Route: "support", Variant: variant, Model: []string{"big", "small"}[v],
				Outcomes: map[string]int64{"ok": sums.Requests}, LedgerSums: sums, Duration: sketch(s.t, 0.5, 1, 2)})
			b.Traffic = append(b.Traffic,
				store.TrafficRow{Hour: hour, Project: "default", Route: "support", Variant: variant, Assigned: sums.Requests},
				store.TrafficRow{Hour: hour, Project: "default", Route: "support", Variant: variant, Model: []string{"big", "small"}[v], Endpoint: "http://one:8000/v1", Sent: 5, Answered: 4})
		}
	}
	s.apply(b)
}

// recorder keeps what was recorded.
type recorder struct {
	mu   sync.Mutex
	list []event.Record
}

func (r *recorder) Record(rec event.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, rec)
}

func (r *recorder) decisions() (list []*event.Decision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.list {
		if d, ok := rec.(*event.Decision); ok {
			list = append(list, d)
		}
	}
	return list
}

// definitions keeps documents of a real parser in a store in memory.
type definitions struct {
	*store.Memory
	t      *testing.T
	owner  string
	source string

	mu      sync.Mutex
	err     error           // of every call
	spoils  error           // of every check
	sets    *experiment.Set // what At gives; nil: of the revision
	between func()          // runs within Apply, before it looks
}

var _ Definitions = (*definitions)(nil)

// simplest is a document; %s is the weight of its candidate.
const simplest = "models:\n  m: {vendor: simulated}\n  n: {vendor: simulated}\nroutes:\n  r: {baseline: m}\nexperiments:\n  e: {route: r, candidate: n, share: %s}\n"

func document1() []store.File {
	return []store.File{{Name: "weir.yaml", Text: fmt.Sprintf(simplest, "10%")}}
}
func document2() []store.File {
	return []store.File{{Name: "weir.yaml", Text: fmt.Sprintf(simplest, "20%")}}
}

func newDefinitions(t *testing.T) *definitions {
	d := &definitions{Memory: store.NewMemory(), t: t, owner: "store"}
	if _, err := d.AddRevision(t.Context(), store.Revision{Hash: d.compile(document1()).Revision, Time: noon.Add(-time.Hour), Author: "ada", Note: "the first", Owner: "store", Files: document1()}, -1); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *definitions) compile(files []store.File) *definition.Compiled {
	d.t.Helper()
	c, problems := compileFiles(files)
	if c == nil {
		d.t.Fatal(problems)
	}
	return c
}

func compileFiles(files []store.File) (*definition.Compiled, definition.Problems) {
	texts := make([]definition.File, len(files))
	for i, f := range files {
		texts[i] = definition.File{Name: f.Name, Text: []byte(f.Text)}
	}
	doc, problems := definition.Parse(texts)
	if doc == nil {
		return nil, problems
	}
	return doc.Compile(definition.Options{})
}

func (d *definitions) Current(ctx context.Context) (InForce, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return InForce{}, d.err
	}
	r, err := d.Memory.Revision(ctx, 0)
	return InForce{Owner: d.owner, Source: d.source, Revision: r}, err
}

func (d *definitions) Check(_ context.Context, files []store.File) (Checked, error) {
	c, problems := compileFiles(files)
	if c == nil {
		return Checked{Problems: problems}, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return Checked{Hash: c.Revision, Problems: problems, Err: d.spoils}, nil
}

func (d *definitions) Apply(ctx context.Context, e Edit) (Applied, error) {
	d.mu.Lock()
	between := d.between
	d.mu.Unlock()
	if between != nil {
		between()
	}
	checked, err := d.Check(ctx, e.Files)
	if err != nil || checked.Refused() {
		return Applied{Checked: checked}, err
	}
	last, err := d.Memory.Revision(ctx, 0)
	if err == nil && last.Hash == checked.Hash {
		return Applied{Checked: checked, Revision: last}, nil
	}
	r, err := d.AddRevision(ctx, store.Revision{Hash: checked.Hash, Time: noon, Author: e.By, Note: e.Note, Owner: "store", Restore: e.Restore, Files: e.Files}, e.Expect)
	if errors.Is(err, store.ErrConflict) {
		last, _ = d.Memory.Revision(ctx, 0)
		return Applied{}, &Conflict{e.Expect, last}
	}
	return Applied{Checked: checked, Revision: r, Changed: err == nil}, err
}

func (d *definitions) Revisions(ctx context.Context, before, limit int) ([]store.Revision, error) {
	return d.ListRevisions(ctx, before, limit)
}

func (d *definitions) At(ctx context.Context, at time.Time) (*experiment.Set, store.Revision, error) {
	r, err := d.RevisionAt(ctx, at)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil || d.sets != nil {
		return d.sets, r, err
	}
	return d.compile(r.Files).Set, r, nil
}

// explains makes At give a set that is not of the revision's files.
func (d *definitions) explains(set *experiment.Set) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sets = set
}
