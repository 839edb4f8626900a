package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
)

func TestEveryKindComesBackInOrder(t *testing.T) {
	j := open(t, Config{})
	want := []event.Record{
		&event.Begin{ID: "a", Route: "support"}, anEvent(1), &event.Body{ID: "a", Request: []byte(`{"a":1}`), Response: []byte{0xF9, 0x57, 0}},
		&event.Score{ID: "s", Event: "a", Name: "thumbs", Value: -1_000_000}, &event.Decision{ID: "d", Action: "rollback", Report: []byte(`{}`)},
		&event.Entry{ID: "c", Why: "correction", Cost: -5},
	}
	for _, r := range want {
		j.Record(r)
	}
	for i, item := range await(t, j, event.Position{}, len(want)) {
		if !reflect.DeepEqual(item.Record, want[i]) {
			t.Errorf("record %d: got %+v, want %+v", i, item.Record, want[i])
		}
	}
	s := j.Stats()
	if s.Written != 6 || s.AtRisk != 0 || s.Recorded[event.KindScore] != 1 || s.Backlog == 0 || s.Segments != 1 {
		t.Errorf("stats: %+v", s)
	}
}

// Nobody waits for a begin: it must come through of its own accord.
func TestBeginIsWrittenWithoutAnEvent(t *testing.T) {
	j := open(t, Config{})
	j.Record(&event.Begin{ID: "alone"})
	if got := idsOf(await(t, j, event.Position{}, 1)); got[0] != "alone" {
		t.Errorf("got %v", got)
	}
}

func TestReadWaitsAndGivesUp(t *testing.T) {
	j := open(t, Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if items, err := j.Read(ctx, event.Position{}, 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, %v", items, err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		if got := await(t, j, event.Position{}, 1); idOf(got[0].Record) != "event-000007" {
			t.Errorf("got %v", idsOf(got))
		}
	})
	time.Sleep(20 * time.Millisecond)
	j.Record(anEvent(7))
	wait.Wait()
}

func TestWhatWasWrittenIsThereAfterReopening(t *testing.T) {
	dir := t.TempDir()
	var want []string
	var last event.Position
	for run := range 5 {
		j := open(t, Config{Dir: dir})
		if !last.Before(j.Recovered()) {
			t.Errorf("run %d: what is recovered ends at %v, not behind %v", run, j.Recovered(), last)
		}
		for i := range 20 {
			e := anEvent(run*100 + i)
			want = append(want, e.ID)
			j.Record(e)
		}
		items := await(t, j, event.Position{}, len(want))
		if got := idsOf(items); !slices.Equal(got, want) {
			t.Fatalf("run %d: got %v", run, got)
		}
		for _, item := range items {
			if early := item.Next.Before(j.Recovered()); early != (idOf(item.Record) < fmt.Sprintf("event-%06d", run*100)) {
				t.Errorf("run %d: %s ends at %v, recovered is %v", run, idOf(item.Record), item.Next, j.Recovered())
			}
		}
		last = items[len(items)-1].Next
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSegmentsFollowOneAnotherAndAreReleased(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Config{Dir: dir, Segment: leastSegment, Limit: 64 << 20, SyncEvery: time.Millisecond})
	const n = 2000
	for i := range n {
		j.Record(anEvent(i))
	}
	items := await(t, j, event.Position{}, n)
	for i, item := range items {
		if idOf(item.Record) != fmt.Sprintf("event-%06d", i) {
			t.Fatalf("record %d is %s", i, idOf(item.Record))
		}
	}
	if s := j.Stats(); s.Segments < 5 {
		t.Fatalf("only %d segments", s.Segments)
	}
	middle := items[n/2-1].Next
	before := j.Stats().Backlog
	eventually(t, "closing of full segments", func() bool {
		j.Release(middle)
		return j.oldest() == middle.Segment
	})
	if after := j.Stats().Backlog; after >= before || after == 0 {
		t.Errorf("backlog was %d, is %d", before, after)
	}
	if got := await(t, j, middle, n/2); idOf(got[0].Record) != fmt.Sprintf("event-%06d", n/2) {
		t.Errorf("behind what was released comes %s", idOf(got[0].Record))
	}
	j.Release(items[n-1].Next)
	if s := j.Stats(); s.Backlog != 0 {
		t.Errorf("all is released, the backlog is %d", s.Backlog)
	}
	eventually(t, "removal of segments", func() bool { return len(segmentsIn(t, dir)) == 1 })
	if _, err := j.Read(t.Context(), items[0].Next, 1); !errors.Is(err, ErrPosition) || !strings.Contains(err.Error(), "released") {
		t.Errorf("reading what was released: %v", err)
	}
}

func (j *Journal) oldest() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.segments[0].number
}

func segmentsIn(t *testing.T, dir string) []string {
	names, err := filepath.Glob(filepath.Join(dir, "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A store keeps the last position it was given. It must be good after any restart,
// with the segment it names gone or empty.
func TestPositionsOutliveTheirSegments(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Config{Dir: dir})
	start := j.Recovered()
	reopen := func() {
		t.Helper()
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		j = open(t, Config{Dir: dir})
	}
	for range 3 { // nothing was ever written
		reopen()
	}
	j.Record(anEvent(1))
	if got := await(t, j, start, 1); idOf(got[0].Record) != "event-000001" {
		t.Errorf("from the first start: %v", idsOf(got))
	}
	at := await(t, j, event.Position{}, 1)[0].Next
	reopen()
	j.Release(at)
	empty := j.Recovered()
	reopen()
	j.Release(at)
	reopen()
	j.Record(anEvent(2))
	for name, from := range map[string]event.Position{"the end of a released segment": at, "an empty segment": empty, "now": j.Recovered()} {
		if got := await(t, j, from, 1); idOf(got[0].Record) != "event-000002" {
			t.Errorf("from %s: %v", name, idsOf(got))
		}
	}
}

func TestPositionsThatNeverWere(t *testing.T) {
	j := open(t, Config{})
	j.Record(anEvent(1))
	next := await(t, j, event.Position{}, 1)[0].Next
	for name, p := range map[string]event.Position{
		"long before": {Segment: 3, Offset: firstFrame}, "far ahead": {Segment: next.Segment + 9, Offset: firstFrame},
		"behind the end": {Segment: next.Segment, Offset: next.Offset + 1}, "within the header": {Segment: next.Segment, Offset: 5},
		"of a segment to come": {Segment: next.Segment + 1, Offset: firstFrame + 1},
	} {
		if _, err := j.Read(t.Context(), p, 1); !errors.Is(err, ErrPosition) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A store's position may be gone: the folder was emptied, a segment was removed, an
// old copy was put back. Nothing that was applied is read again.
func TestNearestPlaceToOneThatIsGone(t *testing.T) {
	dir := t.TempDir()
	var ends []event.Position
	for i := range 4 {
		j := open(t, Config{Dir: dir})
		j.Record(anEvent(i))
		ends = append(ends, await(t, j, j.Recovered(), 1)[0].Next)
		j.Close()
	}
	if err := os.Remove(filepath.Join(dir, segmentName(ends[1].Segment))); err != nil {
		t.Fatal(err)
	}
	j := open(t, Config{Dir: dir})
	j.Record(anEvent(9))
	for name, c := range map[string]struct {
		from event.Position
		want string
	}{
		"all is there":               {ends[0], "[event-000002 event-000003 event-000009]"},
		"its segment is gone":        {event.Position{Segment: ends[1].Segment, Offset: firstFrame}, "[event-000002 event-000003 event-000009]"},
		"the end of a lost segment":  {ends[1], "[event-000002 event-000003 event-000009]"},
		"from an emptied folder":     {event.Position{Segment: 7, Offset: firstFrame}, "[event-000000 event-000002 event-000003 event-000009]"},
		"from a folder further on":   {event.Position{Segment: ends[3].Segment + 1e6, Offset: firstFrame}, "[event-000009]"},
		"never read before":          {event.Position{}, "[event-000000 event-000002 event-000003 event-000009]"},
		"behind the end of this one": {event.Position{Segment: j.Recovered().Segment, Offset: 1 << 40}, "[event-000009]"},
	} {
		if got := fmt.Sprint(idsOf(rest(t, j, j.Nearest(c.from)))); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestFolderIsOneProcessesOwn(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Config{Dir: dir})
	_, err := Open(Config{Dir: dir})
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second one: %v", err)
	}
	j.Record(anEvent(1))
	if got := await(t, j, event.Position{}, 1); len(got) != 1 {
		t.Error("the first one was disturbed")
	}
	j.Close()
	open(t, Config{Dir: dir})
}

func TestAnotherReplicasFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Config{Dir: dir, Replica: "a"})
	j.Record(anEvent(1))
	j.Close()
	if _, err := Open(Config{Dir: dir, Replica: "b"}); err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("got %v", err)
	}
	open(t, Config{Dir: dir, Replica: "a"})
}

func TestNewerFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Config{Dir: dir})
	j.Record(anEvent(1))
	j.Close()
	name := segmentsIn(t, dir)[0]
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, secondCopy} {
		setMajor(b[at:at+headerSize], 2)
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Open(Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "2.0") || !strings.Contains(err.Error(), filepath.Base(name)) {
		t.Errorf("got %v", err)
	}
	if after, err := os.ReadFile(name); err != nil || len(after) != len(b) {
		t.Errorf("the newer segment was touched: %d bytes, %v", len(after), err)
	}
}

func TestCloseGivesEverythingBack(t *testing.T) {
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	dir := t.TempDir()
	j, err := Open(Config{Dir: dir, Segment: leastSegment})
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for w := range 8 {
		wait.Go(func() {
			for i := range 300 {
				j.Record(anEvent(w*1000 + i))
			}
		})
	}
	waiting := make(chan error, 1)
	wait.Wait()
	items := await(t, j, event.Position{}, 2400)
	go func() {
		_, err := j.Read(context.Background(), items[2399].Next, 1)
		waiting <- err
	}()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if err := <-waiting; !errors.Is(err, ErrClosed) {
		t.Errorf("who was reading got %v", err)
	}
	if err := j.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	j.Record(anEvent(1))
	if err := j.Sync(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Sync: %v", err)
	}
	if _, err := j.Read(t.Context(), event.Position{}, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("Read: %v", err)
	}
	if s := j.Stats(); s.AfterClose != 1 {
		t.Errorf("stats: %+v", s)
	}
	eventually(t, "goroutines and files", func() bool { return runtime.NumGoroutine() <= goroutines && openFiles(t) <= files })
	if _, err := os.Stat(filepath.Join(dir, spareName)); err == nil {
		t.Error("the spare was left")
	}
}

func openFiles(t *testing.T) int {
	for _, dir := range []string{"/proc/self/fd", "/dev/fd"} {
		if entries, err := os.ReadDir(dir); err == nil {
			return len(entries)
		}
	}
	return 0 // Windows: nothing to count
}

// Every record is read once, in the order in which each caller recorded, whatever
// is released meanwhile.
func TestReadersFollowWriters(t *testing.T) {
	const writers, each = 8, 1500
	j := open(t, Config{Segment: leastSegment, SyncEvery: time.Millisecond})
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := range each {
				e := anEvent(i)
				e.Key = fmt.Sprint(w)
				j.Record(&event.Begin{ID: e.ID, Key: e.Key})
				j.Record(e)
			}
		})
	}
	next := map[string]int{}
	var from event.Position
	for seen := 0; seen < writers*each*2; {
		items, err := j.Read(t.Context(), from, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			if e, ok := item.Record.(*event.Event); ok {
				if e.ID != anEvent(next[e.Key]).ID {
					t.Fatalf("of %s came %s, not event %d", e.Key, e.ID, next[e.Key])
				}
				next[e.Key]++
			}
			if !from.Before(item.Next) {
				t.Fatalf("after %v comes %v", from, item.Next)
			}
			from = item.Next
		}
		seen += len(items)
		j.Release(from)
	}
	wait.Wait()
	if s := j.Stats(); s.AtRisk > 0 && s.Written != writers*each*2 {
		t.Errorf("stats: %+v", s)
	}
}
