//go:build proof

package test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/event/journal"
	"github.com/weirhq/weir/internal/record"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/sqlite"
)

// What is asked.
const (
	leastPerSecond = 5000
	slowestScreen  = 200 * time.Millisecond
)

// TestRecordSpeed carries events of 90 days, as many as EVENTS says, from a
// journal into SQLite with all their sums, and then asks of the store what
// screens ask. scripts/proof/record-speed.sh runs it.
func TestRecordSpeed(t *testing.T) {
	count := numberFrom(t, "EVENTS", 200_000)
	dense := min(numberFrom(t, "DENSE", 200_000), count)
	out := newFigures(t)
	dir := os.Getenv("PROOF_DIR") // ten million events do not fit everywhere
	if dir == "" {
		dir = t.TempDir()
	}
	c := startCarrier(t, dir)
	span := 90 * 24 * time.Hour
	g := newTraffic(time.Now().Add(-span))

	out.line("| phase | events | took, s | events/s | events/s of CPU time | journal bytes/event |")
	out.line("|---|--:|--:|--:|--:|--:|")
	g.mean = time.Second / leastPerSecond
	first := c.carry(t, g, dense, true)
	first.row(out, "5,000 a second, empty store")
	g.mean = (span - 2*time.Hour) / time.Duration(count)
	filling := c.fill(t, g, count)
	filling.row(out, "90 days, less at night; on all CPUs, while they are made")
	g.at = time.Now().Add(-time.Duration(dense) * time.Second / leastPerSecond)
	g.mean = time.Second / leastPerSecond
	last := c.carry(t, g, dense, true)
	last.row(out, "5,000 a second, full store")
	c.flush(t, g)
	for name, m := range map[string]measured{"empty": first, "full": last} {
		if m.rate() < leastPerSecond {
			t.Errorf("into the %s store: %.0f events/s, want %d", name, m.rate(), leastPerSecond)
		}
	}
	c.stop(t, out, g)
	askScreens(t, out, dir, g)
}

// carrier is a journal, a store and what carries records from one to the other.
type carrier struct {
	dir     string
	journal *journal.Journal
	gate    *gate
	writer  *record.Writer
	db      store.Store
	cancel  context.CancelFunc
	done    chan error
}

// startCarrier lays the folder out as Weir does.
func startCarrier(t *testing.T, dir string) *carrier {
	t.Helper()
	c := &carrier{dir: dir, done: make(chan error, 1)}
	var err error
	if err = os.MkdirAll(filepath.Join(dir, "journal"), 0o700); err == nil {
		c.journal, err = journal.Open(journal.Config{Dir: filepath.Join(dir, "journal", "0"), Replica: "0"})
	}
	if err != nil {
		t.Fatal(err)
	}
	if c.db, err = sqlite.Open(sqlite.Config{Path: filepath.Join(dir, "weir.db")}); err != nil {
		t.Fatal(err)
	}
	c.gate = &gate{Journal: c.journal, open: make(chan struct{})}
	c.writer, err = record.New(record.Config{Source: c.gate, Open: record.Opened(c.db), Recorder: c.journal, Replica: "0", Stop: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	go func() { c.done <- c.writer.Run(ctx) }()
	return c
}

// carry writes n events into the journal and measures their way into the store
// alone: a process that serves does both at once, on more than one CPU.
func (c *carrier) carry(t *testing.T, g *traffic, n int, steady bool) (m measured) {
	t.Helper()
	before := c.journal.Stats()
	for from := g.made; g.made < from+n; {
		c.journal.Record(g.next(steady))
	}
	m.events, m.bytes = n, c.journal.Stats().Backlog-before.Backlog
	return c.settle(t, m)
}

// fill does the same with both at once, since it takes long.
func (c *carrier) fill(t *testing.T, g *traffic, n int) measured {
	t.Helper()
	m := measured{events: n}
	began, cpu := time.Now(), cpuTime()
	c.gate.set(true)
	for from := g.made; g.made < from+n; {
		for range 10_000 {
			c.journal.Record(g.next(false))
		}
		for c.journal.Stats().Backlog > mostWaiting {
			time.Sleep(10 * time.Millisecond)
		}
	}
	if err := c.writer.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.gate.set(false)
	m.took, m.cpu = time.Since(began), cpuTime()-cpu
	return m
}

// mostWaiting is how many bytes of the journal may wait for the store while it is filled.
const mostWaiting = 512 << 20

// settle lets the writer at the journal, on one CPU, until it has applied all of it.
func (c *carrier) settle(t *testing.T, m measured) measured {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	began, cpu := time.Now(), cpuTime()
	c.gate.set(true)
	if err := c.writer.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.took, m.cpu = time.Since(began), cpuTime()-cpu
	c.gate.set(false)
	if s := c.journal.Stats(); s.Shed != [journal.Kinds]uint64{} || s.AtRisk > 0 && t.Failed() {
		t.Fatalf("the journal shed: %+v", s)
	}
	return m
}

// flush ends what is under way.
func (c *carrier) flush(t *testing.T, g *traffic) {
	t.Helper()
	for len(g.ending) > 0 {
		c.journal.Record(g.end())
	}
	c.settle(t, measured{})
}

// stop closes everything and says what the folder takes.
func (c *carrier) stop(t *testing.T, out *figures, g *traffic) {
	t.Helper()
	c.gate.set(true)
	c.cancel()
	if err := <-c.done; err != nil {
		t.Error(err)
	}
	info, err := c.db.Info(context.Background())
	if err != nil {
		t.Error(err)
	}
	if err := c.journal.Close(); err != nil {
		t.Error(err)
	}
	if err := c.db.Close(); err != nil {
		t.Error(err)
	}
	at, err := os.Stat(filepath.Join(c.dir, "weir.db"))
	if err != nil {
		t.Fatal(err)
	}
	out.line("\n%d events in the store; the database has %.0f MB: %.0f MB per million events. Rows: %v.\n", g.made, float64(at.Size())/1e6, float64(at.Size())/float64(g.made), info.Rows)
}

// gate is a journal that is read only while it is open.
type gate struct {
	*journal.Journal
	mu   sync.Mutex
	open chan struct{} // closed: open
	is   bool
}

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case open && !g.is:
		close(g.open)
	case !open && g.is:
		g.open = make(chan struct{})
	}
	g.is = open
}

// Read is the journal's, once the gate is open.
func (g *gate) Read(ctx context.Context, from event.Position, most int) ([]event.Item, error) {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	select {
	case <-open:
		return g.Journal.Read(ctx, from, most)
	default:
	}
	select {
	case <-open:
		return g.Journal.Read(ctx, from, most)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// measured is the way of some events into the store.
type measured struct {
	events    int
	took, cpu time.Duration
	bytes     int64
}

func (m *measured) add(o measured) {
	m.events += o.events
	m.took += o.took
	m.cpu += o.cpu
	m.bytes += o.bytes
}

func (m measured) rate() float64 { return float64(m.events) / m.took.Seconds() }

func (m measured) row(out *figures, phase string) {
	out.line("| %s | %d | %.1f | %.0f | %.0f | %d |", phase, m.events, m.took.Seconds(), m.rate(), float64(m.events)/m.cpu.Seconds(), m.bytes/int64(max(m.events, 1)))
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it has no case that fails
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
