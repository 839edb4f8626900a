package journal

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weirhq/weir/internal/event"
	"github.com/weirhq/weir/internal/meter"
)

// round records one of each kind.
func round(j *Journal, n int) {
	id := anEvent(n).ID
	j.Record(&event.Begin{ID: id})
	j.Record(&event.Body{ID: id, Request: make([]byte, 100)})
	j.Record(anEvent(n))
	j.Record(&event.Score{ID: id})
	j.Record(&event.Entry{ID: id, Why: "correction", Cost: 1})
	j.Record(&event.Decision{ID: id})
}

// Nobody releases anything: the journal fills up to its limit, and what it keeps
// becomes less and less, in order. Money and decisions are always kept.
func TestSheddingInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 4 << 20
		j := open(t, Config{disk: newRAM(), Limit: limit, Segment: 128 << 10, Reserve: leastSegment})
		firstAt := map[event.Kind]int64{} // level at which a kind was first shed
		n := 0
		for ; j.Stats().Level < full; n++ {
			if n > 100_000 {
				t.Fatal("it never fills up")
			}
			level := j.Stats().Level
			round(j, n)
			for k, shed := range j.Stats().Shed {
				if _, seen := firstAt[event.Kind(k)]; shed > 0 && !seen {
					firstAt[event.Kind(k)] = level
				}
			}
		}
		for kind, least := range map[event.Kind]int64{event.KindBody: bodiesGo, event.KindEvent: eventsGo, event.KindBegin: allEventsGo} {
			if at := firstAt[kind]; at < least || at > least+10 {
				t.Errorf("the first %s was shed at %d per mille, not %d", KindName(kind), at, least)
			}
		}
		s := j.Stats()
		if s.Shed[event.KindScore]+s.Shed[event.KindEntry]+s.Shed[event.KindDecision] > 0 || s.AtRisk > 0 {
			t.Errorf("before it is full: %+v", s)
		}
		for range 1000 {
			round(j, n)
			n++
		}
		if s = j.Stats(); s.InMemory != 1000 || s.Shed[event.KindScore] != 1000 || s.Shed[event.KindDecision] > 0 {
			t.Errorf("when it is full: %+v", s)
		}
		time.Sleep(2 * time.Second) // sums are written all the same
		if s = j.Stats(); s.InMemory != 0 || s.Short {
			t.Errorf("two seconds later: %+v", s)
		}
		items := rest(t, j, event.Position{})
		m := moneyIn(items)
		if m.requests != int64(n) || m.cost != meter.Micro(n*101) {
			t.Errorf("of %d requests %d came back, with %d of %d micro-dollars", n, m.requests, m.cost, n*101)
		}
		if s.Shed[event.KindEvent] != uint64(n-m.events) {
			t.Errorf("%d events are missing, %d were counted", n-m.events, s.Shed[event.KindEvent])
		}
		j.Release(items[len(items)-1].Next)
		before := j.Stats().Shed
		round(j, n)
		if s := j.Stats(); s.Shed != before || s.Level > 10 {
			t.Errorf("after all was released: %+v", s)
		}
	})
}

// Between 90 and 95 % a growing part of the events is shed, the same ones for
// everybody who asks.
func TestEventsAreSampledByTheirHash(t *testing.T) {
	for level, want := range map[int64]int{900: 0, 910: 200, 925: 500, 940: 800, 950: 1000, 1000: 1000} {
		shed := 0
		for i := range 10_000 {
			id := event.NewID(time.Unix(int64(i), 0))
			if unlucky(id, level) {
				shed++
				if !unlucky(id, level+5) {
					t.Fatalf("%s is shed at %d, and kept when there is less room", id, level)
				}
			}
		}
		if got := shed / 10; got < want-25 || got > want+25 { // five standard deviations of a half
			t.Errorf("at %d per mille %d of a thousand are shed, not %d", level, got, want)
		}
	}
}

// A disk that hangs holds what is pending in memory, which is bounded too.
func TestPendingRecordsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newRAM()
		hang := make(chan struct{})
		d.write = func(_ string, off int64, n int) (int, error) {
			if off >= firstFrame {
				<-hang
			}
			return n, nil
		}
		j := open(t, Config{disk: d, Wait: time.Microsecond})
		text := string(make([]byte, 100<<10))
		const n = 1000 // 100 MB
		for i := range n {
			e := anEvent(i)
			e.Error = text
			j.Record(e)
		}
		if q := j.queued.Load(); q > mostPending {
			t.Errorf("%d bytes are pending", q)
		}
		close(hang)
		time.Sleep(2 * time.Second)
		m := moneyIn(rest(t, j, event.Position{}))
		if m.requests != n || m.cost != n*100 || m.events == 0 || m.entries == 0 {
			t.Errorf("%+v", m)
		}
	})
}

func TestWhatIsTooLongIsShed(t *testing.T) {
	j := open(t, Config{Segment: leastSegment})
	long := make([]byte, leastSegment)
	j.Record(&event.Body{ID: "body", Request: long})
	e := anEvent(5)
	e.Error = string(long)
	j.Record(e)
	j.Record(anEvent(6))
	m := moneyIn(await(t, j, event.Position{}, 2))
	if m.requests != 2 || m.cost != 200 || m.events != 1 {
		t.Errorf("%+v", m)
	}
	if s := j.Stats(); s.Shed[event.KindBody] != 1 || s.Shed[event.KindEvent] != 1 {
		t.Errorf("%+v", s)
	}
}

func TestKindsHaveNames(t *testing.T) {
	for k := event.KindBegin; k <= event.KindBody; k++ {
		if name := KindName(k); name == "" || name == fmt.Sprint("kind_", k) {
			t.Errorf("kind %d is %q", k, name)
		}
	}
	if KindName(77) != "kind_77" {
		t.Error(KindName(77))
	}
}
