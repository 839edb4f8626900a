package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/event"
)

// left is a folder as a process leaves it that was killed: one segment, not
// closed. ends says where each record ends.
func left(t *testing.T, dir string, records []event.Record) (name string, ends []int64) {
	t.Helper()
	d := &folder{path: dir}
	lock, err := d.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	h := header{number: uint64(time.Now().UnixMilli()), salt: newSalt(), made: time.Now()}
	f, err := d.Create(segmentName(h.number), 256<<10, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := writeHeader(f, &h); err != nil {
		t.Fatal(err)
	}
	at := int64(firstFrame)
	for _, r := range records {
		b := appendFrame(nil, r)
		seal(b, h.seed())
		if _, err := f.WriteAt(b, at); err != nil {
			t.Fatal(err)
		}
		at += int64(len(b))
		ends = append(ends, at)
	}
	return filepath.Join(dir, segmentName(h.number)), ends
}

func events(n int) (rs []event.Record) {
	for i := range n {
		rs = append(rs, anEvent(i))
	}
	return rs
}

// A write may be cut at any byte: what lies before is kept, what follows goes on
// after it, and nothing of the torn record is seen.
func TestTornWriteAtEveryByte(t *testing.T) {
	records := events(3)
	for cut := int64(0); ; cut++ {
		dir := t.TempDir()
		name, ends := left(t, dir, records)
		if ends[1]+cut >= ends[2] {
			break
		}
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(make([]byte, ends[2]-ends[1]-cut), ends[1]+cut); err != nil {
			t.Fatal(err)
		}
		f.Close()
		j := open(t, Config{Dir: dir})
		j.Record(anEvent(9))
		if got := idsOf(rest(t, j, event.Position{})); !slices.Equal(got, []string{"event-000000", "event-000001", "event-000009"}) {
			t.Fatalf("cut %d bytes into the last record: got %v", cut, got)
		}
		if s := j.Stats(); s.Torn > cut || (s.Torn == 0) != (cut == 0) || s.Damaged != 0 {
			t.Fatalf("cut %d bytes into the last record: %+v", cut, s)
		}
		j.Close()
	}
}

// One damaged bit costs the record it lies in, and is told; a header has a copy.
func TestBitFlipInEachPage(t *testing.T) {
	records := events(400)
	dir := t.TempDir()
	name, ends := left(t, dir, records)
	sound, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(100); at < ends[len(ends)-1]; at += page {
		for _, bit := range []byte{0, 7} {
			broken := slices.Clone(sound)
			broken[at] ^= 1 << bit
			checkFlip(t, name, broken, ends, at)
		}
	}
}

func checkFlip(t *testing.T, name string, broken []byte, ends []int64, at int64) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), broken, 0o600); err != nil {
		t.Fatal(err)
	}
	j := open(t, Config{Dir: dir})
	defer j.Close()
	var want []string
	hit, from := uint64(0), int64(firstFrame)
	for i, end := range ends {
		if at >= from && at < end {
			hit++
		} else {
			want = append(want, anEvent(i).ID)
		}
		from = end
	}
	got := idsOf(rest(t, j, event.Position{}))
	if !slices.Equal(got, want) {
		t.Errorf("a bit flipped at byte %d: %d records came, %d should", at, len(got), len(want))
	}
	rest(t, j, event.Position{}) // what is read twice is counted once
	s := j.Stats()
	if s.Damaged != hit || (s.DamagedBytes > 0) != (hit > 0) || s.Torn != 0 {
		t.Errorf("a bit flipped at byte %d, which lies in %d records: %+v", at, hit, s)
	}
}

func TestWholePageOfZerosInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	name, ends := left(t, dir, events(400))
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	clear(b[5*page : 7*page])
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	j := open(t, Config{Dir: dir})
	got := idsOf(rest(t, j, event.Position{}))
	untouched := 0
	from := int64(firstFrame)
	for _, end := range ends {
		if end <= 5*page || from >= 7*page {
			untouched++
		}
		from = end
	}
	if len(got) != untouched || got[len(got)-1] != "event-000399" {
		t.Errorf("%d records came, %d are whole", len(got), untouched)
	}
	if s := j.Stats(); s.Damaged != 1 || s.DamagedBytes < 2*page {
		t.Errorf("%+v", s)
	}
}

func TestBothHeadersDamaged(t *testing.T) {
	dir := t.TempDir()
	j := open(t, Config{Dir: dir})
	first := j.Recovered()
	j.Record(anEvent(1))
	next := await(t, j, event.Position{}, 1)[0].Next
	j.Close()
	j = open(t, Config{Dir: dir})
	j.Record(anEvent(2))
	j.Close()
	f, err := os.OpenFile(filepath.Join(dir, segmentName(first.Segment)), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int64{30, secondCopy + 30} {
		if _, err := f.WriteAt([]byte{0xff}, at); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	j = open(t, Config{Dir: dir})
	for _, from := range []event.Position{{}, first, next} {
		if got := idsOf(rest(t, j, from)); !slices.Equal(got, []string{"event-000002"}) {
			t.Errorf("from %v: %v", from, got)
		}
	}
	if s := j.Stats(); s.Damaged != 1 || s.DamagedBytes != next.Offset-firstFrame {
		t.Errorf("%+v", s)
	}
}

func TestMissingSegmentIsToldAndPassed(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		j := open(t, Config{Dir: dir})
		j.Record(anEvent(i))
		j.Close()
	}
	names := segmentsIn(t, dir)
	if err := os.Remove(names[1]); err != nil {
		t.Fatal(err)
	}
	j := open(t, Config{Dir: dir})
	if got := idsOf(rest(t, j, event.Position{})); !slices.Equal(got, []string{"event-000000", "event-000002"}) {
		t.Errorf("got %v", got)
	}
	if s := j.Stats(); s.Missing != 1 {
		t.Errorf("%+v", s)
	}
}

// What an earlier file left on the disk, and a body that holds frames, are no
// records of this segment.
func TestOnlyItsOwnFramesAreRecords(t *testing.T) {
	dir := t.TempDir()
	old, ends := left(t, dir, events(50))
	stale, err := os.ReadFile(old)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(old)
	stale = stale[firstFrame:ends[49]]
	name, ends := left(t, dir, []event.Record{&event.Body{ID: "a", Request: stale}, anEvent(1)})
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt([]byte{0}, firstFrame+frameSize+5) // the body is damaged: a search goes through it
	f.WriteAt(stale, ends[1])
	f.Close()
	j := open(t, Config{Dir: dir})
	if got := idsOf(rest(t, j, event.Position{})); !slices.Equal(got, []string{"event-000001"}) {
		t.Errorf("got %v", got)
	}
}

// Both sums depend on the segment: the check of eight bits alone would let one in
// 256 pass.
func TestFrameOfAnotherSegment(t *testing.T) {
	b := appendFrame(nil, anEvent(1))
	seal(b, 1)
	if n, v := examine(b, 1); v != whole || n != len(b) {
		t.Fatalf("verdict %d, %d bytes", v, n)
	}
	if _, v := examine(b, 2); v != bad {
		t.Error("it passes with another seed")
	}
	b[3] = check(b, 2)
	if _, v := examine(b, 2); v != bad {
		t.Error("it passes with another seed, but for the check")
	}
}

// A record of a kind that a later version adds is left out, and told.
func TestUnknownKindIsPassed(t *testing.T) {
	dir := t.TempDir()
	left(t, dir, []event.Record{anEvent(0), later{}, anEvent(1)})
	j := open(t, Config{Dir: dir})
	if got := idsOf(rest(t, j, event.Position{})); !slices.Equal(got, []string{"event-000000", "event-000001"}) {
		t.Errorf("got %v", got)
	}
	if s := j.Stats(); s.Unknown != 1 || s.Damaged != 0 {
		t.Errorf("%+v", s)
	}
}

type later struct{}

func (later) Kind() event.Kind { return 99 }

// A place that the disk does not give back is tried several times, then passed.
func TestUnreadablePage(t *testing.T) {
	d := newRAM()
	j := open(t, Config{disk: d})
	for i := range 100 {
		j.Record(anEvent(i))
	}
	d.set(func() {
		d.read = func(_ string, off int64) error {
			if off < 4*page {
				return errors.New("input/output error")
			}
			return nil
		}
	})
	for try := range mostStuck - 1 {
		if _, err := j.Read(t.Context(), event.Position{}, 1); err == nil {
			t.Fatalf("try %d gave no error", try)
		}
	}
	var got []event.Item
	for try := 0; len(got) == 0; try++ {
		if try > 10*mostStuck {
			t.Fatal("it never got past the page")
		}
		got, _ = j.Read(t.Context(), event.Position{}, 1)
	}
	if s := j.Stats(); s.Damaged == 0 {
		t.Errorf("%+v", s)
	}
	if id := idOf(got[0].Record); id <= fmt.Sprintf("event-%06d", 20) || id > "event-000099" {
		t.Errorf("got %s", id)
	}
}
