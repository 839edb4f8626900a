package main

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/chaos"
	"github.com/weirhq/weir/internal/event"
)

// reloaded are definitions of which each n makes others: route a has another
// variant with the same model, model b is another, and so is what it listens for.
func reloaded(a, b string, n int) string {
	good := twoModelsOf(a, b)
	good = strings.Replace(good, "a: {baseline: a,", fmt.Sprintf("a: {baseline: {model: a, parameters: {temperature: 0.%03d}},", n), 1)
	return strings.Replace(good, "model: id-b,", fmt.Sprintf("model: id-b, context: %d,", 1000+n), 1)
}

// F2: 200 reloads under load. No request fails, streams end on the definitions
// they began with, connections to models that did not change are kept, and
// nothing of what went out of force stays.
func TestF2ReloadsUnderLoad(t *testing.T) {
	const reloads, callers, long = 200, 6, 10
	a, b := model(t, "tokens=5"), model(t, "tokens=5")
	l := newLive(t, reloaded(a.URL(), b.URL(), 0))
	for range 50 { // what is made once is made before it is weighed
		l.ask("a", true)
		l.ask("b", false)
	}
	before := weigh(l)
	first := l.s.revision()
	var asked atomic.Int64
	var wg sync.WaitGroup
	over := make(chan struct{})
	for i := range long {
		[]*chaos.Upstream{a, b}[i%2].Enqueue(chaos.MustParse("tokens=250;delay-between=20ms"))
		wg.Go(func() {
			g := l.ask([]string{"a", "b"}[i%2], true, "X-User-Id", "long")
			if g.status != 200 || !g.done() || g.err != nil {
				t.Errorf("a stream over the reloads: %d %v", g.status, g.err)
			}
			e, ok := l.s.ring.Get(g.header.Get("X-Weir-Request-Id"))
			if !ok || e.Outcome != event.OK || e.Revision != first {
				t.Errorf("a stream that began with revision %s is on the record as %+v", first, e)
			}
		})
	}
	eventually(t, "the long streams are under way", func() bool { return l.s.gateway.InFlight() == long && a.Queued()+b.Queued() == 0 })
	for i := range callers {
		wg.Go(func() {
			for n := i; ; n++ {
				select {
				case <-over:
					return
				default:
				}
				route, stream := []string{"a", "b"}[n%2], n/2%2 == 0
				if g := l.ask(route, stream, "X-User-Id", "u"); g.status != 200 || g.done() != stream || g.err != nil {
					t.Errorf("request %d to %s: %d %s %v", n, route, g.status, g.body, g.err)
					return
				}
				asked.Add(1)
			}
		})
	}
	for n := 1; n <= reloads; n++ {
		l.write(reloaded(a.URL(), b.URL(), n))
		if r := l.s.reload(); !r.Applied {
			t.Fatalf("reload %d: %v %v", n, r.Problems, r.Err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	close(over)
	wg.Wait()
	if n := asked.Load(); n < reloads {
		t.Errorf("only %d requests were made during %d reloads", n, reloads)
	}
	kept, _ := a.Connections()
	if kept > 2*(callers+long) {
		t.Errorf("%d connections to the model that did not change", kept)
	}
	eventually(t, "the connections of old pools are closed", func() bool { _, open := b.Connections(); return open <= 2*callers })
	events, _, err := l.s.ring.Recent(event.Query{Limit: event.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Outcome != event.OK {
			t.Errorf("an event of outcome %v: %s", e.Outcome, e.Error)
		}
	}
	after := weigh(l)
	for deadline := time.Now().Add(soon); !after.within(before); after = weigh(l) {
		if time.Now().After(deadline) {
			t.Fatalf("before the reloads %+v, after them %+v", before, after)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// weight is what a process holds with nothing under way.
type weight struct {
	goroutines int
	heap       uint64
}

// within allows for connections that are kept and a ring of events that fills.
func (w weight) within(b weight) bool {
	return w.goroutines <= b.goroutines+16 && w.heap <= b.heap+12<<20
}

func weigh(l *live) weight {
	l.client.CloseIdleConnections()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return weight{runtime.NumGoroutine(), m.HeapAlloc}
}

// F2: a model that goes out of force takes its idle connections with it, at once
// and not when they have been idle for long enough.
func TestF2OldConnectionsAreClosed(t *testing.T) {
	a, b := model(t, ""), model(t, "")
	l := newLive(t, reloaded(a.URL(), b.URL(), 0))
	l.ask("a", true)
	l.ask("b", true)
	if _, open := b.Connections(); open != 1 {
		t.Fatalf("%d connections are open after one request", open)
	}
	l.write(reloaded(a.URL(), b.URL(), 1))
	if r := l.s.reload(); !r.Applied {
		t.Fatal(r)
	}
	left := func() int { _, open := b.Connections(); return open }
	for deadline := time.Now().Add(2 * time.Second); left() > 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if n := left(); n != 0 {
		t.Errorf("%d connections of the old model are still open", n)
	}
	if _, open := a.Connections(); open != 1 {
		t.Errorf("%d connections are open to the model that did not change, want the one", open)
	}
}
