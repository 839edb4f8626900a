package journal

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
)

// money adds up what entries and events say.
type money struct {
	cost             meter.Micro
	requests, output int64
	events, entries  int
	gathered         int // entries that stand for several requests
	other            []string
}

func moneyIn(items []event.Item) (m money) {
	for _, i := range items {
		switch r := i.Record.(type) {
		case *event.Event:
			m.events++
			m.add(r.Entry())
		case *event.Entry:
			if r.Why == event.WhyEnded {
				continue
			}
			m.entries++
			if r.Requests > 1 {
				m.gathered++
			}
			m.add(r)
		default:
			m.other = append(m.other, idOf(r))
		}
	}
	return m
}

func (m *money) add(n *event.Entry) {
	m.cost += n.Cost
	m.requests += n.Requests
	m.output += n.Usage.Output
}

// A disk fills up, the reserve fills up, room comes back: no money is lost, and
// what is shed is counted.
func TestDiskFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAM()
		d.room = 4 * leastSegment
		j := open(t, Config{disk: d, Segment: leastSegment, Reserve: leastSegment})
		n, output := 0, int64(0)
		record := func(times int) {
			for range times {
				n++
				output += int64(n)
				j.Record(&event.Begin{ID: fmt.Sprint("begin of ", n)})
				j.Record(anEvent(n))
			}
		}
		record(400) // two segments and the spare hold them
		if s := j.Stats(); s.Short || s.AtRisk > 0 {
			t.Fatalf("too early: %+v", s)
		}
		for !j.Stats().Short {
			record(1)
		}
		s := j.Stats()
		if s.Reserve || s.InMemory > 0 || s.Level != allEventsGo {
			t.Errorf("the disk is full, the reserve should take money: %+v", s)
		}
		record(50)
		j.Record(&event.Decision{ID: "abort"})
		if err := j.Sync(t.Context()); err != nil {
			t.Errorf("a decision in the reserve is as durable as any: %v", err)
		}
		if s := j.Stats(); s.InMemory > 0 || s.AtRisk > 0 {
			t.Errorf("the reserve should have room: %+v", s)
		}
		for j.Stats().InMemory == 0 {
			record(1)
		}
		record(500)
		j.Record(&event.Decision{ID: "late abort", Report: make([]byte, 500)}) // too long for what is left
		err := j.Sync(t.Context())
		if !errors.Is(err, ErrInMemory) || !strings.Contains(err.Error(), "requests") {
			t.Errorf("Sync says %v", err)
		}
		if s := j.Stats(); s.InMemory < 500 || s.Held != 1 || s.Level != full || s.AtRisk == 0 {
			t.Errorf("nothing is left but memory: %+v", s)
		}
		d.set(func() { d.room = 0 })
		time.Sleep(2 * time.Second)
		if s := j.Stats(); s.Short || s.InMemory != 0 || s.Held != 0 || s.Level > 10 {
			t.Errorf("there is room again: %+v", s)
		}
		record(10)
		if err := j.Sync(t.Context()); err != nil {
			t.Errorf("Sync: %v", err)
		}
		m := moneyIn(rest(t, j, event.Position{}))
		if m.requests != int64(n) || m.cost != meter.Micro(100*n) || m.output != output {
			t.Errorf("%d requests were recorded, %d came back, with %d of %d micro-dollars, %d of %d tokens", n, m.requests, m.cost, 100*n, m.output, output)
		}
		if m.gathered == 0 || m.entries == m.gathered || m.events < 400 {
			t.Errorf("%+v", m)
		}
		s = j.Stats()
		if lost := uint64(n) - uint64(m.events); s.Shed[event.KindEvent] != lost {
			t.Errorf("%d events were shed, %d are missing", s.Shed[event.KindEvent], lost)
		}
		begins := len(m.other) - 2
		if s.Shed[event.KindBegin] != uint64(n-begins) || m.other[len(m.other)-11] != "late abort" {
			t.Errorf("of %d begins %d came and %d were shed; the last records are %v", n, begins, s.Shed[event.KindBegin], m.other[len(m.other)-12:])
		}
		time.Sleep(2 * time.Second)
		if s := j.Stats(); !s.Reserve {
			t.Error("there is no reserve for the next time")
		}
	})
}

// A process may be started while the disk is full.
func TestOpenOnFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAM()
		j := open(t, Config{disk: d})
		j.Record(anEvent(1))
		at := await(t, j, event.Position{}, 1)[0].Next
		j.Close()
		d.set(func() { delete(d.files, reserveName); d.room = d.used() })
		j = open(t, Config{disk: d})
		if j.record(anEvent(2)) {
			t.Error("it cannot have been written")
		}
		if got := idsOf(rest(t, j, event.Position{})); len(got) != 1 {
			t.Errorf("got %v", got)
		}
		if got := rest(t, j, j.Recovered()); len(got) != 0 {
			t.Errorf("got %v", idsOf(got))
		}
		d.set(func() { d.room = 0 })
		m := moneyIn(await(t, j, at, 1))
		if m.requests != 1 || m.cost != 100 {
			t.Errorf("%+v", m)
		}
	})
}

func TestCloseOnFullDiskTellsWhatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAM()
		d.room = 1
		j := open(t, Config{disk: d})
		for i := range 7 {
			j.Record(anEvent(i))
		}
		if err := j.Close(); err == nil || !strings.Contains(err.Error(), "700 micro-dollars of 7 requests") || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("got %v", err)
		}
	})
}

// A write that fails may have written a part, even whole records: they are written
// again elsewhere, and must not count twice, now or after a restart.
func TestFailedWriteGoesToAnotherSegmentOnce(t *testing.T) {
	for _, wrote := range []int{0, 1, 100, 300} {
		t.Run(fmt.Sprint(wrote, " bytes written"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { failOnce(t, wrote) })
		})
	}
}

func failOnce(t *testing.T, wrote int) {
	d := newRAM()
	fail := false
	d.write = func(_ string, off int64, n int) (int, error) {
		if fail && off > firstFrame {
			fail = false
			return min(wrote, n), syscall.EIO
		}
		return n, nil
	}
	j := open(t, Config{disk: d, Segment: 1 << 20})
	j.Record(anEvent(1))
	d.set(func() { fail = true })
	j.Record(&event.Begin{ID: "begin"})
	if !j.record(anEvent(2)) {
		t.Error("the event is at risk, though the next segment was sound")
	}
	j.Record(anEvent(3))
	if s := j.Stats(); s.WriteErrors != 1 || s.Short || s.Segments != 2 || !strings.Contains(s.LastError, "input/output") {
		t.Errorf("%+v", s)
	}
	const want = "[event-000001 begin event-000002 event-000003]"
	if got := fmt.Sprint(idsOf(rest(t, j, event.Position{}))); got != want {
		t.Errorf("now: %s", got)
	}
	killed := d.after()
	j.Close()
	for when, d := range map[string]*ram{"after a kill": killed, "after Close": d} {
		if got := fmt.Sprint(idsOf(rest(t, open(t, Config{disk: d}), event.Position{}))); got != want {
			t.Errorf("%s: %s", when, got)
		}
	}
}

// On a disk with little room segments are smaller, and some records fit into none.
func TestRecordThatIsTooLongForSmallSegment(t *testing.T) {
	d := newRAM()
	d.room = 2<<20 + leastSegment
	j := open(t, Config{disk: d, Segment: 8 << 20, Reserve: leastSegment})
	j.Record(&event.Body{ID: "body", Request: make([]byte, 3<<20)})
	e := anEvent(1)
	e.Error = string(make([]byte, 3<<20))
	j.Record(e)
	j.Record(anEvent(2))
	m := moneyIn(await(t, j, event.Position{}, 2))
	if m.requests != 2 || m.cost != 200 || m.events != 1 {
		t.Errorf("%+v", m)
	}
	if s := j.Stats(); s.Shed[event.KindBody] != 1 || s.Shed[event.KindEvent] != 1 || s.Short {
		t.Errorf("%+v", s)
	}
}

// Tags are as long as callers make them: an entry may not fit into the reserve.
func TestEntryThatIsTooLongForReserve(t *testing.T) {
	d := newRAM()
	d.room = leastSegment
	j := open(t, Config{disk: d, Reserve: leastSegment})
	e := anEvent(1)
	e.Tags = []string{"note=" + string(make([]byte, leastSegment))}
	j.Record(e)
	j.Record(anEvent(2))
	if s := j.Stats(); s.InMemory != 1 || !s.Short {
		t.Errorf("%+v", s)
	}
	d.set(func() { d.room = 0 })
	if m := moneyIn(await(t, j, event.Position{}, 2)); m.requests != 2 || m.cost != 200 {
		t.Errorf("%+v", m)
	}
}

// The disk takes nothing any more, but is not full: only memory is left, and
// segments that took nothing do not pile up.
func TestEveryWriteFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAM()
		j := open(t, Config{disk: d})
		j.Record(anEvent(1))
		d.set(func() {
			d.write = func(_ string, off int64, _ int) (int, error) {
				if off >= firstFrame {
					return 0, syscall.EIO
				}
				return secondCopy + headerSize, nil
			}
		})
		for i := range 20 {
			j.Record(anEvent(i))
			time.Sleep(time.Second)
		}
		if s := j.Stats(); !s.Short || s.InMemory != 20 || s.AtRisk != 20 {
			t.Errorf("%+v", s)
		}
		if names, _ := d.Names(); len(names) > 5 {
			t.Errorf("files: %v", names)
		}
		d.set(func() { d.write = allWell })
		time.Sleep(3 * time.Second)
		if s := j.Stats(); s.Short || s.InMemory != 0 {
			t.Errorf("it works again: %+v", s)
		}
		if m := moneyIn(rest(t, j, event.Position{})); m.requests != 21 || m.cost != 2100 {
			t.Errorf("%+v", m)
		}
	})
}

// Tags are the caller's: there may be very many. Money loses its names before it
// takes all the memory.
func TestSumsInMemoryAreBounded(t *testing.T) {
	var s sums
	folded := 0
	for i := range mostRows + 500 {
		n := anEvent(1).Entry()
		n.Tags = []string{fmt.Sprint("user=", i)}
		if s.add(n) {
			folded++
		}
	}
	if len(s.rows) > mostRows+1 || folded != 500 {
		t.Errorf("%d rows, %d folded", len(s.rows), folded)
	}
	var total money
	for b := s.frames(); len(b) > 0; b = b[sizeOf(b):] {
		total.add(recordIn(b).(*event.Entry))
	}
	if total.requests != mostRows+500 || total.cost != (mostRows+500)*100 || !s.empty() {
		t.Errorf("%+v", total)
	}
	held := 0
	for range 1000 {
		if s.hold(make([]byte, 5000)) {
			held++
		}
	}
	if held == 0 || len(s.held) > mostHeld {
		t.Errorf("%d held, %d bytes", held, len(s.held))
	}
}
