package record

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/event/journal"
	"github.com/weirhq/weir/internal/meter"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/sqlite"
)

// childFolder names the folder of a child process, in its environment.
const childFolder = "WEIR_RECORD_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// opened is the real journal, the real store and a Writer between them.
type opened struct {
	journal *journal.Journal
	store   *sqlite.DB
	writer  *Writer
	cancel  context.CancelFunc
	done    chan error
}

func open(dir string, change func(*Config)) (*opened, error) {
	// A record that is let go before it was written may be lost with a kill: the test
	// wants to know what must be there, so it waits.
	j, err := journal.Open(journal.Config{Dir: filepath.Join(dir, "journal"), Replica: "r1", Wait: time.Minute})
	if err != nil {
		return nil, err
	}
	db, err := sqlite.Open(sqlite.Config{Path: filepath.Join(dir, "weir.db")})
	if err != nil {
		return nil, err
	}
	cfg := Config{
		Source: j, Backlog: j.Behind, Open: Opened(db), Recorder: j, Replica: "r1",
		Linger: 5 * time.Millisecond, Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if change != nil {
		change(&cfg)
	}
	w, err := New(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	o := &opened{journal: j, store: db, writer: w, cancel: cancel, done: make(chan error, 1)}
	go func() { o.done <- w.Run(ctx) }()
	return o, nil
}

func (o *opened) close(t testing.TB) {
	t.Helper()
	o.cancel()
	for what, err := range map[string]error{"writer": <-o.done, "journal": o.journal.Close(), "store": o.store.Close()} {
		if err != nil {
			t.Errorf("closing the %s: %v", what, err)
		}
	}
}

// child serves exchanges until it is killed. It says `done` of one when a client
// would have read the end of its answer.
func child(dir string) error {
	o, err := open(dir, nil)
	if err != nil {
		return err
	}
	life := os.Getpid()
	for lane := range 4 {
		go func() {
			r := rand.New(rand.NewPCG(uint64(life), uint64(lane)))
			for n := 0; ; n++ {
				e := exchange(r.IntN(5000))
				e.ID, e.Cost = fmt.Sprintf("%d-%d-%d", life, lane, n), meter.Micro(r.IntN(1000))
				fmt.Printf("begin %s\n", e.ID)
				o.journal.Record(began(e))
				time.Sleep(time.Duration(r.IntN(3000)) * time.Microsecond)
				o.journal.Record(e)
				fmt.Printf("done %s %d\n", e.ID, e.Cost)
			}
		}()
	}
	return <-o.done
}

// said is what children said, in all their lives.
type said struct {
	begun map[string]bool
	done  map[string]meter.Micro
}

// kill runs a child for a time and kills it.
func (s *said) kill(t *testing.T, dir string, after time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFolder+"="+dir)
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatalf("%v: the child had ended: %s", err, trouble.String())
	}
	_ = cmd.Wait() // it says that it was killed
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		var cost meter.Micro
		switch id, number, whole := strings.Cut(rest, " "); {
		case word == "begin":
			s.begun[id] = true
		case word == "done" && whole:
			if _, err := fmt.Sscan(number, &cost); err == nil {
				s.done[id] = cost
			}
		}
	}
}

// The real journal and SQLite, and a process that is killed again and again: what
// a client has seen the end of is there once, with its money; what was under way
// is interrupted.
func TestKilledWithTheRealJournalAndStore(t *testing.T) {
	kills := 10
	if testing.Short() {
		kills = 3
	}
	dir, s := t.TempDir(), &said{begun: map[string]bool{}, done: map[string]meter.Micro{}}
	for range kills {
		s.kill(t, dir, 200*time.Millisecond+rand.N(600*time.Millisecond))
	}
	o, err := open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time for what recovery recorded
		if err := o.writer.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.check(t, o.store)
	o.close(t)
	t.Logf("%d exchanges, %d of them with an end that was seen, in %d lives", len(s.begun), len(s.done), kills)
}

func (s *said) check(t *testing.T, st store.Store) {
	t.Helper()
	if len(s.done) == 0 {
		t.Fatal("the children did nothing")
	}
	events, cost, byOutcome := int64(0), meter.Micro(0), map[event.Outcome]int64{}
	for id := range s.begun {
		e, err := st.Event(t.Context(), id)
		paid, done := s.done[id]
		switch {
		case done && (err != nil || e.Outcome != event.OK || e.Cost != paid):
			t.Errorf("%s was done for %d: %+v, %v", id, paid, e, err)
		case err == nil:
			events++
			cost += e.Cost
			byOutcome[e.Outcome]++
		}
	}
	if byOutcome[event.Interrupted] == 0 {
		t.Error("nothing was interrupted by killing")
	}
	var ledger store.LedgerSums
	for _, row := range must[[]store.LedgerRow](t)(st.LedgerRows(t.Context(), store.LedgerQuery{})) {
		ledger.Add(row.LedgerSums)
	}
	if ledger.Requests != events || ledger.Cost != cost {
		t.Errorf("the ledger has %d requests for %d, the events are %d for %d", ledger.Requests, ledger.Cost, events, cost)
	}
	rolled := map[string]int64{}
	for _, row := range must[[]store.Rollup](t)(st.RollupRows(t.Context(), store.RollupQuery{})) {
		for word, n := range row.Outcomes {
			rolled[word] += n
		}
	}
	if rolled["ok"] != byOutcome[event.OK] || rolled["interrupted"] != byOutcome[event.Interrupted] {
		t.Errorf("roll-ups: %v, events: %v", rolled, byOutcome)
	}
	for _, row := range must[[]store.VariantRow](t)(st.VariantRows(t.Context(), "x")) {
		if row.Metric == "error" {
			events -= row.Y.Big().Int64()
		}
	}
	if events != 0 {
		t.Errorf("variant rows count %d requests fewer than there are events", events)
	}
	if wrong := must[[]store.Difference](t)(st.Rebuild(t.Context())); len(wrong) > 0 {
		t.Errorf("variant rows were not what unit rows say: %+v", wrong)
	}
	if left := must[[]*event.Begin](t)(st.Open(t.Context(), "r1")); len(left) > 0 {
		t.Errorf("%d exchanges are open", len(left))
	}
}

// Recovery rests on this: only a journal that looks before it heeds its context
// can say that there is nothing.
func TestTheJournalLooksBeforeItHeedsItsContext(t *testing.T) {
	j := must[*journal.Journal](t)(journal.Open(journal.Config{Dir: t.TempDir(), Replica: "r1", Wait: time.Minute}))
	defer j.Close()
	if items, err := j.Read(over, event.Position{}, 10); len(items) != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("of nothing: %d items, %v", len(items), err)
	}
	j.Record(exchange(0))
	if items, err := j.Read(over, event.Position{}, 10); len(items) != 1 || err != nil {
		t.Errorf("of one: %d items, %v", len(items), err)
	}
}

// BenchmarkJournalToSQLite is the whole way, on one core: the goal is 5,000 events
// a second, 200 µs each.
func BenchmarkJournalToSQLite(b *testing.B) { journalToSQLite(b, func(int, *event.Event) {}) }

// BenchmarkConversations is the same where each unit talks on: every exchange but
// its first gives the one before it a score.
func BenchmarkConversations(b *testing.B) {
	journalToSQLite(b, func(n int, e *event.Event) {
		e.Conversation, e.Time = e.Unit, noon.Add(time.Duration(n)*50*time.Microsecond)
		e.Total = time.Millisecond
	})
}

func journalToSQLite(b *testing.B, change func(n int, e *event.Event)) {
	b.Helper()
	dir := b.TempDir()
	o, err := open(dir, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for n := range b.N { // not b.Loop, whose clock stops before the last are in the store
		e := exchange(n)
		e.ID = event.NewID(noon)
		e.Time = noon.Add(time.Duration(n) * time.Millisecond)
		e.Unit = fmt.Sprintf("%016x", uint64(n%50_000)*0x9e3779b97f4a7c15)
		e.FirstToken, e.PerToken = time.Duration(n%1000)*time.Millisecond, 20*time.Millisecond
		change(n, e)
		o.journal.Record(e)
	}
	if err := o.writer.Settle(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	o.close(b)
}
